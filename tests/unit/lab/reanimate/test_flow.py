"""The flow keeps what is known, ends at zero and does not tear."""

import cv2
import numpy as np
from support.tiny_facekit import points_in_photo

from ecgan.lab.reanimate.flow import extend, face_outline, inside


def disc(size: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size / 2
    return rows**2 + columns**2 < radius**2


def test_known_flow_stays_and_far_flow_is_zero() -> None:
    face = disc(160, 40)
    flow = np.zeros((160, 160, 2), np.float32)
    flow[face] = [0.0, -8.0]
    extended = extend(flow, face, face)
    np.testing.assert_allclose(extended[disc(160, 36)], flow[disc(160, 36)], atol=1e-5)
    assert not extended[~disc(160, 75)].any()


def test_the_map_does_not_fold_or_tear() -> None:
    face = disc(160, 40)
    flow = np.zeros((160, 160, 2), np.float32)
    rows = np.mgrid[:160, :160][0]
    flow[..., 1] = -np.clip((rows - 80) / 40, 0, 1) * 12
    extended = extend(flow, face, face)
    source = np.mgrid[:160, :160][0] + extended[..., 1]
    steps = np.diff(source[:, 60:100], axis=0)
    assert steps.min() > 0
    assert steps.max() < 3


def test_holes_are_filled_from_beside() -> None:
    face = disc(100, 40)
    known = face & ~disc(100, 8)
    flow = np.where(known[..., None], np.float32([3, 1]), np.float32(0))
    np.testing.assert_allclose(extend(flow, known, face)[50, 50], [3, 1], atol=1e-4)


def test_no_flow_is_no_flow() -> None:
    face = disc(64, 20)
    assert not extend(np.zeros((64, 64, 2), np.float32), face, face).any()
    assert not extend(np.ones((64, 64, 2), np.float32), np.zeros_like(face), face).any()


def test_the_outline_holds_all_points() -> None:
    points = points_in_photo(256).astype(np.float32)
    mask = cv2.dilate(inside(face_outline(points), 256).astype(np.uint8), np.ones((3, 3)))
    columns, rows = np.round(points[17:]).astype(int).T
    assert mask[rows, columns].all()
