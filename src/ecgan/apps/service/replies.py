"""What the service answers: the models of its JSON, and a picture with what to know in headers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Response
from pydantic import BaseModel, Field

from ecgan.apps.service.problems import SHA256_HEADER
from ecgan.apps.service.translating import Done, Order, Picture, Seen
from ecgan.apps.service.uploads import Upload
from ecgan.expressions import target_in_file_names
from ecgan.faces.finder import RefusedFace
from ecgan.inference.results import rounded

Box = Annotated[list[float], Field(min_length=4, max_length=4)]
Probabilities = dict[str, float]


class Source(BaseModel):
    """The photo that was sent."""

    sha256: str
    width: int
    height: int


class Refusal(BaseModel):
    """A face that was asked for but cannot be translated."""

    face: int
    box: Box
    reason: str
    message: str


class Face(BaseModel):
    """A translated face."""

    face: int = Field(description="1 is the largest face of the photo.")
    box: Box = Field(description="x0, y0, x1, y1 in pixels of the photo.")
    before: Probabilities | None = Field(description="What the recogniser sees in the photo.")
    after: Probabilities | None = Field(description="What it sees in the translation.")
    doubt: str | None = Field(description="Why the result may not be right; null: no doubt.")
    neutralised_first: bool
    left_as_it_is: bool = Field(description="The photo shows the expression already.")


class PictureReply(BaseModel):
    """One translation."""

    target: str
    media_type: str
    picture: str = Field(description="The bytes of the file, in base64.")
    faces: list[Face]
    sidecar: dict[str, Any] = Field(description="What `ecgan verify` reads beside the picture.")


class TranslateReply(BaseModel):
    """The translations of a photo, in the order of `to`."""

    source: Source
    pictures: list[PictureReply]
    refused: list[Refusal]
    warnings: list[str]


class SeenFace(BaseModel):
    """A face with what it shows."""

    face: int = Field(description="1 is the largest face of the photo.")
    box: Box = Field(description="x0, y0, x1, y1 in pixels of the photo.")
    expression: str
    probabilities: Probabilities
    doubt: str | None = Field(description="Why the figures are not to be trusted.")


class RecognizeReply(BaseModel):
    """The faces of a photo, the largest first."""

    source: Source
    faces: list[SeenFace]
    warnings: list[str]


class ExpressionsReply(BaseModel):
    """What may be asked for."""

    expressions: list[str]
    recipes: dict[str, list[str]] = Field(description="By expression; the first one stands for it.")
    aliases: dict[str, list[str]]
    parts: list[str]
    strength: list[float] = Field(
        min_length=2, max_length=2, description="The least and the greatest."
    )
    model_sha256: str
    engine: str = Field(description="What runs the generators.")


class Health(BaseModel):
    """How it is."""

    status: str


def translate_json(order: Order, done: Done) -> TranslateReply:
    """All that is known of an order."""
    return TranslateReply(
        source=_source(order.upload, done.size),
        pictures=[_picture(one) for one in done.pictures],
        refused=[_refusal(one) for one in done.refused],
        warnings=list(done.warnings),
    )


def picture_reply(order: Order, done: Done) -> Response:
    """The file itself; of its first face, what was seen and what is doubtful, in headers."""
    picture = done.pictures[0]
    face = picture.faces[0]
    suffix = picture.media_type.rpartition("/")[2].replace("jpeg", "jpg")
    name = f"{target_in_file_names(picture.target)}.{suffix}"
    refused = ", ".join(f"{one.number}: {one.reason}" for one in done.refused)
    headers = {
        SHA256_HEADER: order.upload.sha256,
        "X-Ecgan-Synthetic": "true",
        "X-Ecgan-Faces": str(len(picture.faces)),
        "X-Ecgan-Before": _best(face.probabilities),
        "X-Ecgan-After": _best(face.after),
        "X-Ecgan-Doubt": face.doubt or "none",
        "X-Ecgan-Refused": refused or "none",
        "X-Ecgan-Warnings": "; ".join(done.warnings) or "none",
        "Content-Disposition": f'inline; filename="{name}"',
    }
    return Response(picture.data, headers=headers, media_type=picture.media_type)


def recognize_json(upload: Upload, seen: Seen) -> RecognizeReply:
    """The faces of a photo."""
    return RecognizeReply(
        source=_source(upload, seen.size),
        faces=[
            SeenFace(
                face=one.number,
                box=_box(one.box),
                expression=one.expression,
                probabilities=rounded(one.probabilities) or {},
                doubt=one.doubt,
            )
            for one in seen.faces
        ],
        warnings=list(seen.warnings),
    )


def _picture(picture: Picture) -> PictureReply:
    return PictureReply(
        target=picture.target,
        media_type=picture.media_type,
        picture=base64.b64encode(picture.data).decode(),
        faces=[
            Face(
                face=face.number,
                box=_box(face.box),
                before=rounded(face.probabilities),
                after=rounded(face.after),
                doubt=face.doubt,
                neutralised_first=face.passes > 0,
                left_as_it_is=face.left_as_it_is,
            )
            for face in picture.faces
        ],
        sidecar=picture.sidecar,
    )


def _source(upload: Upload, size: tuple[int, int]) -> Source:
    return Source(sha256=upload.sha256, width=size[0], height=size[1])


def _refusal(one: RefusedFace) -> Refusal:
    return Refusal(face=one.number, box=_box(one.box), reason=one.reason, message=one.message)


def _box(box: Sequence[float]) -> list[float]:
    return [round(float(value), 1) for value in box]


def _best(seen: dict[str, float] | None) -> str:
    """`happy 0.93`."""
    if not seen:
        return "not asked"
    name = max(seen, key=lambda key: seen[key])
    return f"{name} {seen[name]:.2f}"
