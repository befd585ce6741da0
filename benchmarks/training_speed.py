"""Steps a second of several ways to train the same networks, in one run on one machine.

    python benchmarks/training_speed.py [--out F]

`plain` is what a first loop does: fp32, one image a step. Random images, so that only the updates
are timed; `share_of_limit` is of what plain convolutions reach in the same run.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.files import write_json
from ecgan.lab.bench import bench_training
from ecgan.provenance import command, provenance

WAYS = {
    "best, plain": ("best", ["batch=1", "precision=fp32"]),
    "best": ("best", []),
    "best, compiled": ("best", ["compile=true"]),
    "pix2pix": ("pix2pix", ["batch=16", "generator.width=32"]),
    "cyclegan": ("cyclegan", ["batch=16", "generator.width=32"]),
    "cyclegan as published, plain": ("cyclegan", ["precision=fp32"]),
    "cyclegan as published, batch 16": ("cyclegan", ["batch=16"]),
}
STEPS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", action="append", choices=list(WAYS))
    parser.add_argument("--set", action="append", default=[], help="a setting of all ways")
    arguments = parser.parse_args()
    ways: dict[str, Any] = {}
    for name in arguments.only or WAYS:
        preset, settings = WAYS[name]
        config = load_config(Config, preset=preset, settings=[*settings, *arguments.set])
        started = time.perf_counter()
        speed = bench_training(config, steps=STEPS, warmup=3).as_dict()
        ways[name] = {"preset": preset, "settings": settings, **speed}
        seconds = time.perf_counter() - started
        print(
            f"{name}: {speed['seconds_per_step']:.4f} s a step of {config.batch}, "
            f"{config.batch / speed['seconds_per_step']:.1f} examples/s, {speed['tflops']:.1f} "
            f"TFLOP/s, {speed['share_of_limit']:.1%} of {speed['limit_tflops']:.0f}; "
            f"{seconds:.0f} s in all",
            flush=True,
        )
    if arguments.out is not None:
        whole = f"python benchmarks/{command()}"
        write_json(arguments.out, {"ways": ways, **provenance(), "command": whole})


if __name__ == "__main__":
    main()
