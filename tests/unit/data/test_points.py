"""Landmarks in a file: the same numbers as the tuple, through copies, pickles and arrays."""

from __future__ import annotations

import copy
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from ecgan.data.points import Lines, StoredPoints

PAIRS = ((0.1, 2.0), (3.25, -4.0), (1e-9, 7.0))


def stored(path: Path, pairs: tuple[tuple[float, float], ...]) -> StoredPoints:
    line = json.dumps({"landmarks": pairs}).encode() + b"\n"
    path.write_bytes(line)
    lines = Lines(os.open(path, os.O_RDONLY), str(path))
    lines.append(line)
    return StoredPoints(lines, 0)


def test_points_are_what_the_tuple_is(tmp_path: Path) -> None:
    points = stored(tmp_path / "some", PAIRS)
    assert points == PAIRS
    assert hash(points) == hash(PAIRS)
    assert points != PAIRS[:2]
    assert (len(points), points[1], points[-1], points[1:]) == (3, PAIRS[1], PAIRS[2], PAIRS[1:])
    assert json.dumps(list(points)) == json.dumps(PAIRS)
    for again in (pickle.loads(pickle.dumps(points)), copy.deepcopy(points)):
        assert again == points
    np.testing.assert_array_equal(np.asarray(points), np.array(PAIRS))
    assert np.asarray(points, dtype=np.float32).dtype == np.float32
    assert not stored(tmp_path / "none", ())
    with pytest.raises(IndexError):
        points[3]
