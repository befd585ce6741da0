"""`report.html`: the tables and figures of a reproduction, in one file that needs nothing else.

Each piece of the page is a macro in `templates/sections.html`, which shows what the function of the
same name computes, or the contents as they are where there is none. Jinja escapes all that comes
from files.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader, TemplateError

from ecgan import __version__
from ecgan.errors import EcganError
from ecgan.files import write_text
from ecgan.lab.reproduce.page import charts, faces, labels, tables, training
from ecgan.lab.reproduce.page.contents import Missing, interval_of, read_contents
from ecgan.lab.reproduce.scores import PAPER, PAPER_ORIGINAL

REPORT_NAME = "report.html"

_COMPUTED = (tables, charts, training, faces)
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
    shown: list[tuple[str, str, list[str]]] = []
    missing: dict[str, dict[str, str]] = {}
    for key, title, pieces in labels.SECTIONS:
        html: list[str] = []
        shown.append((key, title, html))
        for piece in pieces:
            compute = next((getattr(one, piece) for one in _COMPUTED if hasattr(one, piece)), None)
            try:
                html.append(getattr(macros, piece)(compute(contents) if compute else contents))
                continue
            except Missing as error:
                reasons = [str(one) for one in error.args]
            except _UNUSABLE as error:
                kind = f"{type(error).__name__}: {error}"
                reasons = [f"a part has not the expected form, or could not be drawn ({kind})"]
            for reason in reasons:
                if key not in missing.setdefault(reason, {}):
                    missing[reason][key] = title
                    html.append(macros.absent(reason))
    page = templates.get_template("page.html").render(
        contents=contents,
        plan=contents.plan,
        left_out={key: why for key, why in contents.skipped.items() if key in labels.METHODS},
        sections=shown,
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
        "people": lambda value: labels.people_of([interval_of(value)]),
        "quote": shlex.quote,
        "rate": lambda value: labels.rate(interval_of(value)),
        "row_label": labels.label_of,
        "seconds": labels.seconds,
    }
    templates.globals |= {
        "paper": PAPER | {"default": PAPER["paper"]},
        "paper_original": PAPER_ORIGINAL,
    }
    return templates
