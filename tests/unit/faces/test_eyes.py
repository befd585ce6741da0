"""Eyeballs stay as lids slide over them."""

import cv2
import numpy as np
import pytest

from ecgan.faces.change import FaceChange
from ecgan.faces.eyes import IRIS_RADIUS, find_eyes, with_still_eyes

SIDE, SKIN, WHITE, IRIS = 320, 180, 235, 70
CENTRES = ((110.0, 140.0), (210.0, 140.0))
RADIUS = IRIS_RADIUS * 100


def lids(x: float, y: float, up: float = 7, down: float = 7) -> np.ndarray:
    return np.array(
        [
            (x - 19, y),
            (x - 7, y - up),
            (x + 7, y - up),
            (x + 19, y),
            (x + 7, y + down),
            (x - 7, y + down),
        ],
        np.float32,
    )


def face(shift: float = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two eyes half open over whole irises, which look to the side by `shift`; and landmarks."""
    pixels = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    points = np.zeros((68, 2), np.float32)
    for part, (x, y) in zip((slice(36, 42), slice(42, 48)), CENTRES, strict=True):
        eyeball = np.full_like(pixels, WHITE)
        cv2.circle(eyeball, (round(x + shift), round(y)), round(RADIUS), (IRIS, 90, 110), -1)
        points[part] = lids(x, y)
        opening = np.zeros((SIDE, SIDE), np.uint8)
        cv2.fillPoly(opening, [points[part].astype(np.int32)], 1)
        pixels[opening > 0] = eyeball[opening > 0]
    return pixels, points


def raised(by: float) -> np.ndarray:
    """Lids move away from the middle of the eyes, by up to `by` pixels."""
    flow = np.zeros((SIDE, SIDE, 2), np.float32)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for x, y in CENTRES:
        near = np.exp(-(((columns - x) / 22.0) ** 2) - ((rows - y) / 22.0) ** 2)
        flow[..., 1] -= by * np.clip((rows - y) / 7.0, -1, 1) * near
    return flow


def change(flow: np.ndarray) -> FaceChange:
    return FaceChange(
        flow, np.ones(flow.shape[:2], np.float32), np.zeros((*flow.shape[:2], 3), np.float32)
    )


def height_to_width(pixels: np.ndarray, x: float, y: float) -> float:
    window = pixels[round(y) - 26 : round(y) + 26, round(x) - 26 : round(x) + 26, 0]
    dark = window < (IRIS + SKIN) / 2
    return float(dark[:, 26].sum() / dark[26].sum())


@pytest.mark.parametrize("shift", [0, 4])
def test_irises_are_found(shift: float) -> None:
    for eye, (x, y) in zip(find_eyes(*face(shift)), CENTRES, strict=True):
        assert eye.iris == pytest.approx((x + shift, y), abs=1.6)
        assert eye.radius == pytest.approx(RADIUS, rel=0.2)


def test_irises_stay_round_as_lids_rise() -> None:
    pixels, points = face()
    flow, eyes = raised(8), find_eyes(pixels, points)
    stretched = change(flow).of(pixels)
    still = with_still_eyes(change(flow), flow, eyes, pixels).of(pixels)
    for x, y in CENTRES:
        assert height_to_width(stretched, x, y) > 1.15, "the trial stretches nothing"
        assert 0.9 < height_to_width(still, x, y) < 1.1
        white = still[round(y) - 9, round(x) - 12]
        assert white.min() > SKIN, "what the lid lays bare beside the iris is white"
    middle = (slice(137, 144), slice(104, 117))
    np.testing.assert_allclose(still[middle], pixels[middle], atol=2)


def test_lids_that_close_hide_the_eye() -> None:
    pixels, points = face()
    flow = raised(-5)
    made = with_still_eyes(change(flow), flow, find_eyes(pixels, points), pixels).of(pixels)
    before = (np.abs(pixels[..., 0].astype(int) - SKIN) > 20).sum()
    assert (np.abs(made[..., 0] - SKIN) > 20).sum() < 0.85 * before
    assert made[139:142, 110, 0].max() < IRIS + 20, "the iris stays where it was"


def test_nothing_but_the_eyes_changes() -> None:
    pixels, points = face()
    flow = raised(6)
    made = with_still_eyes(change(flow), flow, find_eyes(pixels, points), pixels)
    far = np.ones((SIDE, SIDE), bool)
    for x, y in CENTRES:
        far[round(y - 20) : round(y + 21), round(x - 27) : round(x + 28)] = False
    np.testing.assert_array_equal(made.motion[far], flow[far])
    assert (made.gate[far] == 1).all()
    assert (made.offset[far] == 0).all()


def test_a_part_of_the_image() -> None:
    pixels, points = face()
    flow, eyes = raised(6), find_eyes(pixels, points)
    whole = with_still_eyes(change(flow), flow, eyes, pixels).of(pixels)
    part = (slice(60, 300), slice(40, 280))
    cut = FaceChange(
        flow[part], np.ones((240, 240), np.float32), np.zeros((240, 240, 3), np.float32), (40, 60)
    )
    made = with_still_eyes(cut, flow[part], eyes, pixels[part]).of(pixels)
    np.testing.assert_allclose(made[part], whole[part], atol=1e-3)


def test_closed_eyes_stay_as_they_move() -> None:
    pixels, points = face()
    for part, (x, y) in zip((slice(36, 42), slice(42, 48)), CENTRES, strict=True):
        points[part] = lids(x, y, 0.2, 0.2)
    flow = raised(3)
    made = with_still_eyes(change(flow), flow, find_eyes(pixels, points), pixels).of(pixels)
    assert np.isfinite(made).all()
