"""`ecgan augment`: prepared data, balanced with translated training people."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import progress, say, say_json

EXAMPLE = "Example: ecgan augment data/faces --model runs/first/snapshot --out data/balanced"


def augment(
    data: Annotated[
        Path, typer.Argument(help="Folder that `ecgan prepare` wrote.", metavar="DATA")
    ],
    *,
    out: Annotated[Path, typer.Option(help="New folder, prepared data again.", metavar="DATA2")],
    model: Annotated[
        str | None,
        typer.Option(help="Translator snapshot or hub id; default: the packaged one."),
    ] = None,
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
    seed: Annotated[int, typer.Option(help="Another seed, other people and strengths.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
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
