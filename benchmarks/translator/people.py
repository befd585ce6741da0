"""Sort `imagined` by what people see in it: sources to re-animate, and photos labelled by eye.

    python benchmarks/translator/people.py IMAGINED OUT

OUT/sources has one neutral photo a person, as `<person>.jpg`: from the front (yaw up to 12
degrees), nothing over eyes or mouth, eyes open, nobody who may be under 18. Where one of two passes
by eye was unsure, an outside network decides whether it is neutral enough to start from. OUT/by_eye
has a folder of `<person>_<number>.jpg` for each expression, those that both passes saw; OUT/by_two
the same of what one pass saw, and the outside network too, while the other pass was unsure.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
from pathlib import Path

from ecgan.expressions import NEUTRAL

LABELS = Path(__file__).parents[1] / "imagined_labels.csv"
HIDDEN = {"covered", "sunglasses", "not_face", "young"}
MOST_YAW = 12
LEAST_NEUTRAL = 0.7
"""Of the outside network, for photos on which one pass was unsure."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("imagined", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    with LABELS.open(newline="", encoding="utf-8") as lines:
        labels = {row["image"]: row for row in csv.DictReader(lines)}
    records = (arguments.imagined / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    for record in sorted(map(json.loads, records), key=lambda record: record["file"]):
        row, photo = labels[record["file"]], arguments.imagined / record["file"]
        flags = set(row["flags"].split())
        if flags & HIDDEN:
            continue
        seen = record["outside_network"] or {NEUTRAL: 0.0}
        outside, verdict = seen.get(NEUTRAL, 0), max(seen, key=lambda name: seen[name])
        passes = {row["first"], row["second"]}
        if row["expression"] != "unsure":
            label(photo, arguments.out / "by_eye" / row["expression"], row["person"])
        elif passes == {verdict, "unsure"}:
            label(photo, arguments.out / "by_two" / verdict, row["person"])
        neutral = passes == {NEUTRAL} or (
            passes == {NEUTRAL, "unsure"} and outside >= LEAST_NEUTRAL
        )
        target = arguments.out / "sources" / f"{row['person']}.jpg"
        frontal = abs(record["yaw"]) <= MOST_YAW
        if neutral and frontal and "closed" not in flags and not target.exists():
            copy(photo, target.parent, target.name)
    for folder in sorted(arguments.out.glob("by_*/*")):
        print(folder.parent.name, folder.name, len(list(folder.iterdir())))
    print("sources", len(list((arguments.out / "sources").iterdir())))


def label(photo: Path, folder: Path, person: str) -> None:
    copy(photo, folder, f"{person}_{len(list(folder.glob('*'))):03}.jpg")


def copy(photo: Path, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(photo, folder / name)


if __name__ == "__main__":
    main()
