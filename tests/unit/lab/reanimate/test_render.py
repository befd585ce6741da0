"""What an expression does to the picture, and what it leaves."""

from dataclasses import replace

import numpy as np
import pytest
from support.tiny_facekit import photo_of_nobody, points_in_photo

from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.portrait import Portrait, portrait_of
from ecgan.lab.reanimate.render import LEAST, open_lids, render, shown_eyes


def test_no_expression_is_the_photo_itself(portrait: Portrait) -> None:
    for weights in ({}, {"jawOpen": 0.0}):
        made = render(portrait, weights)
        np.testing.assert_array_equal(made.pixels, photo_of_nobody(128))
        assert not made.flow.any()


def test_a_small_expression_is_nearly_the_photo(portrait: Portrait) -> None:
    made = render(portrait, {"jawOpen": 1e-4}).pixels.astype(int)
    changed = np.abs(made - photo_of_nobody(128)).max(axis=2) > 8
    assert changed.mean() < 0.02


def test_the_background_stays(portrait: Portrait) -> None:
    made = render(portrait, {"jawOpen": 0.7, "browDown_L": 1.0})
    still = ~made.flow.any(axis=2)
    assert still[:, :10].all()
    assert still[:, -10:].all()
    np.testing.assert_array_equal(made.pixels[:, :10], photo_of_nobody(128)[:, :10])
    assert (made.pixels != photo_of_nobody(128)).any()


def test_landmarks_move_as_the_mesh(portrait: Portrait, kit: FaceKit) -> None:
    rest = render(portrait, {}).landmarks
    moved = render(portrait, {"jawOpen": 0.8}).landmarks
    delta = kit.shapes["jawOpen"][kit.landmarks] * 0.8
    expected = (delta @ portrait.fit.rotation.T)[:, :2] * [1, -1] * portrait.fit.scale
    np.testing.assert_allclose(moved - rest, expected, atol=0.01)
    assert moved[8, 1] - rest[8, 1] > 5


def test_the_skin_moves_with_the_landmarks(kit: FaceKit) -> None:
    points = points_in_photo(128)
    photo = np.full((128, 128, 3), 180, np.uint8)
    x, y = np.round(points[57] * 0.4 + points[8] * 0.6).astype(int)
    photo[y - 2 : y + 3, x - 2 : x + 3] = [250, 30, 30]
    made = render(portrait_of(photo, points, kit), {"jawOpen": 0.5})
    red = made.pixels[..., 0].astype(int) - made.pixels[..., 1] > 110
    rows, columns = np.nonzero(red)
    down = made.landmarks[8, 1] - points[8, 1]
    assert rows.mean() - y == pytest.approx(down, abs=1.5)
    assert columns.mean() == pytest.approx(x, abs=1.0)


