"""Who is on a file of class folders: as the user says it by a csv or a pattern, else as the names
of folders and files show."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ecgan.data.disk import temporary_database
from ecgan.data.layouts.classes import Found
from ecgan.data.layouts.tables import read_header, read_rows
from ecgan.data.layouts.words import (
    are_masks,
    is_nobody,
    may_be_people,
    part_of,
    shown,
    word_expression,
    words,
)
from ecgan.errors import DataError, UsageError

_COLUMNS = ("file", "subject")
_FEW = 4
"""Images below which a rule cannot be judged by how often its names recur."""

_Listed = dict[str, dict[tuple[str, ...], tuple[str, int]]]
"""Person and line of the csv by the last part of a file's path and by the parts given of it."""


class SubjectRule:
    """Who a file shows: from a csv, else from a pattern, else the name up to its first `_`."""

    def __init__(self, pattern: str | None = None, table: Path | None = None) -> None:
        """Raises UsageError for a pattern without group `subject`, DataError for a bad csv."""
        try:
            self._pattern = re.compile(pattern) if pattern is not None else None
        except re.error as error:
            raise UsageError(
                f"the subject pattern {pattern!r} is not a regular expression: {error}"
            ) from None
        if self._pattern is not None and "subject" not in self._pattern.groupindex:
            raise UsageError(
                f"the subject pattern {pattern!r} needs a group (?P<subject>...), "
                r"for example '(?P<subject>[A-Z]{2})\.' for JAFFE"
            )
        self._listed = _read_csv(table) if table is not None else None
        self._used: set[tuple[str, ...]] = set()

    def subject(self, name: str, source: str) -> str | None:
        """The person of a file by its path below the source folder; None where no rule fits."""
        if self._listed is not None:
            found = self._by_csv(self._listed, name, source)
            if found is not None or self._pattern is None:
                return found
        if self._pattern is not None:
            match = self._pattern.search(name)
            return (match["subject"] or None) if match else None
        stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        first = stem.split("_", 1)[0]
        return (stem if is_nobody(first) else first) or None

    def unused(self) -> list[str]:
        """Files that the csv names and no source had, so far."""
        paths = (path for files in (self._listed or {}).values() for path in files)
        return ["/".join(path) for path in paths if path not in self._used]

    def _by_csv(self, listed: _Listed, name: str, source: str) -> str | None:
        """By the row with the longest path that fits."""
        whole = _parts(f"{source}/{name}")
        files = listed.get(whole[-1], {})
        fitting = [path for path in files if _fits(path, whole)]
        if not fitting:
            return None
        best = max(fitting, key=lambda path: min(len(path), len(whole)))
        self._used.add(best)
        return files[best][0]


def _read_csv(path: Path) -> _Listed:
    listed: _Listed = defaultdict(dict)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            names, separator = read_header(file.readline(), _COLUMNS)
            if not set(_COLUMNS) <= set(names):
                raise DataError(
                    f"{path}: expected the columns file and subject, "
                    f"got {', '.join(names) or 'none'}"
                )
            for row in read_rows(enumerate(file, start=2), names, separator):
                parts, subject = _parts(row.values.get("file", "")), row.values.get("subject")
                if not parts or not subject:
                    continue
                other, line = listed[parts[-1]].setdefault(parts, (subject, row.offset))
                if other != subject:
                    raise DataError(
                        f"{path} names {'/'.join(parts)} twice, as {other} (row {line}) and as "
                        f"{subject} (row {row.offset}); expected one person a file: add the folder "
                        "to the name, or remove one"
                    )
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the subjects of {path}: {error}") from None
    return listed


