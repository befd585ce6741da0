"""What a study is: its pairs, its pictures and its rules, as `study.json` keeps them. The order in
which one rater sees them is a function of the study, the rater and the form.

A *form* decides which method an item shows, so that over the forms (a Latin square) every method
meets every real picture, and no rater sees a real picture twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from pydantic import TypeAdapter, ValidationError

from ecgan.errors import DataError
from ecgan.files import write_json
from ecgan.seeding import numpy_generator

FORMAT = 1
STUDY_NAME = "study.json"
IMAGES_NAME = "images"
Kind = Literal["practice", "pair", "catch"]
Side = Literal["left", "right"]
SIDES: tuple[Side, ...] = get_args(Side)
_TRIES = 40
"""Orders tried to keep people apart."""


@dataclass(frozen=True)
class Item:
    """A real picture and what may stand beside it; one trial of every session."""

    kind: Kind
    expression: str
    people: tuple[str, ...]
    """Who is to be seen in it: one person, or two."""
    real: str
    """Name of the real picture."""
    fakes: Mapping[str, str]
    """Name of the generated picture by method; of a catch trial the broken one, by how it broke."""


@dataclass(frozen=True)
class StudyOptions:
    """The rules of a study."""

    seed: int
    size_px: int
    """Side of all pictures."""
    show_ms: int
    """How long a pair is to be seen."""
    fixation_ms: int
    """How long the cross before it is."""
    break_every: int
    """Trials between two breaks."""
    contact: str | None
    """Who answers for the study; on the first and on the last page."""


@dataclass(frozen=True)
class Study:
    """A study as it was built. Only `trials` may go to a browser: this is the key."""

    settings: StudyOptions
    methods: tuple[str, ...]
    items: tuple[Item, ...]
    pictures: Mapping[str, Mapping[str, str]]
    """Of each picture: `file`, relative to what it was copied from, and `sha256` of that file."""
    credits: tuple[str, ...]
    """Lines that the debriefing shows."""
    facts: Mapping[str, Any]
    """Date, command and versions."""

    def count(self, kind: Kind) -> int:
        """Trials of one kind in every session."""
        return sum(item.kind == kind for item in self.items)

    def picture_names(self) -> list[str]:
        """Names of all pictures, each once, by name."""
        return sorted({n for item in self.items for n in (item.real, *item.fakes.values())})


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


def write_study(study: Study, root: Path) -> None:
    """Write `study.json`; equal studies give equal bytes."""
    write_json(root / STUDY_NAME, {"format": FORMAT, **asdict(study)})


def load_study(root: Path) -> Study:
    """Read what `ecgan study build` wrote.

    Raises:
        DataError: there is no study, it is damaged, or of another format.
    """
    path = root / STUDY_NAME
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            f"no study in {root} ({STUDY_NAME}: {error.strerror}); make it with "
            "`ecgan study build --real DATA --method NAME=FOLDER --out STUDY`"
        ) from None
    except ValueError:
        raise DataError(f"{path} is damaged: not JSON; build the study again") from None
    found = values.get("format") if isinstance(values, dict) else type(values).__name__
    if found != FORMAT:
        raise DataError(f"{path} has format {found!r}, expected {FORMAT}; build the study again")
    try:
        study = TypeAdapter(Study).validate_python(values)
        _check(study)
    except ValueError as error:
        reason = str(error)
        if isinstance(error, ValidationError):
            first = error.errors()[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise DataError(f"{path} is damaged ({reason}); build the study again") from None
    return study


def _check(study: Study) -> None:
    """Raises ValueError where the parts of a study do not fit together."""
    for item in study.items:
        if not item.fakes:
            raise ValueError(f"a {item.kind} item without a fake")
        if item.kind != "catch" and set(item.fakes) != set(study.methods):
            raise ValueError(f"an item with {sorted(item.fakes)}, expected {study.methods}")
    if not study.methods or not study.count("pair"):
        raise ValueError("no methods or no pairs")


def trials(study: Study, rater: str, form: int) -> tuple[Trial, ...]:
    """All trials of a rater in their order: practice, then pairs and catch trials mixed.

    Within each method the generated picture stands on the left as often as on the right (odd
    numbers: once more on one side, and the methods take turns at that). Nobody is to be seen in
    two trials running, wherever the people of the study allow it.
    """
    generator = numpy_generator(study.settings.seed, "session", rater, form)
    methods = _methods(study, form)
    sides: dict[int, Side] = {}
    for kind in get_args(Kind):
        members = [index for index, item in enumerate(study.items) if item.kind == kind]
        sides |= _sides(members, methods, generator)
    order: list[int] = []
    for practice in (True, False):
        part = [i for i, item in enumerate(study.items) if (item.kind == "practice") == practice]
        before = study.items[order[-1]].people if order else ()
        order += _apart(part, study.items, before, generator)
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
    """Left and right in turns within each method, in random order."""
    groups: dict[str, list[int]] = {}
    for index in indices:
        groups.setdefault(methods[index], []).append(index)
    extra = int(generator.integers(2))
    sides: dict[int, Side] = {}
    for members in groups.values():
        for place, index in enumerate(generator.permutation(members), start=extra):
            sides[int(index)] = SIDES[place % 2]
        extra = (extra + len(members)) % 2
    return sides


def _apart(
    indices: Sequence[int],
    items: Sequence[Item],
    last: Sequence[str],
    generator: np.random.Generator,
) -> list[int]:
    """A random order in which neighbours share nobody; the best one found where there is none.

    Who is left more often than every second time must come now; all else is free.
    """
    best: list[int] = []
    fewest = len(indices) + 1
    for _ in range(_TRIES):
        left = [int(index) for index in generator.permutation(np.asarray(indices, np.int64))]
        faces = Counter(person for index in left for person in items[index].people)
        order: list[int] = []
        shared = 0
        before = set(last)
        while left:
            free = [index for index in left if before.isdisjoint(items[index].people)]
            urgent = [i for i in free if any(2 * faces[p] > len(left) for p in items[i].people)]
            chosen = (urgent or free or left)[0]
            shared += not free
            left.remove(chosen)
            order.append(chosen)
            before = set(items[chosen].people)
            faces.subtract(items[chosen].people)
        if shared < fewest:
            best, fewest = order, shared
        if not shared:
            break
    return best
