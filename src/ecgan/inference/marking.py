"""What says that an output is synthetic: a sidecar file beside it, and a mark inside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan import __version__
from ecgan.faces.photo import Photo
from ecgan.faces.photo_writing import write_photo
from ecgan.files import sha256_bytes, sha256_file, write_json

NOTICE = "Synthetic image: a model changed the facial expression. The person did not make it."


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

    def sidecar(self) -> dict[str, Any]:
        """The content of the sidecar: plain JSON values."""
        return {
            "synthetic": True,
            "notice": NOTICE,
            "tool": "ecgan",
            "tool_version": __version__,
            "source": {"file": self.source, "sha256": self.source_sha256},
            "model": {"sha256": self.model_sha256},
            "settings": dict(self.settings),
            "faces": self.faces,
            "credit": self.credit,
        }

    def metadata(self) -> dict[str, str]:
        """What `write_photo` embeds into the image file."""
        asked = ", ".join(f"{key} {value}" for key, value in self.settings.items())
        values = {
            "Synthetic": "true",
            "Description": f"{NOTICE} ({asked})",
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
    path: Path, pixels: NDArray[np.uint8], like: Photo, mark: Mark, *, durable: bool = True
) -> None:
    """Write an output and its sidecar; never an image without one.

    Raises:
        ImageError: the file cannot be written; then neither is there.
        OSError: likewise.
    """
    sidecar = sidecar_path(path)
    write_json(sidecar, mark.sidecar(), durable=durable)
    try:
        write_photo(path, pixels, like, mark.metadata(), durable=durable)
    except BaseException:
        if not path.exists():
            sidecar.unlink(missing_ok=True)
        raise
