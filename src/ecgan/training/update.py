"""One update: the generators' step, then the discriminators', each checked before applied."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from ecgan.data.dataset import TranslationBatch
from ecgan.errors import NonFiniteError
from ecgan.losses.paper import Objective
from ecgan.networks.draws import Share, sharing
from ecgan.precision import at_least_fp32, autocast
from ecgan.seeding import derive_seed
from ecgan.training.distributed import World, average, gather, gather_lists
from ecgan.training.method import Exchange, Method, Models, RunContext, two_generators
from ecgan.training.pool import DiscriminatorInput
from ecgan.training.state import TrainingState, absurd, update_average, warmed_decay
from ecgan.training.step import discriminator_step, generator_step


def update(state: TrainingState, batch: TranslationBatch, context: RunContext) -> dict[str, float]:
    """Train all networks on one batch and advance `state.step`.

    Returns:
        `generator/<term>`, `discriminator/<term>` (unweighted, `total` weighted), their
        `gradient_norm`, and `learning_rate`; nothing of a generator that had not its turn.

    Raises:
        NonFiniteError: a loss or gradient is nan or infinite, or a loss is absurdly large; that
            update was not applied.
    """
    config, world = context.config, context.world
    # Dropout and anything else that draws from torch's global generator: a resumed run repeats it.
    # The same state on every process: each draws for all and keeps its share.
    torch.manual_seed(derive_seed(config.seed, "update", state.step, 0))
    rate = state.set_learning_rates(config.optimizer, context.total_steps)
    share = Share(world.rank, world.size, len(batch.code))

    def exchange(name: str, made: DiscriminatorInput) -> DiscriminatorInput:
        # Every process keeps the same pool, so that a checkpoint needs one, offers it the
        # translations of all, and takes its own share of what comes back.
        pool = state.pools[name]
        if not (pool.capacity and len(made.images)):
            return made
        images, codes = (share.joined(gather(of, world)) for of in (made.images, made.codes))
        pooled = pool.exchange(images, codes, state.step)
        return DiscriminatorInput(share.of(pooled.images), share.of(pooled.codes))

    values: dict[str, float] = {}
    with sharing(share):
        objectives = context.method.objectives(state.models, batch, context, state.step, exchange)
        for role, objective in objectives:
            values |= _apply(role, objective, state, batch, world)
    for name, kept in state.averages.items() if "generator/total" in values else ():
        decay = warmed_decay(config.optimizer.ema, state.step)
        update_average(kept, state.network(name), decay)
    state.step += 1
    return values | {"learning_rate": rate}


def objectives_of_two_generators(
    models: Models, batch: TranslationBatch, context: RunContext, step: int, exchange: Exchange
) -> Iterator[tuple[str, Objective]]:
    """Of both generators, then of their discriminators, if anything is learned from these."""
    del step
    device = context.world.device
    with frozen(models.discriminators()), autocast(context.precision, device):
        made = generator_step(models, batch, context)
    yield "generator", made.objective
    if not context.config.objective.uses_discriminators:
        return
    expressive = exchange("expressive", made.expressive)
    neutral = exchange("neutral", made.neutral)
    with autocast(context.precision, device):
        objective = discriminator_step(models, batch, expressive, neutral, context)
    yield "discriminator", objective


TWO_GENERATORS = Method(two_generators, objectives_of_two_generators)
"""G_XY and G_YX with their discriminators: the paper's, CycleGAN and Pix2pix."""


@contextlib.contextmanager
def frozen(networks: Sequence[nn.Module]) -> Iterator[None]:
    """Within the block no gradient of these networks' weights is asked for, so none is computed;
    gradients still pass through them."""
    parameters = [p for network in networks for p in network.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)


def averaged_gradients(
    objective: Objective, parameters: Sequence[Tensor], world: World
) -> dict[str, float]:
    """Back-propagate; leave the mean gradient over all processes in `.grad`.

    Returns:
        The objective's terms, `total` and `gradient_norm` (L2 over all parameters), averaged over
        the processes, so that all of them decide by the same numbers.
    """
    objective.total.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in parameters if p.grad is not None]
    names = [*objective.terms, "total", "gradient_norm"]
    terms = at_least_fp32(torch.stack([*objective.terms.values(), objective.total]).detach())
    average([*gradients, terms], world)
    norm = at_least_fp32(torch.nn.utils.get_total_norm(gradients))
    numbers = torch.cat([terms, norm.reshape(1)]).tolist()  # the step's only wait for a GPU
    return dict(zip(names, numbers, strict=True))


def _apply(
    role: str, objective: Objective, state: TrainingState, batch: TranslationBatch, world: World
) -> dict[str, float]:
    """One step of the optimiser of `role`."""
    optimizer = state.optimizers[role]
    optimizer.zero_grad(set_to_none=True)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    values = averaged_gradients(objective, parameters, world)
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    first = state.first_terms
    bad += [name for name in objective.terms if absurd(f"{role}/{name}", values[name], first)]
    if bad:
        images = ", ".join(gather_lists(list(batch.names), world))
        raise NonFiniteError(
            f"step {state.step + 1}: {role} {bad[0]} is {values[bad[0]]:.4g} on the images "
            f"{images}; no update was made. Check these images, lower optimizer.learning_rate or "
            "set precision=fp32, and run again from the last checkpoint"
        )
    optimizer.step()
    return {f"{role}/{name}": value for name, value in values.items()}
