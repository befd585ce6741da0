"""What the templates show in tables: the numbers of Tables 1 and 2, the VGG score, all scores.

Cells of rows are texts, numbers, safe HTML, or a list of these for several lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.lab.reproduce.page.contents import (
    EVALUATION,
    Contents,
    Missing,
    Part,
    interval_of,
    mapping,
    objects,
)
from ecgan.lab.reproduce.page.labels import (
    NOTHING,
    ORIGINAL,
    SCORES,
    best_of,
    counts_of,
    excludes_zero,
    label_of,
    noted,
    number,
    people_of,
    rate,
    score_of,
    spread,
    style_of,
)
from ecgan.lab.reproduce.scores import FROM_ORIGINAL, ON_GENERATED, ON_ORIGINAL

Context = dict[str, Any]
"""What the template macro of the same name as a function takes."""
Groups = Mapping[str, Any]
"""Scores of `ecgan evaluate` by name, each by expression and of `all`."""
Pair = tuple[str, str]

COLUMNS = {
    ON_ORIGINAL: "tested on original",
    ON_GENERATED: "tested on the method's images",
    FROM_ORIGINAL: "trained on original alone, tested on the method's images",
}
_QUESTIONS = {
    "cyclegan": "Above CycleGAN?",
    "cyclegan-shared": "Above CycleGAN with one model?",
    ORIGINAL: "Do generated images help?",
    "pix2pix": "How far from paired training?",
}
_DIRECTIONS = {
    "expressions": "Neutral to every expression",
    "neutralisation": "Every expression to neutral",
}
_COMPARED = {"model": "translations", "identity": "output = input", "truth": "original images"}
_WORK = ("features", "judge", "train-", "generate-")


def questions(contents: Contents) -> Context:
    """The paper's three questions, answered by differences of Table 2."""
    found = _differences(contents.part("table2"))
    rows = []
    for other, question in _QUESTIONS.items():
        for method in ("default", "paper"):
            cells = found.get((method, other), {})
            if any(cells.values()):
                answers = [_answer(cells.get(key)) for key in COLUMNS]
                rows.append((question, _pair(method, other), *answers))
    if not rows:
        raise Missing("results/table2.json holds no differences between the methods")
    return {"columns": list(COLUMNS.values()), "rows": rows}


def table_2(contents: Contents) -> Context:
    """The recogniser trained with and without generated images, and the differences."""
    part = contents.part("table2")
    rows = objects(part.values.get("rows"))
    of_method = mapping(rows[0].get("tested_on_generated_of")) if rows else {}
    cells = _rates(
        {
            str(row.get("trained_on")): {
                ON_ORIGINAL: row.get(ON_ORIGINAL),
                ON_GENERATED: row.get(ON_GENERATED),
                FROM_ORIGINAL: of_method.get(str(row.get("method"))),
            }
            for row in rows
        }
    )
    found = _differences(part)
    return {
        "columns": list(COLUMNS.values()),
        "rows": [
            (label_of(name), cells[name], row)
            for row in rows
            if (name := str(row.get("trained_on")))
        ],
        "differences": [
            (_pair(*pair), *(_answer(one.get(key)) for key in COLUMNS), people_of(one.values()))
            for pair, one in found.items()
        ],
        "part": part,
    }


def vgg_scores(contents: Contents) -> Context:
    """The numbers behind Figure 5a."""
    values = contents.part("vgg_score").values
    names = contents.ordered(values)
    cells = _rates(
        {
            name: {key: values[name].get(key) for key in ("probability", "accuracy")}
            for name in names
        },
        among=contents.methods,
    )
    by_expression = {name: mapping(values[name].get("by_expression")) for name in names}
    return {
        "rows": [(name, cells[name]) for name in names],
        "expressions": list(dict.fromkeys(key for one in by_expression.values() for key in one)),
        "by_expression": by_expression,
    }


def all_scores(contents: Contents) -> Context:
    """Everything that `ecgan evaluate` found, the methods side by side."""
    evaluated = contents.evaluations()
    if not evaluated:
        raise Missing(f"no results/{EVALUATION}<method>.json is there")
    first = next(iter(evaluated.values()))
    reasons: dict[str, Any] = {}
    for part in evaluated.values():
        reasons |= mapping(part.values.get("left_out"))
    return {
        "directions": [
            {"title": title, **_side_by_side(evaluated, direction)}
            for direction, title in _DIRECTIONS.items()
        ],
        "left_out": {score_of(name).label: why for name, why in reasons.items()},
        "folded": {
            style_of(name).label: {
                f"{title}, {label}": _by_expression(_groups(part, direction, column))
                for direction, title in _DIRECTIONS.items()
                for column, label in _COMPARED.items()
                if part is first
                or _groups(part, direction, column) != _groups(first, direction, column)
            }
            for name, part in evaluated.items()
        },
        "parts": {style_of(name).label: part for name, part in evaluated.items()},
    }


