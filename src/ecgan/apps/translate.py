"""`ecgan translate`: photos in, the same photos with other expressions out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecgan.apps.console import about, complain, say, say_json, warn
from ecgan.apps.options import AsJson, Model, PartNames, Photos, RouteName, parts_of, route_of
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
    from collections.abc import Sequence

    from ecgan.faces.finder import FaceChoice
    from ecgan.faces.parts import Part
    from ecgan.inference.crops import ReadyFace
    from ecgan.inference.marking import Mark
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
    translator = Translator.load(model, route=route_of(route))
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
    """Of the face that may change; none: all."""

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

    def warnings_of(self, faces: Sequence[ReadyFace], target: str, strength: float) -> list[str]:
        """What is to be said of the translated faces; one part need not show the expression."""
        if self.parts:
            return []
        return [text for face in faces for text in result_warnings(face, target, strength)]

    def _translate(self, file: PhotoFile, result: dict[str, Any]) -> None:
        from ecgan.faces.photo_writing import what_is_lost
        from ecgan.inference.marking import source_sha256, write_marked

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
        for target in self.targets:
            parts = {"parts": self.parts} if self.parts else {}
            made = self.translator.render(ready, target, strength, **parts)
            mark = mark_of(
                self.translator,
                os.fsencode(file.path.name).decode(errors="replace"),
                sha256,
                made.faces,
                target,
                strength=strength,
                face=self.choice,
                assume_neutral=self.assume_neutral,
                **({"part": ",".join(self.parts)} if parts else {}),
            )
            result["warnings"] += self.warnings_of(made.faces, target, strength)
            output = file.output(self.out, target, self.file_format)
            if target == self.targets[0]:
                for text in what_is_lost(photo, output.suffix, self.quality):
                    warn(about(file.path, text))
            area, quality = made.face_area(), self.quality
            write_marked(output, made.pixels, photo, mark, face_area=area, quality=quality)
            result["outputs"][target] = str(output)


def mark_of(
    translator: Translator,
    name: str,
    sha256: str,
    faces: Sequence[ReadyFace],
    expression: str,
    **asked: Any,
) -> Mark:
    """The mark of a translation of the photo `name`; `asked`: options beside the expression."""
    from ecgan.inference.marking import Mark

    return Mark(
        source=name,
        source_sha256=sha256,
        model_sha256=translator.sha256,
        settings={"expression": expression, **asked, "route": translator.route},
        faces=[describe_face(face, expression, asked.get("strength", 1.0)) for face in faces],
        credit=translator.credit,
    )


def doubt_warnings(face: ReadyFace) -> list[str]:
    """A line on each reason why the translation of a face may not be right."""
    from ecgan.inference.doubt import ADVICE

    return [f"face {face.aligned.number}: {ADVICE[doubt]}" for doubt in face.aligned.doubts]


def result_warnings(face: ReadyFace, target: str, strength: float) -> list[str]:
    """A line where a face is left as it is, or the result does not convince the recogniser."""
    number = face.aligned.number
    if face.kept and strength >= 1:
        return [f"face {number}: shows {target} already, so it is left as it is"]
    if seen := unconvincing(face, target, strength):
        return [f"face {number}: {target} does not convince, the recogniser sees {seen} in it"]
    return []


def unconvincing(face: ReadyFace, target: str, strength: float) -> str | None:
    """What the recogniser sees in a full translation, where it is not what was asked for."""
    from ecgan.expressions import expression_of, parse_blend

    shares = parse_blend(target)
    asked = set(map(expression_of, shares))
    if (
        face.after is None
        or strength * sum(shares.values()) < 0.999
        or not asked <= set(face.after)
    ):
        return None
    seen = max(face.after, key=lambda name: (face.after or {})[name])
    return None if seen in asked else f"{seen} ({face.after[seen]:.0%})"


def describe_face(
    face: ReadyFace, target: str | None = None, strength: float = 1.0
) -> dict[str, Any]:
    """A face, or what it was translated to, as JSON values."""
    doubts = list(face.aligned.doubts)
    if target is not None and (seen := unconvincing(face, target, strength)):
        doubts.append(f"looks {seen}")
    return {
        "face": face.aligned.number,
        "box": [round(float(value), 1) for value in face.aligned.face.box],
        "neutralised_first": face.passes > 0,
        "doubt": ", ".join(doubts) or None,
        "left_as_it_is": face.kept,
        "source_probabilities": rounded(face.probabilities),
        "result_probabilities": rounded(face.after),
    }


def rounded(seen: dict[str, float] | None) -> dict[str, float] | None:
    return seen and {name: round(p, 4) for name, p in seen.items()}
