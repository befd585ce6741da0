"""`ecgan prepare`: folders of photos to training data."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ecgan.apps.console import progress, say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecgan.data.layouts import Rejection, Source
    from ecgan.data.report import PrepareReport

EXAMPLE = "Example: ecgan prepare photos/london kdef.zip --out data/faces"
MAX_LISTED = 20
"""Rejected files that are printed; report.json has all."""


class LandmarkSource(StrEnum):
    DETECT = "detect"
    GIVEN = "given"
    AUTO = "auto"


Workers = Annotated[int | None, typer.Option(help="Processes; default: one a CPU.", min=1)]
SubjectPattern = Annotated[
    str | None,
    typer.Option(help="Regular expression with a group (?P<subject>...).", metavar="REGEX"),
]
Subjects = Annotated[
    Path | None, typer.Option(help="CSV with the columns file and subject.", metavar="CSV")
]


def prepare(
    sources: Annotated[
        list[Path], typer.Argument(help="Folders or .zip files of photos.", metavar="SRC")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the prepared data.", metavar="DATA")],
    layout: Annotated[
        str,
        typer.Option(
            help="auto, or folders, ar, yale, jaffe, ferg, bu3dfe, ckplus, rafd, kdef, fer2013, "
            "ferplus, affectnet, rafdb.",
            metavar="NAME",
        ),
    ] = "auto",
    size: Annotated[int, typer.Option(help="Side of the aligned images in pixels.")] = 256,
    workers: Workers = None,
    landmarks: Annotated[
        LandmarkSource | None,
        typer.Option(
            help="Find them, take the given ones, or find where none are given; default: detect, "
            "or what card.json of the sources says."
        ),
    ] = None,
    subject_pattern: SubjectPattern = None,
    subjects: Subjects = None,
    variants: Annotated[
        str,
        typer.Option(
            help="Other light, occlusions and poses to keep: none, all, or names such as "
            "glasses,left-light.",
            metavar="NAMES",
        ),
    ] = "none",
    only_basic: Annotated[
        bool, typer.Option("--only-basic", help="Only the seven usual expressions.")
    ] = False,
    peak_frames: Annotated[
        int, typer.Option(help="CK+: last frames of a sequence that show its expression.", min=1)
    ] = 3,
    card: Annotated[
        Path | None,
        typer.Option(help="JSON with name, licence and attribution of the data.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Detect, align, mask and label faces, and split them by person.

    The same command again goes on where it was stopped. DATA/report.json names every rejected
    file with its reason.
    """
    from ecgan.data.card import joined_cards, read_card, source_card
    from ecgan.data.prepare import prepare as prepare_data

    cards = [source_card(source) for source in sources]
    with progress("prepare", "images") as report:
        result = prepare_data(
            sources,
            out,
            layout=layout,
            size=size,
            workers=workers,
            landmarks=_landmarks(landmarks, cards),
            subject_pattern=subject_pattern,
            subjects_csv=subjects,
            variants=variants,
            only_basic=only_basic,
            peak_frames=peak_frames,
            card=read_card(card) if card is not None else (joined_cards(cards) or None),
            announce=None if as_json else _announce,
            progress=report,
        )
    if as_json:
        say_json(result.to_json())
    else:
        _summarise(result, out)


def _announce(source: Source) -> None:
    """What a source was taken for, and what its owners ask."""
    layout = source.layout
    say(f"{source.name}: layout {layout.name} ({source.why})")
    if layout.citation is not None:
        say(f"  {layout.title}. Terms: {layout.terms}. Cite: {layout.citation}")


def _landmarks(
    asked: LandmarkSource | None, cards: list[dict[str, Any]]
) -> Literal["detect", "given", "auto"]:
    if asked is not None:
        return asked.value
    given = [card.get("landmarks") == "given" for card in cards]
    return "given" if all(given) else "auto" if any(given) else "detect"


def say_rejections(rejections: Sequence[Rejection], verb: str, out: Path) -> None:
    """The first rejections, a line each, and where to find the rest."""
    for rejection in rejections[:MAX_LISTED]:
        say(f"{verb} {rejection.file}: {rejection.message}")
    more = len(rejections) - MAX_LISTED
    if more > 0:
        say(f"... and {more} more, see {out / 'report.json'}")


def _summarise(report: PrepareReport, out: Path) -> None:
    say_rejections(report.rejected, "rejected", out)
    splits = ", ".join(
        f"{split} {count} ({report.people_by_split.get(split, 0)} people)"
        for split, count in report.images_by_split.items()
    )
    expressions = ", ".join(f"{name} {count}" for name, count in report.by_expression.items())
    speed = f", {report.images_per_second:.0f} images/s" if report.images_per_second else ""
    say(f"{report.accepted} of {report.found} images accepted ({report.accepted_share:.1%}){speed}")
    if report.left_out:
        left_out = ", ".join(f"{reason} {count}" for reason, count in report.left_out.items())
        say(f"left out by the options: {left_out}")
    say(f"{splits}; {report.pairs} groups of pixel-aligned images")
    say(expressions)
    if report.duplicates:
        _say_duplicates(report)
    if report.landmark_error is not None:
        error = report.landmark_error
        say(f"landmarks against the given ones: median {error.median:.2%} of the eye distance")
    say(f"data: {out}")


def _say_duplicates(report: PrepareReport) -> None:
    from ecgan.data.report import duplicate_warning

    counts = report.duplicate_counts
    say(
        f"duplicates (kept, see report.json): {counts['same_pixels']} groups of the same pixels "
        f"({counts['same_pixels_across_people']} across people), "
        f"{counts['near_across_people']} nearly the same across people"
    )
    if counts["across_splits"]:
        say(f"WARNING: {duplicate_warning(counts)}")
