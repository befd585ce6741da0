"""The report of a reproduction."""

from __future__ import annotations

import html
import json
from pathlib import Path

from ecgan.files import write_text


def write_report(out: Path) -> Path:
    """Write `out/report.html` from the files below `out`."""
    results = sorted((out / "results").glob("*.json"))
    texts = (json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=1) for path in results)
    body = "".join(f"<pre>{html.escape(text)}</pre>\n" for text in texts)
    write_text(out / "report.html", f"<!doctype html>\n<title>Reproduction</title>\n{body}")
    return out / "report.html"
