"""The backward flow of the skin, continued smoothly to neck, ears and hair until it is zero."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.data.reanimate.facekit import Floats

Mask = NDArray[np.bool_]

BAND_SHARE, BAND_PX = 1.4, 0.05
"""The flow ends this many times the largest displacement of the outline, plus this share of the
picture, outside of the face."""


def face_outline(landmarks: Floats) -> Floats:
    """(27, 2): the jaw of 68 points and, above the brows, the forehead up to the hair."""
    brows = landmarks[17:27]
    lift = 0.55 * (brows.mean(axis=0) - landmarks[33])
    return np.concatenate([landmarks[:17], (brows + lift)[::-1]]).astype(np.float32)


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
    distance, filled = _nearest(flow, known)
    outside, from_edge = _nearest(filled, face)
    size = flow.shape[0]
    reach = BAND_SHARE * np.linalg.norm(from_edge, axis=2) + BAND_PX * size
    reach = cv2.GaussianBlur(reach, (0, 0), size / 40)
    fall = np.clip(1 - outside / reach, 0, 1)
    fall = (fall * fall * (3 - 2 * fall)).astype(np.float32)
    smooth = cv2.GaussianBlur(from_edge, (0, 0), size / 50)
    weight = np.clip(outside / (size / 40), 0, 1)[..., None].astype(np.float32)
    beyond = (from_edge * (1 - weight) + smooth * weight) * fall[..., None]
    blurred = cv2.GaussianBlur(filled, (0, 0), 0.8)
    mixed = np.where((distance <= 1)[..., None], filled, blurred)
    return np.where(face[..., None], mixed, beyond).astype(np.float32)


def _nearest(values: Floats, known: Mask) -> tuple[Floats, Floats]:
    """Distance to the nearest known pixel, and the values there."""
    distance, labels = cv2.distanceTransformWithLabels(
        np.where(known, np.uint8(0), np.uint8(1)), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(labels.max()) + 1, values.shape[2]), np.float32)
    table[labels[known]] = values[known]
    return distance.astype(np.float32), table[labels]
