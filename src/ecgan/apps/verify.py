"""`ecgan verify`: is a picture or video marked as synthetic, and what made it from what."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, say, say_json, warn
from ecgan.apps.options import AsJson
from ecgan.errors import ImageError, UsageError, VideoError
from ecgan.image_names import IMAGE_SUFFIXES, VIDEO_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EXAMPLE = "Example: ecgan verify translated/anna.happy.jpg"


def verify(
    files: Annotated[
        list[Path], typer.Argument(help="Images and videos, or folders of these.", metavar="FILE")
    ],
    *,
    as_json: AsJson = False,
) -> None:
    """Say of each file whether it is marked as synthetic, by which model and from which source.

    It reads the mark inside the file and the sidecar (FILE.json) beside it. Unknown means that
    there is no mark: anybody can remove one. The exit code is 0 if every file is marked and agrees
    with its sidecar, or else 1.
    """
    results = []
    for path in _files(files):
        result = _verified(path)
        results.append(result)
        if result["error"]:
            complain(about(path, result["error"]))
        elif not as_json:
            say(f"{path}: {_as_line(result)}")
        for text in result["disagreements"]:
            warn(about(path, text))
    if as_json:
        say_json(results)
    if any(r["verdict"] != "synthetic" or r["disagreements"] for r in results):
        raise typer.Exit(1)


def _files(arguments: Sequence[Path]) -> Iterator[Path]:
    for argument in arguments:
        if not argument.is_dir():
            if not argument.exists():
                raise UsageError(f"no file or folder {argument}; expected an image")
            yield argument
            continue
        suffixes = {*IMAGE_SUFFIXES, *VIDEO_SUFFIXES}
        found = sorted(
            path
            for path in argument.rglob("*")
            if path.suffix.lower() in suffixes and not path.name.startswith(".")
        )
        if not found:
            raise ImageError(
                f"no images or videos in the folder {argument}; expected .jpg, .png or others"
            )
        yield from found


def _verified(path: Path) -> dict[str, Any]:
    """The result for one file as JSON values."""
    from ecgan.inference.verifying import verify_file

    result: dict[str, Any] = {"file": str(path), "verdict": "unknown", "error": None}
    empty = dict.fromkeys(("tool", "model", "source_sha256", "mark", "sidecar", "unchanged"))
    result |= {**empty, "disagreements": []}
    try:
        seen = verify_file(path)
    except (ImageError, VideoError) as error:
        return {**result, "error": str(error)}
    result |= asdict(seen)
    result["disagreements"] = list(seen.disagreements)
    if seen.mark is not None:
        result |= {key: result["mark"][key] for key in ("tool", "model", "source_sha256")}
    return result


def _as_line(result: dict[str, Any]) -> str:
    if result["verdict"] == "unknown":
        return "unknown, no mark"
    made = f"by {result['tool']}" if result["tool"] else "by another tool, or one that is not named"
    if result["model"]:
        made += f", model {result['model'][:12]}"
    if result["source_sha256"]:
        made += f", from {result['source_sha256'][:12]}"
    changed = "; changed since it was written" if result["unchanged"] is False else ""
    return f"synthetic, {made} ({', '.join(result['mark']['places'])}{changed})"
