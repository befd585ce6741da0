"""Validation: people whom training never sees, scored without touching training's randomness, and
shown in every expression in a grid."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torchvision.utils import make_grid

from ecgan.config import Config
from ecgan.data.dataset import TranslationData, translation_vocabulary
from ecgan.data.manifest import Manifest
from ecgan.expressions import NEUTRAL, Vocabulary, expression_of
from ecgan.files import write_with
from ecgan.inference.recognizer import Recognizer
from ecgan.precision import Precision, autocast
from ecgan.seeding import derive_seed
from ecgan.shapes import Images
from ecgan.training.method import RunContext
from ecgan.window import Window

MAX_EXAMPLES = 256
BATCH = 16
GAP_PX = 2

ProbabilityOfAsked = Callable[[Images, Tensor], Tensor]
"""(images, labels (batch,) in the data's vocabulary) -> probability of each label, (batch,)."""


@dataclass(frozen=True)
class Validation:
    """How the generators do on validation people; a higher score is better."""

    score: float | None
    """Mean probability of the asked expression if a recogniser is set, otherwise -l1 to the paired
    truth. None without either: who does nothing comes back best from there and back."""
    l1: float
    """Mean absolute difference, images being in [-1, 1], to the truth that `reference` names."""
    reference: Literal["paired", "cycle"]
    """`paired`: the person's own expressive image; `cycle`: the source, after there and back."""
    recognized: float | None = None
    num_people: int | None = None


def validation_data(manifest: Manifest, config: Config) -> TranslationData | None:
    """Validation examples, as whole crops, with their paired truth where there is one, even if
    training ignores pairs; None without validation people."""
    known = translation_vocabulary(manifest, config.data).expressions
    found = {record.expression for record in manifest.select(split="val")}.intersection(known)
    if not found > {NEUTRAL}:
        return None
    options = config.data.model_copy(update={"pairs": "use", "zoom": 1.0})
    canvas = Window(config.data.zoom).canvas(config.size)
    return TranslationData(manifest, "val", size=canvas, data=options)


@torch.no_grad()
def validate(
    generators: Mapping[str, nn.Module],
    data: TranslationData,
    context: RunContext,
    probability: ProbabilityOfAsked | None = None,
) -> Validation:
    """Score `to_expression` (and `to_neutral`) on the same up to 256 examples every time.

    Args:
        generators: for whole crops.
        data: from `validation_data`.
        context: of the training.
        probability: what scores the translations; none: their distance to the truth.
    """
    device, config, neutral_code = context.world.device, context.config, context.neutral_code
    paired_sum = cycle_sum = recognized_sum = 0.0
    paired_count = count = 0
    seed = derive_seed(config.seed, "validation")
    with _evaluating(generators.values()):
        for i in range(max(1, min(MAX_EXAMPLES, data.num_expressive) // BATCH)):
            batch = data.batch(BATCH, seed, i, augment=False).to(device)
            with autocast(context.precision, device):
                there = generators["to_expression"](batch.neutral, batch.code).image
                z_neutral = neutral_code.expand_as(batch.code)
                back = generators["to_neutral"](there, z_neutral).image
            count += len(there)
            cycle_sum += _distance(back, batch.neutral).sum().item()
            paired_count += int(batch.paired.sum())
            paired_sum += _distance(there, batch.expressive)[batch.paired].sum().item()
            if probability is not None:
                recognized_sum += probability(there, batch.label).sum().item()
    l1 = paired_sum / paired_count if paired_count else cycle_sum / count
    recognized = None if probability is None else recognized_sum / count
    by_distance = -l1 if paired_count else None
    return Validation(
        score=by_distance if recognized is None else recognized,
        l1=l1,
        reference="paired" if paired_count else "cycle",
        recognized=recognized,
        num_people=len({record.subject for record in (*data.neutral, *data.expressive)}),
    )


def load_probability(source: str | None, vocabulary: Vocabulary) -> ProbabilityOfAsked | None:
    """The recogniser snapshot of `config.recognizer` as a function of the translator's labels.

    Raises:
        SnapshotError: no such snapshot.
        UsageError: it does not know an expression of the translator.
    """
    if source is None:
        return None
    recognizer = Recognizer.load(source)
    asked_for = map(expression_of, vocabulary.names)
    places = torch.tensor([recognizer.vocabulary.index(name) for name in asked_for])

    def probability(images: Images, labels: Tensor) -> Tensor:
        asked = places[labels.cpu()]
        return recognizer.probabilities(images).gather(1, asked[:, None])[:, 0]

    return probability


@contextlib.contextmanager
def _evaluating(networks: Iterable[nn.Module]) -> Iterator[None]:
    """Within the block the networks are in evaluation mode."""
    modes = {network: network.training for network in networks}
    for network in modes:
        network.eval()
    try:
        yield
    finally:
        for network, training in modes.items():
            network.train(training)


def _distance(images: Images, truth: Images) -> Tensor:
    return (images - truth).abs().mean(dim=(1, 2, 3))


def sample_people(data: TranslationData, count: int) -> Images:
    """The first neutral image of up to `count` people, spread over all of them.

    Returns:
        (people, 3, size, size), in [-1, 1].
    """
    first = {record.subject: record for record in reversed(data.neutral)}
    people = [first[subject] for subject in sorted(first)]
    places = np.linspace(0, len(people) - 1, min(count, len(people))).round().astype(int)
    return data.stack([people[place] for place in places])[0]


@torch.no_grad()
def sample_grid(
    to_expression: nn.Module, people: Images, codes: Tensor, precision: Precision
) -> NDArray[np.uint8]:
    """A row a person: the photo, then its translation to each code (codes, expressions).

    Returns:
        RGB image, (height, width, 3).
    """
    columns = [people]
    with _evaluating([to_expression]), autocast(precision, codes.device):
        for code in codes:
            made = to_expression(people.to(codes.device), code.expand(len(people), -1))
            columns.append(made.image.float().cpu())
    return tile(torch.stack(columns, dim=1))


def tile(images: Tensor) -> NDArray[np.uint8]:
    """(rows, columns, 3, H, W) in [-1, 1] as one RGB image with narrow white gaps."""
    pixels = ((images.clamp(-1, 1) + 1) * 127.5).round().byte().flatten(0, 1)
    framed = make_grid(pixels, nrow=images.shape[1], padding=GAP_PX, pad_value=255)
    grid: NDArray[np.uint8] = framed[:, GAP_PX:-GAP_PX, GAP_PX:-GAP_PX].permute(1, 2, 0).numpy()
    return grid


def write_grid(file: Path, grid: NDArray[np.uint8]) -> None:
    """Write a grid as PNG, whole or not at all."""
    write_with(file, lambda stream: Image.fromarray(grid).save(stream, "PNG"))


def expression_codes(vocabulary: Vocabulary, device: torch.device) -> Tensor:
    """z of every expression but neutral, at full strength."""
    codes = np.stack([vocabulary.code(name) for name in vocabulary.expressive])
    return torch.from_numpy(codes).to(device)
