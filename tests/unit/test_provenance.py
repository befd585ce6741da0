"""What is written beside every figure."""

import json
import re
import sys

import pytest

from ecgan import provenance as module
from ecgan.provenance import command, provenance


def test_is_plain_json_and_complete() -> None:
    values = provenance()
    assert json.loads(json.dumps(values)) == values
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(values["date"]))
    assert set(values) == {"date", "command", "machine", "versions"}


def test_names_no_host_and_no_user() -> None:
    machine = module.machine()
    assert set(machine) == {"processor", "cpus", "memory_gib", "gpu", "system"}
    assert isinstance(machine["cpus"], int) and machine["cpus"] >= 1
    assert "torch" in module.versions()


def test_the_command_can_be_typed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/ecgan", "evaluate", "my run", "data"])
    assert command() == "ecgan evaluate 'my run' data"
    monkeypatch.setattr(sys, "argv", ["/somewhere/benchmarks/readme.py"])
    assert command() == "readme.py"
