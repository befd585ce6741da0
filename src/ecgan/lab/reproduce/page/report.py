"""`report.html`: the tables and figures of a reproduction, in one file that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from ecgan import __version__
from ecgan.errors import EcganError
from ecgan.files import write_text
from ecgan.lab.reproduce.page import about, scores, table_1, table_2, work
from ecgan.lab.reproduce.page.contents import Contents, Missing, mapping, read_contents
from ecgan.lab.reproduce.page.figures import Figures
from ecgan.lab.reproduce.page.labels import METHODS, style_of
from ecgan.lab.reproduce.page.markup import Html, bullets, code, join, paragraph, text

REPORT_NAME = "report.html"
FIGURES_NAME = "figures"

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
    """A heading, and what makes each of the pieces below it."""

    key: str
    title: str
    pieces: Sequence[Callable[[], Html]]


def write_report(out: Path) -> Path:
    """Write `figures/*.png` and `report.html` from what is below `out`; returns the page's path.

    Equal contents give equal files. A part that is absent or damaged is named in the page, with
    the reason where it is known.

    Raises:
        OSError: `out` cannot be written.
    """
    contents = read_contents(out)
    figures = Figures(contents, out / FIGURES_NAME)
    missing: dict[Html, list[Section]] = {}
    planned = _sections(contents, figures)
    sections = [_shown(section, missing) for section in planned]
    template = Template(_resource("page.html"))
    page = template.substitute(
        title=text(_title(contents)),
        style=_resource("page.css"),
        lead=_lead(contents),
        contents=_links(planned),
        missing=_missing(missing, contents),
        sections=join(sections),
        version=text(__version__),
    )
    path = out / REPORT_NAME
    write_text(path, page)
    return path


def _sections(contents: Contents, figures: Figures) -> list[Section]:
    def of(make: Callable[[Contents], Html]) -> Callable[[], Html]:
        return lambda: make(contents)

    def evaluated(method: str) -> Callable[[], Html]:
        return lambda: scores.check_evaluated(contents, method)

    return [
        Section("result", "What came out", [of(table_2.questions)]),
        Section("table-2", "Table 2: recognition with generated images", [of(table_2.table_2)]),
        Section(
            "figure-5a",
            "Figure 5a: the VGG score",
            [figures.vgg_score, figures.vgg_score_by_expression, of(scores.vgg_scores)],
        ),
        Section(
            "scores",
            "All scores, method by method",
            [of(scores.all_scores), *map(evaluated, contents.methods)],
        ),
        Section(
            "table-1",
            "In place of Table 1: can generated images be told from original ones?",
            [of(table_1.table_1), of(table_1.rater_study)],
        ),
        Section("figure-3", "Figure 3: generation and neutralisation", [figures.figure_3]),
        Section(
            "figure-4",
            "Figure 4: all expressions",
            [figures.figure_4, figures.figure_4_methods],
        ),
        Section("figure-5bc", "Figure 5b-c: where the features lie", [figures.feature_maps]),
        Section("figure-5d", "Figure 5d: training", [figures.training_curves]),
        Section(
            "dose",
            "How many generated images, and how many people?",
            [figures.dose_generated, figures.dose_people],
        ),
        Section("data", "Data and credits", [of(about.data_card)]),
        Section("paper", "What does not compare with the paper", [of(about.comparability)]),
        Section("care", "What this must not be used for", [about.care]),
        Section("plan", "Methods and plan", [of(about.plan_of), of(work.done)]),
        Section("sources", "Sources of the numbers", [of(about.sources)]),
    ]


def _shown(section: Section, missing: dict[Html, list[Section]]) -> Html:
    pieces = []
    for make in section.pieces:
        try:
            pieces.append(make())
            continue
        except Missing as reason:
            why = text(reason)
        except _UNUSABLE as error:
            kind = f"{type(error).__name__}: {error}"
            why = text(f"a part has not the expected form, or could not be drawn ({kind})")
        if section not in missing.setdefault(why, []):
            missing[why].append(section)
            pieces.append(paragraph(Html("<b>Missing.</b> "), why, Html("."), kind="missing"))
    return Html(
        f'<section id="{section.key}" aria-labelledby="{section.key}-title">'
        f'<h2 id="{section.key}-title">{text(section.title)}</h2>{join(pieces)}</section>'
    )


def _missing(missing: Mapping[Html, Sequence[Section]], contents: Contents) -> Html:
    """Every reason once, with the sections that lack something for it."""
    left_out = [
        text(f"{style_of(name).label} is left out: {reason}")
        for name, reason in contents.skipped.items()
        if name in METHODS
    ]
    absent = [
        join([why, join([_link(section) for section in sections], ", ")], " → ")
        for why, sections in missing.items()
    ]
    if not left_out and not absent:
        return Html("")
    again = text("To make what is missing, run the same command again; what is done stays:")
    return Html(
        '<section class="missing" aria-labelledby="missing-title">'
        '<h2 id="missing-title">Missing in this page</h2>'
        f"{bullets([*left_out, *absent])}"
        f"{paragraph(join([again, code(contents.command)], ' '))}</section>"
    )


def _link(section: Section) -> Html:
    return Html(f'<a href="#{section.key}">{text(section.title)}</a>')


def _title(contents: Contents) -> str:
    name = contents.card.get("name") or contents.data.get("path") or contents.out.name
    return f"The ECGAN experiments on {name}"


def _lead(contents: Contents) -> Html:
    """Methods, people, size and date in one sentence or two."""
    provenance = mapping(contents.plan.get("provenance"))
    people = mapping(contents.data.get("people"))
    methods = ", ".join(style_of(name).label for name in contents.methods) or "no methods"
    seeds = contents.plan.get("seeds")
    count = len(seeds) if isinstance(seeds, list) else 0
    facts = [
        f"{methods}; {contents.plan.get('size', '?')} pixels; "
        f"{count or '?'} seed{'s' * (count != 1)}.",
        f"{people.get('train', '?')} people to train on, {people.get('test', '?')} others to test "
        f"on; none is in both.",
    ]
    made = [text(provenance["date"])] if provenance.get("date") else []
    return join(
        [
            paragraph(text(" ".join(facts)), kind="lead"),
            paragraph(join([*made, code(contents.command)], " · "), kind="source"),
        ]
    )


def _links(sections: Sequence[Section]) -> Html:
    return Html(f"<ol>{''.join(f'<li>{_link(one)}</li>' for one in sections)}</ol>")


def _resource(name: str) -> str:
    package = resources.files("ecgan.lab.reproduce.page")
    return package.joinpath(name).read_text(encoding="utf-8")
