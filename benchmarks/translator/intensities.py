"""How intense is strength 1 of each expression to be? What an outside network sees says.

    python benchmarks/translator/intensities.py TRANSLATOR studio=PHOTOS imagined=IMAGINED \
        --labels benchmarks/imagined_labels.csv --out benchmarks/results/intensities.json

Neutral photos of validation people, as `benchmarks/outside_recogniser.py` takes them, with each
recipe at some labelled intensities: how often the network sees the expression, its probability, and
what it sees instead. Intervals over people. The intensities of `make.sh` were chosen by this.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from outside_recogniser import over_people, read_labels, recognised, sources

from ecgan.data.splits import split_of
from ecgan.errors import EcganError
from ecgan.expressions import NEUTRAL, expression_of
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("translator", type=Path)
    parser.add_argument("groups", nargs="+", metavar="NAME=PHOTOS")
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="recipes; default: those that bare names mean")
    parser.add_argument("--intensities", type=float, nargs="+", default=[1.0, 1.1, 1.2])
    parser.add_argument("--most", type=int, default=30, help="people of a group")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    translator = Translator.load(arguments.translator)
    translator.full_intensity = dict.fromkeys(translator.full_intensity, 1.0)
    recipes = arguments.only or list(translator.vocabulary.expressive)
    labels = read_labels(arguments.labels)
    groups = {}
    for group in arguments.groups:
        name, _, folder = group.partition("=")
        photos = [
            source
            for source in sources(Path(folder), labels)
            if source.expression == NEUTRAL and split_of(source.person) == "val"
        ]
        asked = [(recipe, one) for recipe in recipes for one in arguments.intensities]
        groups[name] = figures(translator, photos[: arguments.most], asked)
    result = {
        "groups": groups,
        "translator_sha256": translator.sha256,
        "network": "face-api.js 1.7.15, expression network",
        **provenance(),
        "command": "python benchmarks/translator/intensities.py TRANSLATOR "
        f"{' '.join(group.partition('=')[0] + '=PHOTOS' for group in arguments.groups)} "
        "--labels benchmarks/imagined_labels.csv "
        f"--intensities {' '.join(f'{i:g}' for i in arguments.intensities)}",
    }
    write_json(arguments.out, result)


def figures(translator: Translator, photos: list, asked: list[tuple[str, float]]) -> dict:
    """By recipe and intensity."""
    made = {}
    with tempfile.TemporaryDirectory() as scratch:
        for source in photos:
            try:
                ready = translator.prepare(read_photo(source.file))
            except EcganError as error:
                print(f"{source.file.name}: {error}")
                continue
            for place, (recipe, intensity) in enumerate(asked):
                file = Path(scratch) / f"{source.file.stem}.{place}.png"
                Image.fromarray(translator.render(ready, recipe, intensity).pixels).save(file)
                made[file.name] = (source.person, recipe, intensity)
        seen = recognised(Path(scratch))
    rows = defaultdict(list)
    for name, (person, recipe, intensity) in made.items():
        if name in seen:
            rows[recipe, intensity].append((person, seen[name]))
    found: dict[str, dict] = defaultdict(dict)
    for (recipe, intensity), row in rows.items():
        name = expression_of(recipe)
        one = found[recipe][f"{intensity:g}"] = {
            "recognised": over_people([(person, float(s["says"] == name)) for person, s in row]),
            "mean_probability": over_people([(person, s[name]) for person, s in row]),
            "seen_as": dict(Counter(s["says"] for _, s in row).most_common()),
        }
        print(recipe, intensity, one["recognised"]["value"], one["seen_as"], flush=True)
    return found


if __name__ == "__main__":
    main()
