"""The backward flow of the skin, continued smoothly to neck, ears and hair until it is zero."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import diags, kronsum
from scipy.sparse.linalg import splu

from ecgan.lab.reanimate.facekit import FaceKit, Floats, Ints

Mask = NDArray[np.bool_]

COARSE = 4
"""Pixels a cell of the grid on which the flow is continued."""
BAND_SHARE, BAND_PX = 1.4, 0.05
"""The flow ends this many times the largest displacement of the outline, plus this share of the
picture, outside of the face."""


def face_outline(landmarks: Floats) -> Floats:
    """(27, 2): the jaw of 68 points and, above the brows, the forehead up to the hair."""
    brows = landmarks[17:27]
    lift = 0.55 * (brows.mean(axis=0) - landmarks[33])
    return np.concatenate([landmarks[:17], (brows + lift)[::-1]]).astype(np.float32)


def face_triangles(kit: FaceKit) -> Ints:
    """The skin of the face alone: the neck behind the jaw does not move with it."""
    unit, side = 16.0, 512
    points = kit.neutral[:, :2] * np.array([unit, -unit], np.float32)
    low = points[kit.landmarks].min(axis=0) - 0.2 * side
    mask = inside(face_outline(points[kit.landmarks] - low), side)
    columns, rows = np.round(points - low).astype(int).T
    within = (columns >= 0) & (rows >= 0) & (columns < side) & (rows < side)
    within[within] = mask[rows[within], columns[within]]
    triangles = kit.of("skin")
    return np.asarray(triangles[within[triangles].all(axis=1)], dtype=np.int64)


def inside(outline: Floats, size: int) -> Mask:
    """(size, size): pixels within a closed polygon."""
    mask = np.zeros((size, size), np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 1, cv2.LINE_8, 4)
    return mask > 0


def extend(flow: Floats, known: Mask, face: Mask) -> Floats:
    """Fill a flow (size, size, 2) that is right where `known`.

    Holes inside the face get the flow of the nearest known pixel. Outside of it the flow falls
    off to exactly zero over a band that is wider where the outline moves further, so that
    skin is compressed or stretched and nothing tears.
    """
    if not known.any() or not np.abs(flow[known]).max() > 0:
        return np.zeros_like(flow)
    filled = nearest(flow, known)[1]
    filled = np.dstack([cv2.medianBlur(part, 5) for part in cv2.split(filled)])
    outside, from_edge = nearest(filled, face)
    size = flow.shape[0]
    from_edge = np.asarray(cv2.GaussianBlur(from_edge, (0, 0), size / 30), dtype=np.float32)
    reach = BAND_SHARE * np.linalg.norm(from_edge, axis=2) + BAND_PX * size
    reach = cv2.GaussianBlur(reach, (0, 0), size / 30)
    coarse = _membrane(filled, face, outside > reach)
    fall = np.clip(1 - outside / (0.03 * size), 0, 1)[..., None]
    step = nearest(filled - coarse, face)[1]
    beyond = (coarse + fall * fall * step) * (outside <= reach)[..., None]
    blurred = cv2.GaussianBlur(filled, (0, 0), 0.8)
    within = np.where(known[..., None], filled, blurred)
    return np.where(face[..., None], within, beyond).astype(np.float32)


def _membrane(values: Floats, fixed: Mask, zero: Mask) -> Floats:
    """Laplace's equation between what is fixed and zero, at a fraction of the size."""
    size = values.shape[0]
    side = max(8, size // COARSE)
    small = cv2.resize(values, (side, side), interpolation=cv2.INTER_AREA)
    held, still = (
        cv2.resize(mask.astype(np.float32), (side, side), interpolation=cv2.INTER_AREA) > 0.5
        for mask in (fixed, zero)
    )
    small[still] = 0
    known = (held | still).ravel()
    if known.all():
        return np.asarray(cv2.resize(small, (size, size)), dtype=np.float32)
    line = diags([1.0, 1.0], [-1, 1], shape=(side, side))
    neighbours = kronsum(line, line, format="csr")
    laplacian = (diags(np.asarray(neighbours.sum(axis=1)).ravel()) - neighbours).tocsr()
    cells = small.reshape(-1, values.shape[2])
    given = neighbours[~known][:, known] @ cells[known]
    cells[~known] = splu(laplacian[~known][:, ~known].tocsc()).solve(given)
    return np.asarray(cv2.resize(small, (size, size), interpolation=cv2.INTER_CUBIC), np.float32)


def nearest(values: Floats, known: Mask) -> tuple[Floats, Floats]:
    """Distance to the nearest known pixel, and the values there."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.where(known, np.uint8(0), np.uint8(1)), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, values.shape[2]), np.float32)
    table[labels[known]] = values[known]
    return distance.astype(np.float32), table[labels]
