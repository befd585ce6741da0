"""The methods that are compared: presets of the same trainer, brought to one budget, which says how
much a reproduction may cost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from ecgan.config import Config, RecognizerConfig, Section
from ecgan.config_loading import build, load_config
from ecgan.errors import ConfigError, UsageError


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
BUDGETS = ("smoke", "cpu", "full")


class Budget(Section):
    """What every method gets alike, and how its preset is made to fit the machine."""

    size: int = Field(128, ge=32, le=512)
    """Training size in pixels, unless asked otherwise; never above that of the data."""
    zoom: float = Field(1.375, ge=1, le=2)
    """`data.zoom` of every method."""
    batch: int = Field(4, ge=1, le=4096)
    images: int = Field(8000, ge=1, le=10**9)
    """Expressive training images that each method sees, all of its models together; each comes
    with a neutral one."""
    common: tuple[str, ...] = ()
    """`a.b=v` for every method, over its preset."""
    overrides: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """`a.b=v` by method, over `common`."""
    recognizer: RecognizerConfig = RecognizerConfig()
    """Of all recognisers; `seed`, `size`, `epochs` and `patience` are set for each."""
    recognizer_size: int | None = Field(None, ge=32, le=512)
    """Images that recognisers see, in pixels; none: as the translators."""
    recognizer_from_packaged: bool = False
    """Start recognisers from the packaged one, where it knows the expressions of the data: on a few
    thousand images a VGG from random weights learns nothing."""
    recognizer_images: int = Field(20000, ge=1, le=10**9)
    """Training images that every recogniser sees, so that more data is not longer training."""
    recognizer_epochs: int = Field(200, ge=1, le=10**6)
    """At most so many passes, where there are few images."""
    seeds: int = Field(3, ge=1, le=1000)
    """Recognisers of each row of Table 2."""
    dose_seeds: int = Field(1, ge=1, le=1000)
    """Recognisers of each point of the dose-response curves."""
    dose_methods: tuple[str, ...] | None = None
    """Methods with dose-response curves; none, or none of those that are run: all."""
    doses: tuple[Annotated[int, Field(ge=1)], ...] = (5, 20)
    """Generated images an expression; 0 and all are always measured."""
    people: tuple[Annotated[int, Field(ge=2)], ...] = (5, 10, 20, 40)
    """Real training people; all are always measured."""
    evaluation_without: tuple[str, ...] = ()
    """Parts of `ecgan evaluate` to leave out."""
    grid_people: int = Field(4, ge=1, le=1000)
    """Test people in the picture grids."""


def load_budget(text: str) -> Budget:
    """A budget by name, by a number of updates (of the `cpu` budget), or from a YAML file.

    Raises:
        ConfigError: no such budget, or a file that is none.
    """
    if text.isdecimal() and int(text) > 0:
        budget = load_budget("cpu")
        return budget.model_copy(update={"images": int(text) * budget.batch})
    path: Path | Traversable = Path(text)
    if text in BUDGETS:
        path = resources.files("ecgan") / "presets" / "reproduce" / f"{text}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"no budget {text!r}, expected {', '.join(BUDGETS)}, a number of updates or a YAML file"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the budget {path}: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values")
    return build(Budget, values)


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
    runs: dict[str, list[str]] = {SHARED_RUN: []}
    if method.per_expression:
        runs = {
            f"{SHARED_RUN}-{name}": [f"data.expressions=[{name}]", "generator.conditioning=none"]
            for name in expressive
        }
    steps = math.ceil(budget.images / len(runs) / budget.batch)
    return {
        name: load_config(Config, preset=method.preset, settings=[*given, *settings, f"{steps=}"])
        for name, settings in runs.items()
    }
