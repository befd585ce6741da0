"""`ecgan bench`: how fast training, translation and preparation run on this machine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

EXAMPLE = "Example: ecgan bench train --preset cyclegan --size 256 --json"


class What(StrEnum):
    TRAIN = "train"
    TRANSLATE = "translate"
    PREPARE = "prepare"


def bench(
    what: Annotated[What, typer.Argument(help="What to time.", metavar="train|translate|prepare")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Time training, translation or preparation, and compare with the machine's own limit."""
