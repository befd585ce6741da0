"""What a file says of itself: synthetic or unknown, read from the mark inside and the sidecar."""

from __future__ import annotations

import html
import json
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from PIL import ExifTags, Image

from ecgan.errors import ImageError, one_line
from ecgan.files import sha256_file
from ecgan.image_names import is_video
from ecgan.inference.marking import sidecar_path

SOURCE_TYPES = (
    *("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"),
    *("algorithmicMedia", "compositeSynthetic"),
)
"""IPTC's terms for pictures that an algorithm made, in whole or in part."""
_FIELDS = ("Software", "Model", "SourceSHA256")
_SOURCE_TYPE = re.compile(r"DigitalSourceType[^\w]+(?:https?:)?[^\s<\"']*?digitalsourcetype/(\w+)")

Verdict = Literal["synthetic", "unknown"]


@dataclass(frozen=True)
class Found:
    """A mark inside a file, or its sidecar; None where it does not say."""

    places: tuple[str, ...]
    """Where it stands: `text` of PNG, `exif`, `xmp`, `comment` of a video or GIF, or the sidecar's
    name."""
    tool: str | None = None
    model: str | None = None
    """Sha256 of the translator snapshot."""
    source_sha256: str | None = None
    source_type: str | None = None
    """One of `SOURCE_TYPES`."""


@dataclass(frozen=True)
class Verification:
    """What a file and its sidecar say."""

    verdict: Verdict
    """`synthetic` if the file itself carries a mark; a sidecar alone may be another file's."""
    mark: Found | None
    sidecar: Found | None
    unchanged: bool | None
    """Whether the file is byte for byte what the sidecar was written with; None: it does not say.
    """
    disagreements: tuple[str, ...]
    """Where mark and sidecar, or two places of the mark, contradict each other; a sentence each."""


def verify_file(path: Path) -> Verification:
    """Read the mark and the sidecar of an image file.

    Raises:
        ImageError: no image, or a damaged one.
    """
    marks = embedded_marks(path)
    disagreements = [
        f"the {first.places[0]} and the {other.places[0]} of the file name different {what}"
        for first in marks[:1]
        for other in marks[1:]
        for what in _apart(first, other)
    ]
    mark = _merged(marks)
    sidecar, sha256 = _sidecar(path)
    unchanged = None if sha256 is None else sha256 == sha256_file(path)
    if sidecar is not None and mark is None:
        disagreements.append(
            "the sidecar says synthetic, the file carries no mark: it was removed, or the sidecar "
            "belongs to another file"
        )
    elif sidecar is not None and mark is not None:
        disagreements += [f"file and sidecar name different {w}" for w in _apart(mark, sidecar)]
    verdict: Verdict = "synthetic" if mark is not None else "unknown"
    return Verification(verdict, mark, sidecar, unchanged, tuple(disagreements))


def embedded_marks(path: Path) -> list[Found]:
    """The marks inside an image or video file, one for each place that has one.

    Raises:
        ImageError, VideoError: neither, or a damaged one.
        MissingExtra: PyAV, which reads videos, is not installed.
    """
    if is_video(path):
        from ecgan.inference.clips import read_comment

        said = _from_fields("comment", _fields_of_comment(read_comment(path)))
        return [] if said is None else [said]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                texts = {key: value for key, value in image.info.items() if isinstance(key, str)}
                if image.format == "PNG" and "Synthetic" not in texts:
                    image.load()  # text may stand behind the pixels
                    texts = {**texts, **getattr(image, "text", {})}
                exif = str(image.getexif().get(ExifTags.Base.ImageDescription, ""))
    except FileNotFoundError:
        raise ImageError(f"{path}: no such file") from None
    except Exception as error:  # of damaged files Pillow raises errors of nearly every kind
        raise ImageError(f"{path} cannot be read as an image: {one_line(error)}") from None
    xmp = texts.get("xmp") or texts.get("XML:com.adobe.xmp") or ""
    if isinstance(xmp, bytes):
        xmp = xmp.decode(errors="replace")
    plain = {key: str(texts[key]) for key in ("Synthetic", *_FIELDS) if key in texts}
    comment = texts.get("comment", b"")
    if isinstance(comment, bytes):
        comment = comment.decode(errors="replace")
    found = [
        _from_fields("text", plain),
        _from_fields("comment", _fields_of_comment(str(comment))),
        _from_fields("exif", described_fields(exif)),
        _from_xmp(str(xmp)),
    ]
    return [mark for mark in found if mark is not None]


def _fields_of_comment(text: str) -> dict[str, str]:
    """The fields of a video's or a GIF's comment, a line each."""
    lines = (line.partition(": ") for line in text.splitlines())
    return {key: value for key, _, value in lines}


def described_fields(text: str) -> dict[str, str]:
    """The fields of a description, `Synthetic: true; ...; Software: ecgan 0.1; ...`, as
    `Mark.metadata` has them; none for another text."""
    if not text.startswith("Synthetic: true"):
        return {}
    found = (re.search(rf"; ({key}): ([^;<]*)", text) for key in _FIELDS)
    return {"Synthetic": "true", **{match[1]: match[2].strip() for match in found if match}}


def _from_fields(place: str, fields: dict[str, str]) -> Found | None:
    tool = fields.get("Software", "")
    if fields.get("Synthetic") != "true" or not tool.startswith("ecgan "):
        return None
    return Found((place,), tool, fields.get("Model"), fields.get("SourceSHA256"))


def _from_xmp(xmp: str) -> Found | None:
    """From IPTC's source type, of whatever tool, and from our own description."""
    types = [name for name in _SOURCE_TYPE.findall(xmp) if name in SOURCE_TYPES]
    start = xmp.find("Synthetic: true")
    own = _from_fields("xmp", described_fields(html.unescape(xmp[start:]) if start >= 0 else ""))
    if not types:
        return own
    own = own or Found(("xmp",))
    return Found(own.places, own.tool, own.model, own.source_sha256, types[0])


def _sidecar(path: Path) -> tuple[Found | None, str | None]:
    """What the sidecar says, if there is one of ours; and the sha256 of its file."""
    beside = sidecar_path(path)
    try:
        content = json.loads(beside.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None, None
    if not isinstance(content, dict) or content.get("tool") != "ecgan":
        return None, None

    def text(*keys: str) -> str | None:
        value: Any = content
        for key in keys:
            value = value.get(key) if isinstance(value, dict) else None
        return value or None if isinstance(value, str) else None

    tool = f"ecgan {text('tool_version') or ''}".strip()
    found = Found((beside.name,), tool, text("model", "sha256"), text("source", "sha256"))
    if content.get("synthetic") is not True:
        return None, None
    return found, text("output", "sha256")


def _merged(marks: list[Found]) -> Found | None:
    if not marks:
        return None

    def first(name: str) -> Any:
        return next((getattr(m, name) for m in marks if getattr(m, name) is not None), None)

    places = tuple(place for mark in marks for place in mark.places)
    return Found(places, *map(first, ("tool", "model", "source_sha256", "source_type")))


def _apart(first: Found, second: Found) -> list[str]:
    """What two marks say differently."""
    names = {"tool": "tools", "model": "models", "source_sha256": "sources"}
    pairs = {what: (getattr(first, name), getattr(second, name)) for name, what in names.items()}
    return [what for what, (a, b) in pairs.items() if a is not None and b is not None and a != b]
