"""A recogniser with the mean weights of two runs of one configuration, calibrated and scored.

    python benchmarks/translator/average.py DATA RUN RUN OUT

The mean of the weights before and after the photos count more reads faces at rest as well as the
first and smiles as well as the second (Wortsman et al. 2022, "Model soups"). OUT/snapshot is the
recogniser, its temperature that of the validation people of DATA, its card as after a training.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from ecgan.config import RecognizerConfig
from ecgan.config_loading import load_config
from ecgan.data.manifest import load_manifest
from ecgan.inference.recognizer import Recognizer
from ecgan.training.recognizer_scores import write_recognizer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "first", "second", "out"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    runs = (arguments.first, arguments.second)
    cpu = torch.device("cpu")
    models = [Recognizer.load(run / "snapshot", device=cpu).model for run in runs]
    first, second = (model.state_dict() for model in models)
    mean = {
        name: (value + second[name]) / 2 if value.is_floating_point() else second[name]
        for name, value in first.items()
    }
    models[1].load_state_dict(mean)
    config = load_config(RecognizerConfig, file=arguments.second / "config.yaml")
    manifest = load_manifest(arguments.data)
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = write_recognizer(
        arguments.out, models[1], config, manifest, config.epochs, config.epochs
    )
    print(report.snapshot, report.test)


if __name__ == "__main__":
    main()
