"""`report.html`: the tables and figures of a reproduction, in one file that needs nothing else.

Each piece of the page is a function that computes plain values and a macro of the same name in
`templates/sections.html` that shows them; Jinja escapes all that comes from files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ecgan import __version__
from ecgan.errors import EcganError
from ecgan.files import write_text
from ecgan.lab.reproduce.page import about, figures, tables
from ecgan.lab.reproduce.page.contents import Contents, Missing, listed, read_contents
from ecgan.lab.reproduce.page.labels import METHODS, labels_of, number, style_of
from ecgan.lab.reproduce.page.tables import Context

REPORT_NAME = "report.html"

Piece = Callable[[Contents], Context]

_SECTIONS: Mapping[tuple[str, str], tuple[Piece, ...]] = {
    ("result", "What came out"): (tables.questions,),
    ("table-2", "Table 2: recognition with generated images"): (tables.table_2,),
    ("figure-5a", "Figure 5a: the VGG score"): (
        figures.vgg_score,
        figures.vgg_score_by_expression,
        tables.vgg_scores,
    ),
    ("scores", "All scores, method by method"): (tables.all_scores, tables.unevaluated),
    ("table-1", "In place of Table 1: can generated images be told from original ones?"): (
        tables.table_1,
        tables.rater_study,
    ),
    ("figure-3", "Figure 3: generation and neutralisation"): (figures.figure_3,),
    ("figure-4", "Figure 4: all expressions"): (figures.figure_4, figures.figure_4_methods),
    ("figure-5bc", "Figure 5b-c: where the features lie"): (figures.feature_maps,),
    ("figure-5d", "Figure 5d: training"): (figures.training_curves,),
    ("dose", "How many generated images, and how many people?"): (
        figures.dose_generated,
        figures.dose_people,
    ),
    ("data", "Data and credits"): (about.data_card,),
    ("paper", "What does not compare with the paper"): (about.comparability,),
    ("care", "What this must not be used for"): (about.care,),
    ("plan", "Methods and plan"): (about.plan, about.work),
    ("sources", "Sources of the numbers"): (about.sources,),
}
_UNUSABLE = (
    EcganError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    OSError,
)
"""What a part that has not the expected form gives rise to. One bad part must not cost the page."""


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
    templates = Environment(
        loader=PackageLoader("ecgan.lab.reproduce.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["number"] = number
    macros: Any = templates.get_template("sections.html").module
    sections: list[Section] = []
    missing: dict[str, list[Section]] = {}
    for (key, title), pieces in _SECTIONS.items():
        section = Section(key, title, [])
        sections.append(section)
        for piece in pieces:
            name = piece.__name__
            try:
                section.pieces.append(getattr(macros, name)(piece(contents)))
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
        **_head(contents), sections=sections, missing=missing
    )
    path = out / REPORT_NAME
    write_text(path, page + "\n")
    return path


def _head(contents: Contents) -> Context:
    """Methods, people, size, date and what was left out on purpose."""
    return {
        "title": f"The ECGAN experiments on {contents.name or contents.out.name}",
        "methods": labels_of(contents.methods),
        "size": contents.plan.get("size", "?"),
        "num_seeds": len(listed(contents.plan.get("seeds"))),
        "people": contents.people,
        "date": contents.provenance.get("date"),
        "command": contents.command,
        "left_out": {
            style_of(key).label: reason
            for key, reason in contents.skipped.items()
            if key in METHODS
        },
        "version": __version__,
    }
