"""Compact landmarks: the same numbers as the tuple, through copies, pickles and arrays."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest

from ecgan.data.points import Points

PAIRS = ((0.1, 2.0), (3.25, -4.0), (1e-9, 7.0))


def test_points_are_what_the_tuple_is() -> None:
    points = Points(PAIRS)
    assert points == PAIRS
    assert hash(points) == hash(PAIRS)
    assert points != PAIRS[:2]
    assert (len(points), points[1], points[-1], points[1:]) == (3, PAIRS[1], PAIRS[2], PAIRS[1:])
    assert json.dumps(list(points)) == json.dumps(PAIRS)
    for again in (pickle.loads(pickle.dumps(points)), copy.deepcopy(points)):
        assert again == points
    np.testing.assert_array_equal(np.asarray(points), np.array(PAIRS))
    assert np.asarray(points, dtype=np.float32).dtype == np.float32
    assert not Points(())


def test_what_is_no_pair_of_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="values to unpack"):
        Points([(1, 2, 3)])  # type: ignore[list-item]
    with pytest.raises(IndexError):
        Points(PAIRS)[3]
