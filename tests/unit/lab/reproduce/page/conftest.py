"""One drawn reproduction and its page for the tests that only read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_reproduction import make_reproduction

from ecgan.lab.reproduce.page import write_report

METHODS = ("cyclegan", "stargan", "paper", "default")


@pytest.fixture(scope="package")
def reproduction(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read only: an output folder with its report."""
    out = make_reproduction(tmp_path_factory.mktemp("reproduce") / "out", methods=METHODS, people=2)
    assert write_report(out) == out / "report.html"
    return out


@pytest.fixture
def parts_only(tmp_path: Path, reproduction: Path) -> Path:
    """A copy of the plan and the results alone, to damage."""
    out = tmp_path / "out"
    (out / "results").mkdir(parents=True)
    for path in [reproduction / "plan.json", *(reproduction / "results").glob("*.json")]:
        (out / path.relative_to(reproduction)).write_bytes(path.read_bytes())
    return out
