"""Drawn pictures: the same for the same numbers, exact masks, landmarks where they belong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.expressions import EXPRESSIONS
from ecgan.lab.drawn.hair import build_hair
from ecgan.lab.drawn.people import (
    BACKGROUNDS,
    BEARDS,
    GLASSES,
    HAIR_BY_SEX,
    Action,
    perform,
    person,
    shot,
)
from ecgan.lab.drawn.render import Picture, Sitting
from ecgan.lab.drawn.rig import build_face

people = st.tuples(st.integers(0, 50), st.integers(0, 5000))
STYLES = sorted({style for styles in HAIR_BY_SEX.values() for style in styles})


def picture(seed: int, number: int, expression: str, intensity: float = 1.0) -> Picture:
    intensity = 0.0 if expression == "neutral" else intensity
    sitting = Sitting(person(seed, number), shot(seed, number), 64)
    return sitting.draw(perform(seed, number, expression, intensity))


def both(unit: int, level: float = 1.0) -> Action:
    return Action({unit: level}, {unit: level})


def test_a_picture_is_a_function_of_its_numbers() -> None:
    first, again = picture(1, 2, "angry"), picture(1, 2, "angry")
    np.testing.assert_array_equal(first.image, again.image)
    np.testing.assert_array_equal(first.mask, again.mask)
    np.testing.assert_array_equal(first.landmarks, again.landmarks)
    for other in (picture(1, 3, "angry"), picture(2, 2, "angry"), picture(1, 2, "fear")):
        assert (other.image != first.image).any()


@settings(max_examples=15, deadline=None)
@given(who=people, expression=st.sampled_from(EXPRESSIONS[1:]), intensity=st.floats(0.1, 1.2))
def test_pairs_match_outside_their_masks(
    who: tuple[int, int], expression: str, intensity: float
) -> None:
    neutral, expressive = picture(*who, "neutral"), picture(*who, expression, intensity)
    outside = (neutral.mask == 0) & (expressive.mask == 0)
    assert outside.mean() > 0.3
    np.testing.assert_array_equal(neutral.image[outside], expressive.image[outside])
    assert (neutral.image[~outside] != expressive.image[~outside]).mean() > 0.01


@settings(max_examples=15, deadline=None)
@given(who=people, expression=st.sampled_from(EXPRESSIONS))
def test_landmarks_are_in_anatomical_order(who: tuple[int, int], expression: str) -> None:
    sitting = Sitting(person(*who), replace(shot(*who), roll=0.0), 64)
    intensity = 0.0 if expression == "neutral" else 1.0
    points = sitting.draw(perform(*who, expression, intensity)).landmarks
    x, y = points.T
    assert points.shape == (68, 2)
    assert (np.diff(x[3:14]) > 0).all()  # jaw from left to right; above it the cheeks bulge
    assert (np.diff(y[:9]) > 0).all()
    assert (np.diff(y[8:17]) < 0).all()
    assert y[8] == pytest.approx(y[:17].max(), abs=0.5)  # the chin is lowest
    assert (np.diff(x[17:27]) > 0).all()
    assert (np.diff(y[27:31]) > 0).all()
    assert (np.diff(x[31:36]) > 0).all()
    for start in (36, 42):  # outer corner, upper lid, inner corner, lower lid
        eye = points[start : start + 6]
        assert eye[0, 0] < eye[1, 0] < eye[2, 0] < eye[3, 0]
        assert (eye[[5, 4], 1] > eye[[1, 2], 1]).all()
    assert (np.diff(x[48:55]) > 0).all()
    assert (np.diff(x[54:60]) < 0).all()
    assert (y[55:60] > y[[53, 52, 51, 50, 49]]).all()
    assert (y[[67, 66, 65]] >= y[[61, 62, 63]] - 1e-6).all()
    assert y[17:27].max() < y[36:48].mean() < y[30] < y[51] < y[57] < y[8]


@settings(max_examples=10, deadline=None)
@given(who=people, expression=st.sampled_from(EXPRESSIONS))
def test_landmarks_of_a_bald_head_lie_in_its_mask(who: tuple[int, int], expression: str) -> None:
    looks = replace(person(*who), hair_style="bald", beard="none")
    frontal = replace(shot(*who), yaw=0.0, shift=(0.0, 0.0))
    intensity = 0.0 if expression == "neutral" else 1.0
    drawn = Sitting(looks, frontal, 64).draw(perform(*who, expression, intensity))
    columns, rows = np.round(drawn.landmarks[17:]).astype(int).T
    assert (drawn.mask[rows, columns] > 127).all()
    jaw = np.round(drawn.landmarks[:17]).astype(int)
    near = [drawn.mask[r - 1 : r + 2, c - 1 : c + 2] for c, r in jaw]
    assert all(patch.max() > 127 for patch in near)  # the jaw is the mask's edge
    assert all(patch.min() < 255 for patch in near)


@settings(max_examples=15, deadline=None)
@given(who=people, expression=st.sampled_from(EXPRESSIONS[1:]))
def test_more_intensity_moves_landmarks_further(who: tuple[int, int], expression: str) -> None:
    sitting = Sitting(person(*who), shot(*who), 64)
    rest = sitting.draw().landmarks
    moved = [
        np.linalg.norm(sitting.draw(perform(*who, expression, i)).landmarks - rest, axis=1).mean()
        for i in (0.0, 0.3, 0.6, 0.9, 1.2)
    ]
    assert moved[0] == 0
    assert (np.diff(moved) > 0).all()


UP, DOWN = -1, 1
MOVES = [  # action unit, landmarks, direction of their height
    (1, (21, 22), UP),
    (2, (17, 26), UP),
    (4, (19, 20, 23, 24), DOWN),
    (5, (37, 38, 43, 44), UP),
    (6, (40, 41, 46, 47), UP),
    (7, (37, 38, 43, 44), DOWN),
    (9, (31, 35), UP),
    (10, (50, 52), UP),
    (12, (48, 54), UP),
    (15, (48, 54), DOWN),
    (16, (56, 57, 58), DOWN),
    (17, (57, 8), UP),
    (25, (66,), DOWN),
    (26, (8, 7, 9), DOWN),
    (27, (8, 7, 9), DOWN),
    (64, (37, 38, 43, 44), DOWN),
]


@pytest.mark.parametrize(("unit", "landmarks", "direction"), MOVES)
def test_an_action_unit_moves_what_facs_says(
    unit: int, landmarks: tuple[int, ...], direction: int
) -> None:
    for number in range(5):
        looks = person(7, number)
        rest = build_face(looks, Action({}, {})).landmarks()
        moved = build_face(looks, both(unit)).landmarks()
        shifts = (moved - rest)[list(landmarks), 1] * direction
        assert (shifts > 0.005).all(), (number, shifts)


@pytest.mark.parametrize(("unit", "least"), [(26, 0.15), (27, 0.3)])
def test_a_lowered_jaw_opens_parted_lips_alone(unit: int, least: float) -> None:
    looks = person(7, 1)
    shut = build_face(looks, both(unit))
    opened = build_face(looks, Action({25: 1.0, unit: 1.0}, {25: 1.0, unit: 1.0}))
    assert shut.mouth.opening < 0.01
    assert opened.mouth.opening > least
    parted = build_face(looks, both(25)).mouth.opening
    assert 0.01 < parted < opened.mouth.opening


@pytest.mark.parametrize(("unit", "wider"), [(12, 1), (14, 1), (20, 1), (22, -1), (23, -1)])
def test_action_units_of_the_lips_change_the_width(unit: int, wider: int) -> None:
    for number in range(5):
        width = [
            np.ptp(build_face(person(7, number), both(unit, level)).landmarks()[[48, 54], 0])
            for level in (0.0, 1.0)
        ]
        assert wider * (width[1] - width[0]) > 0.01


def test_pressed_lips_are_thin_and_one_side_can_act_alone() -> None:
    looks = person(7, 1)
    rest = build_face(looks, Action({}, {})).landmarks()
    pressed = build_face(looks, both(24)).landmarks()
    assert pressed[57, 1] - pressed[51, 1] < 0.7 * (rest[57, 1] - rest[51, 1])
    smirk = build_face(looks, Action({12: 0.0}, {12: 1.0})).landmarks() - rest
    assert smirk[54, 1] < -0.1
    assert abs(smirk[48, 1]) < 0.01


@pytest.mark.parametrize("style", STYLES)
def test_every_hair_style_is_drawn_and_leaves_the_face_free(style: str) -> None:
    looks = replace(person(0, 0), hair_style=style, glasses=None)
    drawn = Sitting(looks, shot(0, 0), 64).draw()
    bald = Sitting(replace(looks, hair_style="bald"), shot(0, 0), 64).draw()
    assert (style == "bald") == (not build_hair(looks).front)
    columns, rows = np.round(drawn.landmarks[27:]).astype(int).T
    assert (drawn.mask[rows, columns] > 127).mean() > 0.9
    if style != "bald":
        assert (drawn.image != bald.image).any(-1).mean() > 0.02
        assert int(drawn.mask.sum()) < int(bald.mask.sum())


@pytest.mark.parametrize("kind", ("full", "goatee", "stubble", "moustache"))
def test_a_beard_changes_the_lower_face_alone(kind: str) -> None:
    looks = replace(person(0, 1), beard="none", hair_style="bald", glasses=None)
    plain = Sitting(looks, shot(0, 1), 64).draw()
    bearded = Sitting(replace(looks, beard=kind), shot(0, 1), 64).draw()
    rows = np.flatnonzero((plain.image != bearded.image).any((1, 2)))
    assert len(rows)
    assert rows.min() > plain.landmarks[36:48, 1].mean() + 1
    assert kind in BEARDS
    assert (bearded.mask >= plain.mask).all()


@pytest.mark.parametrize("kind", GLASSES)
def test_glasses_do_not_move_landmarks(kind: str) -> None:
    looks = replace(person(0, 2), glasses=None)
    plain = Sitting(looks, shot(0, 2), 64).draw()
    worn = Sitting(replace(looks, glasses=kind), shot(0, 2), 64).draw()
    np.testing.assert_array_equal(plain.landmarks, worn.landmarks)
    assert (plain.image != worn.image).any()


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_backgrounds_leave_the_face_alone(kind: str) -> None:
    looks = replace(person(0, 3), hair_style="bald", beard="none", glasses=None)
    plain = Sitting(looks, replace(shot(0, 3), background="plain"), 64).draw()
    other = Sitting(looks, replace(shot(0, 3), background=kind), 64).draw()
    np.testing.assert_array_equal(plain.image[plain.mask == 255], other.image[other.mask == 255])
    changed = (plain.image != other.image).any(-1).mean()
    assert (changed == 0) if kind == "plain" else (changed > 0.02)


def test_the_light_brightens_its_side() -> None:
    looks = replace(person(0, 4), hair_style="bald", glasses=None)

    def lit(angle: float) -> float:
        image = Sitting(looks, replace(shot(0, 4), light=angle, yaw=0.0), 64).draw().image
        return float(image[:, 32:].mean()) - float(image[:, :32].mean())

    assert lit(0.4) > lit(np.pi - 0.4) + 5


def test_sizes_show_the_same_face() -> None:
    looks, view = person(0, 5), shot(0, 5)
    small, large = (Sitting(looks, view, size).draw() for size in (64, 256))
    scaled = (small.landmarks + 0.5) * 4 - 0.5
    np.testing.assert_allclose(scaled, large.landmarks, atol=1e-6)
    reduced = large.image.reshape(64, 4, 64, 4, 3).mean((1, 3))
    assert np.abs(reduced - small.image).mean() < 3
