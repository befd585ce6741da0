"""`report.html`: the tables and figures of a reproduction, in one file that needs nothing else.

Each piece of the page is a macro in `templates/sections.html`, which shows what the function of the
same name computes, or the contents as they are where there is none. Jinja escapes all that comes
from files.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, TemplateError

from ecgan import __version__
from ecgan.errors import EcganError
from ecgan.files import write_text
from ecgan.lab.reproduce.page import charts, faces, labels, tables, training
from ecgan.lab.reproduce.page.contents import Contents, Missing, read_contents

REPORT_NAME = "report.html"

_COMPUTED: Mapping[str, Callable[[Contents], Any]] = {
    piece.__name__: piece
    for piece in (
        tables.questions,
        tables.table_2,
        tables.vgg_scores,
        tables.all_scores,
        tables.unevaluated,
        tables.table_1,
        tables.plan,
        tables.work,
        charts.vgg_score,
        charts.vgg_score_by_expression,
        charts.feature_maps,
        charts.dose_generated,
        charts.dose_people,
        training.training_curves,
        faces.figure_3,
        faces.figure_4,
        faces.figure_4_methods,
    )
}
_SECTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "result": ("What came out", ("questions",)),
    "table-2": ("Table 2: recognition with generated images", ("table_2",)),
    "figure-5a": (
        "Figure 5a: the VGG score",
        ("vgg_score", "vgg_score_by_expression", "vgg_scores"),
    ),
    "scores": ("All scores, method by method", ("all_scores", "unevaluated")),
    "table-1": (
        "In place of Table 1: can generated images be told from original ones?",
        ("table_1", "rater_study"),
    ),
    "figure-3": ("Figure 3: generation and neutralisation", ("figure_3",)),
    "figure-4": ("Figure 4: all expressions", ("figure_4", "figure_4_methods")),
    "figure-5bc": ("Figure 5b-c: where the features lie", ("feature_maps",)),
    "figure-5d": ("Figure 5d: training", ("training_curves",)),
    "dose": (
        "How many generated images, and how many people?",
        ("dose_generated", "dose_people"),
    ),
    "data": ("Data and credits", ("data_card",)),
    "paper": ("What does not compare with the paper", ("comparability",)),
    "care": ("What this must not be used for", ("care",)),
    "plan": ("Methods and plan", ("plan", "work")),
    "sources": ("Sources of the numbers", ("sources",)),
}
_UNUSABLE = (
    EcganError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    OSError,
    TemplateError,
)
"""What a part that has not the expected form gives rise to. One bad part must not cost the page."""


class _Dash(ChainableUndefined):
    """What is not there, however deep, is a dash in the page."""

    def __str__(self) -> str:
        return labels.NOTHING


@dataclass(frozen=True)
class Section:
    """A heading and the pieces below it, in HTML that is safe."""

    key: str
    title: str
    pieces: list[str]


def write_report(out: Path) -> Path:
    """Write `figures/*.png` and `report.html` from what is below `out`; returns the page's path.

    Equal contents give equal files. A part that is absent or damaged is named in the page, with
    the reason where it is known.

    Raises:
        OSError: `out` cannot be written.
    """
    contents = read_contents(out)
    templates = _templates()
    macros: Any = templates.get_template("sections.html").module
    sections: list[Section] = []
    missing: dict[str, list[Section]] = {}
    for key, (title, pieces) in _SECTIONS.items():
        section = Section(key, title, [])
        sections.append(section)
        for piece in pieces:
            try:
                shown = _COMPUTED[piece](contents) if piece in _COMPUTED else contents
                section.pieces.append(getattr(macros, piece)(shown))
                continue
            except Missing as error:
                reasons = [str(one) for one in error.args]
            except _UNUSABLE as error:
                kind = f"{type(error).__name__}: {error}"
                reasons = [f"a part has not the expected form, or could not be drawn ({kind})"]
            for reason in reasons:
                if section not in missing.setdefault(reason, []):
                    missing[reason].append(section)
                    section.pieces.append(macros.absent(reason))
    page = templates.get_template("page.html").render(
        contents=contents,
        plan=contents.plan,
        left_out={key: why for key, why in contents.skipped.items() if key in labels.METHODS},
        sections=sections,
        missing=missing,
        version=__version__,
    )
    path = out / REPORT_NAME
    write_text(path, page + "\n")
    return path


def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("ecgan.lab.reproduce.page"),
        extensions=["jinja2.ext.do"],
        autoescape=True,
        undefined=_Dash,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "code": labels.code,
        "label": lambda key: labels.style_of(key).label,
        "labels": labels.labels_of,
        "lines": labels.lines,
        "number": labels.number,
        "plain": labels.plain,
        "plain_rate": labels.plain_rate,
        "quote": shlex.quote,
        "row_label": labels.label_of,
        "seconds": labels.seconds,
    }
    return templates
