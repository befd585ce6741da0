"""The training loop. To resume, call it again with the same arguments."""

from __future__ import annotations

import contextlib
import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from rich import progress as rich_progress
from rich.console import Console

from ecgan.config import Config
from ecgan.data.dataset import TranslationBatch, TranslationData
from ecgan.data.manifest import load_manifest
from ecgan.errors import ConfigError, EcganWarning, Interrupted
from ecgan.expressions import NEUTRAL
from ecgan.precision import choose_precision
from ecgan.training.checks import refuse_idle_terms, refuse_unfit
from ecgan.training.distributed import (
    World,
    any_process,
    join_world,
    share_of_batch,
    stop_on_signals,
)
from ecgan.training.method import Method, RunContext, feature_networks, update_flops
from ecgan.training.outputs import LAST_SNAPSHOT, SNAPSHOT, RunOutputs
from ecgan.training.run import sole_owner
from ecgan.training.state import fresh_state
from ecgan.training.update import TWO_GENERATORS, update

LINE_SECONDS = 10.0
"""Without a terminal: at most one line of progress in this time."""
OnStep = Callable[[int, Mapping[str, float]], None]
"""Called after each update with its number and values, on the first process."""


@dataclass(frozen=True)
class TrainResult:
    """The end of a run."""

    step: int
    weights_sha256: str
    """Of all networks and averages; equal for equal training."""
    snapshot: Path
    """The generators of `best_step`, or without one of `step`."""
    last_snapshot: Path
    """Those of `step` in any case."""
    best_step: int | None
    """Step of the best checkpoint by validation; None where this has no score (see
    `Validation.score`)."""
    best_score: float | None


def train(
    config: Config,
    data_root: Path,
    run: Path,
    *,
    progress: bool,
    method: Method = TWO_GENERATORS,
    on_step: OnStep | None = None,
) -> TrainResult:
    """Train on prepared data until the configured number of steps; resume what `run` holds.

    `run` gets config.yaml, metrics.jsonl, samples/, checkpoints/, snapshot/ (the best generators by
    validation; the last ones where that has no score) and snapshot-last/ (the generators at the
    last validation, or where the run was stopped or ended). Alone or as one of several
    processes under torchrun, which share each batch and train exactly what one process would.

    Args:
        config: the run's configuration; a resumed run may change `steps`, `epochs`, `threads`,
            `compile`, `recognizer` and `log` only.
        data_root: folder that `ecgan prepare` wrote.
        run: output folder.
        progress: show a bar (or lines, without a terminal).
        method: networks and update; StarGAN has its own (`lab.stargan`).
        on_step: see `OnStep`.

    Raises:
        ConfigError: the configuration does not go with the expressions of the data.
        DataError: the data are missing, lack what is needed (neutral and expressive training
            images of two people), or hold nothing on which a term of the objective could act.
        CheckpointError: the run was started with other settings or other data, or all checkpoints
            are damaged.
        NonFiniteError: a loss or gradient is nan, infinite or absurdly large; the checkpoints stay
            as they were.
        Interrupted: SIGTERM or Ctrl-C came; the state is saved.
    """
    with (
        join_world() as world,
        sole_owner(run) if world.is_first else contextlib.nullcontext(),
        stop_on_signals() as stop,
        _cpu_threads(config.threads),
    ):
        torch.backends.cudnn.benchmark = True  # all batches of a run have one shape
        data, context = _open(config, data_root, world, method)
        state = fresh_state(config, len(data.vocabulary), world, method.models)
        outputs = RunOutputs(run, data, context, state)
        outputs.resume()
        first, total = state.step, context.total_steps
        with outputs.open(), show_progress(progress and world.is_first, first, total) as report:
            if world.device.type != "cpu" and first < total:
                data.preload()
            if config.compile:
                state.compile()
            outputs.timer.restart()
            for batch in _batches(data, context, first):
                if outputs.flops is None:
                    with outputs.timer.paused():
                        outputs.flops = update_flops(state.models, batch, context) * world.size
                values = update(state, batch, context)
                report(state.step, values)
                stopping = any_process(bool(stop), world)
                if world.is_first:
                    outputs.after_step(values, stopping=stopping)
                    if on_step is not None:
                        on_step(state.step, values)
                if stopping and state.step < total:
                    raise Interrupted(
                        f"stopped by {stop.signal_name or 'a signal'} at step {state.step} of "
                        f"{total}, state saved; the same command resumes"
                    )
            outputs.finish()
        return TrainResult(
            step=state.step,
            weights_sha256=state.weights_sha256(),
            snapshot=run / SNAPSHOT,
            last_snapshot=run / LAST_SNAPSHOT,
            best_step=state.best_step,
            best_score=state.best_score,
        )


