"""Parts of a face: where they lie, and that they make the whole."""

from itertools import pairwise

import numpy as np
import pytest
from support.tiny_models import astronaut_points

from ecgan.errors import UsageError
from ecgan.faces.alignment import align
from ecgan.faces.parts import PARTS, parse_parts, part_weight

SIZE = 512
POINTS = align(astronaut_points(), SIZE).to_aligned(astronaut_points())
PLACES = {"brows": slice(17, 27), "eyes": slice(36, 48), "mouth": slice(48, 68)}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_holds_its_landmarks_and_no_others(part: str) -> None:
    weight = part_weight(POINTS, SIZE, [part])  # type: ignore[list-item]
    assert weight.shape == (SIZE, SIZE)
    for name, places in PLACES.items():
        found = [weight[round(float(y)), round(float(x))] for x, y in POINTS[places]]
        assert (min(found) > 0.7) if name == part else (max(found) < 0.2), (name, found)


def test_all_parts_are_the_whole_and_borders_are_soft() -> None:
    weights = [part_weight(POINTS, SIZE, [part]) for part in PARTS]
    np.testing.assert_allclose(sum(weights), 1, atol=1e-5)
    np.testing.assert_allclose(part_weight(POINTS, SIZE, PARTS), 1, atol=1e-5)
    for weight in weights:
        steps = [np.abs(np.diff(weight, axis=axis)).max() for axis in (0, 1)]
        assert max(steps) < 0.12  # of 2 pixels of the canonical crop


def test_a_part_is_the_same_at_any_size() -> None:
    for size, other in pairwise((256, 512, 1024)):
        small = part_weight(POINTS * size / SIZE, size, ["mouth"])
        large = part_weight(POINTS * other / SIZE, other, ["mouth"])[::2, ::2]
        assert np.abs(small - large).mean() < 0.01


def test_names() -> None:
    assert parse_parts("Mouth, eyes") == ("eyes", "mouth")
    for text in ("nose", "eyes,nose", ",", ""):
        with pytest.raises(UsageError, match="--part takes brows, eyes, mouth"):
            parse_parts(text)
