"""Folders as people have them: are labels, people and splits right, or is it said what to do?

    PYTHONPATH=tests python benchmarks/folder_trees.py --out benchmarks/results/folder_trees.json

Makes trees of many kinds from a seed (nesting, published parts, languages, numbers, people in
names, csv variants, zips), lists each as `ecgan prepare --dry-run` does, and compares with the
truth. Exit status 1 if one is wrong and no warning names it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from pathlib import Path

from support.folder_trees import trees
from support.folder_trees_check import check

from ecgan.files import write_json
from ecgan.provenance import provenance


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    outcomes: Counter[str] = Counter()
    rows = []
    for number, tree in enumerate(trees(options.trees, options.seed)):
        with tempfile.TemporaryDirectory() as folder:
            found = check(tree, Path(folder))
        outcomes[found.outcome] += 1
        row = {"tree": number, "kind": tree.kind, "outcome": found.outcome}
        if found.wrong:
            row["wrong"] = [*found.wrong[:3], f"{len(found.wrong)} in all"]
        if found.outcome != "right":
            row["said"] = list(found.said)
        rows.append(row)
    result = {
        "trees": options.trees,
        "seed": options.seed,
        "right": outcomes["right"],
        "warned": outcomes["warned"],
        "refused": outcomes["refused"],
        "wrong_in_silence": outcomes["silent"],
        "by_tree": rows,
        **provenance(),
    }
    if options.out is not None:
        write_json(options.out, result)
    silent = [row for row in rows if row["outcome"] == "silent"]
    print(json.dumps({k: v for k, v in result.items() if k not in ("by_tree", "versions")}))
    print(json.dumps(silent, indent=1, ensure_ascii=False))
    return 1 if silent else 0


if __name__ == "__main__":
    sys.exit(main())
