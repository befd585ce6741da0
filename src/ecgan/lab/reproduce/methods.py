"""The methods that are compared: presets of the same trainer, brought to one budget."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.config import Config, load_config
from ecgan.errors import UsageError
from ecgan.lab.reproduce.budget import Budget


@dataclass(frozen=True)
class Method:
    """One way of translating."""

    key: str
    label: str
    preset: str
    paired: bool = False
    """Learns from pixel-aligned pairs alone."""
    per_expression: bool = False
    """One model an expression."""
    needs_features: bool = False
    """Has a context loss (Eq. 3), whose features are a recogniser's."""


METHODS = {
    method.key: method
    for method in (
        Method("pix2pix", "Pix2pix (paired)", "pix2pix", paired=True),
        Method("cyclegan", "CycleGAN, one model an expression", "cyclegan", per_expression=True),
        Method("cyclegan-shared", "CycleGAN with z", "cyclegan"),
        Method("stargan", "StarGAN", "stargan"),
        Method("paper", "ECGAN as printed", "paper", needs_features=True),
        Method("default", "ECGAN default", "default"),
    )
}
SHARED_RUN = "run"
CONTEXT_LAYER = "conv5_3"
"""The last convolution of a VGG-16 recogniser; the paper's conv5_4 is of VGG-19."""


def choose_methods(asked: Sequence[str] | None, has_pairs: bool) -> tuple[list[Method], list[str]]:
    """The methods to run in the usual order, and those left out because the data have no pairs.

    Raises:
        UsageError: there is no such method, or one that was asked for needs pairs.
    """
    for key in asked or ():
        if key not in METHODS:
            raise UsageError(f"no method {key!r}, expected some of {', '.join(METHODS)}")
        if METHODS[key].paired and not has_pairs:
            raise UsageError(
                f"{key} learns from pixel-aligned pairs and the training people of these data have "
                "none; leave it out of --methods, or prepare data with pairs"
            )
    wanted = [method for key, method in METHODS.items() if asked is None or key in asked]
    chosen = [method for method in wanted if has_pairs or not method.paired]
    return chosen, [method.key for method in wanted if method not in chosen]


def overrides(method: Method, budget: Budget, size: int, seed: int) -> list[str]:
    """`a.b=v` over the method's preset, but for what differs between its runs."""
    return [
        f"size={size}",
        f"batch={budget.batch}",
        f"seed={seed}",
        f"data.zoom={budget.zoom}",
        *budget.common,
        *budget.overrides.get(method.key, ()),
    ]


def method_configs(  # noqa: PLR0917
    method: Method,
    budget: Budget,
    size: int,
    expressive: Sequence[str],
    features: str | Path,
    seed: int = 0,
) -> dict[str, Config]:
    """The training runs of a method by folder name: one, or one an expression that share the
    images of the budget.

    Args:
        method: which.
        budget: images seen, batch and widths.
        size: training size in pixels.
        expressive: the expressions of the data.
        features: recogniser snapshot of the context loss.
        seed: of the training.

    Raises:
        ConfigError: the budget's overrides do not fit the preset.
    """
    given = overrides(method, budget, size, seed)
    if method.needs_features:
        given += [
            f"objective.context_options.network={features}",
            f"objective.context_options.layer={CONTEXT_LAYER}",
        ]
    if not method.per_expression:
        steps = math.ceil(budget.images / budget.batch)
        return {
            SHARED_RUN: load_config(Config, preset=method.preset, settings=[*given, f"{steps=}"])
        }
    steps = math.ceil(budget.images / len(expressive) / budget.batch)
    return {
        f"{SHARED_RUN}-{name}": load_config(
            Config,
            preset=method.preset,
            settings=[
                *given,
                f"data.expressions=[{name}]",
                "generator.conditioning=none",
                f"{steps=}",
            ],
        )
        for name in expressive
    }
