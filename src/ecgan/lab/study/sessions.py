"""The order in which one rater sees a study: a function of the study, the rater and the form.

A *form* decides which method an item shows, so that over the forms (a Latin square) every method
meets every real picture, and no rater sees a real picture twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ecgan.lab.study.design import SIDES, Item, Kind, Side, Study
from ecgan.seeding import numpy_generator

_TRIES = 40


@dataclass(frozen=True)
class Trial:
    """One pair as one rater sees it."""

    number: int
    item: Item
    method: str
    """Of the generated picture; how a broken one was broken."""
    generated_side: Side

    @property
    def left(self) -> str:
        """Name of the picture on the left."""
        return self._generated if self.generated_side == "left" else self.item.real

    @property
    def right(self) -> str:
        """Name of the picture on the right."""
        return self._generated if self.generated_side == "right" else self.item.real

    @property
    def _generated(self) -> str:
        return self.item.fakes[self.method]


def trials(study: Study, rater: str, form: int) -> tuple[Trial, ...]:
    """All trials of a rater in their order: practice, then pairs and catch trials mixed.

    Within each method the generated picture stands on the left as often as on the right (odd
    numbers: once more on one side, and the methods take turns at that). Nobody is to be seen in
    two trials running, wherever the people of the study allow it.
    """
    generator = numpy_generator(study.settings.seed, "session", rater, form)
    methods = _methods(study, form)
    practice = [i for i, item in enumerate(study.items) if item.kind == "practice"]
    main = [i for i, item in enumerate(study.items) if item.kind != "practice"]
    sides = {
        **_sides(practice, methods, generator),
        **_sides([i for i in main if study.items[i].kind == "pair"], methods, generator),
        **_sides([i for i in main if study.items[i].kind == "catch"], methods, generator),
    }
    order = _apart(practice, study.items, (), generator)
    last = study.items[order[-1]].people if order else ()
    order += _apart(main, study.items, last, generator)
    return tuple(
        Trial(number, study.items[index], methods[index], sides[index])
        for number, index in enumerate(order)
    )


def clashes(order: Sequence[Item]) -> int:
    """How often a person is to be seen in two items running."""
    return sum(bool(set(before.people) & set(after.people)) for before, after in pairwise(order))


def _methods(study: Study, form: int) -> dict[int, str]:
    """The method of each item: the methods take turns, starting one later in each form."""
    place: Counter[Kind] = Counter()
    chosen = {}
    for index, item in enumerate(study.items):
        names = study.methods if item.kind != "catch" else tuple(item.fakes)
        chosen[index] = names[(place[item.kind] + form) % len(names)]
        place[item.kind] += 1
    return chosen


def _sides(
    indices: Sequence[int], methods: dict[int, str], generator: np.random.Generator
) -> dict[int, Side]:
    groups: dict[str, list[int]] = {}
    for index in indices:
        groups.setdefault(methods[index], []).append(index)
    extra = int(generator.integers(2))
    sides: dict[int, Side] = {}
    for members in groups.values():
        shuffled = generator.permutation(np.asarray(members))
        for place, index in enumerate(shuffled):
            sides[int(index)] = SIDES[(place + extra) % 2]
        extra = (extra + len(members)) % 2
    return sides


def _apart(
    indices: Sequence[int],
    items: Sequence[Item],
    last: Sequence[str],
    generator: np.random.Generator,
) -> list[int]:
    """A random order in which neighbours share nobody; the best one found where there is none."""
    best: list[int] = []
    fewest = len(indices) + 1
    for _ in range(_TRIES):
        order, shared = _attempt(indices, items, last, generator)
        if shared < fewest:
            best, fewest = order, shared
        if not shared:
            break
    return best


def _attempt(
    indices: Sequence[int],
    items: Sequence[Item],
    last: Sequence[str],
    generator: np.random.Generator,
) -> tuple[list[int], int]:
    """A random order, and how often neighbours share somebody in it.

    Who is left more often than every second time must come now; all else is free.
    """
    left = [int(index) for index in generator.permutation(np.asarray(indices, dtype=np.int64))]
    faces = Counter(person for index in left for person in items[index].people)
    order: list[int] = []
    shared = 0
    before = set(last)
    while left:
        free = [index for index in left if not before & set(items[index].people)]
        urgent = [
            index
            for index in free
            if any(2 * faces[person] > len(left) for person in items[index].people)
        ]
        chosen = (urgent or free or left)[0]
        shared += not free
        left.remove(chosen)
        order.append(chosen)
        before = set(items[chosen].people)
        faces.subtract(items[chosen].people)
    return order, shared
