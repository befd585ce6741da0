"""The package as if it came with tiny weights, and a detector that knows the astronaut."""

from pathlib import Path

import pytest
from PIL import Image
from support.tiny_models import (
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.faces import finder
from ecgan.inference import recognizer, translator


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `translator` and `recognizer` snapshots."""
    root = tmp_path_factory.mktemp("weights")
    translator_snapshot(root / "translator")
    recognizer_snapshot(root / "recognizer", "happy")
    return root


class Detector:
    """Sees the astronaut in pictures of its size, and nobody elsewhere."""

    def detect(self, pixels):
        if pixels.shape[:2] == (512, 512):
            return [astronaut_face()]
        return []

    def confirms(self, pixels, points):
        return False


@pytest.fixture
def packaged(weights: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands find tiny weights and use the known landmarks."""
    for module in (translator, recognizer):
        monkeypatch.setattr(module, "default_snapshot", lambda kind: weights / kind)
    monkeypatch.setattr(finder, "LandmarkDetector", Detector)
    return weights


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with one good photo, one without a face, and one that is no image."""
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(astronaut_photo().pixels).save(folder / "anna.jpg", quality=95)
    Image.new("RGB", (64, 64)).save(folder / "more" / "wall.png")
    (folder / "notes.jpg").write_text("not an image")
    return folder
