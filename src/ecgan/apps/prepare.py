"""`ecgan prepare`: folders of photos to training data."""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ecgan.apps.console import progress, say, say_json, warn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecgan.data.layouts import Rejection, Remark, Source
    from ecgan.data.likeness import FaceLikeness
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
    typer.Option(help="Who is who: regular expression with (?P<subject>...).", metavar="REGEX"),
]
Subjects = Annotated[
    Path | None, typer.Option(help="Who is who: columns file and subject.", metavar="CSV")
]


def prepare(
    sources: Annotated[
        list[Path], typer.Argument(help="Folders or .zip files of photos.", metavar="SRC")
    ],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the prepared data.", metavar="DATA")
    ] = None,
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
            help="detect: find them; given: take those of the source; auto: given ones, or else "
            "find them; default: detect, or what card.json of the sources says."
        ),
    ] = None,
    subject_pattern: SubjectPattern = None,
    subjects: Subjects = None,
    group_people: Annotated[
        bool,
        typer.Option(
            "--group-people",
            help="Where nothing says who is on a photo, group them by face likeness "
            "(pip install 'ecgan[identity]').",
        ),
    ] = False,
    labels: Annotated[
        str | None,
        typer.Option(
            help="YAML of your own names, lines such as 'Freude: happy'; or fer2013, rafdb or "
            "affectnet for numbered folders.",
            metavar="FILE",
        ),
    ] = None,
    split: Annotated[
        str, typer.Option(help="Shares of people for train,val,test.", metavar="A,B,C")
    ] = "75,10,15",
    use_parts: Annotated[
        bool,
        typer.Option("--use-parts", help="Split as the data's own train, val and test parts."),
    ] = False,
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
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say how the sources are understood."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Detect, align, mask and label faces, and split them by person.

    The same command again goes on where it was stopped. DATA/report.json names every rejected
    file with its reason.
    """
    from ecgan.data.card import joined_cards, read_card, source_card
    from ecgan.data.layouts import read_label_map
    from ecgan.data.prepare import prepare as prepare_data
    from ecgan.data.splits import parse_shares

    shares = parse_shares(split)
    label_map = read_label_map(labels) if labels is not None else None
    likeness = _likeness() if group_people else None
    said: list[str] = []
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
            labels=label_map,
            split=shares,
            use_parts=use_parts,
            likeness=likeness,
            variants=variants,
            only_basic=only_basic,
            peak_frames=peak_frames,
            card=read_card(card) if card is not None else (joined_cards(cards) or None),
            dry_run=dry_run,
            announce=None if as_json else _announce,
            remark=partial(_remark, said, quiet=as_json),
            progress=report,
        )
    for text in result.warnings:
        if text not in said:
            warn(text)
    if as_json:
        say_json({**({"dry_run": True} if dry_run else {}), **result.to_json()})
    else:
        _summarise(result, None if dry_run else out)
    if dry_run and not result.accepted:
        raise typer.Exit(1)


def _announce(source: Source) -> None:
    """What a source was taken for, and what its owners ask."""
    layout = source.layout
    say(f"{source.name}: layout {layout.name} ({source.why})")
    if layout.citation is not None:
        say(f"  {layout.title}. Terms: {layout.terms}. Cite: {layout.citation}")


def _remark(said: list[str], remark: Remark, *, quiet: bool) -> None:
    """Warnings at once, before the work starts; notes for readers."""
    said.append(remark.text)
    if remark.kind == "warning":
        warn(remark.text)
    elif not quiet:
        say(remark.text)


def _likeness() -> FaceLikeness:
    from ecgan.data.likeness import FaceLikeness
    from ecgan.evaluation.identity import dlib_measure

    measure = dlib_measure()
    assert measure.same_below is not None
    return FaceLikeness(measure.describe, measure.same_below)


def _landmarks(
    asked: LandmarkSource | None, cards: list[dict[str, Any]]
) -> Literal["detect", "given", "auto"]:
    if asked is not None:
        return asked.value
    given = [card.get("landmarks") == "given" for card in cards]
    return "given" if all(given) else "auto" if any(given) else "detect"


def say_rejections(rejections: Sequence[Rejection], verb: str, out: Path | None) -> None:
    """The first rejections, a line each, and where to find the rest."""
    for rejection in rejections[:MAX_LISTED]:
        say(f"{verb} {rejection.file}: {rejection.message}")
    more = len(rejections) - MAX_LISTED
    if more > 0:
        where = f"see {out / 'report.json'}" if out is not None else "all with --json"
        say(f"... and {more} more, {where}")


def _summarise(report: PrepareReport, out: Path | None) -> None:
    """`out`: None in a dry run."""
    say_rejections(report.rejected, "rejected", out)
    splits = ", ".join(
        f"{split} {count} ({report.people_by_split.get(split, 0)} people)"
        for split, count in report.images_by_split.items()
    )
    expressions = ", ".join(f"{name} {count}" for name, count in report.by_expression.items())
    speed = f", {report.images_per_second:.0f} images/s" if report.images_per_second else ""
    done = f"accepted ({report.accepted_share:.1%}){speed}" if out is not None else "would be read"
    say(f"{report.accepted} of {report.found} images {done}")
    if report.passed_over:
        say(f"passed over: {_passed_over(report.passed_over)}")
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
    say(f"data: {out}" if out is not None else "dry run: no photo was read, nothing was written")


def _passed_over(files: dict[str, list[str]]) -> str:
    """Counts by suffix, each with its first file."""
    return ", ".join(
        f"{len(names)} {kind} ({names[0]}{', ...' if len(names) > 1 else ''})"
        for kind, names in files.items()
    )


def _say_duplicates(report: PrepareReport) -> None:
    counts = report.duplicate_counts
    say(
        f"duplicates (kept, see report.json): {counts['same_pixels']} groups of the same pixels "
        f"({counts['same_pixels_across_people']} across people), "
        f"{counts['near_across_people']} nearly the same across people"
    )
    if report.duplicate_warning:
        say(f"WARNING: {report.duplicate_warning}")
