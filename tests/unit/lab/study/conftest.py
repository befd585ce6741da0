"""A study of drawn people and two methods."""

from pathlib import Path

import pytest
from support.tiny_data import make_tiny_data
from support.tiny_study import make_methods

from ecgan.lab.study.build import Plan, build
from ecgan.lab.study.design import Study

PLAN = Plan(pairs=12, catch=4, practice=4, seed=3, contact="study@example.org")


@pytest.fixture(scope="session")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared data: 8 test people, 4 expressions."""
    people = {"train": 1, "val": 1, "test": 8}
    return make_tiny_data(tmp_path_factory.mktemp("faces") / "data", people=people)


@pytest.fixture(scope="session")
def methods(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_methods(faces, tmp_path_factory.mktemp("methods"))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "study"


@pytest.fixture
def study(faces: Path, methods: dict[str, Path], root: Path) -> Study:
    return build(faces, methods, root, PLAN)
