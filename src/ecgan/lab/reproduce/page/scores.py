"""The VGG score, and everything that `ecgan evaluate` found, method by method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecgan.lab.reproduce.page.contents import EVALUATION, Contents, Missing, Part, mapping
from ecgan.lab.reproduce.page.labels import SCORES, score_of, style_of
from ecgan.lab.reproduce.page.markup import Html, bullets, details, join, table, text
from ecgan.lab.reproduce.page.numbers import (
    NOTHING,
    best_of,
    interval_of,
    number,
    rate,
    spread,
)
from ecgan.lab.reproduce.page.origin import caption, of_paper, ordered, people_of, source
from ecgan.lab.reproduce.paper import PAPER

_COMPARED = {"model": "translations", "identity": "output = input", "truth": "original images"}


def vgg_scores(contents: Contents) -> Html:
    """The numbers behind Figure 5a."""
    part = contents.part("vgg_score")
    names = ordered(part.values, contents)
    kinds = ("probability", "accuracy")
    found = {
        kind: {name: interval_of(part.values[name].get(kind)) for name in names} for kind in kinds
    }
    made = [name for name in names if name in contents.methods]
    best = {
        kind: best_of({name: found[kind][name] for name in made}, higher=True) for kind in kinds
    }
    rows = [
        (
            text(style_of(name).label),
            *(rate(found[kind][name], best=name == best[kind]) for kind in kinds),
            text(people_of([found[kind][name] for kind in kinds])),
            text(number(PAPER[name].original_on_generated, 2) if name in PAPER else NOTHING),
        )
        for name in names
    ]
    head = [
        text("Images"),
        text("mean probability, %"),
        text("accuracy, %"),
        text("test people"),
        of_paper("trained on original, tested on generated, %"),
    ]
    shown = table(
        caption(
            "VGG score.",
            "How well the recogniser, which never saw a generated image, finds the asked "
            "expression. Original images are the upper bound, output = input is doing nothing. "
            "Bold as in Table 2, among the methods.",
        ),
        head,
        rows,
        paper=(4,),
    )
    return join([shown, *(_by_expression(part, names, kind) for kind in kinds)])


def all_scores(contents: Contents) -> Html:
    """Everything that `ecgan evaluate` found, the methods side by side."""
    evaluated = _evaluations(contents)
    directions = (
        ("expressions", "Neutral to every expression"),
        ("neutralisation", "Every expression to neutral"),
    )
    tables = [_side_by_side(evaluated, direction, title) for direction, title in directions]
    first = next(iter(evaluated))
    notes = bullets(
        [
            text(
                "FID and KID compare at one number of images alone; nothing here compares with "
                "published values."
            ),
            text(
                "Where output = input and the original images score alike for all methods, they "
                f"are folded once, under {style_of(first).label}."
            ),
            *_left_out(evaluated.values()),
        ]
    )
    each = [
        details(
            text(f"{style_of(name).label}: every score by expression"),
            *(
                _matrix(part, direction, column, f"{title}, {label}")
                for direction, title in directions
                for column, label in _COMPARED.items()
                if name == first or not _same(part, evaluated[first], direction, column)
            ),
        )
        for name, part in evaluated.items()
    ]
    sources = (source(part, contents, name=name) for name, part in evaluated.items())
    return join([*tables, notes, *each, *sources])


def check_evaluated(contents: Contents, method: str) -> Html:
    """Nothing to show; raises Missing where other methods were evaluated but not this one."""
    if any(name.startswith(EVALUATION) for name in contents.parts):
        contents.part(EVALUATION + method)
    return Html("")


def _evaluations(contents: Contents) -> dict[str, Part]:
    found = {}
    for name in contents.methods:
        if EVALUATION + name in contents.parts:
            found[name] = contents.part(EVALUATION + name)
    if not found:
        raise Missing(f"no results/{EVALUATION}<method>.json is there")
    return found


def _groups(part: Part, direction: str, column: str) -> Mapping[str, Any]:
    return mapping(mapping(part.values.get(direction)).get(column))


def _same(part: Part, other: Part, direction: str, column: str) -> bool:
    return _groups(part, direction, column) == _groups(other, direction, column)


def _side_by_side(evaluated: Mapping[str, Part], direction: str, title: str) -> Html:
    """Rows: scores over all images. Columns: methods, doing nothing, original images."""
    names = list(evaluated)
    first = next(iter(evaluated.values()))
    columns = {name: _groups(part, direction, "model") for name, part in evaluated.items()}
    references = {
        "output = input": _groups(first, direction, "identity"),
        "original images": _groups(first, direction, "truth"),
    }
    scores = _score_names([*columns.values(), *references.values()])
    rows = []
    for name in scores:
        score = score_of(name)
        cells = {
            key: interval_of(mapping(groups.get(name)).get("all"))
            for key, groups in {**columns, **references}.items()
        }
        made = {key: cells[key] for key in names}
        best = None if score.higher is None else best_of(made, higher=score.higher)
        rows.append(
            (
                _score_label(name),
                *(
                    spread(one, score.digits, score.scale, best=key == best)
                    for key, one in cells.items()
                ),
            )
        )
    largest = {**columns, **references}
    if any("outside_largest" in groups for groups in largest.values()):
        rows.append(
            (
                text("largest change of a pixel outside the mask, grey levels"),
                *(text(number(groups.get("outside_largest"), 1)) for groups in largest.values()),
            )
        )
    asked = [interval_of(mapping(groups.get("accuracy")).get("all")) for groups in columns.values()]
    images = sorted({one.images for one in asked if one is not None and one.images})
    about = f"{people_of(asked)} test people"
    if images:
        about += f", {' or '.join(map(str, images))} images a method"
    return table(
        caption(
            f"{title}.",
            f"{about}; ↑ more is better, ↓ less. Bold: its interval lies beyond those of all other "
            "methods.",
        ),
        [text("Score"), *(text(style_of(name).label) for name in names), *map(text, references)],
        rows,
        kind="stacked",
    )


def _matrix(part: Part, direction: str, column: str, title: str) -> Html:
    """Rows: scores. Columns: expressions."""
    groups = _groups(part, direction, column)
    names = _score_names([groups])
    if not names:
        return Html("")
    expressions = list(dict.fromkeys(key for name in names for key in mapping(groups[name])))
    rows = [
        (
            _score_label(name),
            *(
                spread(
                    interval_of(mapping(groups[name]).get(one)),
                    score_of(name).digits,
                    score_of(name).scale,
                )
                for one in expressions
            ),
        )
        for name in names
    ]
    return table(
        caption(f"{title}."), [text("Score"), *map(text, expressions)], rows, kind="stacked"
    )


def _score_names(columns: Sequence[Mapping[str, Any]]) -> list[str]:
    there = [name for one in columns for name, value in one.items() if isinstance(value, dict)]
    known = [name for name in SCORES if name in there]
    return [*known, *(name for name in dict.fromkeys(there) if name not in known)]


def _score_label(name: str) -> Html:
    score = score_of(name)
    arrow = {True: " ↑", False: " ↓", None: ""}[score.higher]
    unit = f", {score.unit}" if score.unit else ""
    return text(f"{score.label}{unit}{arrow}")


def _left_out(parts: Iterable[Part]) -> list[Html]:
    """What the machine lacked something for, each once."""
    reasons: dict[str, str] = {}
    for part in parts:
        reasons |= {str(k): str(v) for k, v in mapping(part.values.get("left_out")).items()}
    return [text(f"Left out: {score_of(name).label}, {why}.") for name, why in reasons.items()]


def _by_expression(part: Part, names: Sequence[str], kind: str) -> Html:
    groups = {name: mapping(part.values[name].get("by_expression")) for name in names}
    expressions = list(dict.fromkeys(key for one in groups.values() for key in one))
    if not expressions:
        return Html("")
    rows = [
        (
            text(style_of(name).label),
            *(rate(interval_of(mapping(groups[name].get(one)).get(kind))) for one in expressions),
        )
        for name in names
    ]
    title = {"probability": "mean probability", "accuracy": "accuracy"}[kind]
    return table(
        caption(f"VGG score by expression, {title}, %."),
        [text("Images"), *map(text, expressions)],
        rows,
    )
