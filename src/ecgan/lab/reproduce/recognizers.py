"""Recognisers of a reproduction: what each learns from, its training, and what it sees in test
images."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ecgan.config import RecognizerConfig
from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, load_manifest, write_manifest
from ecgan.errors import DataError
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_file, write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import default_snapshot, load_snapshot, verify_snapshot
from ecgan.lab.reproduce.parts import (
    Say,
    chosen_settings,
    duration,
    enter_folder,
    settings_sha256,
)
from ecgan.lab.reproduce.plan import Budget, Plan
from ecgan.lab.reproduce.scores import ORIGINAL
from ecgan.seeding import numpy_generator
from ecgan.training.recognizer import train_recognizer

CHUNK = 256
_RESULT = "result.json"


@dataclass(frozen=True)
class Mixture:
    """Real images of training people, and generated images of the same people."""

    people: int | None = None
    """How many of the training people; None: all."""
    method: str | None = None
    """Whose generated images are added; None: nobody's."""
    per_class: int | None = None
    """Generated images of each expression; None: all that there are."""

    @property
    def name(self) -> str:
        """`original`, `original+default`, `original+default-20`, `original-5people`."""
        people = "" if self.people is None else f"-{self.people}people"
        method = "" if self.method is None else f"+{self.method}"
        per_class = "" if self.per_class is None else f"-{self.per_class}"
        return f"{ORIGINAL}{people}{method}{per_class}"

    @property
    def title(self) -> str:
        """As tables call it."""
        return ORIGINAL if self.method is None else f"{ORIGINAL} + {self.method}"


@dataclass(frozen=True)
class Trained:
    """A finished recogniser."""

    folder: Path
    sha256: str
    images: int
    """That it was trained on."""
    epochs: int
    accuracy: float | None
    """On the real test images."""

    def load(self) -> Recognizer:
        return Recognizer.load(self.folder / "run" / "snapshot")


