"""`ecgan draw`: labelled cartoon faces, free to use, where there are no photos."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import progress, say, say_json
from ecgan.apps.prepare import Workers
from ecgan.errors import UsageError

EXAMPLE = "Example: ecgan draw --out drawn --people 60 --size 64 && ecgan prepare drawn --out data"


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
    seed: Annotated[int, typer.Option(help="Another seed, other people.", min=0)] = 0,
    workers: Workers = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Draw people with seven expressions, exact masks, landmarks and pixel-aligned pairs.

    Every picture is marked as synthetic. The same seed gives the same people, however many.
    """
    from ecgan.lab.drawn.folder import Plan
    from ecgan.lab.drawn.folder import draw as draw_folder

    plan = Plan(size=size, seed=seed, intensities=_levels(intensities), sittings=sittings)
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


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise UsageError(f"expected intensities such as 0.4,0.7,1.0; got {text!r}") from None
