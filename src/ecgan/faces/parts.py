"""Parts of a face that a translation may be limited to: brows, eyes, mouth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import UsageError
from ecgan.faces.alignment import CANONICAL_SIZE
from ecgan.faces.face import check_points

Part = Literal["brows", "eyes", "mouth"]
PARTS: tuple[Part, ...] = get_args(Part)
SOFTNESS = 3.0
"""Standard deviation of the blur of the borders between parts, in canonical pixels."""


def parse_parts(text: str) -> tuple[Part, ...]:
    """`"eyes,brows"` as parts, in the order of `PARTS`.

    Raises:
        UsageError: another name, or none.
    """
    names = {name.strip().lower() for name in text.split(",") if name.strip()}
    if not names or not names <= set(PARTS):
        raise UsageError(f"--part takes {', '.join(PARTS)} or a comma list of them, got {text!r}")
    return tuple(part for part in PARTS if part in names)


def part_weight(
    points: NDArray[np.floating], size: int, parts: Sequence[Part]
) -> NDArray[np.float32]:
    """How far each pixel of an aligned face belongs to some parts, (size, size) in [0, 1].

    A pixel's shares go with the inverse squares of its distances to the brows, the eyes, and the
    mouth with the nostrils: the forehead goes with the brows, the chin and the lower cheeks with
    the mouth. All parts together have weight 1 everywhere, so that their changes make the whole.

    Args:
        points: (68, 2) landmarks in pixels of the aligned image.
        size: its side.
        parts: which.

    Raises:
        TypeError, ValueError: something else than a (68, 2) array.
    """
    check_points(points)
    unit = size / CANONICAL_SIZE
    small = np.round(np.asarray(points, np.float64) / unit * 16).astype(np.int32)
    near = {}
    for part, shapes in {
        "brows": (small[17:27],),
        "eyes": (small[36:42], small[42:48]),
        "mouth": (small[48:60], small[31:36]),
    }.items():
        outside = np.full((CANONICAL_SIZE, CANONICAL_SIZE), 255, np.uint8)
        for shape in shapes:
            if part != "brows":
                hull = cv2.convexHull(shape)
                cv2.fillConvexPoly(outside, hull, 0, shift=4)
            cv2.polylines(outside, [shape], part != "brows", 0, 3, shift=4)
        distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        near[part] = 1 / (distance + 1) ** 2
    weight = sum(near[part] for part in parts) / sum(near.values())
    soft = cv2.GaussianBlur(np.asarray(weight, np.float32), (0, 0), SOFTNESS)
    large = cv2.resize(soft, (size, size), interpolation=cv2.INTER_LINEAR)
    return np.clip(np.asarray(large, np.float32), 0, 1)
