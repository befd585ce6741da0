"""What may come as the pixels of a photo: checked before any C++ code sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_SIDE_PX = 32_766
"""Of a longer picture OpenCV's 16-bit coordinates overflow, which ends the whole process."""


def as_rgb(pixels: Any, name: str = "pixels") -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB; gray arrays become RGB and opacity is dropped, as in a viewer.

    The order of the channels cannot be seen: turn OpenCV's BGR around first.

    Raises:
        TypeError: no array, or one whose values are not whole numbers from 0 to 255.
        ValueError: a shape that no photo has, or a side of more than `MAX_SIDE_PX`.
    """
    expected = f"{name}: expected a (height, width, 3) uint8 RGB array"
    if not isinstance(pixels, np.ndarray):
        raise TypeError(f"{expected}, got {described(pixels)}")
    if pixels.dtype != np.uint8:
        values = f"{pixels.dtype} values"
        if pixels.size and pixels.dtype.kind in "fiu":
            values += f" from {pixels.min():.4g} to {pixels.max():.4g}"
        raise TypeError(f"{expected} of 0 to 255, got {values}: scale, round and convert them")
    if pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 1):
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    elif pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(f"{expected}, got shape {pixels.shape}")
    height, width = pixels.shape[:2]
    if not height or not width:
        raise ValueError(f"{expected}, got an empty one of shape {pixels.shape}")
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(
            f"{name}: {width} x {height} px, at most {MAX_SIDE_PX:,} a side can be worked on: "
            "make the photo smaller"
        )
    rgb: NDArray[np.uint8] = pixels[..., :3]
    return rgb


def check_points(points: Any) -> None:
    """Refuse what is no (68, 2) array of landmarks.

    Raises:
        TypeError: no array of numbers.
        ValueError: another shape.
    """
    if not isinstance(points, np.ndarray) or points.dtype.kind not in "fiu":
        raise TypeError(f"expected a (68, 2) array of landmarks, got {described(points)}")
    if points.shape != (68, 2):
        raise ValueError(f"expected (68, 2) landmarks, got shape {points.shape}")


def described(value: Any) -> str:
    """A value in an error message; a path comes with the way to open it."""
    if isinstance(value, str) or hasattr(value, "__fspath__"):
        return f"the {type(value).__name__} {str(value)!r}: open a photo with read_photo(Path(...))"
    if isinstance(value, np.ndarray):
        return f"a {value.dtype} array of shape {value.shape}"
    return f"a {type(value).__module__}.{type(value).__qualname__}"
