"""`ecgan train` and `ecgan train-recognizer`; the same command again resumes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecgan.apps.console import percent, say, say_json

if TYPE_CHECKING:
    from ecgan.training.recognizer import Epoch

TRAIN_EXAMPLE = (
    "Example: ecgan train data/faces --out runs/first --preset default --set batch=8   "
    "(or: torchrun --nproc-per-node 2 -m ecgan train ...)"
)
RECOGNIZER_EXAMPLE = (
    "Example: ecgan train-recognizer data/faces --out runs/recognizer --set epochs=20"
)

Data = Annotated[Path, typer.Argument(help="Folder that `ecgan prepare` wrote.", metavar="DATA")]
Run = Annotated[Path, typer.Option("--out", help="Folder of the run.", metavar="RUN")]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="YAML file over the preset.", metavar="F")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="One value, over preset and file; repeatable.", metavar="a.b=v"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON, no progress.")]


def train(
    data: Data,
    *,
    out: Run,
    preset: Annotated[
        str, typer.Option(help="Configuration of the package: paper, default, best, smoke, ...")
    ] = "default",
    config: ConfigFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Train both generators; RUN gets metrics, samples, checkpoints and snapshots (best, last).

    Ctrl-C and SIGTERM save and leave; the same command again goes on.
    """
    from ecgan.config import Config
    from ecgan.config_loading import load_config

    values = load_config(Config, preset=preset, file=config, settings=settings or ())
    from ecgan.lab.stargan.method import method_of
    from ecgan.training.trainer import train as train_translator

    result = train_translator(values, data, out, progress=not as_json, method=method_of(values))
    if os.environ.get("RANK", "0") != "0":
        return
    if as_json:
        folders = {name: str(getattr(result, name)) for name in ("snapshot", "last_snapshot")}
        say_json({**vars(result), **folders})
        return
    chosen = "those of the last step, validation chose none"
    if result.best_step is not None:
        chosen = f"those of step {result.best_step}, the best by validation"
    say(f"trained {result.step} steps; weights {result.weights_sha256[:12]}")
    say(f"snapshot: {result.snapshot} ({chosen})")
    if result.best_step not in (None, result.step):
        say(f"the last step: {result.last_snapshot}")
    say(f"try: ecgan translate photo.jpg --to all --model {result.snapshot}")


def train_recognizer(
    data: Data,
    *,
    out: Run,
    config: ConfigFile = None,
    settings: Settings = None,
    as_json: AsJson = False,
) -> None:
    """Train the VGG recogniser; it stops by itself when people it never saw gain no more."""
    from ecgan.config import RecognizerConfig
    from ecgan.config_loading import load_config

    values = load_config(RecognizerConfig, file=config, settings=settings or ())
    from ecgan.training.recognizer import train_recognizer as train_network

    report = train_network(values, data, out, progress=None if as_json else _say_epoch)
    if as_json:
        accuracies = {
            name: scores and scores.accuracy
            for name, scores in (("validation", report.validation), ("test", report.test))
        }
        facts = {"best_epoch": report.best_epoch, "epochs": report.epochs, "sha256": report.sha256}
        say_json({"snapshot": str(report.snapshot), **facts, "accuracy": accuracies})
        return
    tested = f", accuracy on test people {percent(report.test.accuracy)}" if report.test else ""
    chosen = "best" if report.validation else "last"
    say(f"{chosen} epoch {report.best_epoch} of {report.epochs}{tested}")
    say(f"snapshot: {report.snapshot}")


def _say_epoch(epoch: Epoch) -> None:
    validation = ""
    if epoch.validation_loss is not None and epoch.validation_accuracy is not None:
        accuracy = percent(epoch.validation_accuracy)
        validation = f", validation loss {epoch.validation_loss:.3f} accuracy {accuracy}"
    say(
        f"epoch {epoch.number}/{epoch.epochs}: loss {epoch.train_loss:.3f} "
        f"accuracy {percent(epoch.train_accuracy)}{validation}, "
        f"{epoch.images_per_second:.0f} images/s{' *' if epoch.best else ''}"
    )
