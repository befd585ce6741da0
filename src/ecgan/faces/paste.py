"""Put a translated face back into its photo; outside the face the photo stays exactly as it was."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.alignment import CANONICAL_SIZE, Alignment
from ecgan.faces.pixels import as_rgb

FEATHER = 14.0
"""Width of the soft border in canonical pixels, inside the mask."""


def soft_mask(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Mask that rises from 0 at the mask's edge to 1 at `FEATHER` inside it, smoothly.

    Args:
        mask: (size, size), 0 outside.
    """
    width = FEATHER * mask.shape[0] / CANONICAL_SIZE
    framed = cv2.copyMakeBorder(np.where(mask > 127, 255, 0).astype(np.uint8), 1, 1, 1, 1, 0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.clip((distance - 1) / width, 0, 1)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def photo_mask(
    shape: tuple[int, ...], alignment: Alignment, mask: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Weight of the translated face at each photo pixel, (height, width) in [0, 1]."""
    size = (int(shape[1]), int(shape[0]))
    inverse = cv2.invertAffineTransform(alignment.matrix)
    warped = cv2.warpAffine(soft_mask(mask), inverse, size, flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(warped, dtype=np.float32)


def paste_back(
    photo_pixels: NDArray[np.uint8],
    aligned_pixels: NDArray[np.uint8],
    alignment: Alignment,
    mask: NDArray[np.uint8],
) -> NDArray[np.uint8]:
    """Photo with the aligned face blended in; a new (height, width, 3) array.

    Args:
        photo_pixels: the whole photo.
        aligned_pixels: (size, size, 3), the translated crop.
        alignment: photo -> aligned, of the same size.
        mask: (size, size), above 127 where pixels may change.

    Raises:
        TypeError, ValueError: other arrays than these.
    """
    photo_pixels, aligned_pixels = as_rgb(photo_pixels), as_rgb(aligned_pixels, "aligned_pixels")
    if np.shape(mask) != aligned_pixels.shape[:2]:
        raise ValueError(
            f"mask: expected shape {aligned_pixels.shape[:2]}, that of the aligned pixels, got "
            f"{np.shape(mask)}"
        )
    weight = photo_mask(photo_pixels.shape, alignment, mask)
    rows, columns = np.flatnonzero(weight.any(1)), np.flatnonzero(weight.any(0))
    result = photo_pixels.copy()
    if not len(rows):
        return result
    top, left = int(rows[0]), int(columns[0])
    part = np.s_[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1]
    inverse = cv2.invertAffineTransform(alignment.matrix)
    inverse[:, 2] -= (left, top)
    height, width = weight[part].shape
    if alignment.scale > 1.1:  # the photo is coarser than the crop: smooth before sampling
        sigma = 0.3 * alignment.scale  # passes as much noise as the mean over a photo pixel
        aligned_pixels = np.asarray(cv2.GaussianBlur(aligned_pixels, (0, 0), sigma), np.uint8)
    face = cv2.warpAffine(
        aligned_pixels,
        inverse,
        (width, height),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = weight[part][..., None]
    blended = photo_pixels[part] * (1 - alpha) + face * alpha
    result[part] = np.where(alpha > 0, np.round(blended).astype(np.uint8), photo_pixels[part])
    return result
