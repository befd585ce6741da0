"""docs/reanimation.md has the tables that the code has."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_tables_are_those_of_the_code() -> None:
    path = ROOT / "benchmarks" / "reanimation_tables.py"
    spec = importlib.util.spec_from_file_location("reanimation_tables", path)
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = script.DOCS.read_text(encoding="utf-8")
    assert "| AU4 | brow lowerer | browDown 1.6, browInnerUp -0.7 |" in script.units_table()
    assert script.filled(text) == text, "run python benchmarks/reanimation_tables.py"
