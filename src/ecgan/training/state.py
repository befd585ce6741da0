"""Everything that a training run changes, its way into a checkpoint and back, and what an update
follows besides gradients: a learning rate with an optional rise, constant, then linear to zero
(CycleGAN, Sec. 4); moving averages of the weights."""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from ecgan.config import Config
from ecgan.config_sections import OptimizerConfig
from ecgan.errors import CheckpointError, SnapshotError, one_line
from ecgan.expressions import Vocabulary
from ecgan.networks.blocks import CodeAffine
from ecgan.seeding import derive_seed
from ecgan.training.checkpoint import Checkpoint, flatten, restore_optimizer
from ecgan.training.checks import initial_snapshot
from ecgan.training.distributed import World, broadcast
from ecgan.training.method import (
    GENERATORS,
    NETWORKS,
    Models,
    shares_networks,
    stored_names,
    two_generators,
)
from ecgan.training.pool import TranslationPool

ABSURD = 1e4
"""Times what a term was at first, or 1 where that was less. In sound runs of all presets no term
comes near: images are in [-1, 1], and where discriminators say more than 100 nothing learns."""
_CAP = 1e10
"""For terms that were absurd at first."""


@dataclass
class TrainingState:
    """Networks, optimisers, averages, pools and position; `step` counts finished updates."""

    models: Models
    averages: dict[str, nn.Module]
    """Moving averages of the generators, a shared one once; empty without EMA."""
    optimizers: dict[str, Adam]
    """`generator` and `discriminator`: of both networks of the kind."""
    pools: dict[str, TranslationPool]
    """Past translations, `expressive` and `neutral`."""
    step: int = 0
    best_score: float | None = None
    best_step: int | None = None
    first_terms: dict[str, float] = field(default_factory=dict)
    """What each term of the losses was at its first update, to tell when one runs away."""
    best_by: str | None = None
    """The recogniser that gave the best score; None: the distance to the paired truth."""

    def network(self, name: str) -> nn.Module:
        network: nn.Module = getattr(self.models, name)
        return network

    def inference_generators(self) -> dict[str, nn.Module]:
        """`to_expression` and `to_neutral` for use: the averages, if there are any."""
        return {
            name: self.averages.get(stored, self.network(stored))
            for name, stored in stored_names(GENERATORS, self.shared).items()
        }

    @property
    def shared(self) -> bool:
        """Whether one generator and one discriminator serve both directions."""
        return self.models.to_expression is self.models.to_neutral

    def names(self) -> tuple[str, ...]:
        """Names of the networks, one for each."""
        return tuple(dict.fromkeys(stored_names(NETWORKS, self.shared).values()))

    def weights(self) -> dict[str, Tensor]:
        """Every tensor of the networks and averages by name, each once."""
        tensors: dict[str, Tensor] = {}
        for name in self.names():
            tensors |= flatten(f"network.{name}", self.network(name).state_dict())
        for name, average in self.averages.items():
            tensors |= flatten(f"average.{name}", average.state_dict())
        return tensors

    def weights_sha256(self) -> str:
        """Digest of `weights()`: equal for equal training."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.weights().items()):
            digest.update(name.encode())
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            digest.update(flat.view(torch.uint8).numpy().data)
        return digest.hexdigest()

    def to_checkpoint(self) -> Checkpoint:
        tensors = self.weights()
        for name, optimizer in self.optimizers.items():
            tensors |= flatten(f"optimizer.{name}s", optimizer.state_dict()["state"])
        for name, pool in self.pools.items():
            tensors |= flatten(f"pool.{name}", pool.state_dict())
        tensors["random.torch"] = torch.get_rng_state()
        values = {
            "best_score": self.best_score,
            "best_step": self.best_step,
            "best_by": self.best_by,
            "first_terms": dict(self.first_terms),
        }
        return Checkpoint(self.step, tensors, values)

    def restore(self, checkpoint: Checkpoint, device: torch.device) -> None:
        """Continue from a checkpoint of the same configuration.

        Raises:
            CheckpointError: its networks or pools are of another size.
        """
        try:
            for name in self.names():
                self.network(name).load_state_dict(checkpoint.part(f"network.{name}"))
            for name, average in self.averages.items():
                average.load_state_dict(checkpoint.part(f"average.{name}"))
        except RuntimeError as error:
            raise CheckpointError(
                f"the checkpoint does not fit these networks: {one_line(error)}"
            ) from None
        for name, optimizer in self.optimizers.items():
            restore_optimizer(optimizer, checkpoint.part(f"optimizer.{name}s"))
        for name, pool in self.pools.items():
            pool.load_state_dict(checkpoint.part(f"pool.{name}"), device)
        torch.set_rng_state(checkpoint.tensors["random.torch"])
        self.step = checkpoint.step
        self.first_terms = dict(checkpoint.values.get("first_terms", {}))
        if "best_by" in checkpoint.values:  # earlier versions called other steps the best
            self.best_score = checkpoint.values["best_score"]
            self.best_step = checkpoint.values["best_step"]
            self.best_by = checkpoint.values["best_by"]

    def start_from(self, source: str, vocabulary: Vocabulary) -> None:
        """Take the generators of a translator snapshot, for fine-tuning: all layers whose name and
        shape fit, so that a part may be new; z keeps its meaning where its entries changed places.

        Raises:
            SnapshotError: it is missing, knows other expressions, or less than half of it fits.
        """
        snapshot = initial_snapshot(source, "translator", vocabulary)
        names = snapshot.config["vocabulary"]
        order = [names.index(name) for name in vocabulary.names]
        if order != sorted(order) and snapshot.config["generator"]["conditioning"] != "decoder":
            raise SnapshotError(
                f"init={source} knows {names}, the data have {list(vocabulary.names)}: only with "
                "generator.conditioning=decoder may the order differ; train without init"
            )
        for name in filter(GENERATORS.__contains__, self.names()):
            own = self.network(name).state_dict()
            given = dict(snapshot.states.get(name, {}))
            for place, module in self.network(name).named_modules():
                if isinstance(module, CodeAffine) and f"{place}.linear.weight" in given:
                    key = f"{place}.linear.weight"
                    given[key] = given[key][:, order]
            fitting = {
                key: v for key, v in given.items() if key in own and v.shape == own[key].shape
            }
            count = sum(value.numel() for value in own.values())
            if sum(value.numel() for value in fitting.values()) < count / 2:
                raise SnapshotError(
                    f"less than half of {name} in init={source} fits the run's generator; set the "
                    "same generator, or train without init"
                )
            self.network(name).load_state_dict(fitting, strict=False)
            if name in self.averages:
                self.averages[name].load_state_dict(self.network(name).state_dict())

    def set_learning_rates(self, options: OptimizerConfig, total_steps: int) -> float:
        """Those of the next update, for both optimisers; gives the generators'."""
        factor = learning_rate_factor(
            self.step, total_steps, options.decay_from, options.warmup_steps
        )
        of_discriminators = options.discriminator_learning_rate or options.learning_rate
        set_learning_rate(self.optimizers["generator"], factor * options.learning_rate)
        set_learning_rate(self.optimizers["discriminator"], factor * of_discriminators)
        return factor * options.learning_rate

    def compile(self) -> None:
        """Have `torch.compile` make the networks faster, in place; names of weights stay."""
        for network in (*self.models.generators(), *self.models.discriminators()):
            network.compile(dynamic=False)


