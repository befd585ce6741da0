"""The dict outside of memory against the one inside."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.data.disk import DiskDict

keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(("set", "pop", "default")), keys, keys)))
def test_it_does_what_a_dict_does(steps: list[tuple[str, str, str]]) -> None:
    expected: dict[str, str] = {}
    tested = DiskDict()
    for step, key, value in steps:
        if step == "set":
            expected[key] = tested[key] = value
        elif step == "pop":
            assert tested.pop(key, None) == expected.pop(key, None)
        else:
            assert tested.setdefault(key, value) == expected.setdefault(key, value)
        assert (key in tested) == (key in expected)
    assert dict(tested) == expected
    assert len(tested) == len(expected)


def test_keys_keep_their_order() -> None:
    tested = DiskDict.fromkeys(["b", "a", "b", "ß", "c"])
    tested["a"] = "again"
    assert list(tested) == ["b", "a", "ß", "c"]
    assert tested["b"] == ""
    for use in (lambda: tested["x"], lambda: tested.pop("x")):
        with pytest.raises(KeyError, match="x"):
            use()
