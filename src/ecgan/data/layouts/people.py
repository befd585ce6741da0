"""Who is on the files of class folders where no list, csv or pattern says so."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath

from ecgan.data.disk import temporary_database
from ecgan.data.layouts.classes import SOURCE, Found, shown
from ecgan.data.layouts.words import (
    are_masks,
    is_nobody,
    may_be_people,
    part_of,
    word_expression,
    words,
)

_FEW = 4
"""Images below which a rule cannot be judged by how often its names recur."""

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


@dataclass(frozen=True)
class _Figures:
    people: int
    images: int
    most: int
    several: int
    """People on several images."""
    varied: int
    """People with several expressions."""


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
        query = """
            SELECT rule, COUNT(*), SUM(n), MAX(n), SUM(n > 1), SUM(e > 1) FROM (
                SELECT rule, name, COUNT(*) AS n, COUNT(DISTINCT expression) AS e
                FROM seen GROUP BY rule, name
            ) GROUP BY rule
        """
        figures = {rule: _Figures(*row) for rule, *row in database.execute(query)}
        chosen = _choose(figures, total, classes)
        doubt = _doubt(database, figures.get(_FIRST_PART), total) if chosen is None else ""
        names = database.execute(
            "SELECT DISTINCT name FROM seen WHERE rule = ? ORDER BY name LIMIT 6", (chosen,)
        ).fetchall()
    if chosen is None:
        return PeopleRule(lambda _name, _found: None, "", repeats=False, doubt=doubt)
    some = shown([name for (name,) in names[:5]])
    more = ", ..." if len(names) > 5 else ""
    rule, where = _RULES[chosen]
    told = f"{where} ({figures[chosen].people}: {some}{more})"
    return PeopleRule(rule, told, repeats=figures[chosen].several > 0)


def _choose(figures: dict[int, _Figures], total: int, classes: int) -> int | None:
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
    if best is not None or in_names is not None:
        return best if best is not None else in_names
    first = figures.get(_FIRST_PART)
    if first is not None and (first.several == 0 or total < _FEW):
        return _FIRST_PART  # a name of its own for each image
    return None


def _doubt(database: sqlite3.Connection, found: _Figures | None, total: int) -> str:
    if found is None or found.people < 2 or 2 * found.most <= total:
        return ""
    query = "SELECT name FROM seen WHERE rule = ? GROUP BY name ORDER BY COUNT(*) DESC LIMIT 1"
    ((name,),) = database.execute(query, (_FIRST_PART,)).fetchall()
    return f"by the file names, {name} would be on {found.most} of them; "


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
        at = len(folders) if found.place in {None, SOURCE} else found.place
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
    if found.place is not None:
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