class Recognizers:
    """Trains recognisers below one folder; what is there is not trained again."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._say = say
        self.size = plan.budget.recognizer_size or plan.size
        """Of the images that they see, in pixels."""
        self._generated: dict[str, Manifest] = {}

    def generated(self, method: str) -> Manifest:
        """What a method made."""
        if method not in self._generated:
            self._generated[method] = load_manifest(self._plan.generated_folder(method))
        return self._generated[method]

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
        original, generated = self._plan.manifest, None
        roots = {ORIGINAL: original.root}
        if mixture.method is not None:
            generated = self.generated(mixture.method)
            roots[mixture.method] = generated.root
        records = mixture_records(original, generated, mixture, seed)
        num_train = sum(record.split == "train" for _, record in records)
        config = recognizer_config(self._plan.budget, self.size, num_train, seed)
        start = self._start()
        sha256 = settings_sha256(
            {
                "mixture": asdict(mixture),
                "config": chosen_settings(config),
                "start": None if start is None else verify_snapshot(start),
                "data": {key: sha256_file(root / MANIFEST_NAME) for key, root in roots.items()},
            }
        )
        folder = self._plan.recognizers_folder / (name or f"{mixture.name}-seed{seed}")
        enter_folder(folder, sha256, self._say)
        result = folder / _RESULT
        if not result.exists():
            began = time.perf_counter()
            write_mixture(folder / "data", roots, records, original.card)
            config = config.model_copy(update={"init": None if start is None else str(start)})
            report = train_recognizer(config, folder / "data", folder / "run")
            accuracy = None if report.test is None else report.test.accuracy
            facts = {"images": num_train, "epochs": report.epochs, "accuracy": accuracy}
            write_json(result, {"sha256": report.sha256, **facts})
            shutil.rmtree(folder / "run" / "checkpoints", ignore_errors=True)
            seen = "" if accuracy is None else f", {accuracy:.1%} of the test images"
            took = duration(time.perf_counter() - began)
            self._say(
                f"    {folder.name}: {num_train} images, {report.epochs} epochs{seen}, {took}"
            )
        return Trained(folder, **json.loads(result.read_text(encoding="utf-8")))

    def _start(self) -> Path | None:
        """The packaged recogniser, if the budget says so and it knows these expressions."""
        if not self._plan.budget.recognizer_from_packaged:
            return None
        folder = default_snapshot("recognizer")
        names = load_snapshot(folder, "recognizer").config.get("vocabulary")
        return folder if names == list(self._plan.manifest.vocabulary.names) else None


def recognizer_config(budget: Budget, size: int, num_images: int, seed: int) -> RecognizerConfig:
    """The budget's recogniser, with as many passes as give the budget's images; the pass with the
    best validation loss counts, none is left out."""
    epochs = round(budget.recognizer_images / num_images)
    epochs = min(max(1, epochs), budget.recognizer_epochs)
    chosen = {"seed": seed, "size": size, "epochs": epochs, "patience": epochs}
    return RecognizerConfig.model_validate(budget.recognizer.model_dump(mode="json") | chosen)


def mixture_records(
    original: Manifest, generated: Manifest | None, mixture: Mixture, seed: int
) -> list[tuple[str, Record]]:
    """Records with the folder that they lie in (`original`, or the method): the chosen training
    images, then all real validation and test images.

    Smaller choices lie within larger ones of the same seed. A generated image is of a training
    person who was chosen: nobody whom the recogniser is tested on.

    Raises:
        DataError: no generated images are given where the mixture asks for some.
    """
    train = original.select(split="train")
    people = set(_shuffled({record.subject for record in train}, seed)[: mixture.people])
    chosen = [(ORIGINAL, record) for record in train if record.subject in people]
    if mixture.method is not None:
        if generated is None:
            raise DataError(f"no images of {mixture.method} were generated")
        groups: dict[str, set[str]] = defaultdict(set)
        for record in generated.select(split="train"):
            if record.subject in people and record.expression != NEUTRAL:
                groups[record.expression].add(record.image)
        kept = {
            image
            for expression, images in groups.items()
            for image in _shuffled(images, seed, expression)[: mixture.per_class]
        }
        chosen += [(mixture.method, one) for one in generated.records if one.image in kept]
    held_out = [record for record in original.records if record.split != "train"]
    outside = {record.subject for record in held_out}
    assert not any(record.subject in outside for _, record in chosen)
    return chosen + [(ORIGINAL, record) for record in held_out]


def write_mixture(
    folder: Path,
    roots: Mapping[str, Path],
    records: Sequence[tuple[str, Record]],
    card: Mapping[str, object],
) -> None:
    """Prepared data in `folder` whose images stay where they are: a link for each of `roots`.

    Raises:
        DataError: somebody is in two splits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in {name for name, _ in records}:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(roots[name].resolve(), folder.resolve()))
    moved = tuple(
        replace(record, image=f"{name}/{record.image}", mask=f"{name}/{record.mask}", pair=None)
        for name, record in records
    )
    write_manifest(Manifest(folder, moved, card))


class Gallery:
    """Labelled images that many recognisers look at: decoded once."""

    def __init__(self, manifest: Manifest, records: Sequence[Record], size: int) -> None:
        """`size`: in pixels, of the recognisers."""
        self._records = tuple(records)
        self._store = ImageStore(manifest, size, cache_mib=256)
        self.people = [record.subject for record in records]
        self.expressions = [record.expression for record in records]

    def seen_by(
        self, recognizer: Recognizer, labels: Sequence[str] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The probability of each image's label, and 1 where it is the most probable expression,
        else 0.

        `labels`: what to look for in each image; None: what the records say.
        """
        names = self.expressions if labels is None else labels
        asked = torch.tensor([recognizer.vocabulary.index(name) for name in names])
        found = self._map(recognizer.probabilities)
        probability = found.gather(1, asked[:, None])[:, 0]
        return probability.double().numpy(), (found.argmax(dim=1) == asked).double().numpy()

    def features(self, recognizer: Recognizer) -> NDArray[np.float64]:
        """(images, features): fc7 of each."""
        return self._map(recognizer.features).double().numpy()

    def _map(self, function: Callable[[Tensor], Tensor]) -> Tensor:
        parts = []
        for first in range(0, len(self._records), CHUNK):
            part = self._records[first : first + CHUNK]
            parts.append(function(to_images(np.stack([self._store.image(r) for r in part]))))
        return torch.cat(parts)


def _shuffled(names: set[str], seed: int, *key: str) -> list[str]:
    ordered = sorted(names)
    order = numpy_generator(seed, "mixture", *key).permutation(len(ordered))
    return [ordered[index] for index in order]
