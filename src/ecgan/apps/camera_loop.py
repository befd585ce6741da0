"""Capture, translate and show at once, each at its own pace, always the newest picture."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError
from ecgan.expressions import EXPRESSIONS
from ecgan.inference.capture import Capture
from ecgan.inference.live import Asked, LiveFrame, LiveTranslator
from ecgan.inference.strength import MAX_STRENGTH

KEYS = "0-6 expression  ↑↓ strength  m mirror  space freeze  s save  q quit"
STEP = 0.1
"""Of the strength, for one key."""
WAIT_SECONDS = 0.02
"""For a picture, before keys are looked at again."""
RATE_SECONDS = 2.0
"""Over which frames are counted."""
STOP_SECONDS = 5.0
"""For which a camera that gives no more pictures is waited for in the end."""
LABEL = "SYNTHETIC"

Item = TypeVar("Item")


class Window(Protocol):
    """Where pictures are shown."""

    def show(self, pixels: NDArray[np.uint8], text: str) -> None:
        """Show a (height, width, 3) RGB picture and a line of text."""

    def pressed(self) -> list[str]:
        """The keys since the last call: 0 to 6, up, down, m, space, s, q, which also
        stands for a closed window."""


class Newest(Generic[Item]):
    """A queue of one: what is not taken in time gives way to what comes next."""

    def __init__(self) -> None:
        self._there = threading.Condition()
        self._item: Item | None = None
        self.closed = False

    def put(self, item: Item) -> None:
        with self._there:
            self._item = item
            self._there.notify_all()

    def take(self, timeout: float | None = None) -> Item | None:
        """What is there, or comes in time; None: nothing, or it is closed."""
        with self._there:
            self._there.wait_for(lambda: self._item is not None or self.closed, timeout)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Nothing more comes; what is there can still be taken."""
        with self._there:
            self.closed = True
            self._there.notify_all()


class CameraLoop:
    """What `ecgan camera` does between its start and its end."""

    def __init__(
        self,
        capture: Capture,
        live: LiveTranslator,
        window: Window,
        asked: Asked,
        *,
        save: Callable[[LiveFrame], str],
        mirror: bool = True,
    ) -> None:
        """
        Args:
            capture, live, window: what it works with.
            asked: at first.
            save: writes a picture, and gives the line to show about it.
            mirror: show pictures as in a mirror.
        """
        self.asked, self.mirror, self.frozen = asked, mirror, False
        self._capture, self._live, self._window = capture, live, window
        self._save = save
        self.record: Callable[[LiveFrame], None] = lambda _: None
        """Gets every new frame."""
        self._frames, self._shown = Newest[tuple[NDArray[np.uint8], float]](), Newest[LiveFrame]()
        self._source: tuple[NDArray[np.uint8], float] | None = None
        self._made: LiveFrame | None = None
        self._told = ""
        self._times: deque[float] = deque()
        self._over = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Until q is pressed, the window is closed, or a file ends.

        Raises:
            EcganError, OSError: what one of the threads ran into.
        """
        capturing, translating = (
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._capture_all, self._translate_all)
        )
        capturing.start()
        translating.start()
        try:
            while not self._over.is_set():
                for key in self._window.pressed():
                    self.press(key)
                made = self._shown.take(WAIT_SECONDS)
                if made is not None:
                    self._made = made
                    self._count_frame()
                    self._show()
                elif self._shown.closed:
                    break
        finally:
            self._over.set()
            self._frames.close()
            translating.join()
            capturing.join(STOP_SECONDS)
        if self._error is not None:
            raise self._error

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._error = self._error or error
        finally:
            (self._frames if work == self._capture_all else self._shown).close()

    def _capture_all(self) -> None:
        while not self._over.is_set() and (read := self._capture.read()) is not None:
            if not self.frozen:
                self._source = read
                self._frames.put(read)
        while self.frozen and not self._over.wait(WAIT_SECONDS):
            pass  # a file ended behind a picture that is still looked at

    def _translate_all(self) -> None:
        last = -np.inf
        while not self._over.is_set() and (frame := self._frames.take()) is not None:
            made = self._live.translate(*frame, self.asked)
            if made.time > last:  # not a frozen one once more
                self.record(made)
                last = made.time
            self._shown.put(made)

    def press(self, key: str) -> None:
        """Do what a key stands for; others do nothing."""
        if key == "q":
            self._over.set()
        elif key == "m":
            self.mirror = not self.mirror
            self._show()
        elif key == "space":
            self.frozen = not self.frozen
            self._show()
        elif key == "s":
            self._told = self._saved()
            self._show()
        elif key in ("up", "down"):
            strength = self.asked.strength + (STEP if key == "up" else -STEP)
            self._ask(replace(self.asked, strength=round(min(max(strength, 0), MAX_STRENGTH), 2)))
        elif key.isdecimal() and int(key) < len(EXPRESSIONS):
            self._ask(replace(self.asked, target=EXPRESSIONS[int(key)]))

    def _ask(self, asked: Asked) -> None:
        try:
            self._live.translator.check(asked.target, asked.strength)
        except EcganError as error:  # a model without this expression
            self._told = str(error)
        else:
            self.asked, self._told = asked, ""
            if self.frozen and self._source is not None:
                self._frames.put(self._source)
        self._show()

    def _saved(self) -> str:
        if self._made is None or self._made.made is None:
            return "nothing saved: no translated face in the picture"
        try:
            return self._save(self._made)
        except (EcganError, OSError) as error:
            return f"not saved: {error}"

    def _count_frame(self) -> None:
        now = time.monotonic()
        self._times.append(now)
        while len(self._times) > 2 and now - self._times[0] > RATE_SECONDS:
            self._times.popleft()

    @property
    def rate(self) -> float:
        """Frames per second, of late."""
        if len(self._times) < 2 or self.frozen:
            return 0.0
        return (len(self._times) - 1) / (self._times[-1] - self._times[0])

    def _show(self) -> None:
        if self._made is None:
            return
        pixels, told = self._made.pixels, self._told
        if self._made.asked.target == self.asked.target:
            told = told or self._made.message
        pixels = labelled(pixels[:, ::-1] if self.mirror else pixels)
        about = [
            f"{self.asked.target} {self.asked.strength:.1f}",
            "frozen" if self.frozen else f"{self.rate:.1f} frames/s",
            told,
        ]
        self._window.show(pixels, "   ".join(filter(None, [*about, KEYS])))


def labelled(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A copy that says in its lower left corner that it is synthetic."""
    made = np.array(pixels)
    scale = max(0.4, made.shape[0] / 960)
    font, thick = cv2.FONT_HERSHEY_SIMPLEX, max(1, round(2 * scale))
    (width, height), below = cv2.getTextSize(LABEL, font, scale, thick)
    pad, bottom = height // 2, made.shape[0]
    top = max(0, bottom - height - below - 2 * pad)
    made[top:, : width + 2 * pad] //= 4
    cv2.putText(
        made, LABEL, (pad, bottom - below - pad), font, scale, (255, 255, 255), thick, cv2.LINE_AA
    )
    return made
