"""A window for live pictures, of the standard library."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.errors import EcganError

MOST_PX = (1280, 800)
"""Width and height of what is shown; larger pictures are shrunk."""
KEYS = {"Up": "up", "Down": "down", "space": "space", "Escape": "q"}
"""Names of keys that are no letters or digits, as Tk calls them."""


class TkWindow:
    """Use it from the main thread alone."""

    def __init__(self, title: str) -> None:
        """
        Raises:
            EcganError: Tk is not installed, or there is no display.
        """
        try:
            import tkinter

            from PIL import ImageTk
        except ImportError:
            raise EcganError(
                "the preview needs Tk, which this Python lacks: apt install python3-tk (Debian, "
                "Ubuntu), brew install python-tk (macOS), or a Python from python.org"
            ) from None
        try:
            self._root = tkinter.Tk()
        except tkinter.TclError as error:
            raise EcganError(
                f"the preview needs a display ({error}): run it at a computer with a screen, or "
                "translate a file: ecgan translate clip.mp4 --to happy"
            ) from None
        self._tk, self._image_tk = tkinter, ImageTk
        self._picture: Any = None
        self._keys: list[str] = []
        self._root.title(title)
        self._view = tkinter.Label(self._root, text="loading ...", width=60, height=20)
        self._view.pack()
        self._line = tkinter.Label(self._root, anchor="w", justify="left")
        self._line.pack(fill="x")
        self._root.bind("<Key>", lambda event: self._keys.append(named(event.keysym)))
        self._root.protocol("WM_DELETE_WINDOW", lambda: self._keys.append("q"))
        self._root.update()

    def show(self, pixels: NDArray[np.uint8], text: str) -> None:
        image = Image.fromarray(pixels)
        image.thumbnail(MOST_PX)
        if self._picture is None or (self._picture.width(), self._picture.height()) != image.size:
            self._picture = self._image_tk.PhotoImage(image)
            self._view.configure(image=self._picture, text="", width=0, height=0)
            self._line.configure(wraplength=image.width)
        else:
            self._picture.paste(image)
        self._line.configure(text=text)

    def pressed(self) -> list[str]:
        try:
            self._root.update()
        except self._tk.TclError:  # it was destroyed
            return ["q"]
        pressed, self._keys = self._keys, []
        return pressed

    def close(self) -> None:
        with contextlib.suppress(self._tk.TclError):
            self._root.destroy()


def named(key: str) -> str:
    """A key of Tk by our name: `KP_Up` and `Up` are `up`, `KP_1` is 1, letters are small."""
    key = key.removeprefix("KP_")
    return KEYS.get(key, key.lower())
