"""Good faces are not doubted; spoiled ones are, with the reason."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from support.tiny_models import astronaut_face, astronaut_photo

from ecgan.errors import FACE_REASONS, FaceError, SnapshotError
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.alignment import EYE_DISTANCE, GLASSES_REACH, align, below_the_eyes, crop
from ecgan.faces.finder import align_face
from ecgan.inference.doubt import (
    ADVICE,
    SEEN,
    VIEW_PX,
    WARNED,
    check_readable,
    doubts_of,
    load_network,
    noise_of,
    view_of,
)
from ecgan.lab.drawn.people import perform, person, shot
from ecgan.lab.drawn.render import Sitting

Pixels = NDArray[np.uint8]


def aligned(pixels: Pixels, points: NDArray, size: int = 256) -> Pixels:
    return crop(pixels, align(points, size))


@pytest.fixture(scope="module")
def drawn() -> list[Pixels]:
    """Crops of drawn people, one of each expression and more."""
    crops = []
    for number in range(14):
        expression = EXPRESSIONS[number % len(EXPRESSIONS)]
        sitting = Sitting(person(1, number), shot(1, number), 256)
        picture = sitting.draw(perform(1, number, expression, 1.0))
        crops.append(aligned(picture.image, picture.landmarks))
    return crops


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return align_face(astronaut_photo(), astronaut_face(), least_px=256).pixels


def box(pixels: Pixels, rows: slice, columns: slice, colour: tuple[int, int, int]) -> Pixels:
    covered = pixels.copy()
    covered[rows, columns] = colour
    return covered


def scribbled(pixels: Pixels) -> Pixels:
    random, covered = np.random.default_rng(0), pixels.copy()
    for colour in ((220, 30, 30), (20, 60, 220), (30, 200, 60), (240, 220, 20), (200, 20, 200)):
        places = random.integers((60, 60), (196, 220), (8, 2)).astype(np.int32)
        cv2.polylines(covered, [places], False, colour, 10, cv2.LINE_AA)
    return covered


def noisy(pixels: Pixels, strength: float) -> Pixels:
    noise = np.random.default_rng(0).normal(0, strength, pixels.shape)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


def motion(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.blur(pixels, (55, 3)), dtype=np.uint8)


SPOILED: dict[str, tuple[str, Callable[[Pixels], Pixels]]] = {
    "6 % light": ("dark", lambda p: (p * 0.06).astype(np.uint8)),
    "12 % light": ("dark", lambda p: (p * 0.12).astype(np.uint8)),
    "dark and noisy": ("dark", lambda p: noisy((p * 0.06).astype(np.uint8), 2)),
    "burnt out": ("bright", lambda p: np.clip(p * 9.0 + 90, 0, 255).astype(np.uint8)),
    "hardly any contrast": ("faded", lambda p: (p * 0.04 + 120).astype(np.uint8)),
    "blur": ("blurred", lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 12), np.uint8)),
    "motion": ("blurred", motion),
    "noise": ("noisy", lambda p: noisy(p, 90)),
    "negative": ("negative", lambda p: 255 - p),
    "upside down": ("upside down", lambda p: p[::-1, ::-1].copy()),
    "mask": ("covered mouth", lambda p: box(p, np.s_[140:215], np.s_[70:186], (150, 190, 210))),
    "bar over the mouth": (
        "covered mouth",
        lambda p: box(p, np.s_[155:190], np.s_[88:168], (0,) * 3),
    ),
    "bar over the eyes": ("covered eyes", lambda p: box(p, np.s_[88:124], np.s_[62:194], (0,) * 3)),
    "scribbles": ("painted", scribbled),
}


@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_photo_is_doubted_with_the_reason(kind: str, photo: Pixels) -> None:
    reason, spoil = SPOILED[kind]
    assert reason in doubts_of(spoil(photo))


@pytest.mark.parametrize("kind", SPOILED)
def test_spoiled_drawn_faces_are_doubted(kind: str, drawn: list[Pixels]) -> None:
    spoil = SPOILED[kind][1]
    assert sum(bool(doubts_of(spoil(face))) for face in drawn) >= len(drawn) - 1


GOOD: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": lambda p: p,
    "grey": lambda p: np.repeat(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
    "25 % light": lambda p: (p * 0.25).astype(np.uint8),
    "small": lambda p: np.asarray(cv2.resize(p, (96, 96), interpolation=cv2.INTER_AREA)),
    "a little noise": lambda p: noisy(p, 8),
    "warm": lambda p: np.clip(p * np.array([1.15, 1, 0.75]), 0, 255).astype(np.uint8),
    "hair over the brow": lambda p: box(p, np.s_[20:70], np.s_[60:200], (50, 30, 20)),
}


@pytest.mark.parametrize("kind", GOOD)
def test_good_faces_are_not_doubted(kind: str, photo: Pixels, drawn: list[Pixels]) -> None:
    change = GOOD[kind]
    assert doubts_of(change(photo)) == ()
    assert sum(bool(doubts_of(change(face))) for face in drawn) <= 1


def test_every_reason_is_a_code_with_advice() -> None:
    assert set(ADVICE) <= set(FACE_REASONS)
    assert set(SEEN) <= set(ADVICE)
    assert set(WARNED) <= set(ADVICE)


def test_what_cannot_be_translated_is_refused_and_the_rest_told(photo: Pixels) -> None:
    with pytest.raises(FaceError, match="the mouth is covered: use a photo") as caught:
        check_readable(SPOILED["mask"][1](photo))
    assert caught.value.reason == "covered mouth"
    assert check_readable(SPOILED["bar over the eyes"][1](photo)) == ("covered eyes",)
    assert check_readable(photo) == ()


def test_noise_is_that_of_the_pixels_and_edges_hardly_count() -> None:
    grey = np.full((256, 256, 3), 120, np.uint8)
    values = grey + np.random.default_rng(0).normal(0, 20, (256, 256, 1))
    assert noise_of(np.clip(values, 0, 255).astype(np.uint8)) == pytest.approx(20, rel=0.05)
    grey[:, 100:] = 200
    assert noise_of(grey) < 2


@pytest.mark.parametrize("size", [64, 128, 301, 1024])
def test_the_view_is_the_same_part_at_any_size(size: int) -> None:
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[45:135] = 200
    view = view_of(np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)))
    assert view.shape == (VIEW_PX, VIEW_PX, 3)
    assert (view[2:38] > 150).all()
    assert (view[42:] < 50).all()


def test_missing_or_damaged_weights_are_one_line(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no tensors")
    for path in (tmp_path / "missing.safetensors", damaged):
        with pytest.raises(SnapshotError, match=f"{path.name} is missing or damaged"):
            load_network(path)


def test_below_the_eyes_is_what_glasses_leave_free() -> None:
    points = np.zeros((68, 2))
    points[36:42], points[42:48] = (98, 105), (158, 105)
    whole = np.full((256, 256), 255, np.uint8)
    free = below_the_eyes(whole, points)
    edge = round(105 + GLASSES_REACH * EYE_DISTANCE)
    assert not free[: edge - 1].any()
    assert (free[edge + 2 :] == 255).all()
    assert whole.all()
