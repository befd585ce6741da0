"""One change at a time: trains each row of a table, judges it, and compares it with the first.

    python benchmarks/ablations.py DATA --judge JUDGE --features FEATURES --out DIR [--only ROW]...

Rows are in `ablations.yaml`, differences are image by image with intervals over people. JUDGE and
FEATURES are recognisers, of which only FEATURES is shown to a training (`{features}` in a row).
What is done is not done again, a row that was stopped goes on; `results/ablations.json` has the
rows that are done, `DIR/sheets` a contact sheet of each.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore, image_side
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Split, load_manifest
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.evaluation.cases import Case, expression_cases, neutral_cases, translate_aligned
from ecgan.evaluation.recognition import recognition
from ecgan.evaluation.similarity import ssim
from ecgan.faces.photo import Photo
from ecgan.files import sha256_bytes, sha256_file, write_json
from ecgan.inference.grid import Tile, contact_grid
from ecgan.inference.marking import NOTICE, Mark, write_marked
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance
from ecgan.training.trainer import train

TABLE = Path(__file__).parent / "ablations.yaml"
RESULT = Path(__file__).parent / "results" / "ablations.json"
DIRECTIONS = ("to_expression", "to_neutral")
FIGURES = ("correct", "probability", "ssim")
SHEET_PEOPLE = 4
SHEET_TILE_PX = 150
Values = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Table:
    """What is trained and on whom it is judged."""

    data: Path
    manifest: Manifest
    judge: Recognizer
    features: Path | None
    split: Split
    preset: str
    settings: Sequence[str]
    rows: Mapping[str, Sequence[str]]
    out: Path

    def folder(self, row: str) -> Path:
        return self.out / re.sub(r"[^a-z0-9]+", "-", row.lower()).strip("-")

    def config(self, row: str) -> Config:
        given = [*self.settings, *self.rows[row]]
        return load_config(
            Config,
            preset=self.preset,
            settings=[text.replace("{features}", str(self.features)) for text in given],
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--features", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--only", action="append", help="a row, by name; may be repeated")
    parser.add_argument("--result", type=Path, default=RESULT)
    arguments = parser.parse_args()
    given = yaml.safe_load(arguments.table.read_text(encoding="utf-8"))
    table = Table(
        data=arguments.data,
        manifest=load_manifest(arguments.data),
        judge=Recognizer.load(arguments.judge),
        features=None if arguments.features is None else arguments.features.resolve(),
        split=arguments.split,
        preset=given["preset"],
        settings=given["settings"],
        rows=given["rows"],
        out=arguments.out,
    )
    for row in arguments.only or table.rows:
        print(f"{row} ...", flush=True)
        do_row(table, row)
    command = f"python benchmarks/ablations.py {arguments.data.name} --judge JUDGE --out DIR"
    write_json(arguments.result, summary(table, command))


def do_row(table: Table, row: str) -> None:
    """Train a row and judge it; `cases.npz` is the last that is written."""
    folder = table.folder(row)
    if (folder / "cases.npz").exists():
        return
    result = train(table.config(row), table.data, folder / "run", progress=False)
    translator = Translator.load(result.snapshot)
    values, tiles = judged(table, translator)
    write_sheet(table, row, translator, tiles)
    part = folder / "cases.part.npz"
    np.savez(part, **values)
    part.replace(folder / "cases.npz")


def judged(table: Table, translator: Translator) -> tuple[Values, list[Tile]]:
    """Every case of both directions, and what the first people look like."""
    store = ImageStore(table.manifest, image_side(table.manifest), cache_mib=256)
    vocabulary = translator.vocabulary
    cases = {
        "to_expression": expression_cases(table.manifest, table.split, vocabulary),
        "to_neutral": neutral_cases(table.manifest, table.split, vocabulary),
    }
    values: Values = {}
    tiles: dict[str, list[Tile]] = {}
    for direction, found in cases.items():
        columns: dict[str, list[Any]] = {name: [] for name in (*FIGURES, "person", "expression")}
        for case in found:
            source = store.image(case.source)
            wanted = dict.fromkeys(case.targets, 1.0)
            made = list(translate_aligned(translator, source, case.source, wanted))
            asked = [table.judge.vocabulary.index(name) for name in case.targets]
            seen = recognition(table.judge.probabilities(to_images(np.stack(made))), asked)
            columns["correct"] += [bool(one["accuracy"]) for one in seen]
            columns["probability"] += [one["mean_probability"] for one in seen]
            columns["ssim"] += similarities(store, case, made)
            columns["person"] += [case.source.subject] * len(made)
            shown = case.targets if direction == "to_expression" else (case.source.expression,)
            columns["expression"] += shown
            if direction == "to_expression" and len(tiles) < SHEET_PEOPLE:
                tiles.setdefault(
                    case.source.subject,
                    [Tile(n, picture) for n, picture in zip(case.targets, made, strict=True)],
                )
        values |= {f"{direction}/{name}": np.array(column) for name, column in columns.items()}
    return values, [tile for row in tiles.values() for tile in row]


def similarities(store: ImageStore, case: Case, made: Sequence[NDArray[np.uint8]]) -> list[float]:
    """SSIM to the paired truth inside the two faces; nan where there is no truth."""
    found = []
    for picture, truth in zip(made, case.truths, strict=True):
        if truth is None:
            found.append(float("nan"))
            continue
        both = np.maximum(store.mask(case.source), store.mask(truth)) > 0
        inside = torch.from_numpy(both.astype(np.float32))[None, None]
        pictures = (to_images(one[None]) for one in (picture, store.image(truth)))
        found.append(float(ssim(*pictures, inside)))
    return found


def write_sheet(table: Table, row: str, translator: Translator, tiles: Sequence[Tile]) -> None:
    """A row a person, a column an expression; generated faces alone, marked as synthetic."""
    columns = len(translator.vocabulary.expressive)
    sheet = contact_grid(tiles, columns=columns, tile_px=SHEET_TILE_PX, footer=f"{row}. {NOTICE}")
    path = table.out / "sheets" / f"{table.folder(row).name}.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = Mark(
        source=f"{table.split} people of the data",
        source_sha256=sha256_file(table.data / MANIFEST_NAME),
        model_sha256=translator.sha256,
        settings={"row": row, "strength": 1.0},
        credit=translator.credit,
    )
    like = Photo(sheet, icc=None, exif=None, alpha=None, path=None, format="JPEG")
    write_marked(path, sheet, like, mark)


def summary(table: Table, command: str) -> dict[str, Any]:
    """All rows that are done, each with its difference from the first."""
    done = [row for row in table.rows if (table.folder(row) / "cases.npz").exists()]
    cases = {row: dict(np.load(table.folder(row) / "cases.npz")) for row in done}
    base = cases[done[0]]
    return {
        "table": {"preset": table.preset, "settings": list(table.settings)},
        "base": done[0],
        "rows": [
            {
                "row": row,
                "settings": list(table.rows[row]),
                "config_sha256": sha256_bytes(table.config(row).model_dump_json().encode()),
                **figures(cases[row], base),
            }
            for row in done
        ],
        "judge_sha256": table.judge.sha256,
        "data": {
            "manifest_sha256": sha256_file(table.data / MANIFEST_NAME),
            "split": table.split,
            "people": len(set(base["to_expression/person"].tolist())),
        },
        **provenance(),
        "command": command,
    }


def figures(values: Values, base: Values) -> dict[str, Any]:
    """Means of one row with intervals over people, and the same of its differences."""
    found: dict[str, Any] = {}
    for direction in DIRECTIONS:
        people = values[f"{direction}/person"]
        for name in FIGURES:
            own, its = (v[f"{direction}/{name}"].astype(float) for v in (values, base))
            there = np.isfinite(own)
            if not there.any():  # no pairs, no SSIM
                continue
            who = people[there].tolist()
            found[f"{direction}/{name}"] = {
                "value": mean_over_people(own[there], who).to_json(),
                "difference": mean_over_people((own - its)[there], who).to_json(),
            }
    return found


if __name__ == "__main__":
    main()
