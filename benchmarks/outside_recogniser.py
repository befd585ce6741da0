"""What a recogniser that others trained sees in our translations of neutral test people.

    cd benchmarks/outside && npm install && cd ../..
    python benchmarks/outside_recogniser.py PHOTOS --out benchmarks/results/outside_recogniser.json

PHOTOS holds folders such as `london/neutral`. Each neutral photo of a person whom the split keeps
out of training is translated to every expression at full strength; the expression network of
face-api.js (MIT, @vladmandic/face-api) says what it sees in the photo and in the translations.
Intervals over people.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import tempfile
from pathlib import Path

from ecgan.data.splits import split_of
from ecgan.errors import EcganError
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

SCRIPT = Path(__file__).parent / "outside" / "recognise.cjs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    photos = [
        photo
        for photo in sorted(arguments.photos.glob("*/neutral/*.jpg"))
        if split_of(photo.stem) == arguments.split
    ]
    translator = Translator.load()
    with tempfile.TemporaryDirectory() as folder:
        refused = write_translations(translator, photos, Path(folder))
        seen = recognised(Path(folder))
    rows = [(name.removesuffix(".png").split("."), says) for name, says in seen.items()]
    figures = {}
    for expression in (*translator.vocabulary.expressive, "all"):
        mine = [
            (person, says[asked], says["says"] == asked, says["before"] == asked)
            for (person, asked), says in with_photo(rows)
            if asked != NEUTRAL and expression in (asked, "all")
        ]
        people = [person for person, *_ in mine]
        columns = zip(*(values for _, *values in mine), strict=True)
        figures[expression] = {
            name: mean_over_people(list(values), people).to_json()
            for name, values in zip(
                ("mean_probability", "accuracy", "unchanged"), columns, strict=True
            )
        }
    neutral = [
        (person, says["says"] == NEUTRAL) for (person, asked), says in rows if asked == NEUTRAL
    ]
    result = {
        "outside": figures,
        "neutral_photos_seen_as_neutral": mean_over_people(
            [right for _, right in neutral], [person for person, _ in neutral]
        ).to_json(),
        "refused": refused,
        "people": len(photos),
        "split": arguments.split,
        "translator_sha256": translator.sha256,
        "network": "face-api.js 1.7.15, expression network",
        **provenance(),
        "command": f"python benchmarks/outside_recogniser.py PHOTOS --split {arguments.split}",
    }
    write_json(arguments.out, result)
    print(figures["all"])


def write_translations(translator: Translator, photos: list[Path], folder: Path) -> dict[str, str]:
    """`<person>.<expression>.png` of each; the refused ones with the reason."""
    from PIL import Image

    refused = {}
    for file in photos:
        photo = read_photo(file)
        Image.fromarray(photo.pixels).save(folder / f"{file.stem}.{NEUTRAL}.png")
        try:
            ready = translator.prepare(photo)
        except EcganError as error:
            refused[file.stem] = str(error)
            continue
        for expression in translator.vocabulary.expressive:
            made = translator.render(ready, expression)
            Image.fromarray(made.pixels).save(folder / f"{file.stem}.{expression}.png")
    return refused


def recognised(folder: Path) -> dict[str, dict[str, object]]:
    """By file, the probabilities and what the network `says`."""
    table = folder / "seen.csv"
    subprocess.run(["node", str(SCRIPT), str(folder), str(table)], check=True)
    with table.open(newline="") as lines:
        return {
            row.pop("file"): {
                key: value if key == "says" else float(value or 0) for key, value in row.items()
            }
            for row in csv.DictReader(lines)
        }


def with_photo(rows: list[tuple[list[str], dict[str, object]]]) -> list[tuple[list[str], dict]]:
    """Each translation with what the network says of the photo that it was made from."""
    photo = {person: says["says"] for (person, asked), says in rows if asked == NEUTRAL}
    return [(key, {**says, "before": photo[key[0]]}) for key, says in rows]


if __name__ == "__main__":
    main()
