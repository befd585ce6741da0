"""The numbers behind charts, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import Contents, Part, objects
from ecgan.lab.reproduce.page.curves import Training
from ecgan.lab.reproduce.page.labels import label_of, style_of
from ecgan.lab.reproduce.page.markup import Html, join, paragraph, table, text
from ecgan.lab.reproduce.page.numbers import NOTHING, number, rate
from ecgan.lab.reproduce.page.origin import source


def dose_table(
    curves: Mapping[str, Sequence[tuple[int, Interval]]],
    key: str,
    counted: str,
    part: Part,
    contents: Contents,
) -> Html:
    """The numbers of dose-response curves; `key` is what the rows of the part are counted by."""
    numbers = sorted({count for points in curves.values() for count, _ in points})
    rows = [
        (
            text(label_of(name)),
            *(
                join([rate(dict(points).get(count)), _seeds(part.values[name], key, count)])
                for count in numbers
            ),
        )
        for name, points in curves.items()
    ]
    people = sorted({one.people for points in curves.values() for _, one in points if one.people})
    shown = table(
        join(
            [
                Html("<b>Accuracy, %,</b>"),
                text(f"by {counted}; {' or '.join(map(str, people)) or NOTHING} test people."),
            ],
            " ",
        ),
        [text("Trained with"), *(text(count) for count in numbers)],
        rows,
        kind="stacked",
    )
    return join([shown, source(part, contents)])


def _seeds(rows: Any, key: str, number_of: int) -> Html:
    """The accuracy of each recogniser of a point, where there are several."""
    for row in objects(rows):
        seeds = row.get("seeds")
        if row.get(key) == number_of and isinstance(seeds, list) and len(seeds) > 1:
            told = ", ".join(number(one, scale=100) for one in seeds)
            return Html(f'<span class="verdict">by seed: {told}</span>')
    return Html("")


def last_values(trainings: Mapping[str, Training]) -> Html:
    """What every logged term came to."""
    terms = list(dict.fromkeys(term for one in trainings.values() for term in one.last))
    rows = [
        (
            text(term),
            *(text(number(one.last.get(term), 4)) for one in trainings.values()),
        )
        for term in terms
    ]
    runs = "; ".join(
        f"{style_of(name).label}: {len(one.runs)} run{'s' if len(one.runs) > 1 else ''}"
        for name, one in trainings.items()
    )
    shown = table(
        text("Means over the last tenth of the logged updates, and over the runs."),
        [text("Term"), *(text(style_of(name).label) for name in trainings)],
        rows,
    )
    return join([shown, paragraph(text(runs), kind="source")])
