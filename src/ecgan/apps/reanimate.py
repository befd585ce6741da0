"""`ecgan reanimate`: every expression from neutral photos, by a 3-D face model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecgan.apps.console import progress, say, say_json
from ecgan.apps.prepare import (
    LandmarkSource,
    SubjectPattern,
    Subjects,
    Workers,
    say_rejections,
)

if TYPE_CHECKING:
    from ecgan.lab.reanimate.run import ReanimateReport

EXAMPLE = (
    "Example: ecgan reanimate photos/neutral --facekit ICT-FaceKit/FaceXModel --out data/made; "
    "then: ecgan prepare data/made --out data/faces --card data/made/card.json"
)


def reanimate(
    photos: Annotated[
        list[Path],
        typer.Argument(
            help="Neutral photos, or folders of them (or with neutral/ inside).", metavar="PHOTOS"
        ),
    ],
    *,
    facekit: Annotated[
        Path,
        typer.Option(
            help="ICT-FaceKit's folder FaceXModel (github.com/ICT-VGL/ICT-FaceKit, MIT), "
            "or the model packed as .npz.",
            metavar="F",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the pictures.", metavar="DIR")],
    expressions: Annotated[
        str, typer.Option(help="Comma list of names, or all.", metavar="NAMES")
    ] = "all",
    pictures: Annotated[
        int, typer.Option(help="Pictures of each expression and person.", min=1)
    ] = 3,
    looks: Annotated[
        int,
        typer.Option(
            help="Looks of each person, each with all its --pictures: the first is the photo, "
            "further ones turn the head a little and change light, background and camera.",
            min=1,
        ),
    ] = 1,
    reshape: Annotated[
        float,
        typer.Option(help="How far further looks change the face, in standard deviations."),
    ] = 0.0,
    spread: Annotated[
        float,
        typer.Option(
            help="How much people and pictures of one expression differ: 1 as people do; 0 not at "
            "all, for translators that learn from the pairs."
        ),
    ] = 1.0,
    weakest: Annotated[float, typer.Option(help="Lowest intensity.")] = 0.3,
    strongest: Annotated[float, typer.Option(help="Highest intensity.")] = 1.2,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.")] = 320,
    seed: Annotated[int, typer.Option(help="Another seed, other styles and pictures.")] = 0,
    workers: Workers = None,
    landmarks: Annotated[
        LandmarkSource,
        typer.Option(help="Find them, take given ones, or given ones before finding."),
    ] = LandmarkSource.AUTO,
    subject_pattern: SubjectPattern = None,
    subjects: Subjects = None,
    card: Annotated[
        Path | None,
        typer.Option(help="JSON with name, licence and attribution of the photos.", metavar="FILE"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make labelled expressions of every intensity from one neutral photo a person.

    All pictures of a person in one look match pixel for pixel. The same command again goes on
    where it was stopped. DIR/report.json names every photo that could not be used, with its reason.
    """
    from ecgan.data.card import read_card
    from ecgan.expressions import NEUTRAL, Vocabulary, parse_targets
    from ecgan.lab.reanimate.people import ReanimationOptions
    from ecgan.lab.reanimate.recipes import RECIPES
    from ecgan.lab.reanimate.run import reanimate as reanimate_people

    options = ReanimationOptions(
        expressions=parse_targets(expressions, Vocabulary((NEUTRAL, *RECIPES))),
        pictures=pictures,
        weakest=weakest,
        strongest=strongest,
        size=size,
        seed=seed,
        landmarks=landmarks.value,
        looks=looks,
        reshape=reshape,
        spread=spread,
    )
    with progress("reanimate", "people") as report:
        result = reanimate_people(
            photos,
            facekit,
            out,
            options,
            workers=workers,
            subject_pattern=subject_pattern,
            subjects_csv=subjects,
            card=read_card(card) if card is not None else None,
            progress=report,
        )
    if as_json:
        say_json(result.to_json())
    else:
        _summarise(result, out)


def _summarise(report: ReanimateReport, out: Path) -> None:
    say_rejections(report.rejected, "left out", out)
    speed = ""
    if report.pictures_made:
        speed = f", {report.pictures_made / max(report.seconds, 1e-3):.1f} pictures/s"
    say(f"{report.pictures} pictures of {report.people} people{speed}")
    say(", ".join(f"{name} {count}" for name, count in report.by_expression.items()))
    say(f"pictures: {out}")