def _open(
    config: Config, data_root: Path, world: World, method: Method
) -> tuple[TranslationData, RunContext]:
    manifest = load_manifest(data_root)
    data = TranslationData(manifest, "train", size=config.size, data=config.data)
    refuse_unfit((*data.neutral, *data.expressive), manifest.root, tuned=config.init is not None)
    refuse_idle_terms(config, data)
    norms = (config.generator.norm, config.discriminator.norm)
    if world.size > 1 and world.is_first and "batch" in norms:
        warnings.warn(
            "norm=batch takes its mean over each process's share of the batch: not what one "
            "process would train",
            EcganWarning,
            stacklevel=3,
        )
    if config.generator.conditioning == "none" and len(data.vocabulary) > 2:
        raise ConfigError(
            "generator.conditioning=none makes one expression, the data have "
            f"{', '.join(data.vocabulary.expressive)}; set data.expressions=[...] to one of these"
        )
    context = RunContext(
        config=config,
        world=world,
        precision=choose_precision(config.precision, world.device),
        total_steps=total_steps(config, data.num_expressive),
        neutral_code=torch.from_numpy(data.vocabulary.code(NEUTRAL))[None].to(world.device),
        method=method,
        features=feature_networks(config, world.device),
    )
    return data, context


def _batches(data: TranslationData, context: RunContext, first: int) -> Iterator[TranslationBatch]:
    """This process's share of the batches from step `first` on; on a GPU, one is made ahead."""
    config, world = context.config, context.world
    share = share_of_batch(config.batch, world)

    def make(step: int) -> TranslationBatch:
        return data.batch(
            share,
            config.seed,
            step,
            rank=world.rank,
            world=world.size,
            device=world.device,
        )

    steps = range(first, context.total_steps)
    if world.device.type == "cpu":
        yield from map(make, steps)
        return
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(make, first) if steps else None
        for step in steps:
            assert ahead is not None
            batch = ahead.result()
            if step + 1 < context.total_steps:
                ahead = pool.submit(make, step + 1)
            yield batch


def total_steps(config: Config, num_expressive: int) -> int:
    """Updates of a run: `config.steps`, or `config.epochs` passes over the expressive images."""
    if config.steps is not None:
        return config.steps
    return max(1, math.ceil(config.epochs * num_expressive / config.batch))


@contextlib.contextmanager
def show_progress(enabled: bool, start: int, total: int) -> Iterator[OnStep]:
    """Report steps `start + 1 .. total` on standard output, if `enabled`: as a bar with the time
    left on a terminal, otherwise as a line in ten seconds at most."""
    if not enabled:
        yield lambda *_: None
        return
    if start:
        print(f"resumed at step {start} of {total}", flush=True)
    console = Console()
    if console.is_terminal:
        columns = (
            rich_progress.BarColumn(),
            rich_progress.MofNCompleteColumn(),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TimeRemainingColumn(),
            rich_progress.TextColumn("{task.fields[losses]}"),
        )
        with rich_progress.Progress(*columns, console=console) as bars:
            task = bars.add_task("train", total=total, completed=start, losses="")
            yield lambda step, values: bars.update(task, completed=step, losses=_losses(values))
        return
    began = last = time.monotonic()

    def line(step: int, values: Mapping[str, float]) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_SECONDS or step == total:
            last = now
            left = (now - began) / (step - start) * (total - step)
            print(f"step {step}/{total}  {_losses(values)}  {left / 60:.1f} min left", flush=True)

    yield line


def _losses(values: Mapping[str, float]) -> str:
    roles = {"G": "generator/total", "D": "discriminator/total"}
    return " ".join(f"{name} {values[k]:.3f}" for name, k in roles.items() if k in values)


@contextlib.contextmanager
def _cpu_threads(count: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