def fresh_state(
    config: Config,
    num_expressions: int,
    world: World,
    fresh_models: Callable[[Config, int], Models] = two_generators,
) -> TrainingState:
    """State before the first update: weights of the method's `fresh_models`, drawn from
    `config.seed`, equal on every process."""
    torch.manual_seed(derive_seed(config.seed, "weights"))
    models = fresh_models(config, num_expressions)
    for network in (*models.generators(), *models.discriminators()):
        network.to(world.device).train()
        broadcast(list(network.state_dict().values()), world)
    options = config.optimizer
    averages = {}
    if options.ema:
        names = stored_names(GENERATORS, shares_networks(config)).values()
        averages = {name: start_average(getattr(models, name)) for name in dict.fromkeys(names)}
    # A discriminator that also sees the source needs the translation's own, so no old ones.
    capacity = 0 if config.discriminator.sees_source else options.pool
    return TrainingState(
        models=models,
        averages=averages,
        optimizers={
            "generator": _adam(models.generators(), options),
            "discriminator": _adam(models.discriminators(), options),
        },
        pools={
            name: TranslationPool(capacity, config.seed, name) for name in ("expressive", "neutral")
        },
    )


def _adam(networks: tuple[nn.Module, ...], options: OptimizerConfig) -> Adam:
    everything = [parameter for network in networks for parameter in network.parameters()]
    parameters = [parameter for parameter in everything if parameter.requires_grad]
    betas = (options.beta1, options.beta2)
    return Adam(parameters, lr=options.learning_rate, betas=betas, fused=True)


def learning_rate_factor(step: int, total: int, decay_from: float, warmup_steps: int = 0) -> float:
    """Multiplier of the rate for update `step` (0-based): a linear rise over `warmup_steps`, then
    1, after `decay_from * total` linear to 0 at `total`."""
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    start = decay_from * total
    if step < start or start >= total:
        return 1.0
    return max(0.0, (total - step) / (total - start))


def set_learning_rate(optimizer: Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def start_average(module: nn.Module) -> nn.Module:
    """A copy of `module` in evaluation mode that takes no gradients."""
    return copy.deepcopy(module).eval().requires_grad_(False)


def warmed_decay(decay: float, step: int) -> float:
    """Decay at update `step` (0-based), at most (1 + step) / (10 + step): the first weights, which
    are random, are soon forgotten."""
    return min(decay, (1 + step) / (10 + step))


@torch.no_grad()
def update_average(average: nn.Module, module: nn.Module, decay: float) -> None:
    """Move `average` towards `module` in place; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(module.parameters()), 1 - decay)
    for kept, new in zip(average.buffers(), module.buffers(), strict=True):
        kept.copy_(new)


def absurd(name: str, value: float, first: dict[str, float]) -> bool:
    """Whether a loss term is nan, infinite or too large to be true.

    Args:
        name: of the term.
        value: of this update, unweighted.
        first: what each term was at its first update, to which new ones are added.
    """
    if not math.isfinite(value):
        return True
    first.setdefault(name, value)
    return abs(value) > min(_CAP, ABSURD * max(1.0, abs(first[name])))
