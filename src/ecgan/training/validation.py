"""Validation: people whom training never sees, scored without touching training's randomness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ecgan.config import Config
from ecgan.data.dataset import TranslationData, translation_vocabulary
from ecgan.data.manifest import Manifest
from ecgan.expressions import NEUTRAL, Vocabulary, expression_of
from ecgan.precision import autocast
from ecgan.seeding import derive_seed
from ecgan.shapes import Images
from ecgan.training.update import Setting
from ecgan.window import Window

MAX_EXAMPLES = 256
BATCH = 16

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
    setting: Setting,
    probability: ProbabilityOfAsked | None = None,
) -> Validation:
    """Score `to_expression` (and `to_neutral`) on the same up to 256 examples every time.

    Args:
        generators: for whole crops.
        data: from `validation_data`.
        setting: of the training.
        probability: what scores the translations; none: their distance to the truth.
    """
    device, config, neutral_code = setting.world.device, setting.config, setting.neutral_code
    modes = {network: network.training for network in generators.values()}
    for network in modes:
        network.eval()
    paired_sum = cycle_sum = recognized_sum = 0.0
    paired_count = count = 0
    try:
        for i in range(max(1, min(MAX_EXAMPLES, data.num_expressive) // BATCH)):
            seed = derive_seed(config.seed, "validation")
            batch = data.batch(BATCH, seed, i, augment=False).to(device)
            with autocast(setting.precision, device):
                there = generators["to_expression"](batch.neutral, batch.code).image
                z_neutral = neutral_code.expand_as(batch.code)
                back = generators["to_neutral"](there, z_neutral).image
            count += len(there)
            cycle_sum += _distance(back, batch.neutral).sum().item()
            paired_count += int(batch.paired.sum())
            paired_sum += _distance(there, batch.expressive)[batch.paired].sum().item()
            if probability is not None:
                recognized_sum += probability(there, batch.label).sum().item()
    finally:
        for network, training in modes.items():
            network.train(training)
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
    from ecgan.inference.recognizer import Recognizer

    recognizer = Recognizer.load(source)
    asked_for = map(expression_of, vocabulary.names)
    places = torch.tensor([recognizer.vocabulary.index(name) for name in asked_for])

    def probability(images: Images, labels: Tensor) -> Tensor:
        asked = places[labels.cpu()]
        return recognizer.probabilities(images).gather(1, asked[:, None])[:, 0]

    return probability


def _distance(images: Images, truth: Images) -> Tensor:
    return (images - truth).abs().mean(dim=(1, 2, 3))
