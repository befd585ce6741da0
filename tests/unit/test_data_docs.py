"""docs/data.md gives the memory that the result files give."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def test_memory_is_what_was_measured() -> None:
    text = " ".join((ROOT / "docs" / "data.md").read_text(encoding="utf-8").split())
    prepare = json.loads((RESULTS / "prepare_many.json").read_text(encoding="utf-8"))
    (told,) = re.findall(r"memory grows by (\d+) bytes an image", text)
    assert int(told) == round(prepare["growth_bytes_per_image"])
    manifest = json.loads((RESULTS / "manifest.json").read_text(encoding="utf-8"))
    pattern = r"manifest of ([\d,]+) rows takes ([\d.]+) kB a row in memory and (\d+) s of a core"
    ((rows, kilobytes, seconds),) = re.findall(pattern, text)
    assert int(rows.replace(",", "")) == manifest["rows"]
    kinds = manifest["kinds"].values()
    assert float(kilobytes) == round(max(k["peak_bytes_a_record"] for k in kinds) / 1000, 1)
    assert int(seconds) == round(max(k["load_manifest"]["cpu_seconds"] for k in kinds))
