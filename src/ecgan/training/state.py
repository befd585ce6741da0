"""Everything that a training run changes, and its way into a checkpoint and back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam

from ecgan.config import Config, OptimizerConfig
from ecgan.errors import CheckpointError, SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.seeding import derive_seed
from ecgan.training.checkpoint import Checkpoint, flatten, restore_optimizer
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
from ecgan.training.same_run import initial_snapshot, refuse_other_run
from ecgan.training.schedule import start_average

MAY_CHANGE = ("steps", "epochs", "threads", "compile", "recognizer", "log")
"""Configuration that a resumed run may alter; the rest would make it another run."""


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

    def to_checkpoint(self, config: Config, extra: dict[str, Any]) -> Checkpoint:
        """All state; `extra` are JSON values to keep with it."""
        tensors = self.weights()
        for name, optimizer in self.optimizers.items():
            tensors |= flatten(f"optimizer.{name}s", optimizer.state_dict()["state"])
        for name, pool in self.pools.items():
            tensors |= flatten(f"pool.{name}", pool.state_dict())
        tensors["random.torch"] = torch.get_rng_state()
        values = {
            "config": config.model_dump(mode="json"),
            "best_score": self.best_score,
            "best_step": self.best_step,
            "best_by": self.best_by,
            "first_terms": dict(self.first_terms),
            **extra,
        }
        return Checkpoint(self.step, tensors, values)

    def restore(self, checkpoint: Checkpoint, config: Config, device: torch.device) -> None:
        """Continue from a checkpoint of the same configuration.

        Raises:
            CheckpointError: it was written with other settings; the message names the first.
        """
        refuse_other_run(checkpoint, config, MAY_CHANGE)
        try:
            for name in self.names():
                self.network(name).load_state_dict(checkpoint.part(f"network.{name}"))
            for name, average in self.averages.items():
                average.load_state_dict(checkpoint.part(f"average.{name}"))
        except RuntimeError as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"the checkpoint does not fit these networks: {reason}") from None
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
        shape fit, so that a part may be new.

        Raises:
            SnapshotError: it is missing, knows other expressions, or less than half of it fits.
        """
        snapshot = initial_snapshot(source, "translator", vocabulary)
        for name in filter(GENERATORS.__contains__, self.names()):
            own = self.network(name).state_dict()
            given = snapshot.states.get(name, {})
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
