"""A translator whose strength 1 shows other labelled intensities.

    python benchmarks/translator/full_intensity.py SNAPSHOT OUT happy=0.9 ... --others 0.85

An expression's name stands for the recipe that leads it; `--others` is for the recipes not named.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from torch import nn

from ecgan.config import GeneratorConfig
from ecgan.config_loading import build
from ecgan.errors import UsageError
from ecgan.expressions import NEUTRAL, Vocabulary
from ecgan.inference.snapshot import CARD, Snapshot, load_snapshot, save_snapshot
from ecgan.networks.build import build_generator


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("snapshot", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("intensities", type=_named_number, nargs="*", metavar="NAME=NUMBER")
    parser.add_argument("--others", type=float, required=True)
    arguments = parser.parse_args()
    old = load_snapshot(arguments.snapshot, "translator")
    vocabulary = Vocabulary(tuple(old.config["vocabulary"]))
    full = {name: arguments.others for name in vocabulary.names if name != NEUTRAL}
    try:
        for name, intensity in arguments.intensities:
            full[vocabulary.names[vocabulary.index(name)]] = intensity
    except UsageError as error:
        parser.error(str(error))
    card = (old.folder / CARD).read_text(encoding="utf-8")
    config = {**old.config, "full_intensity": full}
    print(save_snapshot(arguments.out, "translator", _generators(old), config, card, half=True))


def _named_number(text: str) -> tuple[str, float]:
    name, _, number = text.partition("=")
    try:
        return name, float(number)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected NAME=NUMBER, got {text}") from None


def _generators(snapshot: Snapshot) -> dict[str, nn.Module]:
    config, size = build(GeneratorConfig, snapshot.config["generator"]), snapshot.config["size"]
    made: dict[str, nn.Module] = {}
    for name in snapshot.states:
        made[name] = build_generator(config, len(snapshot.config["vocabulary"]), size)
        snapshot.load_into(name, made[name])
    return made


if __name__ == "__main__":
    main()
