"""What may be published of a reproduction: its numbers, its charts, and generated faces alone.

    python benchmarks/reproduction.py OUT [--people 2]

OUT is what `ecgan reproduce` wrote. Its report shows photos of real people beside their
translations; here are `results/reproduction.json`, and in `results/reproduction/` the charts and a
sheet of what each method made of the first test people, marked as synthetic.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes, write_json
from ecgan.inference.grid import Tile, contact_grid
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.lab.reproduce.plan import METHODS

RESULTS = Path(__file__).parent / "results"
NO_NUMBERS = ("grid", "tsne")
"""Parts that the figures show whole."""
FACELESS = ("figure-5*.png", "dose-*.png")
TILE_PX = 170


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--people", type=int, default=2)
    arguments = parser.parse_args()
    plan, parts = _read(arguments.out / "plan.json"), _parts(arguments.out)
    write_json(RESULTS / "reproduction.json", {"plan": plan, "parts": parts})
    folder = RESULTS / "reproduction"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for pattern in FACELESS:
        for chart in sorted((arguments.out / "figures").glob(pattern)):
            shutil.copyfile(chart, folder / chart.name)
    write_faces(arguments.out, plan, arguments.people, folder / "faces.jpg")


def _parts(out: Path) -> dict[str, Any]:
    found = {}
    for file in sorted((out / "results").glob("*.json")):
        part = _read(file)
        if part["part"] not in NO_NUMBERS:
            found[part["part"]] = {k: v for k, v in part.items() if k not in ("part", "settings")}
    return found


def write_faces(out: Path, plan: dict[str, Any], people: int, path: Path) -> None:
    """A row a person and method, a column an expression."""
    grid = _read(out / "results" / "grid.json")["values"]
    rows = [row for row in grid["rows"] if row["subject"] in _first(grid["rows"], people)]
    methods = [key for key in METHODS if key in grid["methods"]]
    tiles = [
        Tile(METHODS[key].label, read_photo(out / row[key]).pixels, note=row["expression"])
        for person in _first(rows, people)
        for key in methods
        for row in rows
        if row["subject"] == person
    ]
    sheet = contact_grid(
        tiles, columns=len(plan["data"]["expressions"]) - 1, tile_px=TILE_PX, footer=NOTICE
    )
    models = [_read(out / "results" / f"generate-{key}.json")["model_sha256"] for key in methods]
    mark = Mark(
        source="test people of the data",
        source_sha256=plan["data"]["manifest_sha256"],
        model_sha256=sha256_bytes(json.dumps(models).encode()),
        settings={"methods": methods, "strength": 1.0},
        credit=plan["data"]["card"]["attribution"],
    )
    like = Photo(sheet, icc=None, exif=None, alpha=None, path=None, format="JPEG")
    write_marked(path, sheet, like, mark)


def _first(rows: list[dict[str, Any]], people: int) -> list[str]:
    return list(dict.fromkeys(row["subject"] for row in rows))[:people]


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
