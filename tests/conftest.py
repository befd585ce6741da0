"""Fixtures for all tests; `from support import ...` finds tests/support."""

import os
import sys
from pathlib import Path

# Tests use small tensors: a second thread costs more than it gives, most of all on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from jaxtyping import install_import_hook

sys.path.insert(0, str(Path(__file__).parent))

import support.typecheck  # noqa: F401  the hook below finds it as loaded

# Types and shapes of every call are checked in tests, and only there.
TENSOR_CODE = (
    "losses",
    "networks",
    "lab.stargan",
    "training.passes",
    "training.step",
    "data.dataset",
    "data.transforms",
    "inference.recognizer",
    "window",
)
install_import_hook([f"ecgan.{name}" for name in TENSOR_CODE], "support.typecheck.checked")

from support.tiny_data import make_tiny_data  # noqa: E402


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared data of 8 drawn people (train 4, val 2, test 2) with 4 expressions; read only."""
    return make_tiny_data(tmp_path_factory.mktemp("tiny") / "data")
