"""What a recogniser that others trained sees in our translations of people kept out of training.

    cd benchmarks/outside && npm install && cd ../..
    python benchmarks/outside_recogniser.py studio=PHOTOS imagined=IMAGINED \
        --labels benchmarks/imagined_labels.csv --out benchmarks/results/outside_recogniser.json

A group is NAME=FOLDER of neutral photos named by person (or of folders such as `london/neutral`
with these), or, where `--labels` lists its photos, of
those in which people see a neutral face and nothing hides it. Each photo of a person of the split
is translated to every expression at full strength; the expression network of face-api.js (MIT,
@vladmandic/face-api) says what it sees in the photo and in the translations. Labelled broad smiles
become happy and neutral besides, and of the first `--series` photos of a group each expression is
made at five strengths. Intervals over people.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.splits import split_of
from ecgan.errors import EcganError
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import crop
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

SCRIPT = Path(__file__).parent / "outside" / "recognise.cjs"
STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
TOLERANCE = 0.02
"""By which a probability may fall from one strength to the next and still count as rising."""
HIDDEN = {"covered", "sunglasses", "young", "closed", "not_face"}


@dataclass(frozen=True)
class Source:
    file: Path
    person: str
    expression: str


@dataclass(frozen=True)
class Made:
    """One picture that the outside network is asked about."""

    source: Source
    asked: str
    strength: float
    ours: float | None
    """What our recogniser gives it; None of the photo itself and of series."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="+")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--most", type=int, help="photos of a group")
    parser.add_argument("--series", type=int, default=0, help="photos of a group")
    parser.add_argument("--keep", type=Path, help="folder for the pictures")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model)
    labels = read_labels(arguments.labels) if arguments.labels else {}
    figures: dict[str, object] = {}
    for group in arguments.groups:
        name, _, folder = group.partition("=")
        found = [s for s in sources(Path(folder), labels) if split_of(s.person) == arguments.split]
        neutral = [s for s in found if s.expression == NEUTRAL][: arguments.most]
        smiles = [s for s in found if s.expression == "happy"][: arguments.most]
        with tempfile.TemporaryDirectory() as scratch:
            pictures = arguments.keep / name if arguments.keep else Path(scratch)
            pictures.mkdir(parents=True, exist_ok=True)
            refused: dict[str, str] = {}
            made = list(translations(translator, neutral, pictures, refused))
            made += list(translations(translator, smiles, pictures, refused, smiles=True))
            series = neutral[: arguments.series]
            made += list(translations(translator, series, pictures, refused, series=True))
            seen = recognised(pictures)
        rows = [(one, seen[picture_name(one)]) for one in made if picture_name(one) in seen]
        figures[name] = {**of_group(rows), "refused": refused}
        print(name, figures[name]["all"])
    result = {
        "groups": figures,
        "split": arguments.split,
        "translator_sha256": translator.sha256,
        "network": "face-api.js 1.7.15, expression network",
        **provenance(),
        "command": "python benchmarks/outside_recogniser.py "
        f"{' '.join(group.partition('=')[0] + '=PHOTOS' for group in arguments.groups)} "
        f"--labels benchmarks/imagined_labels.csv --split {arguments.split} "
        f"--series {arguments.series}",
    }
    write_json(arguments.out, result)


def read_labels(file: Path) -> dict[str, dict[str, str]]:
    with file.open(newline="", encoding="utf-8") as lines:
        return {row["image"]: row for row in csv.DictReader(lines)}


def sources(folder: Path, labels: dict[str, dict[str, str]]) -> Iterator[Source]:
    files = sorted(folder.glob("*.jpg")) or sorted(folder.glob("*/neutral/*.jpg"))
    labelled = any(file.name in labels for file in files)
    for file in files:
        if not labelled:
            yield Source(file, file.stem, NEUTRAL)
        elif row := labels.get(file.name):
            flags = set(row["flags"].split())
            broad = row["expression"] != "happy" or "teeth" in flags
            if broad and not flags & HIDDEN:
                yield Source(file, row["person"], row["expression"])


