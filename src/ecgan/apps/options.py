"""Arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ecgan.faces.parts import Part
    from ecgan.inference.backends import Backend
    from ecgan.inference.strength import Route

Photos = Annotated[
    list[Path], typer.Argument(help="Photos, or folders of photos.", metavar="PHOTO")
]
Data = Annotated[Path, typer.Argument(help="Folder that `ecgan prepare` wrote.", metavar="DATA")]
Model = Annotated[
    str | None,
    typer.Option(help="Translator snapshot or hub id; default: the packaged one.", metavar="DIR"),
]
RouteName = Annotated[
    str | None,
    typer.Option(
        "--route",
        help="How an expressive face is translated: neutral-first, direct, or auto, the better of "
        "the two; default: what the snapshot says, or else neutral-first.",
        metavar="ROUTE",
    ),
]
BackendName = Annotated[
    str | None,
    typer.Option(
        "--backend",
        help="What runs the networks: torch, onnx, openvino, or auto, the fastest here that agrees "
        "with torch; default: torch.",
        metavar="NAME",
    ),
]
PartNames = Annotated[
    str | None,
    typer.Option(
        "--part",
        help="Change only brows, eyes or mouth, or a comma list of them; default: the whole face.",
        metavar="PART",
    ),
]
Seed = Annotated[int, typer.Option(help="Another seed, other people and pictures.", min=0)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def parts_of(names: str | None) -> tuple[Part, ...]:
    """The parts of that name; all where none is named.

    Raises:
        UsageError: there is no such part.
    """
    from ecgan.faces.parts import PARTS, parse_parts

    return parse_parts(names) if names else PARTS


def route_of(name: str | None) -> Route | None:
    """The route of that name; None: the snapshot's own.

    Raises:
        UsageError: there is no such route.
    """
    from ecgan.inference.strength import parse_route

    return parse_route(name) if name else None


def backend_of(name: str | None) -> Backend | None:
    """The backend of that name; None: torch, or an export's own.

    Raises:
        UsageError: there is no such backend.
    """
    from ecgan.inference.backends import parse_backend

    return parse_backend(name) if name else None
