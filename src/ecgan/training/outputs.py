"""The files of a run, and when they are due."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from torch import nn

from ecgan.data.dataset import TranslationData
from ecgan.errors import CheckpointError
from ecgan.networks.build import Windowed
from ecgan.training.checks import warn_without_validation
from ecgan.training.distributed import gather_lists
from ecgan.training.export import export_checkpoint, write_translator
from ecgan.training.method import RunContext
from ecgan.training.run import Run
from ecgan.training.state import TrainingState
from ecgan.training.validation import (
    Validation,
    expression_codes,
    load_probability,
    sample_grid,
    sample_people,
    validate,
    validation_data,
    write_grid,
)
from ecgan.window import Window

MAY_CHANGE = ("steps", "epochs", "threads", "compile", "recognizer", "log")
"""Configuration that a resumed run may alter; the rest would make it another run."""
SNAPSHOT, LAST_SNAPSHOT = "snapshot", "snapshot-last"
"""Folders of a run: the best generators by validation, or the last ones where it has no score; and
the last ones in any case."""


class RunOutputs:
    """What a run writes, and when. Only the first process writes."""

    def __init__(
        self, folder: Path, data: TranslationData, context: RunContext, state: TrainingState
    ) -> None:
        config, manifest = context.config, data.store.manifest
        self.run = Run(folder, config, manifest, keep=config.log.keep, may_change=MAY_CHANGE)
        self.manifest, self.context, self.state = manifest, context, state
        self.vocabulary, self.log = data.vocabulary, config.log
        self.flops: int | None = None
        """Of one update over all processes, counted once a run."""
        self.validation: Validation | None = None
        self.timer = _Timer()
        if context.world.is_first:
            self.codes = expression_codes(self.vocabulary, context.world.device)
            self.validation_data = validation_data(manifest, config)
            if self.validation_data is None:
                warn_without_validation(manifest.root, "the snapshot has the last weights")
            self.people = sample_people(self.validation_data or data, config.log.sample_people)
            self.probability = load_probability(config.recognizer, self.vocabulary)

    def resume(self) -> None:
        """Load the newest checkpoint that verifies, if any; the same one on every process.

        Raises:
            CheckpointError: it is of other settings or data, or not everywhere the same.
        """
        state, context = self.state, self.context
        checkpoint = self.run.load()
        if checkpoint is not None:
            before, vocabulary = checkpoint.values["vocabulary"], list(self.vocabulary.names)
            if before != vocabulary:
                raise CheckpointError(
                    f"the run was started with the expressions {before}, the data have "
                    f"{vocabulary}; resume with the same data"
                )
            state.restore(checkpoint, context.world.device)
            self.flops = checkpoint.values["flops"]
            if checkpoint.values["validation"]:
                self.validation = Validation(**checkpoint.values["validation"])
        elif context.config.init:
            state.start_from(context.config.init, self.vocabulary)
        if len(set(gather_lists([state.step], context.world))) > 1:
            raise CheckpointError(
                f"the processes see different checkpoints in {self.run.folder}; use a shared folder"
            )

    def open(self) -> contextlib.AbstractContextManager[None]:
        """Within this files may be written."""
        if not self.context.world.is_first:
            return contextlib.nullcontext()
        return self.run.open(self.state.step, tensorboard=self.log.tensorboard)

    def after_step(self, values: Mapping[str, float], *, stopping: bool) -> None:
        """Metrics, validation, samples and checkpoint, where they are due."""
        step, last = self.state.step, self.state.step == self.context.total_steps

        def due(interval: int) -> bool:
            return last or step % interval == 0

        self.timer.steps += 1
        if due(self.log.metrics_steps):
            speed = self.timer.speed(self.context.config.batch, self.flops)
            self.run.metrics.append(step, "train", {**values, **speed})
        with self.timer.paused():
            validating = due(self.log.validation_steps)
            improved = validating and self.validation_data is not None and self._validate()
            if due(self.log.sample_steps):
                self._draw_samples()
            # The checkpoint comes last: whatever is lost with a kill before it is made again.
            if stopping or validating:
                self.write_snapshots(improved=improved, validated=validating)
            if improved or stopping or due(self.log.checkpoint_steps):
                self.save()

    def save(self) -> None:
        checkpoint = self.state.to_checkpoint()
        values = {
            **checkpoint.values,
            "vocabulary": list(self.vocabulary.names),
            "flops": self.flops,
            "validation": asdict(self.validation) if self.validation else {},
        }
        self.run.save(replace(checkpoint, values=values), self.state.best_step)

    def finish(self) -> None:
        """The snapshots of a run that is complete, should one be missing."""
        if not self.context.world.is_first:
            return
        best, step = self.run.folder / SNAPSHOT, self.state.best_step
        if not (self.run.folder / LAST_SNAPSHOT).is_dir() or (step is None and not best.is_dir()):
            self.write_snapshots(improved=False, validated=True)
        if step is not None and not best.is_dir():
            export_checkpoint(self.run.checkpoints.file(step), self.manifest.root, best)

    def write_snapshots(self, *, improved: bool, validated: bool) -> None:
        """The generators as they are now, for inference: as the last, and as the best where they
        are that or nothing else is.

        Args:
            improved: they have the best score so far.
            validated: the last validation was of them.
        """
        known = self.validation if validated else None
        chosen = improved or self.state.best_step is None
        for name in (LAST_SNAPSHOT, SNAPSHOT)[: 1 + chosen]:
            write_translator(
                self.run.folder / name,
                self.state.inference_generators(),
                self.context.config,
                self.manifest,
                step=self.state.step,
                validation=known,
                best=improved,
            )

    def _generators_of_crops(self) -> dict[str, nn.Module]:
        window = Window(self.context.config.data.zoom)
        generators = self.state.inference_generators()
        return {name: Windowed(generator, window) for name, generator in generators.items()}

    def _validate(self) -> bool:
        assert self.validation_data is not None
        state = self.state
        self.validation = validate(
            self._generators_of_crops(), self.validation_data, self.context, self.probability
        )
        self.run.metrics.append(state.step, "validation", asdict(self.validation))
        score, by = self.validation.score, self.context.config.recognizer
        # Probabilities of one recogniser are not those of another.
        before = state.best_score if state.best_by == by else None
        if score is None or (before is not None and score <= before):
            return False
        state.best_score, state.best_step, state.best_by = score, state.step, by
        return True

    def _draw_samples(self) -> None:
        generator = self._generators_of_crops()["to_expression"]
        grid = sample_grid(generator, self.people, self.codes, self.context.precision)
        write_grid(self.run.folder / "samples" / f"step-{self.state.step:08d}.png", grid)


class _Timer:
    """Seconds of training since the last look, without what is not training: counting operations,
    validation, samples, snapshots, checkpoints."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self._since = time.perf_counter()
        self.steps = 0

    def speed(self, batch: int, flops: int | None) -> dict[str, float]:
        """`seconds_per_step`, `images_per_second` (an example is two images) and
        `flops_per_second`; starts anew."""
        seconds = (time.perf_counter() - self._since) / max(1, self.steps)
        self.restart()
        rates = {"seconds_per_step": seconds, "images_per_second": 2 * batch / seconds}
        return rates | ({"flops_per_second": flops / seconds} if flops else {})

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._since += time.perf_counter() - start
