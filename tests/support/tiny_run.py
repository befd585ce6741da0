"""The smallest training that uses every part: a second or two on one CPU thread."""

from ecgan.config import Config, build

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
