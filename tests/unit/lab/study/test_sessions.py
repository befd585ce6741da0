"""The order of one rater: sides, methods, people."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecgan.lab.study.design import Item, Study, StudyOptions, clashes, trials


def study_of(people: list[str], methods: tuple[str, ...], catch: int = 0, practice: int = 0):
    kinds = ["pair"] * (len(people) - catch - practice) + ["catch"] * catch
    kinds += ["practice"] * practice
    items = []
    for number, (kind, person) in enumerate(zip(kinds, people, strict=True)):
        names = ("warped",) if kind == "catch" else methods
        fakes = {name: f"{number}-{name}" for name in names}
        items.append(Item(kind, "happy", (person,), f"{number}-real", fakes))
    return Study(StudyOptions(0, 64, 1000, 700, 20, None), methods, tuple(items), {}, (), {})


@given(st.data())
@settings(max_examples=15, deadline=None)
def test_a_session_shows_every_item_once_and_is_balanced(data: st.DataObject) -> None:
    methods = tuple("abc"[: data.draw(st.integers(1, 3))])
    people = data.draw(st.lists(st.sampled_from("uvwxyz"), min_size=4, max_size=40))
    study = study_of(people, methods, catch=2, practice=1)
    form = data.draw(st.integers(0, len(methods) - 1))
    order = trials(study, data.draw(st.text(max_size=9)), form)
    assert [trial.number for trial in order] == list(range(len(people)))
    assert sorted(trial.item.real for trial in order) == sorted(i.real for i in study.items)
    assert order[0].item.kind == "practice"
    for trial in order:
        pair = {trial.left, trial.right}
        assert pair == {trial.item.real, trial.item.fakes[trial.method]}
        assert (trial.left == trial.item.real) == (trial.generated_side == "right")
    pairs = [trial for trial in order if trial.item.kind == "pair"]
    by_method = Counter(trial.method for trial in pairs)
    counts = [by_method[method] for method in methods]
    assert max(counts) - min(counts) <= 1
    for method in methods:
        lefts = sum(t.generated_side == "left" for t in pairs if t.method == method)
        assert abs(2 * lefts - by_method[method]) <= 1
    lefts = sum(trial.generated_side == "left" for trial in pairs)
    assert abs(2 * lefts - len(pairs)) <= 1


@given(st.lists(st.integers(1, 6), min_size=3, max_size=8), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_nobody_comes_twice_running_wherever_that_is_possible(times: list[int], rater: int) -> None:
    people = [str(person) for person, number in enumerate(times) for _ in range(number)]
    order = [trial.item for trial in trials(study_of(people, ("a",)), str(rater), 0)]
    possible = max(times) <= (len(people) + 1) // 2
    assert (clashes(order) == 0) == possible


def test_over_the_forms_every_method_meets_every_real_picture() -> None:
    methods = ("a", "b", "c")
    study = study_of([str(n) for n in range(10)], methods)
    met = Counter(
        (trial.item.real, trial.method)
        for form in range(3)
        for trial in trials(study, "anybody", form)
    )
    assert len(met) == 30
    assert set(met.values()) == {1}


def test_raters_differ_and_a_rater_does_not() -> None:
    study = study_of([str(n) for n in range(20)], ("a", "b"))
    assert trials(study, "one", 0) == trials(study, "one", 0)
    assert trials(study, "one", 0) != trials(study, "two", 0)


@pytest.mark.parametrize("side", ["left", "right"])
def test_sides_differ_between_raters(side: str) -> None:
    """No item has its real picture on one side for everybody."""
    study = study_of([str(n) for n in range(6)], ("a",))
    seen = Counter(
        trial.item.real
        for rater in range(60)
        for trial in trials(study, str(rater), 0)
        if trial.generated_side == side
    )
    assert len(seen) == 6
    assert all(15 <= number <= 45 for number in seen.values())
