"""What says that an output is synthetic: a sidecar file beside it, and a mark inside it."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan import __version__
from ecgan.faces.photo import Photo
from ecgan.faces.photo_writing import encode_photo, what_is_lost
from ecgan.files import sha256_bytes, sha256_file, write_bytes, write_json

NOTICE = "Synthetic image: a model changed the facial expression. The person did not make it."
VIDEO_NOTICE = NOTICE.replace("image", "video")
_ROWS = 256
"""Of a photo that are compared at once."""


@dataclass(frozen=True)
class Mark:
    """Where an output comes from."""

    source: str
    """Name of the photo that was translated."""
    source_sha256: str
    model_sha256: str
    """Of the translator snapshot (`Snapshot.sha256`)."""
    settings: Mapping[str, Any]
    """What was asked for: expression, strength, face."""
    faces: list[dict[str, Any]] = field(default_factory=list)
    """What was done to each translated face."""
    credit: str = ""
    """Data and licences behind the model."""
    notice: str = NOTICE
    more: Mapping[str, Any] = field(default_factory=dict)
    """What else the sidecar says."""

    def sidecar(self) -> dict[str, Any]:
        """The content of the sidecar: plain JSON values."""
        return {
            "synthetic": True,
            "notice": self.notice,
            "tool": "ecgan",
            "tool_version": __version__,
            "source": {"file": self.source, "sha256": self.source_sha256},
            "model": {"sha256": self.model_sha256},
            "settings": dict(self.settings),
            "faces": self.faces,
            "credit": self.credit,
            **self.more,
        }

    def metadata(self) -> dict[str, str]:
        """What `encode_photo` embeds into the image file."""
        asked = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        values = {
            "Synthetic": "true",
            "Description": f"{self.notice} ({asked})",
            "Software": f"ecgan {__version__}",
            "Model": self.model_sha256,
            "SourceSHA256": self.source_sha256,
            "Credit": self.credit,
        }
        return {key: value for key, value in values.items() if value}


def sidecar_path(output: Path) -> Path:
    """`anna.happy.jpg` -> `anna.happy.jpg.json`."""
    return output.with_name(output.name + ".json")


def source_sha256(photo: Photo) -> str:
    """Of the file; of the pixels for a photo that is not from a file."""
    if photo.path is not None:
        return sha256_file(photo.path)
    return sha256_bytes(np.ascontiguousarray(photo.pixels).tobytes())


def write_marked(
    path: Path,
    pixels: NDArray[np.uint8],
    like: Photo,
    mark: Mark,
    *,
    face_area: NDArray[np.bool_] | None = None,
    quality: int | None = None,
    durable: bool = True,
) -> None:
    """Write an output and its sidecar; never an image without one.

    Args:
        path: its suffix gives the format.
        pixels: (height, width, 3).
        like: the photo, as `encode_photo` takes it.
        mark: what to say of the output.
        face_area: (height, width), where the photo may differ. The sidecar then says how far the
            written file differs elsewhere (`outside_face`), and what the format does not hold.
        quality: 1 to 100, of JPEG and WebP.
        durable: outlives a power failure.

    Raises:
        ImageError: the file cannot be written; then neither is there.
        OSError: likewise.
    """
    data, content = encode_marked(path, pixels, like, mark, face_area=face_area, quality=quality)
    sidecar = sidecar_path(path)
    write_json(sidecar, content, durable=durable)
    try:
        write_bytes(path, data, durable=durable)
    except BaseException:
        if not path.exists():
            sidecar.unlink(missing_ok=True)
        raise


def encode_marked(
    path: Path,
    pixels: NDArray[np.uint8],
    like: Photo,
    mark: Mark,
    *,
    face_area: NDArray[np.bool_] | None = None,
    quality: int | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """The bytes of an output and the content of its sidecar. Arguments as `write_marked`.

    Raises:
        UsageError: a suffix that cannot carry the mark.
    """
    data = encode_photo(path, pixels, like, mark.metadata(), quality=quality)
    content = {**mark.sidecar(), "output": {"sha256": sha256_bytes(data)}}
    if face_area is not None:
        content["outside_face"] = outside_face(data, like, face_area)
        content["lost"] = list(what_is_lost(like, path.suffix, quality))
    return data, content


def outside_face(data: bytes, like: Photo, face_area: NDArray[np.bool_]) -> dict[str, float]:
    """How far the bytes of a written file, decoded again, differ from the photo outside its faces:
    `max_difference` and `mean_difference`, in levels of 255."""
    import cv2  # marks are read without it

    largest, total, count = 0, 0, 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own file
        written = Image.open(io.BytesIO(data))
    with written:
        for top in range(0, written.height, _ROWS):
            rows = slice(top, top + _ROWS)
            box = (0, top, written.width, min(top + _ROWS, written.height))
            new, old = np.asarray(written.crop(box).convert("RGB")), like.pixels[rows]
            apart = np.asarray(cv2.absdiff(new, np.ascontiguousarray(old)), np.uint8)
            apart[face_area[rows]] = 0
            largest = max(largest, int(apart.max(initial=0)))
            total += int(sum(cv2.sumElems(apart)))
            count += 3 * int(np.count_nonzero(~face_area[rows]))
    mean = round(total / count, 4) if count else 0.0
    return {"max_difference": largest, "mean_difference": mean}


_HEAD_BYTES, _TAIL_BYTES = 1 << 18, 1 << 16


def is_output(path: Path) -> bool:
    """Whether an image file is one of ours: by its sidecar, or by the mark inside, which stands
    before the pixels or, in WebP, behind them."""
    try:
        about = json.loads(sidecar_path(path).read_bytes())
        if isinstance(about, dict) and about.get("tool") == "ecgan":
            return True
    except (OSError, ValueError, RecursionError):
        pass  # there is none, or it is somebody else's
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return any(b"Software: ecgan " in part for part in (head, file.read()))
    except OSError:
        return False
