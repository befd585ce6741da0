"""The paper's tables as measured here: Table 2, the VGG score, all scores, Table 1's stand-in."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecgan.evaluation.bootstrap import Interval
from ecgan.experiments.reproduce.page.contents import (
    EVALUATION,
    SHORT,
    Contents,
    Missing,
    Part,
    mapping,
    objects,
)
from ecgan.experiments.reproduce.page.labels import (
    PAPER,
    PAPER_ORIGINAL,
    SCORES,
    label_of,
    score_of,
    style_of,
)
from ecgan.experiments.reproduce.page.markup import (
    Html,
    block,
    bullets,
    code,
    details,
    join,
    paragraph,
    table,
    text,
)
from ecgan.experiments.reproduce.page.numbers import (
    NOTHING,
    best_of,
    excludes_zero,
    interval_of,
    number,
    rate,
    spread,
)

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
_MODELS_SHOWN = 3
_OTHER_DATA = Html('<span class="tag">the paper, other data</span>')


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
        _of_paper("tested on original, %"),
        _of_paper("trained on original, tested on generated, %"),
    ]
    body = [
        (
            text(label_of(trained)),
            *(
                rate(cells[trained], best=trained == best[column])
                for column, cells in found.items()
            ),
            text(_people(cells[trained] for cells in found.values())),
            _seeds(row),
            *_published(row),
        )
        for row in rows
        if (trained := str(row.get("trained_on")))
    ]
    shown = table(
        _caption(
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
        _caption(
            "The paper's questions.",
            "Differences of the recogniser's accuracy in percentage points, paired over people. "
            "Higher or lower: outside the 95 % interval, which does not hold 0.",
        ),
        [text("Question"), text("difference"), *map(text, COLUMNS.values())],
        rows,
    )


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
            text(_people([found[kind][name] for kind in kinds])),
            text(number(PAPER[name].original_on_generated, 2) if name in PAPER else NOTHING),
        )
        for name in names
    ]
    head = [
        text("Images"),
        text("mean probability, %"),
        text("accuracy, %"),
        text("test people"),
        _of_paper("trained on original, tested on generated, %"),
    ]
    shown = table(
        _caption(
            "VGG score.",
            "How well the recogniser, which never saw a generated image, finds the asked "
            "expression. Original images are the upper bound, output = input is doing nothing. "
            "Bold as "
            "in Table 2, among the methods.",
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
                "are "
                f"folded once, under {style_of(first).label}."
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


def table_1(contents: Contents) -> Html:
    """The classifier two-sample test, which no rater took part in, beside the paper's Table 1."""
    part = contents.part("two_sample")
    names = ordered(part.values, contents)
    rows = [
        (
            text(style_of(name).label),
            rate(interval_of(part.values[name].get("accuracy"))),
            text(_people([interval_of(part.values[name].get("accuracy"))])),
            text(_rest(part.values[name], ("accuracy",))),
            text(number(PAPER[name].judged_real, 2) if name in PAPER else NOTHING),
        )
        for name in names
    ]
    return join(
        [
            table(
                _caption(
                    "Classifier two-sample test (Lopez-Paz and Oquab 2017).",
                    "How often a ridge classifier on features of the recogniser tells generated "
                    "images from original ones, on people it was not trained on: 50 % is chance, "
                    "lower "
                    "is better. It is no rating by people and does not compare with the last "
                    "column.",
                ),
                [
                    text("Method"),
                    text("told from original, %"),
                    text("test people"),
                    text("more"),
                    _of_paper("judged real by raters, %"),
                ],
                rows,
                paper=(4,),
            ),
            source(part, contents),
        ]
    )


def rater_study(contents: Contents) -> Html:
    """How to make Table 1 itself."""
    folders = [
        f"    --method {shlex.quote(f'{name}=OUT/generated/{name}')} \\"
        for name in contents.methods
    ]
    build = ["ecgan study build --real DATA \\", *folders, "    --out study"]
    return join(
        [
            paragraph(
                text(
                    "Table 1 itself needs people. With DATA for the prepared data and OUT for the "
                    "folder of this page, the study is these three commands: they choose pairs of "
                    "a "
                    "real and a generated picture, show them to raters in a browser, and give the "
                    "rate at which each method is judged real, with intervals. docs/study.md says "
                    "what to see to before asking anybody."
                )
            ),
            block([*build, "ecgan study serve study", "ecgan study results study"]),
        ]
    )


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


def _evaluations(contents: Contents) -> dict[str, Part]:
    found = {}
    for name in contents.methods:
        if EVALUATION + name in contents.parts:
            found[name] = contents.part(EVALUATION + name)
    if not found:
        raise Missing(f"no results/{EVALUATION}<method>.json is there")
    return found


_COMPARED = {"model": "translations", "identity": "output = input", "truth": "original images"}


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
    about = f"{_people(asked)} test people"
    if images:
        about += f", {' or '.join(map(str, images))} images a method"
    return table(
        _caption(
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
        _caption(f"{title}."), [text("Score"), *map(text, expressions)], rows, kind="stacked"
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
        _caption(f"VGG score by expression, {title}, %."),
        [text("Images"), *map(text, expressions)],
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
            text(_people(cells.values())),
        )
        for (first, second), cells in found.items()
    ]
    return table(
        _caption(
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
                f"{text(one.get('seed'))}: {number(one.get('original'), scale=100)} / "
                f"{number(one.get('generated'), scale=100)}"
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


def _people(found: Iterable[Interval | None]) -> str:
    """How many people the numbers are of."""
    counts = sorted({one.people for one in found if one is not None and one.people})
    return " or ".join(map(str, counts)) or NOTHING


def _rest(values: Mapping[str, Any], shown: Sequence[str]) -> str:
    """What else a part says, as words."""
    rest = [f"{key} {value}" for key, value in values.items() if key not in shown]
    return ", ".join(rest) or NOTHING


def _of_paper(name: str) -> Html:
    """Head of a column of the paper's own numbers."""
    return join([text(name), _OTHER_DATA], "<br>")


def _caption(title: str, more: str = "") -> Html:
    return join([Html(f"<b>{text(title)}</b>"), text(more)], " ")
