"""`ecgan evaluate`: all scores of a snapshot on the test people of prepared data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecgan.apps.console import say

EXAMPLE = "Example: ecgan evaluate runs/first/snapshot data/faces --out scores.json"


def evaluate(
    snapshot: Annotated[str, typer.Argument(help="Translator snapshot: a folder or hub id.", metavar="SNAPSHOT")],
    data: Annotated[Path, typer.Argument(help="Folder that `ecgan prepare` wrote.", metavar="DATA")],
    out: Annotated[Path, typer.Option(help="JSON file for the scores.", metavar="F.json")],
    recognizer: Annotated[
        str | None,
        typer.Option(help="Recogniser that judges; default: the packaged one.", metavar="DIR"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON.")] = False,
) -> None:
    """Score a snapshot on people it never saw, with confidence intervals."""
