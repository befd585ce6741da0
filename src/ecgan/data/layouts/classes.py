"""Which folder of each image names its expression: found from the names of the whole tree and the
user's labels map."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import yaml

from ecgan.data.layouts.entries import Remark
from ecgan.data.layouts.words import (
    GUESSED,
    MAPPED,
    ORDERS,
    Reading,
    code_of,
    is_filler,
    is_usual,
    key,
    nearest_expression,
    part_of,
    read_expression,
    shown,
    word_expression,
    words,
)
from ecgan.errors import DataError, UsageError
from ecgan.expressions import canonical_expression

_MAX_NAMES = 1000


class LabelMap:
    """Expressions by the names that folders, files or labels files have."""

    def __init__(self, names: Mapping[str, str | None], where: str) -> None:
        """`where`: what messages call it. Raises DataError where a name has two meanings."""
        self.where = where
        self._given: dict[str | int | None, tuple[str, str | None]] = {}
        """Name as written and its expression, by `key` and by number."""
        self._unused = dict.fromkeys(names)
        for name, expression in names.items():
            if self._given.setdefault(key(name), (name, expression))[1] != expression:
                raise DataError(f"{where} gives {name!r} two meanings; name it once")
            if (number := code_of(name)) is not None:
                self._given[number] = name, expression

    @property
    def unused(self) -> tuple[str, ...]:
        """Names that nothing had, so far."""
        return tuple(self._unused)

    def read(self, name: str) -> Reading | None:
        """None where the map does not have the name."""
        given = self._given.get(key(name)) or self._given.get(code_of(name))
        if given is None:
            return None
        self._unused.pop(given[0], None)
        return Reading(given[1], MAPPED)

    def hint(self) -> str | None:
        """What to say of expressions that are none of the usual ones, such as a slip of the pen."""
        named = dict.fromkeys(expression for _, expression in self._given.values() if expression)
        odd = [name for name in named if not is_usual(name) and ":" not in name]
        near = [(name, nearest_expression(name)) for name in odd]
        said = [f"{name} (did you mean {other}?)" if other else name for name, other in near]
        return f"{self.where} names expressions of its own: {', '.join(said)}" if said else None


def read_label_map(given: str) -> LabelMap:
    """A YAML (or JSON) file of names, or the name of one of `ORDERS`.

    Raises:
        UsageError: neither a file nor an order.
        DataError: it cannot be read, or is no table of names.
    """
    if given.lower() in ORDERS and not Path(given).exists():
        return LabelMap(ORDERS[given.lower()], f"--labels {given}")
    expected = (
        'expected lines such as `Freude: happy` or `"0": angry` (`skip: null` leaves a name out), '
        f"or one of {', '.join(ORDERS)} for the numbers of that data set"
    )
    if not Path(given).is_file():
        raise UsageError(f"--labels: there is no file {given}; {expected}")
    try:
        table = yaml.load(Path(given).read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, ValueError, yaml.YAMLError) as error:
        first = str(error).splitlines()[0]
        raise DataError(f"cannot read the labels {given}: {first}; {expected}") from None
    if not isinstance(table, dict) or not table:
        raise DataError(f"the labels {given} hold no table of names; {expected}")
    names: dict[str, str | None] = {}
    for name, value in table.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise DataError(f"the labels {given} give {name!r} no plain name; {expected}")
        left_out = value.strip().lower() in ("", "~", "null", "none")
        names[name] = None if left_out else canonical_expression(value)
    return LabelMap(names, given)


@dataclass(frozen=True)
class Found:
    """The expression of an image, and where its path says so."""

    expression: str | None
    """None: the labels map leaves it out."""
    place: int | None
    """Which folder of the path, from 0; None: the file's name or the source's."""
    name: str
    """As it stands there."""
    in_file: bool = False
    """Whether the file's own name says it."""


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
        self._guessed: dict[str, str] = {}
        """Expression by name, where it was neither a usual name nor in the map."""
        self._in_files = False
        self._ambiguous: set[str] = set()
        """Paths in which two levels name different expressions."""
        self._at: dict[int, Counter[str | None]] = defaultdict(Counter)
        """Images of each expression by the place of the folder that names it."""
        self._beside: set[tuple[str, ...]] = set()
        """Where the folders that name expressions lie."""
        self._level = 0
        """Of the classes, where no name is an expression."""
        self._tally(names)

    def label(self, text: str) -> str | None:
        """The expression of a label from a labels file: what no table knows stays."""
        said, colon, recipe = text.partition(":")
        reading = self._read(said)
        if reading is None or reading.expression is None:
            return None if reading else canonical_expression(text)
        self._note(said, reading)
        return canonical_expression(f"{reading.expression}{colon}{recipe}")

    def of(self, name: str) -> Found | None:
        """None where nothing in the path names an expression."""
        folders = PurePosixPath(name).parts[:-1]
        found = self._candidates(folders)
        if found:
            place, reading = max(found, key=self._worth)
            self._note(folders[place], reading)
            return Found(reading.expression, place, folders[place])
        if self._in_files:
            return self._in_file(name)
        own = self._own(folders)
        if own is not None:
            return Found(canonical_expression(folders[own]), own, folders[own])
        return Found(self._whole.expression, None, self._source) if self._whole else None

    def remarks(self) -> Iterator[Remark]:
        """What a user must know of how the expressions were found."""
        if self._guessed:
            said = [f"{name} as {expression}" for name, expression in sorted(self._guessed.items())]
            yield Remark("note", f"read {shown(said, 20)}; --labels map.yaml says otherwise")
        if self._whole is not None:
            text = f"all images are {self._whole.expression}, as the source is called"
            yield Remark("note", text)
        if self._in_files:
            text = "no folder names an expression: they were read from the file names"
            yield Remark("note", text)
        if self._ambiguous:
            yield Remark(
                "warning",
                f"two levels of folders name different expressions "
                f"({shown(sorted(self._ambiguous))}): the surer or inner one was taken; if that is "
                "wrong, give the folder that holds the classes alone, or say `name: null` in "
                "--labels map.yaml",
            )

    def _read(self, name: str) -> Reading | None:
        """What a name says by the map, else by its words."""
        return (self._labels and self._labels.read(name)) or read_expression(name)

    def _note(self, name: str, reading: Reading) -> None:
        if reading.rank == GUESSED and reading.expression and len(self._guessed) < _MAX_NAMES:
            self._guessed[name] = reading.expression

    def _tally(self, names: Iterable[str]) -> None:
        unknown = in_files = 0
        levels: dict[int, dict[str, None]] = defaultdict(dict)
        """Names that may be classes of their own, by level."""
        for name in names:
            folders = PurePosixPath(name).parts[:-1]
            found = self._candidates(folders)
            for place, reading in found:
                self._at[place][reading.expression] += 1
            if found:
                place, surest = max(found, key=lambda one: one[1].rank)
                self._beside.add(_plain(folders[:place]))
                if len({one.expression for _, one in found if one.rank == surest.rank}) > 1:
                    self._ambiguous.add("/".join(folders))
                continue
            unknown += 1
            in_files += self._in_file(name) is not None
            for level, folder in enumerate(folders):
                if len(levels[level]) < _MAX_NAMES and not (part_of(folder) or is_filler(folder)):
                    levels[level][folder] = None
        self._in_files = not self._beside and 2 * in_files > unknown
        if unknown and not self._beside and not self._in_files:
            # The first level of several names, else the first of one.
            self._level = min(levels, key=lambda at: (-min(len(levels[at]), 2), at), default=0)
            _check_own(list(levels.get(self._level, ())))
            self._whole = None if any(levels.values()) else self._read(self._source)

    def _candidates(self, folders: tuple[str, ...]) -> list[tuple[int, Reading]]:
        read = ((place, self._read(folder)) for place, folder in enumerate(folders))
        return [(place, reading) for place, reading in read if reading is not None]

    def _worth(self, candidate: tuple[int, Reading]) -> tuple[int, int, int, int]:
        """Sorts the folders of a path that may be its class."""
        place, reading = candidate
        return reading.rank, len(self._at[place]), self._at[place].total(), place

    def _own(self, folders: tuple[str, ...]) -> int | None:
        """Which folder is a class of its own: one beside the classes, or of the first level."""
        if self._beside:
            for place in reversed(range(len(folders))):
                if _plain(folders[:place]) in self._beside and not part_of(folders[place]):
                    return place
            return None
        name = folders[self._level] if self._level < len(folders) else ""
        return self._level if name and not part_of(name) and not is_filler(name) else None

    def _in_file(self, name: str) -> Found | None:
        """By the word of a file's name that is an expression, where one alone is."""
        found: dict[str | None, str] = {}
        for word in words(PurePosixPath(name).stem):
            reading = self._labels.read(word) if self._labels and not word.isdigit() else None
            expression = reading.expression if reading else word_expression(word)
            if reading or expression:
                found[expression] = word
        if len(found) != 1:
            return None
        ((expression, word),) = found.items()
        return Found(expression, None, word, in_file=True)


def _plain(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Folders with all parts alike."""
    return tuple("*" if part_of(folder) else folder for folder in folders)


def _check_own(names: list[str]) -> None:
    said = shown(sorted(names))
    if len(names) > 1 and all(code_of(name) is not None for name in names):
        orders = "; ".join(
            f"{name}: {', '.join(f'{code} {expression}' for code, expression in order.items())}"
            for name, order in ORDERS.items()
        )
        raise UsageError(
            f"the class folders are numbers ({said}), which mean something else in each data set "
            f"({orders}); say which with --labels rafdb (or another of these), or with "
            '--labels map.yaml that holds lines such as "0": angry'
        )
    forms = {re.sub(r"\d+", "#", key(name)) for name in names}
    if len(names) > 2 and len(forms) == 1 and "#" in min(forms):
        raise UsageError(
            f"no folder is named after an expression, and {said} differ in a number alone, as "
            "people or takes do; expected <expression>/<file>, at any depth, or name the "
            "expressions with --labels map.yaml (lines such as `name: happy`)"
        )