def translations(
    translator: Translator,
    photos: Sequence[Source],
    folder: Path,
    refused: dict[str, str],
    *,
    smiles: bool = False,
    series: bool = False,
) -> Iterator[Made]:
    """Writes the pictures; `refused` gets the photos that cannot be translated, with the reason."""
    for source in photos:
        photo = read_photo(source.file)
        try:
            ready = translator.prepare(photo)
        except EcganError as error:
            refused[source.file.name] = str(error)
            continue
        asked = ("happy", NEUTRAL) if smiles else translator.vocabulary.expressive
        if not series:
            yield written(photo.pixels, Made(source, "photo", 0.0, None), folder)
        for expression in asked:
            for strength in STRENGTHS if series else (1.0,):
                pixels = translator.render(ready, expression, strength).pixels
                ours = None if series else probability(translator, ready, pixels, expression)
                yield written(pixels, Made(source, expression, strength, ours), folder)


def written(pixels: object, made: Made, folder: Path) -> Made:
    Image.fromarray(pixels).save(folder / picture_name(made))
    return made


def picture_name(made: Made) -> str:
    return f"{made.source.file.stem}.{made.asked}.{made.strength:g}.png"


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


def probability(
    translator: Translator, ready: ReadyPhoto, pixels: NDArray[np.uint8], expression: str
) -> float:
    """What our recogniser gives `expression` in the translated photo's face."""
    seen = crop(pixels, ready.faces[0].aligned.alignment)
    return translator.probabilities(seen)[expression]


def of_group(rows: list[tuple[Made, dict]]) -> dict[str, object]:
    """Figures of one group, from each picture and what the network says of it."""
    photos = {made.source.file: says for made, says in rows if made.asked == "photo"}
    full = [(m, s) for m, s in rows if m.ours is not None and m.source.expression == NEUTRAL]
    people = {made.source.person for made, _ in full}
    figures: dict[str, object] = {
        "people": len(people),
        "photos_seen_as_neutral": over_people(
            [
                (made.source.person, float(says["says"] == NEUTRAL))
                for made, says in rows
                if made.asked == "photo" and made.source.expression == NEUTRAL
            ]
        ),
    }
    for expression in [*dict.fromkeys(made.asked for made, _ in full), "all"]:
        mine = [(m, s) for m, s in full if expression in (m.asked, "all")]
        before = [photos[made.source.file] for made, _ in mine]
        names = [made.source.person for made, _ in mine]
        columns = {
            "accuracy": [float(says["says"] == made.asked) for made, says in mine],
            "mean_probability": [says[made.asked] for made, says in mine],
            "unchanged": [
                float(says["says"] == made.asked)
                for (made, _), says in zip(mine, before, strict=True)
            ],
            "our_mean_probability": [made.ours for made, _ in mine],
        }
        figures[expression] = {
            name: over_people(list(zip(names, values, strict=True)))
            for name, values in columns.items()
        }
    return figures | {"smiles": of_smiles(rows, photos), "series": of_series(rows)}


def of_smiles(rows: list[tuple[Made, dict]], photos: dict[Path, dict]) -> dict[str, object]:
    """Broad smiles: asked for happy, how often no weaker; asked for neutral, how often neutral."""
    smiles = [
        (made, says) for made, says in rows if made.source.expression == "happy" and made.ours
    ]
    no_weaker = [
        (m.source.person, float(s["happy"] >= photos[m.source.file]["happy"] - 0.05))
        for m, s in smiles
        if m.asked == "happy"
    ]
    calm = [(m.source.person, float(s["says"] == NEUTRAL)) for m, s in smiles if m.asked == NEUTRAL]
    if not smiles:
        return {}
    return {"happy_no_weaker": over_people(no_weaker), "neutral_seen": over_people(calm)}


def of_series(rows: list[tuple[Made, dict]]) -> dict[str, object]:
    """How often the probability of what was asked rises with the strength, from 0 on."""
    photos = {made.source.file: says for made, says in rows if made.asked == "photo"}
    series = defaultdict(list)
    for made, says in rows:
        if made.ours is None and made.asked != "photo":
            series[made.source, made.asked].append((made.strength, says[made.asked]))
    rising = []
    for (source, asked), points in series.items():
        values = [photos[source.file][asked], *(value for _, value in sorted(points))]
        steps = itertools.pairwise(values)
        rising.append((source.person, float(all(b >= a - TOLERANCE for a, b in steps))))
    return {"rising": over_people(rising)} if rising else {}


def over_people(values: list[tuple[str, float]]) -> dict[str, object]:
    return mean_over_people([v for _, v in values], [person for person, _ in values]).to_json()


if __name__ == "__main__":
    main()
