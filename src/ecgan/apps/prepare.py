"""`ecgan prepare`: folders of photos to training data."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import progress, say, say_json
from ecgan.errors import UsageError

if TYPE_CHECKING:
    from ecgan.data.report import PrepareReport

EXAMPLE = "Example: ecgan prepare photos/london photos/canada --out data/faces"
MAX_LISTED = 20
"""Rejected files that are printed; report.json has all."""


class LandmarkSource(StrEnum):
    DETECT = "detect"
    GIVEN = "given"
    AUTO = "auto"


def prepare(
    sources: Annotated[
        list[Path], typer.Argument(help="Folders with <expression>/<file> inside.", metavar="SRC")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the prepared data.", metavar="DATA")],
    layout: Annotated[str, typer.Option(help="How the sources are laid out.")] = "folders",
    size: Annotated[int, typer.Option(help="Side of the aligned images in pixels.")] = 256,
    workers: Annotated[
        int | None, typer.Option(help="Processes; default: one a CPU.", min=1)
    ] = None,
    landmarks: Annotated[
        LandmarkSource,
        typer.Option(help="Find them, take the given ones, or find where none are given."),
    ] = LandmarkSource.DETECT,
    subject_pattern: Annotated[
        str | None,
        typer.Option(help="Regular expression with a group (?P<subject>...).", metavar="REGEX"),
    ] = None,
    subjects: Annotated[
        Path | None, typer.Option(help="CSV with the columns file and subject.", metavar="CSV")
    ] = None,
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
    from ecgan.data.prepare import prepare as prepare_data

    with progress("prepare", "images") as report:
        result = prepare_data(
            sources,
            out,
            layout=layout,
            size=size,
            workers=workers,
            landmarks=landmarks.value,
            subject_pattern=subject_pattern,
            subjects_csv=subjects,
            card=read_card(card) if card is not None else None,
            progress=report,
        )
    if as_json:
        say_json(result.to_json())
    else:
        _summarise(result, out)


def read_card(file: Path) -> dict[str, Any]:
    """What the user says of the data. Raises UsageError."""
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read the card {file}: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"the card {file} is not JSON") from None
    if not isinstance(values, dict):
        raise UsageError(f'the card {file}: expected a JSON object such as {{"licence": ...}}')
    return values


def _summarise(report: PrepareReport, out: Path) -> None:
    for rejection in report.rejected[:MAX_LISTED]:
        say(f"rejected {rejection.file}: {rejection.message}")
    more = len(report.rejected) - MAX_LISTED
    if more > 0:
        say(f"... and {more} more, see {out / 'report.json'}")
    splits = ", ".join(
        f"{split} {count} ({report.people_by_split.get(split, 0)} people)"
        for split, count in report.images_by_split.items()
    )
    expressions = ", ".join(f"{name} {count}" for name, count in report.by_expression.items())
    speed = f", {report.images_per_second:.0f} images/s" if report.images_per_second else ""
    say(f"{report.accepted} of {report.found} images accepted ({report.accepted_share:.1%}){speed}")
    say(f"{splits}; {report.pairs} groups of pixel-aligned images")
    say(expressions)
    if report.landmark_error is not None:
        error = report.landmark_error
        say(f"landmarks against the given ones: median {error.median:.2%} of the eye distance")
    say(f"data: {out}")
