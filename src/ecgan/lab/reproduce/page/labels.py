"""How the page names and writes things: methods, expressions, scores, intervals and times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import cycle
from typing import Any

import yaml
from markupsafe import Markup

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import finite

NOTHING = "–"
ORIGINAL = "original"
GREY = "#8C8C8C"
_NAMES = yaml.safe_load((resources.files(__package__) / "names.yaml").read_text("utf-8"))


SECTIONS: Sequence[tuple[str, str, Sequence[str]]] = _NAMES["sections"]
"""Of the page: anchor, title and pieces."""


@dataclass(frozen=True)
class Style:
    """How one thing is called, and how it looks in every chart."""

    label: str
    colour: str
    marker: str
    dashes: Sequence[int]

    @property
    def line(self) -> Any:
        """As Matplotlib takes it."""
        return (0, tuple(self.dashes)) if self.dashes else "-"


METHODS = {key: Style(*values) for key, values in _NAMES["methods"].items()}
_STYLES = METHODS | {key: Style(*values) for key, values in _NAMES["references"].items()}


def style_of(key: str) -> Style:
    """Of a method, the original images or doing nothing; unknown methods look alike in grey."""
    return _STYLES.get(key) or Style(key, GREY, "h", (1, 3))


def label_of(key: str) -> str:
    """The name of a row; of `original + cyclegan` likewise."""
    first, plus, method = key.partition(" + ")
    if plus and first == ORIGINAL:
        return f"original + {style_of(method).label}"
    return key if key == ORIGINAL else style_of(key).label


def labels_of(names: Iterable[str]) -> str:
    """The names of methods in the page, one after the other."""
    return ", ".join(style_of(name).label for name in names)


def expression_styles(expressions: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each expression."""
    known = _NAMES["expressions"]
    taken = {known[name][1] for name in expressions if name in known}
    free = [marker for marker in _NAMES["other_markers"] if marker not in taken]
    others = zip(cycle(_NAMES["other_colours"]), cycle(free), strict=False)
    return {
        name: tuple(known[name]) if name in known else next(others)
        for name in dict.fromkeys(expressions)
    }


def counts_of(counts: Iterable[int]) -> str:
    """Each count once; `3 or 5` where they differ, a dash where there is none."""
    return " or ".join(map(str, sorted({one for one in counts if one}))) or NOTHING


def people_of(found: Iterable[Interval | None]) -> str:
    """How many people the numbers are of."""
    return counts_of(one.people for one in found if one is not None)


def number(value: Any, digits: int = 1, scale: float = 1.0, *, sign: bool = False) -> str:
    """A number with so many digits after the point, with a true minus; a dash where it is none."""
    found = finite(value)
    if found is None:
        return NOTHING
    written = f"{found * scale:{'+' if sign else ''}.{digits}f}"
    if float(written) == 0:
        written = written.lstrip("+-")
    return written.replace("-", "−")


def spread(
    interval: Interval | None,
    digits: int = 1,
    scale: float = 1.0,
    *,
    sign: bool = False,
    best: bool = False,
) -> str:
    """HTML of a value with its interval, in bold if it is the best; a dash where there is none."""
    if interval is None:
        return NOTHING
    value, low, high = (
        number(one, digits, scale, sign=sign)
        for one in (interval.value, interval.low, interval.high)
    )
    bounds = "one person: no interval" if interval.low is None else f"[{low}, {high}]"
    tag = "strong" if best else "span"
    cell = Markup('<{0}>{1}</{0}> <span class="interval">{2}</span>')
    return cell.format(tag, value, bounds)


def rate(interval: Interval | None, *, best: bool = False) -> str:
    """HTML of a rate between 0 and 1 in percent."""
    return spread(interval, scale=100, best=best)


def noted(cell: str, note: str, *, strong: bool = False) -> str:
    """HTML of a cell with a note in a line of its own."""
    added = Markup(' <{0} class="note">{1}</{0}>').format("strong" if strong else "span", note)
    return cell + added if note else cell


def plain_rate(interval: Interval | None) -> str:
    """A rate in percent without any markup, for alternative texts."""
    if interval is None:
        return "not measured"
    value = f"{number(interval.value, scale=100)} %"
    if interval.low is None or interval.high is None:
        return value
    return f"{value} ({number(interval.low, scale=100)} to {number(interval.high, scale=100)})"


def code(value: Any) -> str:
    """HTML of a command or a hash."""
    return Markup("<code>{}</code>").format(value)


def seconds(value: Any) -> str:
    """A time in the unit in which it is easily read."""
    found = finite(value)
    if found is None:
        return NOTHING
    if found < 100:
        return f"{found:.1f} s"
    return f"{found / 60:.1f} min" if found < 100 * 60 else f"{found / 3600:.1f} h"


def plain(value: Any) -> str:
    """Any JSON value in a line."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        value = [f"{key} {plain(one)}" for key, one in value.items()]
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return NOTHING if value is None else str(value)


def lines(value: Any) -> str | list[str]:
    """Any JSON value in a cell; an object over several lines."""
    if isinstance(value, Mapping):
        return [f"{key}: {plain(one)}" for key, one in value.items()]
    return plain(value)


def excludes_zero(interval: Interval) -> bool:
    """Whether a difference lies outside its interval about no difference."""
    if interval.low is None or interval.high is None:
        return False
    return interval.low > 0 or interval.high < 0


def best_of(found: Mapping[str, Interval | None], *, higher: bool) -> str | None:
    """Who is better than everybody else beyond doubt: an interval that overlaps no other one."""
    bounds = {
        name: (one.low, one.high) if higher else (-one.high, -one.low)
        for name, one in found.items()
        if one is not None and one.low is not None and one.high is not None
    }
    if len(bounds) < 2:
        return None
    first = max(bounds, key=lambda name: bounds[name][0])
    others = (high for name, (_, high) in bounds.items() if name != first)
    return first if bounds[first][0] > max(others) else None


@dataclass(frozen=True)
class Score:
    """How a figure of `ecgan evaluate` is named and written."""

    label: str
    unit: str = ""
    digits: int = 4
    higher: bool | None = None
    """Whether more is better; None where it says nothing about quality."""

    @property
    def title(self) -> str:
        """With its unit and an arrow towards the better."""
        arrow = {True: " ↑", False: " ↓", None: ""}[self.higher]
        return f"{self.label}, {self.unit}{arrow}" if self.unit else f"{self.label}{arrow}"

    def cell(self, interval: Interval | None, best: bool = False) -> str:
        """HTML of a value of this score."""
        return spread(interval, self.digits, 100 if self.unit == "%" else 1, best=best)


SCORES = {key: Score(*values) for key, values in _NAMES["scores"].items()}


def score_of(name: str) -> Score:
    return SCORES.get(name) or Score(name)