def _fits(listed: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether one path ends like the other; a listed one may lie below a source of another name."""
    short = min(len(listed), len(whole))
    return listed[-short:] == whole[-short:] or listed[-len(whole) + 1 :] == whole[1:]


def _parts(path: str) -> tuple[str, ...]:
    """The parts of a path as any system writes it, without root, drive and `.`."""
    flat = unicodedata.normalize("NFC", path.strip()).replace("\\", "/")
    return tuple(
        part
        for part in PurePosixPath(flat).parts
        if part not in ("/", "//", ".", "..") and not re.fullmatch("[A-Za-z]:", part)
    )


Rule = Callable[[str, Found], str | None]
"""The person of a file by its path and its class; None where it says nothing."""


@dataclass(frozen=True)
class PeopleRule:
    """How people are told apart, and what to say of it."""

    person: Rule
    told: str
    """Completes 'people are ...'; empty where nothing tells."""
    repeats: bool
    """Whether somebody is on several images."""
    doubt: str = ""
    """Why the file names were not used, where they seem to hold names."""


class _Figures(NamedTuple):
    """What one rule makes of all images."""

    people: int
    images: int
    several: int
    """People on several images."""
    varied: int
    """People with several expressions."""
    most: int
    """Images of the person who is on most, and who that is."""
    name: str


def find_rule(files: Iterable[tuple[str, Found]]) -> PeopleRule:
    """The rule that gives plausible people: several, most of them with several expressions where
    there are several, nobody on more than half of the images.

    Args:
        files: path and class of each image of which nothing else says who is on it.
    """
    with closing(temporary_database()) as database:
        database.execute("CREATE TABLE seen (rule, name, expression)")
        database.execute("BEGIN")
        total = 0
        for total, (name, found) in enumerate(files, start=1):  # noqa: B007
            rows = ((n, rule(name, found), found.expression) for n, (rule, _) in enumerate(_RULES))
            database.executemany(
                "INSERT INTO seen VALUES (?, ?, ?)", (row for row in rows if row[1] is not None)
            )
        (classes,) = database.execute("SELECT COUNT(DISTINCT expression) FROM seen").fetchone()
        # SQLite takes a bare column such as `name` from the row that has the MAX.
        query = """
            SELECT rule, COUNT(*), SUM(n), SUM(n > 1), SUM(e > 1), MAX(n), name FROM (
                SELECT rule, name, COUNT(*) AS n, COUNT(DISTINCT expression) AS e
                FROM seen GROUP BY rule, name
            ) GROUP BY rule
        """
        figures = {rule: _Figures(*row) for rule, *row in database.execute(query)}
        chosen = _choose(figures, total, classes)
        names = database.execute(
            "SELECT DISTINCT name FROM seen WHERE rule = ? ORDER BY name LIMIT 6", (chosen,)
        ).fetchall()
    if chosen is None:
        first, doubt = figures.get(_FIRST_PART), ""
        if first is not None and first.people > 1 and 2 * first.most > total:
            doubt = f"by the file names, {first.name} would be on {first.most} of them; "
        return PeopleRule(lambda _name, _found: None, "", repeats=False, doubt=doubt)
    some = shown([name for (name,) in names[:5]])
    more = ", ..." if len(names) > 5 else ""
    rule, where = _RULES[chosen]
    told = f"{where} ({figures[chosen].people}: {some}{more})"
    return PeopleRule(rule, told, repeats=figures[chosen].several > 0)


def _choose(figures: dict[int, _Figures], total: int, classes: int) -> int | None:
    """Which of `_RULES` to take."""
    fitting = {n for n, found in figures.items() if _plausible(found, total, classes)}
    folders = [n for n in fitting if n < _FIRST_PART]
    best = max(folders, key=lambda n: (figures[n].people, -n), default=None)
    in_names = next((n for n in (_FIRST_PART, _NUMBERED) if n in fitting), None)
    if {_FIRST_PART, _NUMBERED} <= fitting:
        # `anna-1` and `anna-2` are one person; `london-001` to `london-080` are not.
        apart, joined = figures[_FIRST_PART].people, figures[_NUMBERED].people
        in_names = _NUMBERED if _FEW <= joined < apart <= 10 * joined else _FIRST_PART
    if best is not None and in_names is not None:
        # Two or three folders of many people each are sittings or collections.
        finer = figures[in_names].people >= 3 * figures[best].people
        return in_names if figures[best].people <= 3 and finer else best
    chosen = in_names if best is None else best
    first = figures.get(_FIRST_PART)
    if chosen is None and first is not None and (first.several == 0 or total < _FEW):
        return _FIRST_PART  # a name of its own for each image
    return chosen


def _plausible(found: _Figures, total: int, classes: int) -> bool:
    return (
        found.people > 1
        and 2 * found.images > total
        and found.several > 0
        and (2 * found.most <= total or found.most < _FEW)
        and (classes < 2 or 2 * found.varied >= found.several)
    )


def _folder(place: int) -> Rule:
    """The folder so many places outside (below 0) or inside the class folder."""

    def person(name: str, found: Found) -> str | None:
        folders = PurePosixPath(name).parts[:-1]
        at = len(folders) if found.place is None else found.place
        beside = folders[:at] if place < 0 else folders[at + 1 :]
        levels = [folder for folder in beside if not part_of(folder)]
        if not -len(levels) <= place < len(levels):
            return None
        folder = levels[place]
        return folder if may_be_people(folder) and not are_masks(folder) else None

    return person


def _by_first_part(name: str, found: Found) -> str | None:
    """The name up to its first `_`, unless that is a camera's, a date or the like."""
    stem = _stem_without_expression(name, found)
    first = stem.split("_", 1)[0]
    return None if not first or is_nobody(first) or (first == stem and first.isdigit()) else first


def _by_number(name: str, found: Found) -> str | None:
    """The name without the number at its end: `anna-2`, `anna (2)`, `anna2`, but not `m02`."""
    stem = _stem_without_expression(name, found)
    base = re.sub(r"[-_. ]+\(?\d+\)?$|\(\d+\)$|(?<=[^\W\d_]{3})\d+$", "", stem)
    base = base.rstrip("-_. ")
    nobody = not base or base.isdigit() or is_nobody(base) or not may_be_people(base)
    return None if nobody else base


def _stem_without_expression(name: str, found: Found) -> str:
    """A file's name without suffix and the word for its expression: `p01_2` of `happy_p01_2.jpg`;
    where the folder names it, without one that stands first."""
    stem = PurePosixPath(name).stem
    if not found.in_file:
        first, _, rest = stem.partition("_")
        return rest if rest and _is_expression(first) else stem
    kept = [piece for piece in re.split(r"[_\-. ]+", stem) if not _is_expression(piece)]
    return "_".join(kept) or "0"


def _is_expression(piece: str) -> bool:
    return any(word_expression(word) for word in words(piece))


_RULES: tuple[tuple[Rule, str], ...] = (
    *((_folder(place), "the folders around the class folders") for place in (-1, -2, -3)),
    *((_folder(place), "the folders inside the class folders") for place in (0, 1)),
    (_by_first_part, "the file names up to the first '_'"),
    (_by_number, "the file names without their number"),
)
"""Each with what completes 'people are ...'."""
_FIRST_PART, _NUMBERED = 5, 6
