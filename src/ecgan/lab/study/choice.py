"""Which pictures stand against which: balanced over expressions and people, none used twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ecgan.errors import DataError
from ecgan.lab.study.design import Kind
from ecgan.lab.study.pictures import Picture
from ecgan.seeding import numpy_generator


@dataclass(frozen=True)
class Choice:
    """A real picture and, by method, a generated one of the same expression."""

    kind: Kind
    real: Picture
    generated: Mapping[str, Picture]
    """Empty for a catch trial, whose broken picture is made of the real one."""


def choose(
    real: Sequence[Picture],
    generated: Mapping[str, Sequence[Picture]],
    counts: Mapping[Kind, int],
    *,
    same_person: bool,
    seed: int,
) -> tuple[Choice, ...]:
    """Choose as many items of each kind as asked, the pairs in the order of their expressions.

    Expressions take turns, and so do the people of each. Every method must have a picture of the
    chosen person, and no picture comes twice: whoever saw a face in two pairs would know it for
    the real one.

    Args:
        real: what real pictures there are.
        generated: what each method made.
        counts: items of each kind.
        same_person: against the real picture of the same person, otherwise of another.
        seed: equal arguments give equal choices.

    Raises:
        DataError: there are too few pictures; the message says how many items are possible.
    """
    pool = _Pool(real, generated, same_person, numpy_generator(seed, "choice"))
    kinds: tuple[Kind, ...] = ("pair", "catch", "practice")
    chosen: list[Choice] = []
    for kind in kinds:
        for _ in range(counts[kind]):
            item = pool.draw(kind)
            if item is None:
                raise DataError(_too_few(len(chosen), counts, same_person))
            chosen.append(item)
    return tuple(sorted(chosen, key=lambda item: (kinds.index(item.kind), item.real.expression)))


def _too_few(possible: int, counts: Mapping[Kind, int], same_person: bool) -> str:
    wanted = " + ".join(f"{number} {kind}" for kind, number in counts.items())
    other = ", --people other" if same_person else ""
    return (
        f"the pictures make {possible} of the {sum(counts.values())} trials ({wanted}), each with "
        "a real picture that no other trial shows and one of every method; ask for fewer --pairs, "
        f"--practice or --catch, or take more people (--split all){other}"
    )


@dataclass
class _Pool:
    """Pictures not used yet."""

    real: Sequence[Picture]
    generated: Mapping[str, Sequence[Picture]]
    same_person: bool
    generator: np.random.Generator
    shown: Counter[str] = field(default_factory=Counter)
    """How often each person was chosen."""
    turns: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """How often each expression was, by kind."""

    def __post_init__(self) -> None:
        self._real = self._cells(self.real)
        self._fakes = {name: self._cells(made) for name, made in self.generated.items()}

    def draw(self, kind: Kind) -> Choice | None:
        """The next item; None where no expression has one left."""
        expressions = sorted({expression for expression, _ in self._real})
        for expression in self._fewest(expressions, self.turns[kind]):
            item = self._draw(kind, expression)
            if item is not None:
                self.turns[kind][expression] += 1
                return item
        return None

    def _draw(self, kind: Kind, expression: str) -> Choice | None:
        people = sorted({person for name, person in self._real if name == expression})
        if kind == "catch":
            for person in self._fewest(people, self.shown):
                return Choice(kind, self._take(self._real, expression, person), {})
            return None
        made = [{p for name, p in cells if name == expression} for cells in self._fakes.values()]
        for person in self._fewest(sorted(set.intersection(*made)), self.shown):
            against = [p for p in people if (p == person) == self.same_person]
            for other in self._fewest(against, self.shown):
                real = self._take(self._real, expression, other)
                fakes = {
                    method: self._take(cells, expression, person)
                    for method, cells in self._fakes.items()
                }
                return Choice(kind, real, fakes)
        return None

    def _fewest(self, names: Sequence[str], used: Counter[str]) -> list[str]:
        """Names in random order, those used least first."""
        shuffled = [names[int(i)] for i in self.generator.permutation(len(names))]
        return sorted(shuffled, key=lambda name: used[name])

    def _take(
        self, cells: dict[tuple[str, str], list[Picture]], expression: str, person: str
    ) -> Picture:
        cell = cells[expression, person]
        picture = cell.pop()
        if not cell:
            del cells[expression, person]
        self.shown[person] += 1
        return picture

    def _cells(self, pictures: Sequence[Picture]) -> dict[tuple[str, str], list[Picture]]:
        """Pictures by expression and person, each cell in random order."""
        cells: dict[tuple[str, str], list[Picture]] = defaultdict(list)
        for index in self.generator.permutation(len(pictures)):
            picture = pictures[int(index)]
            cells[picture.expression, picture.person].append(picture)
        return dict(cells)
