"""A translated photo: its pixels, what was done to each face, and its marked file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.errors import UsageError
from ecgan.expressions import expression_of, parse_blend
from ecgan.faces.change import photo_mask
from ecgan.faces.face import Box
from ecgan.faces.finder import AlignedFace, RefusedFace
from ecgan.faces.parts import PARTS, Part
from ecgan.faces.photo import Photo
from ecgan.inference import marking
from ecgan.inference.crops import ReadyFace
from ecgan.inference.doubt import ADVICE
from ecgan.inference.marking import Mark, source_sha256


@dataclass(frozen=True)
class TranslatedFace:
    """A face and what became of it."""

    aligned: AlignedFace
    target: str
    strength: float
    probabilities: dict[str, float] | None
    """What the recogniser sees in the photo; None where it was not asked."""
    after: dict[str, float] | None
    """What it sees in the translation."""
    passes: int
    """How often it was neutralised first."""
    kept: bool
    """Whether the photo shows the expression, and more of it than a translation would."""
    parts: tuple[Part, ...] = PARTS
    """What may have changed."""

    @classmethod
    def of(
        cls,
        face: ReadyFace,
        after: dict[str, float] | None,
        target: str,
        strength: float,
        parts: Sequence[Part] = PARTS,
    ) -> TranslatedFace:
        """Of a face as its translation was started."""
        return cls(
            aligned=face.aligned,
            target=target,
            strength=strength,
            probabilities=face.probabilities,
            after=after,
            passes=face.passes,
            kept=face.kept,
            parts=tuple(parts),
        )

    @property
    def number(self) -> int:
        """1 is the largest face of the photo."""
        return self.aligned.number

    @property
    def box(self) -> Box:
        """x0, y0, x1, y1 in pixels of the photo."""
        return self.aligned.face.box

    @property
    def landmarks(self) -> NDArray[np.float32]:
        """(68, 2) in pixels of the photo."""
        return self.aligned.face.points

    @property
    def route(self) -> str:
        """`neutral-first` where the face was neutralised first, else `direct`."""
        return "neutral-first" if self.passes else "direct"

    @property
    def left_as_it_is(self) -> bool:
        """Whether the photo shows the expression already, and is the result."""
        return self.kept and self.strength >= 1

    @property
    def unconvincing(self) -> str | None:
        """What the recogniser sees in a full translation, where it is not what was asked for; None
        of a part of the face, which need not show the expression."""
        shares = parse_blend(self.target)
        asked = set(map(expression_of, shares))
        full = self.strength * sum(shares.values()) > 0.999 and set(self.parts) == set(PARTS)
        if self.after is None or not full or not asked <= set(self.after):
            return None
        seen = max(self.after, key=lambda name: (self.after or {})[name])
        return None if seen in asked else f"{seen} ({self.after[seen]:.0%})"

    @property
    def doubt(self) -> str | None:
        """Why the result may not be right, such as "covered eyes"; None for a good one."""
        seen = self.unconvincing
        return ", ".join([*self.aligned.doubts, *([f"looks {seen}"] if seen else [])]) or None

    def warnings(self) -> list[str]:
        """A line where it is left as it is, or does not convince the recogniser."""
        if self.left_as_it_is:
            return [f"face {self.number}: shows {self.target} already, so it is left as it is"]
        if seen := self.unconvincing:
            return [
                f"face {self.number}: {self.target} does not convince, the recogniser sees {seen} "
                "in it"
            ]
        return []

    def as_json(self) -> dict[str, Any]:
        """What the sidecar says of it."""
        return describe_face(self, self.doubt, self.after)


def doubt_warnings(face: ReadyFace) -> list[str]:
    """A line on each reason why the translation of a face may not be right."""
    return [f"face {face.aligned.number}: {ADVICE[doubt]}" for doubt in face.aligned.doubts]


def describe_face(
    face: ReadyFace | TranslatedFace,
    doubt: str | None = None,
    after: dict[str, float] | None = None,
) -> dict[str, Any]:
    """A face, or what it was translated to, as JSON values."""
    return {
        "face": face.aligned.number,
        "box": [round(float(value), 1) for value in face.aligned.face.box],
        "neutralised_first": face.passes > 0,
        "doubt": doubt or ", ".join(face.aligned.doubts) or None,
        "left_as_it_is": face.kept,
        "source_probabilities": rounded(face.probabilities),
        "result_probabilities": rounded(after),
    }


def rounded(seen: dict[str, float] | None) -> dict[str, float] | None:
    """Probabilities as they are printed."""
    return seen and {name: round(p, 4) for name, p in seen.items()}


@dataclass(frozen=True)
class Model:
    """What a mark says of the model."""

    sha256: str
    credit: str
    route: str
    engine: str
    """What ran the networks."""

    def mark(
        self,
        source: str,
        source_sha256: str,
        faces: Sequence[TranslatedFace],
        expression: str,
        parts: Sequence[Part] = PARTS,
        **more: Any,
    ) -> Mark:
        """The mark of what it has made of a photo or video.

        Args:
            source, source_sha256: name of the file and hash of what it shows.
            faces: that were translated.
            expression: asked for.
            parts: of the faces that may have changed.
            more: further options of the call.
        """
        part = {} if set(parts) == set(PARTS) else {"part": ",".join(parts)}
        return Mark(
            source=source,
            source_sha256=source_sha256,
            model_sha256=self.sha256,
            settings={
                "expression": expression,
                **more,
                **part,
                "route": self.route,
                "engine": self.engine,
            },
            faces=[face.as_json() for face in faces],
            credit=self.credit,
        )


def file_name(path: Path) -> str:
    """The name of a file as text, whatever its bytes."""
    return os.fsencode(path.name).decode(errors="replace")


@dataclass(frozen=True)
class Translated:
    """A translated photo."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB, the whole photo at its own size; outside the faces equal to it."""
    faces: tuple[TranslatedFace, ...]
    """The faces that were translated."""
    refused: tuple[RefusedFace, ...]
    """Faces that were asked for but cannot be translated."""
    photo: Photo = field(repr=False)
    target: str
    strength: float
    model: Model
    parts: tuple[Part, ...] = PARTS
    """Of the faces that may have changed."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """Further options of the call."""

    @property
    def image(self) -> Image.Image:
        """The whole photo, without the mark that `save` puts in."""
        return Image.fromarray(self.pixels)

    def face_area(self) -> NDArray[np.bool_]:
        """(height, width): where the photo may have changed."""
        area = np.zeros(self.pixels.shape[:2], bool)
        for face in self.faces:
            area |= photo_mask(area.shape, face.aligned.alignment, face.aligned.mask) > 0
        return area

    def mark(self, source: str | None = None, sha256: str | None = None) -> Mark:
        """What its file says of it.

        Args:
            source: name of the photo; none: that of its file.
            sha256: of the photo, where it is known.
        """
        path = self.photo.path
        return self.model.mark(
            source or (file_name(path) if path else "picture in memory"),
            sha256 or source_sha256(self.photo),
            self.faces,
            self.target,
            self.parts,
            strength=self.strength,
            **self.asked,
        )

    def save(
        self, path: str | os.PathLike[str], *, quality: int | None = None, mark: Mark | None = None
    ) -> Path:
        """Write it, marked as synthetic, and beside it a .json that says how it was made.

        Args:
            path: ends in .jpg, .png or .webp, which is the format.
            quality: 1 to 100, of JPEG and WebP; none: the photo's own.
            mark: none: `mark()`.

        Raises:
            UsageError: another suffix, or the photo itself would be overwritten.
            OSError: it cannot be written; then neither file is there.
        """
        output, source = Path(path), self.photo.path
        if source is not None and output.resolve() == source.resolve():
            raise UsageError(f"{output} is the photo itself; give another name")
        marking.write_marked(
            output,
            self.pixels,
            self.photo,
            mark or self.mark(),
            face_area=self.face_area(),
            quality=quality,
        )
        return output
