"""Trains methods on one data set for as many examples, and scores them side by side.

    python benchmarks/equal_budget.py DATA --judge JUDGE --out DIR [--set SETTING]...

Methods are presets (the name up to a comma) with the settings of `equal_budget.yaml`; `--set`
changes them for all, such as `size=128`. JUDGE is a recogniser that no training sees. What is done
is not done again, a training that was stopped goes on; DIR/METHOD/run/snapshot may come from
another machine.
"""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.evaluation.evaluate import evaluate
from ecgan.files import write_json
from ecgan.provenance import provenance
from ecgan.training.trainer import train

TABLE = Path(__file__).with_suffix(".yaml")
RESULT = Path(__file__).parent / "results" / "equal_budget.json"
WITHOUT = ("distances", "identity", "landmarks", "monotonicity", "from-expression")
FIGURES = {
    "recognised as asked": ("expressions", "accuracy"),
    "neutral recognised": ("neutralisation", "accuracy"),
    "SSIM": ("as_labelled", "ssim"),
    "LPIPS": ("as_labelled", "lpips"),
}
"""Where a figure stands in an evaluation; against a truth, a face is asked for as that is
labelled."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--judge", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--only", action="append", help="a method, by name; may be repeated")
    parser.add_argument("--set", action="append", default=[], help="of every method")
    parser.add_argument("--result", type=Path, default=RESULT)
    arguments = parser.parse_args()
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    common = [*table["settings"], *arguments.set]
    scores = {}
    for method, own in table["methods"].items():
        if arguments.only is None or method in arguments.only:
            print(f"{method} ...", flush=True)
            do_method(arguments, method, [*common, *own])
            file = arguments.out / method / "scores.json"
            scores[method] = json.loads(file.read_text(encoding="utf-8"))
    only = "".join(f" --only {shlex.quote(method)}" for method in arguments.only or ())
    given = only + "".join(f" --set {setting}" for setting in arguments.set)
    if arguments.split != parser.get_default("split"):
        given += f" --split {arguments.split}"
    facts = provenance()
    facts["command"] = f"python benchmarks/equal_budget.py D0 --judge JUDGE --out DIR{given}"
    write_json(arguments.result, {**summary(table, common, scores), **facts})


def do_method(arguments: argparse.Namespace, method: str, settings: Sequence[str]) -> None:
    """Train a method and score it; `scores.json` is the last that is written."""
    folder = arguments.out / method
    if (folder / "scores.json").exists():
        return
    run = folder / "run"
    snapshot = run / "snapshot"
    if (run / "checkpoints").exists() or not snapshot.exists():
        config = load_config(Config, preset=method.partition(",")[0], settings=settings)
        train(config, arguments.data, run, progress=False)
    evaluate(
        snapshot,
        arguments.data,
        recognizer=arguments.judge,
        split=arguments.split,
        out=folder / "scores.json",
        without=WITHOUT,
    )


def summary(table: Any, common: Sequence[str], scores: Any) -> dict[str, Any]:
    """The figures of each method over all expressions, and those of doing nothing and the truth."""
    one = next(iter(scores.values()))  # all have the same people and judge
    return {
        "settings": list(common),
        "methods": {
            method: {
                "settings": table["methods"][method],
                "translator_sha256": found["translator_sha256"],
                **figures(found, "model"),
            }
            for method, found in scores.items()
        },
        **{column: figures(one, column) for column in ("identity", "truth")},
        **{key: one[key] for key in ("data", "recognizer_sha256")},
    }


def figures(scores: Any, column: str) -> dict[str, Any]:
    return {
        name: scores[block][column][figure]["all"]
        for name, (block, figure) in FIGURES.items()
        if figure in scores[block][column]
    }


if __name__ == "__main__":
    main()
