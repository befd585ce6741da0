"""One update: the generators' step, then the discriminators', each checked before applied."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch
from ecgan.errors import NonFiniteError
from ecgan.losses.paper import Objective
from ecgan.networks.draws import Share, sharing
from ecgan.precision import at_least_fp32, autocast
from ecgan.seeding import derive_seed
from ecgan.shapes import Scalar
from ecgan.training.distributed import World, average, gather, gather_lists
from ecgan.training.divergence import absurd
from ecgan.training.ema import update_average, warmed_decay
from ecgan.training.method import Method, RunContext
from ecgan.training.pool import Pooled, TranslationPool
from ecgan.training.schedule import learning_rate_factor, set_learning_rate
from ecgan.training.state import TrainingState, two_generators
from ecgan.training.step import Models, discriminator_step, generator_step


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
    rate = _set_rates(state, config, context.total_steps)

    with sharing(_share(batch, world)):
        values = context.method.update(state, batch, context)

    moved = "generator/total" in values
    for name, kept in state.averages.items() if moved else ():
        decay = warmed_decay(config.optimizer.ema, state.step)
        update_average(kept, state.network(name), decay)
    state.step += 1
    return values | {"learning_rate": rate}


def update_two_generators(
    state: TrainingState, batch: TranslationBatch, context: RunContext
) -> dict[str, float]:
    """Both generators, then their discriminators, if anything is learned from these."""
    config, world, models = context.config, context.world, state.models
    with frozen(models.discriminators()), autocast(context.precision, world.device):
        made = generator_step(models, batch, config, context.neutral_code, context.features)
    optimizer = state.generator_optimizer
    values = apply_objective(
        "generator", made.objective, optimizer, state, batch=batch, world=world
    )
    if not config.objective.judged:
        return values

    neutral_codes = context.neutral_code.expand_as(batch.code)
    share = _share(batch, world)
    expressive = _exchange(
        state.expressive_pool, made.fake_expressive, made.fake_code, state.step, world, share
    )
    neutral = _exchange(
        state.neutral_pool, made.fake_neutral, neutral_codes, state.step, world, share
    )
    with autocast(context.precision, world.device):
        judged = discriminator_step(
            models,
            batch,
            expressive.images,
            expressive.codes,
            neutral.images,
            config,
            context.neutral_code,
        )
    optimizer = state.discriminator_optimizer
    return values | apply_objective(
        "discriminator", judged, optimizer, state, batch=batch, world=world
    )


def losses_of_two_generators(
    models: Models, batch: TranslationBatch, context: RunContext
) -> Iterator[tuple[float, Scalar]]:
    """What `update_two_generators` differentiates, without pool or update."""
    config, device, neutral_code = context.config, context.world.device, context.neutral_code
    with frozen(models.discriminators()), autocast(context.precision, device):
        made = generator_step(models, batch, config, neutral_code, context.features)
        yield 1.0, made.objective.total
    if config.objective.judged:
        with autocast(context.precision, device):
            judged = discriminator_step(
                models,
                batch,
                made.fake_expressive,
                made.fake_code,
                made.fake_neutral,
                config,
                neutral_code,
            )
        yield 1.0, judged.total


TWO_GENERATORS = Method(two_generators, update_two_generators, losses_of_two_generators)
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
        the processes, so that all of them judge the same numbers.
    """
    objective.total.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for p in parameters if p.grad is not None]
    names = [*objective.terms, "total"]
    terms = at_least_fp32(torch.stack([*objective.terms.values(), objective.total]).detach())
    average([*gradients, terms], world)
    norm = at_least_fp32(torch.nn.utils.get_total_norm(gradients))
    numbers = torch.cat([terms, norm.reshape(1)]).tolist()  # the step's only wait for a GPU
    return dict(zip([*names, "gradient_norm"], numbers, strict=True))


def apply_objective(
    role: str,
    objective: Objective,
    optimizer: Optimizer,
    state: TrainingState,
    *,
    batch: TranslationBatch,
    world: World,
) -> dict[str, float]:
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


def _share(batch: TranslationBatch, world: World) -> Share:
    return Share(world.rank, world.size, len(batch.code))


def _exchange(  # noqa: PLR0917
    pool: TranslationPool, images: Tensor, codes: Tensor, step: int, world: World, share: Share
) -> Pooled:
    """Offer the translations of all processes: every process keeps the same pool, so that a
    checkpoint needs one, and takes its own share of what comes back."""
    if pool.capacity == 0:
        return Pooled(images, codes)
    if not len(images):
        return Pooled(images, codes)
    joined = [share.joined(gather(tensor, world)) for tensor in (images, codes)]
    pooled = pool.exchange(joined[0], joined[1], step)
    return Pooled(share.of(pooled.images), share.of(pooled.codes))


def _set_rates(state: TrainingState, config: Config, total: int) -> float:
    options = config.optimizer
    factor = learning_rate_factor(state.step, total, options.decay_from, options.warmup_steps)
    rate = factor * options.learning_rate
    set_learning_rate(state.generator_optimizer, rate)
    discriminator_rate = options.discriminator_learning_rate or options.learning_rate
    set_learning_rate(state.discriminator_optimizer, factor * discriminator_rate)
    return rate
