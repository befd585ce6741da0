"""Pictures as a camera sees them, one after another, or as a video file shows them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import UsageError, VideoError


class Capture(Protocol):
    """Where pictures come from."""

    def read(self) -> tuple[NDArray[np.uint8], float] | None:
        """The next (height, width, 3) RGB picture with its time in seconds; None after the last.

        Raises:
            VideoError: there should be more.
        """


class Camera:
    """A camera by its number, or a video file at its own pace."""

    def __init__(self, device: str) -> None:
        """
        Args:
            device: a number from 0, or a file.

        Raises:
            UsageError: neither.
            VideoError: it cannot be opened, or gives no picture.
        """
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        number = int(device) if device.isdecimal() else None
        self.path = None if number is not None else Path(device)
        self.name = f"camera {number}" if self.path is None else self.path.name
        if self.path is not None and not self.path.is_file():
            raise UsageError(f"--device takes a camera's number or a video file, got {device!r}")
        self._capture: Any = cv2.VideoCapture(device if number is None else number)
        self._start = time.monotonic()
        self._count = 0
        self._rate = (float(self._capture.get(cv2.CAP_PROP_FPS)) or 25.0) if self.path else 0.0
        self._next = self._picture()
        if self._next is None:
            self.close()
            raise VideoError(self._missing(number))

    def _missing(self, number: int | None) -> str:
        if number is None:
            return f"{self.path} cannot be read as a video"
        return (
            f"{self.name} gives no picture: it is not there, another program uses it, or it may "
            f"not be used from here (--device {number + 1} takes the next one)"
        )

    def _picture(self) -> NDArray[np.uint8] | None:
        fine, pixels = self._capture.read()
        return np.ascontiguousarray(pixels[..., ::-1]) if fine else None

    def read(self) -> tuple[NDArray[np.uint8], float] | None:
        pixels, self._next = self._next, None
        if pixels is None:
            pixels = self._picture()
        if pixels is None:
            if self.path is not None:
                return None
            raise VideoError(f"{self.name} gives no more pictures: see that it is plugged in")
        now = time.monotonic() - self._start
        if self.path is not None:
            shown = self._count / self._rate
            time.sleep(max(0.0, shown - now))
            now = shown
        self._count += 1
        return pixels, now

    def close(self) -> None:
        self._capture.release()
