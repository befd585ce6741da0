"""`ecgan recognize`: the expression of each face in photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, percent, progress, say, say_json
from ecgan.apps.photo_files import photo_files
from ecgan.errors import EcganError

if TYPE_CHECKING:
    from ecgan.inference.recognition import RecognisedFace

EXAMPLE = "Example: ecgan recognize anna.jpg holiday/ --json"


def recognize(
    photos: Annotated[
        list[Path], typer.Argument(help="Photos, or folders of photos.", metavar="PHOTO")
    ],
    *,
    model: Annotated[
        str | None,
        typer.Option(help="Recogniser snapshot; default: the packaged one.", metavar="DIR"),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print boxes and all probabilities.")
    ] = False,
) -> None:
    """Find the faces in photos and name their expressions, with probabilities.

    It names what a picture shows, not what a person feels.
    """
    files = photo_files(photos)
    from ecgan.faces.photo import read_photo
    from ecgan.inference.photo_faces import FaceFinder
    from ecgan.inference.recognition import recognise_faces
    from ecgan.inference.recognizer import Recognizer

    recognizer, finder = Recognizer.load(model), FaceFinder()
    results: list[dict[str, Any]] = []
    failed = False
    with progress("recognize", "photos", lines=False) as report:
        for done, file in enumerate(files, start=1):
            result: dict[str, Any] = {"photo": str(file.path), "faces": [], "error": None}
            results.append(result)
            try:
                photo = read_photo(file.path)
                faces = recognise_faces(photo, finder.find(photo), recognizer)
            except EcganError as error:
                failed = True
                result["error"] = str(error)
                complain(about(file.path, str(error)))
                faces = []
            result["faces"] = [_as_json(face) for face in faces]
            if not as_json:
                for face in faces:
                    say(f"{file.path}: {_as_line(face)}")
            report(done, len(files))
    if as_json:
        say_json(results)
    if failed:
        raise typer.Exit(1)


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
