"""Kill a training again and again, resume it each time, compare with one that was left alone.

    python tests/support/kill_run.py --kills 20 --inside-save 5

A child process trains and is ended by SIGKILL at a random moment, or in the middle of writing a
checkpoint. After each kill the newest checkpoint must load; at the end the hash of all weights must
equal that of an undisturbed run. Prints one JSON line; exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from ecgan.config import Config
from ecgan.config_loading import load_config
from ecgan.errors import EcganWarning
from ecgan.training.checkpoint import CheckpointFolder
from ecgan.training.trainer import train
from support.tiny_data import make_tiny_data
from support.tiny_run import tiny_config


def main() -> int:
    options = _parse()
    warnings.simplefilter("ignore", EcganWarning)
    random.seed(options.seed)
    torch.set_num_threads(1)  # no thread pool, so that forked children are sound
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        data = options.data or make_tiny_data(root / "data", people={"train": 3, "val": 1})
        config = _config(options)
        # In this process, so that the children inherit all that torch imports late.
        expected = train(config, data, root / "whole", progress=False).weights_sha256

        inside = {i * options.kills // options.inside_save for i in range(options.inside_save)}
        survived: list[int] = []
        result = None
        for i in range(options.kills):
            updates = random.randint(1, max(1, options.steps // options.kills))
            result = _in_child(
                config,
                data,
                root / "killed",
                kill_after=None if i in inside else updates,
                kill_save=random.randint(1, 14) if i in inside else None,
            )
            newest = CheckpointFolder(root / "killed/checkpoints", 1).load_newest()
            survived.append(newest.step if newest else 0)
            if result is not None:
                break
        result = result or _in_child(config, data, root / "killed")
        torn = len(list((root / "killed/checkpoints").glob(".*")))
    same = result == expected
    kills = len(survived) - (len(survived) < options.kills)
    report = {"kills": kills, "steps_after_kills": survived, "torn_files": torn}
    print(json.dumps({**report, "expected": expected, "same_weights": same}))
    return 0 if same and torn == 0 else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--inside-save", type=int, default=2, help="of the kills")
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--preset", help="instead of the tiny configuration")
    parser.add_argument("--data", type=Path, help="prepared data instead of drawn faces")
    return parser.parse_args()


def _config(options: argparse.Namespace) -> Config:
    if options.preset:
        return load_config(
            Config,
            preset=options.preset,
            settings=[f"steps={options.steps}", "precision=fp32", "threads=1"],
        )
    return tiny_config(steps=options.steps)


def _in_child(
    config: Config,
    data: Path,
    run: Path,
    *,
    kill_after: int | None = None,
    kill_save: int | None = None,
) -> str | None:
    """Train in a forked process; the weights' hash, or None if it was killed.

    `kill_after` counts updates; the kill comes up to 30 ms later, anywhere in an update.
    """
    answer, question = os.pipe()
    updates, notice = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(answer)
        os.close(updates)
        try:
            if kill_save is not None:
                _die_in_save(kill_save)

            def tell(step: int, values: Mapping[str, float]) -> None:
                os.write(notice, b".")

            result = train(config, data, run, progress=False, on_step=tell)
            os.write(question, result.weights_sha256.encode())
            os._exit(0)
        finally:
            os._exit(1)
    os.close(question)
    os.close(notice)
    if kill_after is not None:
        for _ in range(kill_after):
            os.read(updates, 1)
        time.sleep(0.03 * random.random())
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    text = os.read(answer, 100).decode()
    os.close(answer)
    os.close(updates)
    if not text and not os.WIFSIGNALED(status):
        raise RuntimeError(f"the training failed with status {status}")
    return text or None


def _die_in_save(moment: int) -> None:
    """SIGKILL this process inside a save, the moments being: half of the file written, before and
    after its fsync, before and after the rename, before and after the folder's fsync."""
    save, fsync, replace, fdopen = CheckpointFolder.save, os.fsync, os.replace, os.fdopen
    left, inside = moment, False

    def count() -> None:
        nonlocal left
        left -= inside
        if inside and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            count()
            result = function(*arguments)
            count()
            return result

        return call

    class Halves:
        def __init__(self, file: BinaryIO) -> None:
            self.file = file

        def __enter__(self) -> BinaryIO:
            return self  # type: ignore[return-value]

        def __exit__(self, *error: object) -> None:
            self.file.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def write(self, data: bytes) -> None:
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            count()
            self.file.write(data[len(data) // 2 :])

    def counted_save(*arguments: Any, **options: Any) -> Any:
        nonlocal inside
        inside = True
        try:
            return save(*arguments, **options)
        finally:
            inside = False

    CheckpointFolder.save = counted_save  # type: ignore[method-assign]
    os.fsync, os.replace = counted(fsync), counted(replace)
    os.fdopen = lambda *a: Halves(fdopen(*a)) if inside else fdopen(*a)  # type: ignore


if __name__ == "__main__":
    sys.exit(main())
