"""What a family of methods does in its own way, so that one trainer serves them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.precision import Precision
from ecgan.shapes import NeutralCode, Scalar
from ecgan.training.distributed import World
from ecgan.training.passes import NO_FEATURES, FeatureNetworks
from ecgan.training.state import TrainingState
from ecgan.training.step import Models


@dataclass(frozen=True)
class Method:
    """Networks, and one update of them. ECGAN, CycleGAN and Pix2pix are one method
    (`update.TWO_GENERATORS`): they differ by configuration."""

    models: Callable[[Config, int], Models]
    """Fresh networks for a number of expressions, from torch's global generator."""
    update: Callable[[TrainingState, TranslationBatch, RunContext], dict[str, float]]
    """Train all networks on a batch; see `update.update`."""
    losses: Callable[[Models, TranslationBatch, RunContext], Iterator[tuple[float, Scalar]]]
    """What an update differentiates, each with how often it has its turn; to count operations."""


@dataclass(frozen=True)
class RunContext:
    """What an update needs besides state and data; constant within a run."""

    config: Config
    world: World
    precision: Precision
    total_steps: int
    neutral_code: NeutralCode
    """z', shape (1, expressions)."""
    method: Method
    features: FeatureNetworks = NO_FEATURES