def unevaluated(contents: Contents) -> Context:
    """Nothing to show; raises Missing where some methods were evaluated but others not."""
    reasons = []
    for name in contents.methods if contents.evaluations() else ():
        try:
            contents.part(EVALUATION + name)
        except Missing as reason:
            reasons.append(str(reason))
    if reasons:
        raise Missing(*reasons)
    return {}


def plan(contents: Contents) -> Contents:
    """The contents as they are; raises Missing where there is no plan."""
    if contents.no_plan:
        raise Missing(contents.no_plan)
    return contents


def work(contents: Contents) -> Contents:
    """The contents as they are; raises Missing where no part trained or generated anything."""
    if not any(name.startswith(_WORK) for name in contents.parts):
        raise Missing("results/ holds no part that trained or generated anything")
    return contents


def _rates(
    rows: Mapping[str, Mapping[str, Any]], among: Iterable[str] | None = None
) -> dict[str, list[str]]:
    """Cells of each row: intervals in percent, the best of a column in bold, and the people.

    `among`: the rows of which one may be the best; None: all.
    """
    found = {
        name: {key: interval_of(one) for key, one in row.items()} for name, row in rows.items()
    }
    compared = [name for name in found if among is None or name in among]
    columns = dict.fromkeys(key for row in found.values() for key in row)
    best = {
        key: best_of({name: found[name][key] for name in compared}, higher=True) for key in columns
    }
    return {
        name: [
            *(rate(one, best=name == best[key]) for key, one in row.items()),
            people_of(row.values()),
        ]
        for name, row in found.items()
    }


def _differences(part: Part) -> dict[Pair, dict[str, Interval | None]]:
    """Differences of Table 2 by pair of methods and column."""
    found: dict[Pair, dict[str, Interval | None]] = {}
    for one in objects(part.values.get("differences")):
        pair = str(one.get("first")), str(one.get("second"))
        found.setdefault(pair, {})[str(one.get("column"))] = interval_of(one.get("difference"))
    return found


def _pair(*names: str) -> str:
    return " − ".join(
        "original alone" if name == ORIGINAL else style_of(name).label for name in names
    )


def _answer(difference: Interval | None) -> str:
    """A difference in percentage points, and whether it lies outside its interval."""
    if difference is None:
        return NOTHING
    apart = excludes_zero(difference)
    note = "" if difference.low is None else "not apart"
    if apart:
        note = "higher" if difference.value > 0 else "lower"
    return noted(spread(difference, scale=100, sign=True), note, strong=apart)


def _groups(part: Part, direction: str, column: str) -> Groups:
    return mapping(mapping(part.values.get(direction)).get(column))


def _side_by_side(evaluated: Mapping[str, Part], direction: str) -> Context:
    """Rows: scores over all images. Columns: methods, doing nothing, original images."""
    first = next(iter(evaluated.values()))
    columns = {name: _groups(part, direction, "model") for name, part in evaluated.items()}
    columns |= {_COMPARED[key]: _groups(first, direction, key) for key in ("identity", "truth")}

    def over_all(name: str) -> dict[str, Interval | None]:
        return {key: interval_of(mapping(one.get(name)).get("all")) for key, one in columns.items()}

    rows: list[tuple[str, ...]] = []
    for name in _score_names(columns.values()):
        score, cells = score_of(name), over_all(name)
        made = {key: cells[key] for key in evaluated}
        best = None if score.higher is None else best_of(made, higher=score.higher)
        rows.append((score.title, *(score.cell(one, key == best) for key, one in cells.items())))
    if any("outside_largest" in one for one in columns.values()):
        largest = (number(one.get("outside_largest")) for one in columns.values())
        rows.append(("largest change of a pixel outside the mask, grey levels", *largest))
    asked = [one for key, one in over_all("accuracy").items() if key in evaluated]
    return {
        "columns": [style_of(key).label if key in evaluated else key for key in columns],
        "rows": rows,
        "people": people_of(asked),
        "images": counts_of(one.images for one in asked if one is not None),
    }


def _by_expression(groups: Groups) -> Context:
    """Rows: scores. Columns: expressions."""
    scores = {name: score_of(name) for name in _score_names([groups])}
    expressions = list(dict.fromkeys(key for name in scores for key in groups[name]))
    rows = [
        (score.title, *(score.cell(interval_of(groups[name].get(key))) for key in expressions))
        for name, score in scores.items()
    ]
    return {"columns": expressions, "rows": rows}


def _score_names(columns: Iterable[Groups]) -> list[str]:
    """The scores that are there, in the usual order, unknown ones last."""
    there = [
        name
        for one in columns
        for name, value in one.items()
        if isinstance(value, dict) and not name.startswith("by_")  # of groups, not of expressions
    ]
    return list(dict.fromkeys([*(name for name in SCORES if name in there), *there]))
