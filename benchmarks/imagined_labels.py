"""How far two passes of labels by eye agree, and how far an outside network agrees with them.

    python benchmarks/imagined_labels.py IMAGINED --out benchmarks/results/imagined_labels.json

`imagined_labels.csv` has a row a photo: what two passes saw at a glance (`first`, `second`, each on
contact sheets in an order of its own, without knowing the other's labels or a network's), the
`expression` where both saw the same (else `unsure`), and what one of them noticed: `covered` mouth
or eyes, `sunglasses`, `young` (under 18, perhaps), `closed` eyes, `not_face` (drawn or painted),
`teeth`, `beard`, `glasses`, `old`. IMAGINED holds `labels.jsonl` with what face-api.js sees.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from ecgan.files import write_json
from ecgan.provenance import provenance

LABELS = Path(__file__).with_name("imagined_labels.csv")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("imagined", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with LABELS.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    outside = {}
    for line in (arguments.imagined / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if seen := record["outside_network"]:
            outside[record["file"]] = max(seen, key=seen.get)
    decided = [row for row in rows if "unsure" not in (row["first"], row["second"])]
    agreed = [row for row in rows if row["expression"] != "unsure" and row["image"] in outside]
    result = {
        "photos": len(rows),
        "both_decided": len(decided),
        "of_these_alike": sum(row["first"] == row["second"] for row in decided) / len(decided),
        "kappa_of_these": cohen_kappa_score(
            *([r[k] for r in decided] for k in ("first", "second"))
        ),
        "kappa_of_all": cohen_kappa_score(*([r[k] for r in rows] for k in ("first", "second"))),
        "labels": Counter(row["expression"] for row in rows),
        "flags": Counter(flag for row in rows for flag in row["flags"].split()),
        "first_and_second": table((row["first"], row["second"]) for row in rows),
        "labels_and_outside_network": table(
            (row["expression"], outside[row["image"]]) for row in agreed
        ),
        "outside_network_agrees": sum(row["expression"] == outside[row["image"]] for row in agreed)
        / len(agreed),
        **provenance(),
        "command": "python benchmarks/imagined_labels.py IMAGINED",
    }
    write_json(arguments.out, result)
    print({name: result[name] for name in ("of_these_alike", "kappa_of_all", "labels")})


def table(pairs) -> dict[str, dict[str, int]]:
    counts = Counter(pairs)
    return {
        one: {b: n for (a, b), n in counts.items() if a == one} for one in {a for a, _ in counts}
    }


if __name__ == "__main__":
    main()
