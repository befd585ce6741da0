"""Values that published data and weights rest on: they must not change by accident."""

from __future__ import annotations

import numpy as np

from ecgan.data.splits import split_of
from ecgan.expressions import EXPRESSIONS, Vocabulary

VAL, TEST = {1, 11}, {5, 7, 12, 22}


def test_the_order_of_the_expressions() -> None:
    """z of all trained networks is in this order."""
    order = ("neutral", "happy", "sad", "angry", "fear", "disgust", "surprise")
    assert order == EXPRESSIONS
    assert Vocabulary().names == order
    for place, name in enumerate(order):
        assert Vocabulary().index(name) == place
        np.testing.assert_array_equal(Vocabulary().code(name), np.eye(7)[place])


def test_people_stay_in_their_splits() -> None:
    expected = ["val" if i in VAL else "test" if i in TEST else "train" for i in range(24)]
    assert [split_of(f"person-{i:02d}") for i in range(24)] == expected
