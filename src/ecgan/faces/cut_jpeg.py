"""JPEG files whose end is missing, as a broken-off copy leaves them: how much is there."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_END = b"\xff\xd9"
_OTHER = bytes(range(37, 165, 2))
_START_OF_SCAN = 0xDA
_RESTARTS = range(0xD0, 0xD8)


def completed(data: bytes) -> tuple[bytes, float]:
    """The file with an end marker, and the share of the picture, in [0, 1], that it lacks. Of a
    progressive file that is 1 where only a coarse version is there, else 0.

    Raises what Pillow raises where it cannot be decoded even so.
    """
    data = data.rstrip(b"\0")  # a copy may have been given its full length in advance
    if data.endswith(b"\xff"):
        data = data[:-1]
    whole = data + _END
    with Image.open(io.BytesIO(whole), formats=("JPEG",)) as image:
        if "progressive" in image.info:
            return whole, 0.0 if _is_fine(data, len(image.getbands())) else 1.0
    # What changes with bytes behind the cut was not there, and nothing that comes after it.
    shown = _eighth(whole)
    changed = np.argwhere(shown != _eighth(data + _OTHER + _END))
    if not len(changed):
        return whole, 0.0
    height, width = shown.shape[:2]
    row, column = changed[0, :2]
    there = row * width + min(2, height - row) * column  # blocks of 8 px come in rows of 1 or 2
    return whole, 1 - float(there) / (height * width)


def _eighth(data: bytes) -> NDArray[np.uint8]:
    """The picture from the means of its blocks alone."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft(image.mode, (max(1, image.width // 8), max(1, image.height // 8)))
        return np.asarray(image)


def _is_fine(data: bytes, num_channels: int) -> bool:
    """Whether the scans of a progressive file bring all frequencies of all channels, and the one
    that is cut the last bit."""
    complete: set[int] = set()
    last_bit = 0
    at = 2
    while 0 <= at <= len(data) - 4:
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0x00, 0xFF, *_RESTARTS):
            at = data.find(b"\xff", at + 1)
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if marker == _START_OF_SCAN and end <= len(data):
            head = data[at + 4 : end]
            last_frequency, last_bit = head[-2], head[-1] & 0x0F
            if last_frequency == 63:
                complete.update(head[1 : 1 + 2 * head[0] : 2])
        at = end
    return len(complete) >= num_channels and last_bit == 0
