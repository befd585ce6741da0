"""`ecgan draw`, `ecgan reanimate` and `ecgan augment`: training data where there are few photos."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import progress, say, say_json
from ecgan.apps.options import AsJson, Data, Model, Seed
from ecgan.apps.prepare import LandmarkSource, SubjectPattern, Subjects, Workers, say_rejections
from ecgan.errors import UsageError

DRAW_EXAMPLE = (
    "Example: ecgan draw --out drawn --people 60 --size 64 && ecgan prepare drawn --out data"
)
REANIMATE_EXAMPLE = (
    "Example: ecgan reanimate photos/neutral --facekit ICT-FaceKit/FaceXModel --out data/made; "
    "then: ecgan prepare data/made --out data/faces --card data/made/card.json"
)
AUGMENT_EXAMPLE = (
    "Example: ecgan augment data/faces --model runs/first/snapshot --out data/balanced"
)


def draw(
    *,
    out: Annotated[Path, typer.Option(help="New folder of the pictures.", metavar="DIR")],
    people: Annotated[int, typer.Option(help="How many people.", min=1)] = 40,
    size: Annotated[int, typer.Option(help="Side of the pictures in pixels.")] = 128,
    intensities: Annotated[
        str, typer.Option(help="Intensities of each expression, 0 to 1.2.")
    ] = "0.4,0.7,1.0",
    sittings: Annotated[
        int, typer.Option(help="Of each person: other pose, light and background.", min=1)
    ] = 1,
    seed: Seed = 0,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Draw people with seven expressions, exact masks, landmarks and pixel-aligned pairs.

    Every picture is marked as synthetic. The same seed gives the same people, however many.
    """
    from ecgan.lab.drawn.folder import Plan
    from ecgan.lab.drawn.folder import draw as draw_folder

    try:
        levels = tuple(float(part) for part in intensities.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"expected intensities such as 0.4,0.7,1.0; got {intensities!r}") from None
    plan = Plan(size=size, seed=seed, intensities=levels, sittings=sittings)
    with progress("draw", "images") as report:
        result = draw_folder(out, people, plan, workers=workers, progress=report)
    if as_json:
        say_json(asdict(result))
        return
    say(
        f"{result.images} images of {result.people} drawn people at {size} px, "
        f"{result.images_per_second:.0f} images/s"
    )
    say(f"drawn faces: {out}; next: ecgan prepare {out} --out DATA --size {size}")


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
    as_json: AsJson = False,
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
        expressions=parse_targets(expressions, Vocabulary((NEUTRAL, *RECIPES)), blends=False),
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
        return
    say_rejections(result.rejected, "left out", out)
    speed = ""
    if result.pictures_made:
        speed = f", {result.pictures_made / max(result.seconds, 1e-3):.1f} pictures/s"
    say(f"{result.pictures} pictures of {result.people} people{speed}")
    say(", ".join(f"{name} {count}" for name, count in result.by_expression.items()))
    say(f"pictures: {out}")


def augment(
    data: Data,
    *,
    out: Annotated[Path, typer.Option(help="New folder, prepared data again.", metavar="DATA2")],
    model: Model = None,
    recognizer: Annotated[
        str | None,
        typer.Option(help="Recogniser that checks; default: the packaged one.", metavar="DIR"),
    ] = None,
    per_class: Annotated[
        int | None,
        typer.Option(
            help="Training images of every expression; default: as many as the commonest has."
        ),
    ] = None,
    strengths: Annotated[
        tuple[float, float], typer.Option(help="Weakest and strongest expression.")
    ] = (0.75, 1.25),
    least_probability: Annotated[
        float, typer.Option(help="Of the asked expression, for an image to be kept.")
    ] = 0.5,
    attempts: Annotated[int, typer.Option(help="Translations tried for each image.")] = 3,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Bring every expression to the same number of training images.

    Translates people of the train split only and keeps what passes the checks: the asked
    expression is recognised, the face is where it was, nothing changed outside of it, it is still
    the same person. Every command reads DATA2 as it reads DATA; DATA2/cards.jsonl says why an
    image was left out.
    """
    from ecgan.lab.augment.maker import AugmentOptions
    from ecgan.lab.augment.run import CARDS_NAME
    from ecgan.lab.augment.run import augment as balance

    settings = AugmentOptions(
        per_class=per_class,
        weakest=strengths[0],
        strongest=strengths[1],
        least_probability=least_probability,
        attempts=attempts,
        seed=seed,
    )
    with progress("augment", "images") as report:
        result = balance(data, out, settings, model=model, recognizer=recognizer, progress=report)
    if as_json:
        say_json(asdict(result))
        return
    for name, before in result.before.items():
        say(f"  {name:<9} {before} -> {result.after[name]} training images")
    reasons = ", ".join(f"{n} {why}" for why, n in result.rejected_by_reason.items()) or "none"
    say(f"{result.kept} of {result.tried} translations kept; left out: {reasons}")
    say(f"balanced data: {out}; report cards: {out / CARDS_NAME}")
