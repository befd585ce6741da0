"""The smallest training that uses every part: a second or two on one CPU thread."""

from __future__ import annotations

from pathlib import Path

import torch

from ecgan.config import Config
from ecgan.config_loading import build
from ecgan.data.dataset import TranslationData
from ecgan.data.manifest import load_manifest
from ecgan.lab.stargan.method import method_of
from ecgan.training.distributed import World
from ecgan.training.method import RunContext
from ecgan.training.state import TrainingState, fresh_state

ALONE = World(rank=0, size=1, device=torch.device("cpu"))

TINY = {
    "size": 32,
    "batch": 2,
    "steps": 8,
    "precision": "fp32",
    "threads": 1,
    "data": {"augment": {"rotation_degrees": 5, "light": 0.3, "noise": 0.02}},
    "generator": {
        "kind": "unet",
        "width": 4,
        "max_width": 8,
        "conditioning": "decoder",
        "output": "warp",
    },
    "discriminator": {"width": 4, "layers": 2, "classify": True},
    "objective": {
        "cycle": 5,
        "identity": 5,
        "mask": 5,
        "classification": 0.5,
        "flow_smoothness": 1,
        "blend_area": 1,
    },
    "optimizer": {"ema": 0.9, "pool": 3},
    "log": {
        "metrics_steps": 2,
        "sample_steps": 4,
        "sample_people": 2,
        "checkpoint_steps": 2,
        "validation_steps": 4,
        "keep": 2,
    },
}


def tiny_config(**changes: object) -> Config:
    """`TINY` with changes of its top-level keys; mappings are merged."""
    values = dict(TINY)
    for key, change in changes.items():
        old = values.get(key)
        merged = isinstance(old, dict) and isinstance(change, dict)
        values[key] = {**old, **change} if merged else change
    return build(Config, values)


def tiny_stargan_config(**changes: object) -> Config:
    """`TINY` as StarGAN, the generator having its turn at every second update."""
    values: dict[str, object] = {
        "generator": {"kind": "stargan", "width": 4, "blocks": 1, "conditioning": "input"},
        "discriminator": {
            "kind": "stargan",
            "width": 4,
            "layers": 3,
            "norm": "none",
            "conditioning": "none",
            "classify": True,
        },
        "objective": {
            "method": "stargan",
            "adversarial_form": "wgan",
            "classification": 1,
            "cycle": 10,
            "identity": 0,
            "mask": 0,
        },
        "optimizer": {"ema": 0.9, "critic_steps": 2, "pool": 0},
    }
    tiny = {**TINY, **values}
    for key, change in changes.items():
        old = tiny.get(key)
        merged = isinstance(old, dict) and isinstance(change, dict)
        tiny[key] = {**old, **change} if merged else change
    return build(Config, tiny)


def start(
    config: Config, data_root: Path, world: World = ALONE
) -> tuple[TrainingState, TranslationData, RunContext]:
    """What the first update needs, in fp32."""
    manifest = load_manifest(data_root)
    data = TranslationData(
        manifest, "train", size=config.size, vocabulary=manifest.vocabulary, data=config.data
    )
    neutral = torch.from_numpy(data.vocabulary.code("neutral"))[None]
    method = method_of(config)
    context = RunContext(config, world, "fp32", 4, neutral_code=neutral, method=method)
    return fresh_state(config, len(data.vocabulary), world, method.models), data, context
