"""`ecgan recognize`: the expression of each face in photos."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, note, percent, say, say_json
from ecgan.apps.options import BackendName, Photos, backend_of
from ecgan.apps.photo_files import PhotoFile, each_photo, opened, photo_files
from ecgan.errors import EcganError, MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecgan.faces.finder import FaceFinder
    from ecgan.inference.recognition import RecognisedFace
    from ecgan.inference.recognizer import Recognizer

EXAMPLE = "Example: ecgan recognize anna.jpg holiday/ --csv > expressions.csv"


def recognize(
    photos: Photos,
    *,
    model: Annotated[
        str | None,
        typer.Option(help="Recogniser snapshot; default: the packaged one.", metavar="DIR"),
    ] = None,
    backend: BackendName = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print boxes and all probabilities.")
    ] = False,
    as_csv: Annotated[
        bool,
        typer.Option("--csv", help="Print the same as a table: a line for each face."),
    ] = False,
) -> None:
    """Find the faces in photos and name their expressions, with probabilities.

    It names what a picture shows, not what a person feels. Files in folders that are no images
    are passed over and named.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other; give one of them")
    files = photo_files(photos, True)
    from ecgan.faces.finder import FaceFinder
    from ecgan.inference.recognizer import Recognizer

    recognizer, finder = Recognizer.load(model, backend=backend_of(backend)), FaceFinder()
    if backend:
        note(f"{recognizer.engine} recognises")
    names = recognizer.vocabulary.names

    def tell(file: PhotoFile) -> dict[str, Any]:
        faces, error = _recognised(file.path, finder, recognizer)
        shown = [_as_json(face) for face in faces]
        result = {"photo": str(file.path), "faces": shown, "error": error}
        if as_csv:
            _say_rows(_rows(result, names))
        elif not as_json:
            for face in faces:
                say(f"{file.path}: {_as_line(face)}")
        return result

    if as_csv:
        box = ("x0", "y0", "x1", "y1")
        _say_rows([("photo", "face", *box, "expression", *names, "doubt", "error")])
    results, missing = each_photo("recognize", files, tell)
    if as_json:
        say_json(results)
    if missing is not None:
        raise missing
    if any(result["error"] for result in results):
        raise typer.Exit(1)


def _recognised(
    path: Path, finder: FaceFinder, recognizer: Recognizer
) -> tuple[list[RecognisedFace], str | None]:
    """The faces of a photo, or why there are none."""
    from ecgan.inference.recognition import recognise_faces

    try:
        photo = opened(path)
        return recognise_faces(photo, finder.find(photo), recognizer), None
    except MissingExtra:
        raise
    except EcganError as error:
        complain(about(path, str(error)))
        return [], str(error)


def _as_json(face: RecognisedFace) -> dict[str, Any]:
    return {
        "face": face.number,
        "box": [round(float(value), 1) for value in face.box],
        "expression": face.expression,
        "probabilities": {name: round(p, 4) for name, p in face.probabilities.items()},
        "doubt": face.doubt,
    }


def _as_line(face: RecognisedFace) -> str:
    best = sorted(face.probabilities.items(), key=lambda pair: -pair[1])[:3]
    names = ", ".join(f"{name} {percent(p)}" for name, p in best)
    x0, y0, x1, y1 = (round(float(value)) for value in face.box)
    doubt = f" (unreliable: {face.doubt})" if face.doubt else ""
    return f"face {face.number} at {x0},{y0}-{x1},{y1}: {names}{doubt}"


def _rows(result: dict[str, Any], names: Sequence[str]) -> Iterator[Sequence[object]]:
    """The lines of a photo: one for each face, or one with the error."""
    if result["error"] is not None:
        yield (result["photo"], *[""] * (6 + len(names)), "", result["error"])
    for face in result["faces"]:
        values = (face["probabilities"][name] for name in names)
        start = (result["photo"], face["face"], *face["box"], face["expression"])
        yield (*start, *values, face["doubt"] or "", "")


def _say_rows(rows: Iterable[Sequence[object]]) -> None:
    csv.writer(sys.stdout, lineterminator="\n").writerows(rows)
    sys.stdout.flush()
