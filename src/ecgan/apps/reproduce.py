"""`ecgan reproduce`: the paper's experiments on any prepared data, as one report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import say, say_json
from ecgan.errors import UsageError

EXAMPLE = "Example: ecgan reproduce data/faces --out reproduced --budget cpu --size 128"


def reproduce(
    data: Annotated[
        Path, typer.Argument(help="Folder that `ecgan prepare` wrote.", metavar="DATA")
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder of results and report.", metavar="DIR")],
    methods: Annotated[
        str | None,
        typer.Option(
            help="Some of pix2pix, cyclegan, cyclegan-shared, stargan, paper, default; "
            "default: all that the data allow.",
            metavar="A,B,...",
        ),
    ] = None,
    budget: Annotated[
        str, typer.Option(help="smoke, cpu, full, a number of updates, or a YAML file.")
    ] = "cpu",
    size: Annotated[
        int | None, typer.Option(help="Training size in pixels; default: the budget's.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Recognisers of each row of Table 2.", min=1)
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(help="One part, such as table2, and what it needs.", metavar="PART"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Train the paper's methods under one budget, generate, score, and write DIR/report.html.

    What is done is not done again: the same command goes on after a stop. What other settings have
    made in DIR is kept. DIR/results has every number with the command that makes it.
    """
    chosen = None
    if methods is not None:
        chosen = [name.strip() for name in methods.split(",") if name.strip()]
        if not chosen:
            raise UsageError("--methods expects names separated by commas, such as paper,default")
    from ecgan.lab.reproduce import reproduce as run

    result = run(
        data,
        out,
        methods=chosen,
        budget=budget,
        size=size,
        seeds=seeds,
        only=only,
        progress=not as_json,
        say=(lambda _: None) if as_json else say,
    )
    if as_json:
        say_json({"report": str(result.report), "parts_done": result.parts})
        return
    say(f"report: {result.report}")
