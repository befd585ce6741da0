"""Table 2: recognisers trained with and without generated images, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import Contents, Missing, Part, mapping, objects
from ecgan.lab.reproduce.page.labels import label_of, style_of
from ecgan.lab.reproduce.page.markup import Html, join, table, text
from ecgan.lab.reproduce.page.numbers import (
    NOTHING,
    best_of,
    excludes_zero,
    interval_of,
    number,
    rate,
    spread,
)
from ecgan.lab.reproduce.page.origin import caption, of_paper, people_of, source
from ecgan.lab.reproduce.paper import PAPER, PAPER_ORIGINAL

COLUMNS = {
    "tested_on_original": "tested on original",
    "tested_on_generated": "tested on the method's images",
    "trained_on_original_tested_on_generated": "trained on original alone, tested on the method's "
    "images",
}
ON_ORIGINAL, ON_GENERATED, FROM_ORIGINAL = COLUMNS
_QUESTIONS = {
    "cyclegan": "Above CycleGAN?",
    "cyclegan-shared": "Above CycleGAN with one model?",
    "original": "Do generated images help?",
    "pix2pix": "How far from paired training?",
}
_ECGAN = ("default", "paper")


def table_2(contents: Contents) -> Html:
    """The recogniser trained with and without generated images, and the differences."""
    part = contents.part("table2")
    rows = objects(part.values.get("rows"))
    found = {
        column: {str(row.get("trained_on")): interval_of(row.get(column)) for row in rows}
        for column in (ON_ORIGINAL, ON_GENERATED)
    }
    of_method = mapping(rows[0].get("tested_on_generated_of")) if rows else {}
    found[FROM_ORIGINAL] = {
        str(row.get("trained_on")): interval_of(of_method.get(str(row.get("method"))))
        for row in rows
    }
    best = {column: best_of(cells, higher=True) for column, cells in found.items()}
    head = [
        text("Recogniser trained on"),
        *(text(f"{name}, %") for name in COLUMNS.values()),
        text("test people"),
        text("seed: first / second column, %"),
        of_paper("tested on original, %"),
        of_paper("trained on original, tested on generated, %"),
    ]
    body = [
        (
            text(label_of(trained)),
            *(
                rate(cells[trained], best=trained == best[column])
                for column, cells in found.items()
            ),
            text(people_of(cells[trained] for cells in found.values())),
            _seeds(row),
            *_published(row),
        )
        for row in rows
        if (trained := str(row.get("trained_on")))
    ]
    shown = table(
        caption(
            "Table 2. Accuracy of the recogniser.",
            "In brackets the 95 % interval (bootstrap over people, each with the mean of the "
            "seeds). Bold: its interval lies above all others of the column. No generated image of "
            "a test person is in any training set.",
        ),
        head,
        body,
        paper=(6, 7),
        kind="stacked",
    )
    return join([shown, _differences(part), source(part, contents)])


def questions(contents: Contents) -> Html:
    """The paper's three questions, answered by differences of Table 2."""
    part = contents.part("table2")
    rows = []
    for other, question in _QUESTIONS.items():
        for method in _ECGAN:
            cells = [_difference(part, method, other, column) for column in COLUMNS]
            if any(cells):
                pair = f"{style_of(method).label} − {_named(other)}"
                rows.append((text(question), text(pair), *map(_answer, cells)))
    if not rows:
        raise Missing("results/table2.json holds no differences between the methods")
    return table(
        caption(
            "The paper's questions.",
            "Differences of the recogniser's accuracy in percentage points, paired over people. "
            "Higher or lower: outside the 95 % interval, which does not hold 0.",
        ),
        [text("Question"), text("difference"), *map(text, COLUMNS.values())],
        rows,
    )


def _differences(part: Part) -> Html:
    """A row for each pair of methods."""
    found: dict[tuple[str, str], dict[str, Interval | None]] = {}
    for one in objects(part.values.get("differences")):
        pair = (_bare(str(one.get("first"))), _bare(str(one.get("second"))))
        found.setdefault(pair, {})[str(one.get("column"))] = interval_of(one.get("difference"))
    if not found:
        return Html("")
    columns = [*COLUMNS, *dict.fromkeys(key for one in found.values() for key in one)]
    columns = list(dict.fromkeys(columns))
    rows = [
        (
            text(f"{_named(first)} − {_named(second)}"),
            *(_answer(cells.get(column)) for column in columns),
            text(people_of(cells.values())),
        )
        for (first, second), cells in found.items()
    ]
    return table(
        caption(
            "Differences between the rows of Table 2.",
            "Percentage points, paired over people. Higher or lower: the difference lies outside "
            "its interval, which does not hold 0. Not apart: it holds 0.",
        ),
        [
            text("Difference"),
            *(text(COLUMNS.get(column, column)) for column in columns),
            text("test people"),
        ],
        rows,
    )


def _answer(difference: Interval | None) -> Html:
    """A difference, and whether it lies outside its interval."""
    if difference is None:
        return NOTHING
    shown = spread(difference, scale=100, sign=True)
    if difference.low is None:
        return shown
    if not excludes_zero(difference):
        return join([shown, Html('<span class="verdict">not apart</span>')], " ")
    word = "higher" if difference.value > 0 else "lower"
    return join([shown, Html(f'<strong class="verdict">{word}</strong>')], " ")


def _difference(part: Part, first: str, second: str, column: str) -> Interval | None:
    """first - second, whichever way round it is on file."""
    for one in objects(part.values.get("differences")):
        if one.get("column") != column:
            continue
        pair = tuple(_bare(str(one.get(key))) for key in ("first", "second"))
        found = interval_of(one.get("difference"))
        if found is not None and pair == (first, second):
            return found
        if found is not None and pair == (second, first):
            low = None if found.high is None else -found.high
            high = None if found.low is None else -found.low
            return Interval(-found.value, low, high, found.people, found.images)
    return None


def _bare(name: str) -> str:
    return name.partition(" + ")[2] or name


def _named(name: str) -> str:
    return "original alone" if name == "original" else style_of(name).label


def _seeds(row: Mapping[str, Any]) -> Html:
    return join(
        [
            Html(
                f'<span class="seed">{text(one.get("seed"))}: '
                f"{number(one.get('original'), scale=100)} / "
                f"{number(one.get('generated'), scale=100)}</span>"
            )
            for one in objects(row.get("seeds"))
        ],
        "<br>",
    )


def _published(row: Mapping[str, Any]) -> tuple[Html, Html]:
    if row.get("trained_on") == "original":
        return text(number(PAPER_ORIGINAL, 2)), NOTHING
    paper = PAPER.get(str(row.get("method")))
    if paper is None:
        return NOTHING, NOTHING
    return (
        text(number(paper.augmented_on_original, 2)),
        text(number(paper.original_on_generated, 2)),
    )
