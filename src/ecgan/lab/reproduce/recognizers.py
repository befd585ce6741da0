"""Recognisers of a reproduction: each trained once on its mixture, and asked about test images."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgan.config import RecognizerConfig
from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import default_snapshot, load_snapshot, verify_snapshot
from ecgan.lab.reproduce.methods import Budget
from ecgan.lab.reproduce.mixtures import ORIGINAL, Mixture, mixture_records, write_mixture
from ecgan.lab.reproduce.parts import (
    Say,
    chosen_settings,
    duration,
    enter_folder,
    settings_sha256,
)
from ecgan.training.recognizer import train_recognizer

FEATURES_SEED, JUDGE_SEED = 1001, 1002
"""Apart from the seeds of Table 2, 0 and up, so that the judge knows nothing that others know."""
CHUNK = 256
_RESULT = "result.json"


@dataclass(frozen=True)
class Trained:
    """A finished recogniser."""

    snapshot: Path
    sha256: str
    images: int
    """That it was trained on."""
    epochs: int
    accuracy: float | None
    """On the real test images."""


class Recognizers:
    """Trains recognisers below one folder; what is there is not trained again."""

    def __init__(  # noqa: PLR0917
        self,
        folder: Path,
        original: Manifest,
        generated: Callable[[str], Manifest],
        budget: Budget,
        size: int,
        say: Say,
    ) -> None:
        """`generated`: gives what a method made."""
        self._folder = folder
        self._original = original
        self._generated = generated
        self._budget = budget
        self._say = say
        self.size = budget.recognizer_size or size
        """Of the images that they see, in pixels."""

    def train(self, mixture: Mixture, seed: int, name: str | None = None) -> Trained:
        """The recogniser of a mixture and seed, from the disk where it was trained before.

        Args:
            mixture: what it learns from.
            seed: of its weights, order, and the choices of the mixture.
            name: of its folder; None: of the mixture and the seed.

        Raises:
            DataError: there are no images of the mixture.
            Interrupted: SIGTERM or Ctrl-C; the same call goes on.
        """
        generated = None if mixture.method is None else self._generated(mixture.method)
        records = mixture_records(self._original, generated, mixture, seed)
        num_train = sum(record.split == "train" for _, record in records)
        config = recognizer_config(self._budget, self.size, num_train, seed)
        start = self._start()
        roots = {ORIGINAL: self._original.root}
        if generated is not None and mixture.method is not None:
            roots[mixture.method] = generated.root
        sha256 = settings_sha256(
            {
                "mixture": asdict(mixture),
                "config": chosen_settings(config),
                "start": None if start is None else verify_snapshot(start),
                "data": {key: sha256_file(root / MANIFEST_NAME) for key, root in roots.items()},
            }
        )
        folder = self._folder / (name or f"{mixture.name}-seed{seed}")
        enter_folder(folder, sha256, self._say)
        if (folder / _RESULT).exists():
            return _trained(folder)
        began = time.perf_counter()
        write_mixture(folder / "data", roots, records, self._original.card)
        config = config.model_copy(update={"init": None if start is None else str(start)})
        report = train_recognizer(config, folder / "data", folder / "run")
        facts = {
            "sha256": report.sha256,
            "images": num_train,
            "epochs": report.epochs,
            "accuracy": None if report.test is None else report.test.accuracy,
        }
        write_json(folder / _RESULT, facts)
        shutil.rmtree(folder / "run" / "checkpoints", ignore_errors=True)
        trained = _trained(folder)
        seen = "" if trained.accuracy is None else f", {trained.accuracy:.1%} of the test images"
        took = duration(time.perf_counter() - began)
        self._say(f"    {folder.name}: {num_train} images, {report.epochs} epochs{seen}, {took}")
        return trained

    def _start(self) -> Path | None:
        """The packaged recogniser, if the budget says so and it knows these expressions."""
        if not self._budget.recognizer_from_packaged:
            return None
        folder = default_snapshot("recognizer")
        names = load_snapshot(folder, "recognizer").config.get("vocabulary")
        return folder if names == list(self._original.vocabulary.names) else None


def recognizer_config(budget: Budget, size: int, num_images: int, seed: int) -> RecognizerConfig:
    """The budget's recogniser, with as many passes as give the budget's images; the pass with the
    best validation loss counts, none is left out."""
    epochs = round(budget.recognizer_images / num_images)
    epochs = min(max(1, epochs), budget.recognizer_epochs)
    values = {
        **budget.recognizer.model_dump(mode="json"),
        "seed": seed,
        "size": size,
        "epochs": epochs,
        "patience": epochs,
    }
    return RecognizerConfig.model_validate(values)


@dataclass(frozen=True)
class Seen:
    """How a recogniser sees some images."""

    probability: NDArray[np.float64]
    """Of the label of each."""
    correct: NDArray[np.float64]
    """1 where the label is the most probable expression, else 0."""


class Gallery:
    """Labelled images that many recognisers look at: decoded once."""

    def __init__(self, manifest: Manifest, records: Sequence[Record], size: int) -> None:
        """`size`: in pixels, of the recognisers."""
        self.records = tuple(records)
        self._store = ImageStore(manifest, size, cache_mib=256)

    @property
    def people(self) -> list[str]:
        return [record.subject for record in self.records]

    @property
    def expressions(self) -> list[str]:
        return [record.expression for record in self.records]

    def seen_by(self, recognizer: Recognizer, labels: Sequence[str] | None = None) -> Seen:
        """`labels`: what to look for in each image; None: what the records say."""
        names = self.expressions if labels is None else labels
        asked = torch.tensor([recognizer.vocabulary.index(name) for name in names])
        found = self._map(recognizer.probabilities)
        probability = found.gather(1, asked[:, None])[:, 0]
        return Seen(probability.double().numpy(), (found.argmax(dim=1) == asked).double().numpy())

    def features(self, recognizer: Recognizer) -> NDArray[np.float64]:
        """(images, features): fc7 of each."""
        return self._map(recognizer.features).double().numpy()

    def _map(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        parts = []
        for first in range(0, len(self.records), CHUNK):
            part = self.records[first : first + CHUNK]
            parts.append(function(to_images(np.stack([self._store.image(r) for r in part]))))
        return torch.cat(parts)


def _trained(folder: Path) -> Trained:
    facts: Mapping[str, Any] = json.loads((folder / _RESULT).read_text(encoding="utf-8"))
    return Trained(
        snapshot=folder / "run" / "snapshot",
        sha256=facts["sha256"],
        images=facts["images"],
        epochs=facts["epochs"],
        accuracy=facts["accuracy"],
    )
