"""What tables are told with: where their numbers come from, and of how many people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import SHORT, Contents, Part
from ecgan.lab.reproduce.page.labels import style_of
from ecgan.lab.reproduce.page.markup import Html, code, join, paragraph, text
from ecgan.lab.reproduce.page.numbers import NOTHING, number

_MODELS_SHOWN = 3
_OTHER_DATA = Html('<span class="tag">the paper, other data</span>')


def source(part: Part, contents: Contents, *, name: str | None = None) -> Html:
    """The line below a table: command, seed, time, models and data of its numbers."""
    hashes = [f"{key} {str(value)[:SHORT]}" for key, value in part.model_sha256.items()]
    more = len(hashes) - _MODELS_SHOWN
    if more > 0:
        hashes = [*hashes[:_MODELS_SHOWN], f"and {more} more"]
    about = [
        text(style_of(name).label) if name else None,
        code(part.command or contents.command),
        text(f"seed {part.seed}") if part.seed is not None else None,
        text(f"{number(part.seconds)} s") if part.seconds is not None else None,
        join([text("models"), code(", ".join(hashes))], " ") if hashes else None,
        Html('<a href="#data">data card</a>'),
        Html('<a href="#sources">full hashes</a>'),
    ]
    return paragraph(join([one for one in about if one], " · "), kind="source")


def ordered(values: Mapping[str, Any], contents: Contents) -> list[str]:
    """The keys that hold objects: methods as planned, then what they are compared with."""
    known = [name for name in contents.methods if isinstance(values.get(name), dict)]
    others = [name for name, value in values.items() if isinstance(value, dict)]
    return [*known, *(name for name in others if name not in known)]


def people_of(found: Iterable[Interval | None]) -> str:
    """How many people the numbers are of."""
    counts = sorted({one.people for one in found if one is not None and one.people})
    return " or ".join(map(str, counts)) or NOTHING


def caption(title: str, more: str = "") -> Html:
    return join([Html(f"<b>{text(title)}</b>"), text(more)], " ")


def of_paper(name: str) -> Html:
    """Head of a column of the paper's own numbers."""
    return join([text(name), _OTHER_DATA], "<br>")
