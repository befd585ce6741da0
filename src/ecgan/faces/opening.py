"""What people hand over as a photo: a path, a picture of Pillow, an array, or an opened photo."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.errors import EcganWarning
from ecgan.faces.encoding import Encoding
from ecgan.faces.photo import Photo, as_rgb, described, photo_of_image, read_photo

PhotoLike = str | os.PathLike[str] | Image.Image | NDArray[np.uint8] | Photo
"""A file, a picture of Pillow, a (height, width, 3) uint8 RGB array, or what `read_photo` gives."""


def are_several(photos: PhotoLike | Iterable[PhotoLike]) -> bool:
    """Whether photos come in a list, tuple or iterator, and not one alone."""
    return isinstance(photos, Sequence | Iterator) and not isinstance(photos, str | bytes)


def open_photo(photo: PhotoLike) -> Photo:
    """A photo as a viewer shows it; what a user should know of its file is an `EcganWarning`.

    Raises:
        TypeError: something else, or an array that is not uint8.
        ValueError: an array of a shape that no photo has, such as channels first. That channels are
            BGR cannot be seen: turn OpenCV's pictures around first.
        ImageError: a file that cannot be read, see `read_photo`.
    """
    given: Any = photo
    if isinstance(given, Photo):
        return given
    if isinstance(given, Image.Image):
        return photo_of_image(given)
    if isinstance(given, np.ndarray):
        grey = given.ndim == 2 or given.shape[2:] == (1,)
        rgb = as_rgb(given, "photo")
        alpha = given[..., 3].copy() if given.shape[2:] == (4,) else None
        return Photo(np.array(rgb), None, None, alpha, None, "PNG", Encoding(grey=grey))
    if isinstance(given, str | os.PathLike):
        opened = read_photo(Path(given))
        for note in opened.notes:
            warnings.warn(f"{opened.path}: {note}", EcganWarning, stacklevel=3)
        return opened
    raise TypeError(
        "expected a photo (a path, a PIL.Image, or a (height, width, 3) uint8 RGB array), "
        f"got {described(given)}"
    )
