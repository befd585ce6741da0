"""Fixtures for all tests; `from support import ...` finds tests/support."""

import os
import sys
from pathlib import Path

# Tests use small tensors: a second thread costs more than it gives, most of all on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from support.tiny_data import make_tiny_data


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared data of 8 drawn people (train 4, val 2, test 2) with 4 expressions; read only."""
    return make_tiny_data(tmp_path_factory.mktemp("tiny") / "data")
