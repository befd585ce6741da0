"""Face mask M of Eq. 5: hull of the landmarks, forehead lifted, closed and dilated."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces.pixels import check_points

FOREHEAD_LIFT = 0.55
"""How far the brows are lifted, in brow-to-chin heights, to cover the forehead."""

JAW_ROOM = 0.25
"""How far below the jaw a translation may reach, in nose-root-to-chin heights: an opened mouth
lowers the chin by about half of that, and the paste needs a soft border around it."""

GLASSES_REACH = 0.45
"""How far below the eyes dark glasses reach, in eye distances."""


def face_mask(points: NDArray[np.floating], size: int, jaw_room: float = 0.0) -> NDArray[np.uint8]:
    """Mask of one aligned face: 255 inside, 0 outside, shape (size, size).

    Args:
        points: (68, 2) landmarks in pixels of the aligned image.
        size: side of the aligned image.
        jaw_room: `JAW_ROOM` where a translated face is to be pasted; 0 for the face as it is.

    Raises:
        TypeError, ValueError: something else than a (68, 2) array of finite points.
    """
    check_points(points)
    if not np.isfinite(points).all():
        raise ValueError("expected finite landmarks, got NaN or infinity among them")
    points = np.asarray(points, dtype=np.float64)
    brows, chin = points[17:27], points[8]
    up = brows.mean(axis=0) - chin
    forehead = brows + FOREHEAD_LIFT * up
    lowered = points[3:14] + jaw_room * (chin - points[27])
    outline = np.concatenate([points, forehead, lowered])
    hull = cv2.convexHull(np.round(outline).astype(np.int32))
    mask = np.zeros((size, size), np.uint8)
    cv2.fillConvexPoly(mask, hull, 255)
    unit = max(1, round(size / 64))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * unit + 1, 2 * unit + 1))
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, element)
    return np.asarray(cv2.dilate(closed, element), dtype=np.uint8)


def below_the_eyes(mask: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.uint8]:
    """The part of an aligned face's mask that dark glasses leave free: from
    `GLASSES_REACH` below the eyes on."""
    points = np.asarray(points, dtype=np.float64)
    left, right = points[36:42].mean(axis=0), points[42:48].mean(axis=0)
    across = right - left
    down = np.array([-across[1], across[0]])
    edge = (left + right) / 2 + GLASSES_REACH * down
    far = 10 * mask.shape[0] / max(float(np.hypot(*across)), 1.0)
    above = np.array([edge - far * across, edge + far * across, edge + far * (across - down),
                      edge - far * (across + down)])  # fmt: skip
    free = mask.copy()
    cv2.fillPoly(free, [np.round(above).astype(np.int32)], 0)
    return free
