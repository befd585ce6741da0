"""`ecgan translate`: photos in, the same photos with other expressions out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, note, say, say_json, warn
from ecgan.apps.options import (
    AsJson,
    BackendName,
    Model,
    PartNames,
    Photos,
    RouteName,
    backend_of,
    parts_of,
    route_of,
)
from ecgan.apps.photo_files import (
    PhotoFile,
    check_folder,
    check_outputs,
    each_photo,
    opened,
    parse_format,
    photo_files,
)
from ecgan.errors import EcganError, FaceError, MissingExtra, UsageError
from ecgan.image_names import is_video

if TYPE_CHECKING:
    from ecgan.faces.finder import FaceChoice
    from ecgan.faces.parts import Part
    from ecgan.inference.strength import StrengthCurve
    from ecgan.inference.translator import Translator

EXAMPLE = (
    "Example: ecgan translate anna.jpg holiday/ --to happy,sad --strength 0.8 --out out && "
    "ecgan translate clip.mp4 --to happy --strength 0:0,2s:1"
)


def translate(
    photos: Photos,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Expression (happy), one of its recipes (happy:laugh), a blend "
            "(happy*0.7+surprise*0.3), a comma list of them, or 'all'.",
            metavar="NAME",
        ),
    ],
    strength: Annotated[
        str,
        typer.Option(
            help="1: the full expression; up to 1.5: exaggerated; 0: the neutral face, or with "
            "--route direct the photo itself. Of videos also keyframes: 0:0,2s:1.",
            metavar="S",
        ),
    ] = "1",
    model: Model = None,
    out: Annotated[Path, typer.Option(help="Folder for the results.", metavar="DIR")] = Path(
        "translated"
    ),
    face: Annotated[
        str,
        typer.Option(
            help="all, largest, left, right, center, N for the N-th largest face, or a comma list.",
            metavar="WHICH",
        ),
    ] = "largest",
    assume_neutral: Annotated[
        bool,
        typer.Option("--assume-neutral", help="Take every face for neutral, without looking."),
    ] = False,
    part: PartNames = None,
    route: RouteName = None,
    backend: BackendName = None,
    file_format: Annotated[
        str,
        typer.Option(
            "--format",
            help="keep, jpg, png or webp; keep: as the photo, or png if it is none of these.",
            metavar="FORMAT",
        ),
    ] = "keep",
    quality: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="Of JPEG and WebP; default: the photo's own, lossless if it is, or else 95.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give the faces in real photos and videos another expression, each at its own size.

    Writes OUT/<stem>.<expression>.<suffix> and, beside each, a .json that says how it was made.
    Photos that cannot be translated are named with the reason; the others go on, and the exit
    code is 1. In folders, outputs of ecgan and files that are no images are left out and named.
    """
    files = photo_files(photos)
    file_format = parse_format(file_format)
    if quality is not None and file_format == "png":
        raise UsageError("PNG is lossless: --quality goes with --format jpg or webp")
    check_folder(out)
    from ecgan.expressions import parse_targets
    from ecgan.faces.finder import parse_face_choice
    from ecgan.inference.strength import parse_strength
    from ecgan.inference.translator import Translator

    curve = parse_strength(strength)
    if curve.constant is None and not all(is_video(file.path) for file in files):
        raise UsageError("--strength takes keyframes for videos only, one number for photos")
    choice = parse_face_choice(face)
    parts = parts_of(part)
    translator = Translator.load(model, route=route_of(route), backend=backend_of(backend))
    if backend:
        note(f"{translator.engine} translates, {translator.recognizer.engine} recognises")
    targets = parse_targets(to, translator.vocabulary)
    for target in targets:
        translator.check(target, curve.keys[0][1])
    check_outputs(files, out, targets, file_format)

    job = Job(translator, targets, curve, choice, assume_neutral, out, file_format, quality, parts)

    def tell(file: PhotoFile) -> dict[str, Any]:
        result = job.run(file)
        for warning in result["warnings"]:
            warn(about(file.path, warning))
        if not as_json:
            for output in result["outputs"].values():
                say(f"{file.path} -> {output}")
        for refused in result["refused"]:
            complain(about(file.path, refused["message"]))
        return result

    results, missing = each_photo("translate", files, tell)
    failed = [result for result in results if result["refused"]]
    if as_json:
        say_json(results)
    elif len(files) > 1:
        translated = sum(bool(result["outputs"]) for result in results)
        say(f"{translated} of {len(files)} photos translated, {len(failed)} with refusals")
    if missing is not None:
        raise missing
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class Job:
    """What is asked for, for one photo after another."""

    translator: Translator
    targets: tuple[str, ...]
    curve: StrengthCurve
    choice: FaceChoice
    assume_neutral: bool
    out: Path
    file_format: str
    quality: int | None
    parts: tuple[Part, ...]
    """Of the face that may change."""

    def run(self, file: PhotoFile) -> dict[str, Any]:
        """Translate and write one photo; what can go wrong with it ends up in `refused`."""
        result: dict[str, Any] = {"photo": str(file.path), "outputs": {}}
        result.update({key: [] for key in ("faces", "refused", "warnings")})
        try:
            if is_video(file.path):
                from ecgan.apps.translate_video import translate_video

                translate_video(self, file, result)
            else:
                self._translate(file, result)
        except MissingExtra:
            raise
        except EcganError as error:
            reason = error.reason if isinstance(error, FaceError) else "unreadable"
            result["refused"].append({"face": None, "reason": reason, "message": str(error)})
        except OSError as error:
            where = f"{error.filename} " if error.filename else ""
            message = f"{where}cannot be written: {error.strerror or error}"
            result["refused"].append({"face": None, "reason": "unwritable", "message": message})
        return result

    def _translate(self, file: PhotoFile, result: dict[str, Any]) -> None:
        from ecgan.faces.photo_writing import what_is_lost
        from ecgan.inference.marking import source_sha256
        from ecgan.inference.results import describe_face, doubt_warnings

        strength = self.curve.keys[0][1]
        photo = opened(file.path)
        ready = self.translator.prepare(photo, self.choice, self.assume_neutral)
        sha256 = source_sha256(photo)
        result["faces"] = [describe_face(face) for face in ready.faces]
        result["warnings"] = [text for face in ready.faces for text in doubt_warnings(face)]
        result["refused"] = [
            {"face": face.number, "reason": face.reason, "message": face.message}
            for face in ready.refused
        ]
        asked = {"face": self.choice, "assume_neutral": self.assume_neutral}
        for target in self.targets:
            jobs = [(ready, target)]
            made = self.translator.render_all(jobs, strength, parts=self.parts, **asked)[0]
            result["warnings"] += [text for face in made.faces for text in face.warnings()]
            output = file.output(self.out, target, self.file_format)
            if target == self.targets[0]:
                for text in what_is_lost(photo, output.suffix, self.quality):
                    warn(about(file.path, text))
            made.save(output, quality=self.quality, mark=made.mark(sha256=sha256))
            result["outputs"][target] = str(output)
