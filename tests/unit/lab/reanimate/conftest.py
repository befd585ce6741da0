"""The tiny face model, once a session."""

from pathlib import Path

import pytest
from support.tiny_facekit import photo_of_nobody, points_in_photo, tiny_facekit, write_facekit

from ecgan.lab.reanimate.facekit import FaceKit
from ecgan.lab.reanimate.portrait import Portrait, portrait_of


@pytest.fixture(scope="session")
def kit_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_facekit(tmp_path_factory.mktemp("kit") / "kit.npz")


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> FaceKit:
    return tiny_facekit(tmp_path_factory.mktemp("kit"))


@pytest.fixture(scope="session")
def portrait(kit: FaceKit) -> Portrait:
    return portrait_of(photo_of_nobody(128), points_in_photo(128), kit)
