"""`ecgan profile`: every expression of a person, how it grows, and how it is recognised."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, percent, progress, say, say_json
from ecgan.apps.options import AsJson, Model, Photos
from ecgan.apps.photo_files import PhotoFile, check_outputs, opened, photo_files
from ecgan.errors import EcganError, FaceError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecgan.inference.translator import Translator

EXAMPLE = "Example: ecgan profile anna.jpg --levels 0,20,...,100 --out profiles"


def profile(
    photos: Photos,
    *,
    to: Annotated[
        str,
        typer.Option("--to", help="Expressions: as --to of `ecgan translate`.", metavar="NAME"),
    ] = "all",
    levels: Annotated[
        str, typer.Option(help="Strengths in rising whole per cents, up to 150.", metavar="LEVELS")
    ] = "0,25,...,100",
    model: Model = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = Path(
        "profiles"
    ),
    as_json: AsJson = False,
) -> None:
    """Draw the expression profile of the largest face of each photo.

    Writes DIR/<stem>.profile.png, with the faces, a radar of what the recogniser sees in each
    expression, and a curve of how each grows with strength; and DIR/<stem>.profile.json with the
    figures. They are of pictures that a model made: they say nothing of what a person feels.
    """
    files = photo_files(photos)
    check_outputs(files, out, ["profile"], "png")
    from ecgan.lab.profile import check_matplotlib

    check_matplotlib()
    from ecgan.expressions import parse_targets
    from ecgan.inference.translator import Translator
    from ecgan.lab.stimuli.plan import parse_levels

    strengths = [level / 100 for level in parse_levels(levels)]
    translator = Translator.load(model, route="neutral-first")
    targets = parse_targets(to, translator.vocabulary)
    results: list[dict[str, Any]] = []
    pictures = len(targets) * len(strengths)
    with progress("profile", "pictures") as report:
        counted = itertools.count(1)
        job = _Job(
            translator,
            strengths,
            targets,
            out,
            lambda: report(next(counted), len(files) * pictures),
        )
        for file in files:
            result = job.run(file)
            results.append(result)
            if result["refused"] is not None:
                complain(about(file.path, result["refused"]["message"]))
            elif not as_json:
                say(_as_line(result))
    if as_json:
        say_json(results)
    if any(result["refused"] for result in results):
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Job:
    """What is asked for, for one photo after another."""

    translator: Translator
    strengths: list[float]
    targets: tuple[str, ...]
    out: Path
    step: Callable[[], None]
    """Called after each picture."""

    def run(self, file: PhotoFile) -> dict[str, Any]:
        """The profile of a photo, its files written; what goes wrong with it is in `refused`."""
        result: dict[str, Any] = {"photo": str(file.path), "refused": None}
        try:
            result.update(self._profile(file))
        except MissingExtra:
            raise
        except EcganError as error:
            reason = error.reason if isinstance(error, FaceError) else "unusable"
            result["refused"] = {"reason": reason, "message": str(error)}
        return result

    def _profile(self, file: PhotoFile) -> dict[str, Any]:
        from ecgan.faces.photo import Photo
        from ecgan.files import write_json
        from ecgan.inference.marking import Mark, source_sha256, write_marked
        from ecgan.lab.profile import draw_profile, profile_of

        photo, translator = opened(file.path), self.translator
        name, sha256 = os.fsencode(file.path.name).decode(errors="replace"), source_sha256(photo)
        found = profile_of(photo, translator, self.strengths, self.targets, self.step)
        figures = found.as_json()
        mark = Mark(
            source=name,
            source_sha256=sha256,
            model_sha256=translator.sha256,
            settings={"expression": ", ".join(self.targets), "route": translator.route},
            faces=[figures],
            credit=translator.credit,
        )
        picture = file.output(self.out, "profile", "png")
        table = picture.with_suffix(".json")
        pixels = draw_profile(found, name)
        plain = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
        facts = {
            "synthetic": True,
            "source": {"file": name, "sha256": sha256},
            "model_sha256": translator.sha256,
            "recognizer_sha256": translator.recognizer.sha256,
            **figures,
        }
        write_marked(picture, pixels, plain, mark)
        write_json(table, facts)
        return {**facts, "outputs": {"picture": str(picture), "figures": str(table)}}


def _as_line(result: dict[str, Any]) -> str:
    shown = (f"{name} {percent(one['curve'][-1])}" for name, one in result["expressions"].items())
    return f"{result['photo']}: {', '.join(shown)}  {result['outputs']['picture']}"