def test_the_open_mouth_is_dark_with_teeth_above(kit: FaceKit) -> None:
    points = points_in_photo(128)
    made = render(portrait_of(np.full((128, 128, 3), 200, np.uint8), points, kit), {"jawOpen": 1.2})
    x = round(float(made.landmarks[62, 0]))
    upper, lower = (round(float(made.landmarks[k, 1])) for k in (62, 66))
    assert lower - upper > 8
    column = made.pixels[upper + 1 : lower - 1, x].mean(axis=1)
    assert column.min() < 90
    assert column[: len(column) // 3].max() > column[len(column) // 2 :].max()


def test_gaze_moves_the_eyes_alone(portrait: Portrait) -> None:
    made = render(portrait, {}, gaze=(0.2, 0.0)).pixels
    changed = (made != photo_of_nobody(128)).any(axis=2)
    rows = np.nonzero(changed)[0]
    points = points_in_photo(128)[36:48]
    assert changed.any()
    assert rows.min() > points[:, 1].min() - 12
    assert rows.max() < points[:, 1].max() + 12


def test_the_same_twice(kit: FaceKit) -> None:
    pictures = [
        render(
            portrait_of(photo_of_nobody(96), points_in_photo(96), kit),
            {"jawOpen": 0.4, "mouthSmile_L": 1.0, "noseSneer_R": 1.0, "browInnerUp_L": 1.0},
        ).pixels
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*pictures)


def covering(portrait: Portrait) -> Portrait:
    """The same person, with brows and lids that fall onto the eyes."""
    upper = [*range(17, 27), 37, 38, 43, 44]
    shapes = dict(portrait.kit.shapes)
    for name in ("browDown_L", "browDown_R"):
        shapes[name] = np.zeros_like(portrait.kit.neutral)
        shapes[name][portrait.kit.landmarks[upper], 1] = -0.32
    return replace(portrait, kit=replace(portrait.kit, shapes=shapes))


def test_covered_eyes_are_opened(portrait: Portrait) -> None:
    person = covering(portrait)
    weights = {"browDown_L": 2.0, "browDown_R": 1.6, "jawOpen": 0.5}
    at_rest = shown_eyes(person, person.fit.vertices)
    assert (shown_eyes(person, person.moved(weights)) < LEAST["angry"] * at_rest).all()
    eased = open_lids(person, weights, "angry")
    assert (shown_eyes(person, person.moved(eased)) >= LEAST["angry"] * at_rest).all()
    assert eased["jawOpen"] == 0.5
    assert np.isclose(0.8 * eased["browDown_L"], eased["browDown_R"], rtol=1e-3)
    assert eased["browDown_L"] < 2.0


def test_the_eye_that_is_covered_more_decides(portrait: Portrait) -> None:
    person = covering(portrait)
    weights = {"browDown_L": 0.1, "browDown_R": 2.0, "noseSneer_L": 1.0}
    eased = open_lids(person, weights, "angry")
    at_rest = shown_eyes(person, person.fit.vertices)
    assert (shown_eyes(person, person.moved(eased)) >= LEAST["angry"] * at_rest).all()
    assert eased["browDown_R"] < 2.0
    assert eased["noseSneer_L"] == 1.0


def test_lowered_inner_brows_are_eased_too(portrait: Portrait) -> None:
    person = covering(portrait)
    weights = {"browDown_L": 2.0, "browDown_R": 2.0, "browInnerUp_L": -0.8, "browInnerUp_R": 0.4}
    eased = open_lids(person, weights, "angry")
    assert -0.8 < eased["browInnerUp_L"] < 0
    assert eased["browInnerUp_R"] == 0.4


def test_lashes_keep_their_form_under_a_raised_brow(portrait: Portrait) -> None:
    height = portrait.kit.neutral[:, 1]
    raised = np.zeros_like(portrait.kit.neutral)
    raised[height > height[portrait.kit.landmarks[[43, 44]]].mean() + 0.3, 1] = 1.0
    shapes = {**portrait.kit.shapes, "browInnerUp_L": raised}
    person = replace(portrait, kit=replace(portrait.kit, shapes=shapes))
    down = render(person, {"browInnerUp_L": 1.0}).flow[..., 1]
    x, y = np.round(person.rest[person.kit.landmarks[[43, 44]], :2].mean(axis=0)).astype(int)
    assert down[:y, x].max() > 3  # the brow went up
    assert np.abs(down[y - 3 : y, x]).max() < 1.3


def test_teeth_do_not_pierce_the_skin_beside_the_lips(portrait: Portrait) -> None:
    vertices = portrait.fit.vertices.copy()
    vertices[np.unique(portrait.kit.of("teeth"))] += np.array([0, 1.5, 8], np.float32)
    pierced = replace(portrait, fit=replace(portrait.fit, vertices=vertices))
    made = render(pierced, {"jawOpen": 0.6})
    changed = (made.pixels != render(portrait, {"jawOpen": 0.6}).pixels).any(axis=2)
    assert changed.any()
    lips = made.landmarks[60:68, 1].min()
    assert np.nonzero(changed)[0].min() > lips - 0.3 * portrait.fit.scale - 2


def test_open_eyes_and_other_expressions_are_left(portrait: Portrait) -> None:
    assert open_lids(portrait, {"browDown_L": 0.1}, "angry") == {"browDown_L": 0.1}
    person = covering(portrait)
    assert open_lids(person, {"browDown_L": 3.0}, "surprise") == {"browDown_L": 3.0}
