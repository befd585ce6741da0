"""docs/translating.md names the recipes of the packaged translator."""

import json
import re
from pathlib import Path

from ecgan.expressions import NEUTRAL
from ecgan.inference.snapshot import default_snapshot

ROOT = Path(__file__).parents[2]


def test_its_recipes_are_those_of_the_packaged_translator_in_order() -> None:
    config = default_snapshot("translator") / "config.json"
    names = json.loads(config.read_text(encoding="utf-8"))["vocabulary"]
    text = (ROOT / "docs" / "translating.md").read_text(encoding="utf-8")
    section = text.partition("## Recipes")[2].partition("## Strength")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    told = [name for row in rows for name in re.findall(r"`(\w+:\w+)`", row)]
    assert told == [name for name in names if name != NEUTRAL]
