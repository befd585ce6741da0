"""Which folder of each image names its expression: found from the names of the whole tree."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from ecgan.data.layouts.label_map import LabelMap, orders_text
from ecgan.data.layouts.words import (
    GUESSED,
    Reading,
    are_numbered,
    code_of,
    is_filler,
    part_of,
    read_expression,
    word_expression,
    words,
)
from ecgan.errors import UsageError
from ecgan.expressions import canonical_expression

_MAPPED = 4
"""Rank of a name that stands in the user's map."""
_MAX_NAMES = 1000
_SHOWN = 5


SOURCE = -1


@dataclass(frozen=True)
class Found:
    """The expression of an image, and where its path says so."""

    expression: str | None
    """None: the labels map leaves it out."""
    place: int | None
    """Which folder of the path, from 0; None: the file's own name; `SOURCE`: the source's."""
    name: str
    """As it stands there."""


class Classes:
    """Reads the names of all images once; then `of` gives the expression of each.

    A folder is a class where its name stands in the map or reads as an expression; of several in
    one path the surest counts, then the level that names the most expressions, then the inner one.
    Other folders beside classes are classes of their own. Where no folder names an expression,
    files that do are taken by their names; else the first level that is no part is the classes;
    where there is none, the source's own name may be one.
    """

    def __init__(
        self, names: Iterable[str], labels: LabelMap | None = None, source: str = ""
    ) -> None:
        """Raises UsageError where the folders are numbers, which mean something else in each data
        set, or names that differ in a number alone."""
        self._labels = labels
        self._source = source
        self._whole: Reading | None = None
        """What the source is called, where that is all there is."""
        self.guessed: dict[str, str] = {}
        """Expression by name, where it was neither a usual name nor in the map."""
        self.in_files = False
        self.ambiguous: set[str] = set()
        """Paths in which two levels name different expressions."""
        self._at: dict[int, set[str]] = defaultdict(set)
        self._count_at: Counter[int] = Counter()
        self._beside: set[tuple[str, ...]] = set()
        self._level = 0
        self._tally(names)

    def read(self, name: str) -> Reading | None:
        """What a name says by the map, else by its words."""
        if self._labels is not None and name in self._labels:
            return Reading(self._labels[name], _MAPPED)
        return read_expression(name)

    def label(self, text: str) -> str | None:
        """The expression of a label from a labels file: what no table knows stays."""
        said, colon, recipe = text.partition(":")
        reading = self.read(said)
        if reading is None or reading.expression is None:
            return None if reading else canonical_expression(text)
        self._note(said, reading)
        return canonical_expression(f"{reading.expression}{colon}{recipe}")

    def of(self, name: str) -> Found | None:
        """None where nothing in the path names an expression."""
        folders = PurePosixPath(name).parts[:-1]
        found = self._candidates(folders)
        if found:
            place, reading = self._best(found)
            self._note(folders[place], reading)
            return Found(reading.expression, place, folders[place])
        if self.in_files:
            said = self._in_file(name)
            return None if said is None else Found(said[1], None, said[0])
        own = self._own(folders)
        if own is None:
            whole = self._whole
            return None if whole is None else Found(whole.expression, SOURCE, self._source)
        return Found(canonical_expression(folders[own]), own, folders[own])

    def _note(self, name: str, reading: Reading) -> None:
        if reading.rank == GUESSED and reading.expression and len(self.guessed) < _MAX_NAMES:
            self.guessed[name] = reading.expression

    def _tally(self, names: Iterable[str]) -> None:
        known = unknown = files = 0
        levels: dict[int, dict[str, None]] = defaultdict(dict)
        several: set[str] = set()
        for name in names:
            folders = PurePosixPath(name).parts[:-1]
            found = self._candidates(folders)
            for place, reading in found:
                self._at[place].add(reading.expression or "")
                self._count_at[place] += 1
            if found:
                known += 1
                place, _ = max(found, key=lambda one: one[1].rank)
                self._beside.add(_plain(folders[:place]))
                surest = max(one.rank for _, one in found)
                if len({one.expression for _, one in found if one.rank == surest}) > 1:
                    several.add("/".join(folders))
                continue
            unknown += 1
            files += self._in_file(name) is not None
            for level, folder in enumerate(folders):
                if len(levels[level]) < _MAX_NAMES and not (part_of(folder) or is_filler(folder)):
                    levels[level][folder] = None
        if several and len(self._at) > 1:
            self.ambiguous = several
        if not known and unknown:
            self.in_files = 2 * files > unknown
            if not self.in_files:
                self._level = _own_level(levels)
                _check_own(list(levels.get(self._level, ())))
                self._whole = None if any(levels.values()) else self.read(self._source)

    def _candidates(self, folders: tuple[str, ...]) -> list[tuple[int, Reading]]:
        read = ((place, self.read(folder)) for place, folder in enumerate(folders))
        return [(place, reading) for place, reading in read if reading is not None]

    def _best(self, found: list[tuple[int, Reading]]) -> tuple[int, Reading]:
        def order(one: tuple[int, Reading]) -> tuple[int, int, int, int]:
            place, reading = one
            return reading.rank, len(self._at[place]), self._count_at[place], place

        return max(found, key=order)

    def _own(self, folders: tuple[str, ...]) -> int | None:
        """Which folder is a class of its own: one beside the classes, or of the first level."""
        if self._beside:
            for place in reversed(range(len(folders))):
                if _plain(folders[:place]) in self._beside and not part_of(folders[place]):
                    return place
            return None
        name = folders[self._level] if self._level < len(folders) else ""
        return self._level if name and not part_of(name) and not is_filler(name) else None

    def _in_file(self, name: str) -> tuple[str, str | None] | None:
        """The word of a file's name that is an expression, where one alone is."""
        found: dict[str | None, str] = {}
        for word in words(PurePosixPath(name).stem):
            if self._labels is not None and not word.isdigit() and word in self._labels:
                found[self._labels[word]] = word
            elif expression := word_expression(word):
                found[expression] = word
        for said, word in found.items() if len(found) == 1 else ():
            return word, said
        return None

    def remarks(self) -> Iterator[tuple[Literal["note", "warning"], str]]:
        """What a user must know of how the expressions were found."""
        if self.guessed:
            said = [f"{name} as {expression}" for name, expression in sorted(self.guessed.items())]
            yield "note", f"read {shown(said, 20)}; --labels map.yaml says otherwise"
        if self._whole is not None:
            yield "note", f"all images are {self._whole.expression}, as the source is called"
        if self.in_files:
            yield "note", "no folder names an expression: they were read from the file names"
        if self.ambiguous:
            paths = shown(sorted(self.ambiguous))
            yield (
                "warning",
                f"two levels of folders name different expressions ({paths}): the surer or inner "
                "one was taken; if that is wrong, give the folder that holds the classes alone, or "
                "say `name: null` in --labels map.yaml",
            )


def shown(names: Iterable[str], limit: int = _SHOWN) -> str:
    """The first names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _plain(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Folders with all parts alike."""
    return tuple("*" if part_of(folder) else folder for folder in folders)


def _own_level(levels: dict[int, dict[str, None]]) -> int:
    """The first level of several names, else the first of one."""
    named = sorted(level for level, names in levels.items() if names)
    return next((level for level in named if len(levels[level]) > 1), named[0] if named else 0)


def _check_own(names: list[str]) -> None:
    if len(names) < 2:
        return
    said = shown(sorted(names))
    if all(code_of(name) is not None for name in names):
        raise UsageError(
            f"the class folders are numbers ({said}), which mean something else in each data set "
            f"({orders_text()}); say which with --labels rafdb (or another of these), or with "
            '--labels map.yaml that holds lines such as "0": angry'
        )
    if len(names) > 2 and are_numbered(names):
        raise UsageError(
            f"no folder is named after an expression, and {said} differ in a number alone, as "
            "people or takes do; expected <expression>/<file>, at any depth, or name the "
            "expressions with --labels map.yaml (lines such as `name: happy`)"
        )
