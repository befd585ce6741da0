"""In place of Table 1: the classifier two-sample test, and how to ask raters."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ecgan.lab.reproduce.page.contents import Contents
from ecgan.lab.reproduce.page.labels import style_of
from ecgan.lab.reproduce.page.markup import Html, block, join, paragraph, table, text
from ecgan.lab.reproduce.page.numbers import NOTHING, interval_of, number, rate
from ecgan.lab.reproduce.page.origin import caption, of_paper, ordered, people_of, source
from ecgan.lab.reproduce.paper import PAPER


def table_1(contents: Contents) -> Html:
    """The classifier two-sample test, which no rater took part in, beside the paper's Table 1."""
    part = contents.part("two_sample")
    names = ordered(part.values, contents)
    rows = [
        (
            text(style_of(name).label),
            rate(interval_of(part.values[name].get("accuracy"))),
            text(people_of([interval_of(part.values[name].get("accuracy"))])),
            text(_rest(part.values[name], ("accuracy",))),
            text(number(PAPER[name].judged_real, 2) if name in PAPER else NOTHING),
        )
        for name in names
    ]
    return join(
        [
            table(
                caption(
                    "Classifier two-sample test (Lopez-Paz and Oquab 2017).",
                    "How often a ridge classifier on features of the recogniser tells generated "
                    "images from original ones, on people it was not trained on: 50 % is chance, "
                    "lower is better. It is no rating by people and does not compare with the "
                    "last column.",
                ),
                [
                    text("Method"),
                    text("told from original, %"),
                    text("test people"),
                    text("more"),
                    of_paper("judged real by raters, %"),
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
                    "a real and a generated picture, show them to raters in a browser, and give "
                    "the rate at which each method is judged real, with intervals. docs/study.md "
                    "says what to see to before asking anybody."
                )
            ),
            block([*build, "ecgan study serve study", "ecgan study results study"]),
        ]
    )


def _rest(values: Mapping[str, Any], shown: Sequence[str]) -> str:
    """What else a part says, as words."""
    rest = [f"{key} {value}" for key, value in values.items() if key not in shown]
    return ", ".join(rest) or NOTHING
