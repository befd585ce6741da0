"""How well a recogniser does (accuracy with an interval over people, confusions), and its snapshot
with these scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from numpy import ndarray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ecgan.config import RecognizerConfig
from ecgan.config_loading import published
from ecgan.data.dataset import to_images
from ecgan.data.labelled import LabelledImages
from ecgan.data.manifest import Manifest, Split
from ecgan.expressions import Vocabulary
from ecgan.files import write_json
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import save_snapshot
from ecgan.networks.vgg import VGGRecognizer
from ecgan.seeding import numpy_generator


@dataclass(frozen=True)
class RecognitionScores:
    """Scores of one split or of one source in it."""

    num_images: int
    num_people: int
    accuracy: float
    interval: tuple[float, float]
    """95% bootstrap interval of the accuracy; whole people are drawn, not images."""
    mean_probability: float
    """Of the true expression."""
    calibration_error: float
    """`expected_calibration_error`."""
    confusion: Int[ndarray, "expressions expressions"]
    """Rows: true; columns: recognised."""

    def recall(self) -> Float[ndarray, " expressions"]:
        """Fraction recognised of every expression; nan where there is no image."""
        totals = self.confusion.sum(axis=1)
        with np.errstate(invalid="ignore"):
            recall: Float[ndarray, " expressions"] = np.diag(self.confusion) / totals
        return recall

    def as_json(self, vocabulary: Vocabulary) -> dict[str, Any]:
        recall = zip(vocabulary.names, self.recall(), strict=True)
        return {
            "images": self.num_images,
            "people": self.num_people,
            "accuracy": round(self.accuracy, 4),
            "accuracy_interval_95": [round(bound, 4) for bound in self.interval],
            "mean_probability": round(self.mean_probability, 4),
            "calibration_error": round(self.calibration_error, 4),
            "recall": {name: round(float(r), 4) for name, r in recall if np.isfinite(r)},
            "confusion": self.confusion.tolist(),
        }


def recognition_scores(
    probabilities: Float[ndarray, "images expressions"],
    labels: Int[ndarray, " images"],
    people: Sequence[str],
    seed: int = 0,
) -> RecognitionScores:
    """Scores of one set of images.

    Args:
        probabilities: recognised distribution of every image.
        labels: true expression of every image.
        people: subject of every image.
        seed: of the bootstrap.

    Raises:
        ValueError: no images.
    """
    if not len(labels):
        raise ValueError("recognition scores need one image at least")
    num_expressions = probabilities.shape[1]
    guesses = probabilities.argmax(axis=1)
    confusion = np.zeros((num_expressions, num_expressions), dtype=np.int64)
    np.add.at(confusion, (labels, guesses), 1)
    right = guesses == labels
    return RecognitionScores(
        num_images=len(labels),
        num_people=len(set(people)),
        accuracy=float(right.mean()),
        interval=people_interval(right.astype(np.float64), people, seed),
        mean_probability=float(probabilities[np.arange(len(labels)), labels].mean()),
        calibration_error=expected_calibration_error(probabilities, labels),
        confusion=confusion,
    )


def expected_calibration_error(
    probabilities: Float[ndarray, "images expressions"],
    labels: Int[ndarray, " images"],
    bins: int = 15,
) -> float:
    """Mean distance between how sure a recogniser is and how often it is right, over `bins` of
    equal width of the highest probability (Guo et al. 2017, Eq. 3); 0 to 1."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    place = np.minimum((sure * bins).astype(np.int64), bins - 1)
    gaps = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))


def fit_temperature(
    logits: Float[ndarray, "images expressions"],
    labels: Int[ndarray, " images"],
    sources: Sequence[str],
) -> float:
    """The temperature of the least cross-entropy (Guo et al. 2017), the sources counting alike:
    there are many pictures of those that were made, and photos are harder."""
    _, source, counts = np.unique(sources, return_inverse=True, return_counts=True)
    weights = 1 / counts[source]

    def cost(log_temperature: float) -> float:
        scores = log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-(weights * scores[np.arange(len(labels)), labels]).sum())

    limits = (np.log(0.2), np.log(5.0))
    return float(np.exp(minimize_scalar(cost, bounds=limits, method="bounded").x))


def people_interval(
    values: Float[ndarray, " images"], people: Sequence[str], seed: int = 0, draws: int = 2000
) -> tuple[float, float]:
    """95% percentile bootstrap interval of a mean when the images of one person go together
    (cluster bootstrap, Davison & Hinkley 1997, Sec. 3.8)."""
    _, person = np.unique(np.asarray(people), return_inverse=True)
    sums = np.bincount(person, weights=values)
    counts = np.bincount(person)
    drawn = numpy_generator(seed, "people").integers(len(sums), size=(draws, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def score_split(
    recognizer: Recognizer, manifest: Manifest, split: Split, seed: int = 0
) -> tuple[RecognitionScores | None, dict[str, RecognitionScores]]:
    """Scores of a split (none without images) and of each source in it."""
    if not manifest.select(split=split):
        return None, {}
    data = LabelledImages(manifest, split, recognizer.size, vocabulary=recognizer.vocabulary)
    pixels = np.stack([data.image(index) for index in range(len(data))])
    probabilities = recognizer.probabilities(to_images(pixels)).numpy()
    people = np.array([record.subject for record in data.records])
    sources = np.array([record.source for record in data.records])

    def scores(chosen: np.ndarray) -> RecognitionScores:
        labels, subjects = data.labels[chosen], people[chosen].tolist()
        return recognition_scores(probabilities[chosen], labels, subjects, seed)

    by_source = {source: scores(sources == source) for source in sorted(set(sources.tolist()))}
    return scores(np.full(len(data), True)), by_source


def temperature_of(recognizer: Recognizer, manifest: Manifest) -> float:
    """`fit_temperature` on validation people, to four digits; 1 where there are none."""
    if not manifest.select(split="val"):
        return 1.0
    data = LabelledImages(manifest, "val", recognizer.size, vocabulary=recognizer.vocabulary)
    pixels = np.stack([data.image(index) for index in range(len(data))])
    logits = recognizer.logits(to_images(pixels)).double().numpy()
    return round(fit_temperature(logits, data.labels, [r.source for r in data.records]), 4)


@dataclass(frozen=True)
class RecognizerReport:
    """What a finished run left."""

    snapshot: Path
    sha256: str
    best_epoch: int
    epochs: int
    validation: RecognitionScores | None
    test: RecognitionScores | None
    test_by_source: dict[str, RecognitionScores]


def write_recognizer(  # noqa: PLR0917
    run: Path,
    model: VGGRecognizer,
    config: RecognizerConfig,
    manifest: Manifest,
    best_epoch: int,
    epochs: int,
) -> RecognizerReport:
    """Write a trained network to `run/snapshot`, score what was written, and add the scores to it
    and to `run/report.json`.

    Args:
        best_epoch: after which the weights are those of `model`.
        epochs: of the whole training.
    """
    vocabulary, folder, modules = manifest.vocabulary, run / "snapshot", {"recognizer": model}
    values: dict[str, Any] = {
        "vocabulary": list(vocabulary.names),
        "recognizer": published(config),
    }
    save_snapshot(folder, "recognizer", modules, values, "Not scored yet.", half=True)
    recognizer = Recognizer.load(folder, precision=config.precision)
    recognizer.temperature = values["temperature"] = temperature_of(recognizer, manifest)
    validation, _ = score_split(recognizer, manifest, "val", config.seed)
    test, test_by_source = score_split(recognizer, manifest, "test", config.seed)
    scores = {
        "best_epoch": best_epoch,
        "epochs": epochs,
        "validation": validation.as_json(vocabulary) if validation else None,
        "test": test.as_json(vocabulary) if test else None,
        "test_by_source": {k: v.as_json(vocabulary) for k, v in test_by_source.items()},
    }
    card = recognizer_card(config, manifest, validation, test, test_by_source)
    values["scores"] = scores
    sha256 = save_snapshot(folder, "recognizer", modules, values, card, half=True)
    write_json(run / "report.json", {**scores, "snapshot_sha256": sha256})
    return RecognizerReport(
        snapshot=folder,
        sha256=sha256,
        best_epoch=best_epoch,
        epochs=epochs,
        validation=validation,
        test=test,
        test_by_source=test_by_source,
    )


def recognizer_card(
    config: RecognizerConfig,
    manifest: Manifest,
    validation: RecognitionScores | None,
    test: RecognitionScores | None,
    test_by_source: Mapping[str, RecognitionScores],
) -> str:
    """Markdown for the snapshot's README.md: what it saw, how well it does, what it must not be
    used for; every figure comes from the scores handed in."""
    names, card = manifest.vocabulary.names, manifest.card
    train = manifest.select(split="train")
    counts = {name: sum(record.expression == name for record in train) for name in names}
    seen = ", ".join(f"{name} {count}" for name, count in counts.items())
    chose = "No validation people: the last epoch was kept."
    if validation is not None:
        chose = f"{validation.num_people} other people chose the epoch."
    calibrated = ""
    if validation is not None:
        calibrated = (
            "\nProbabilities are calibrated on the validation people, by a temperature "
            "(Guo et al. 2017).\n"
        )
    tested = "No test people: nothing is known about people it has not seen."
    if test is not None:
        tested = f"{test.num_people} others tested it."
    credit = "".join(
        f"\n- {key}: {'; '.join(map(str, text)) if isinstance(text, list | tuple) else text}"
        for key in ("name", "licence", "attribution")
        if (text := card.get(key))
    )
    groups = {"validation people": validation, "test people": test}
    groups |= {f"test people, {source}": score for source, score in test_by_source.items()}
    rows = "".join(
        f"\n| {title} | {score.num_images} | {score.num_people} | {score.accuracy:.1%} "
        f"| {score.interval[0]:.1%}-{score.interval[1]:.1%} | {score.mean_probability:.3f} "
        f"| {score.calibration_error:.1%} |"
        for title, score in groups.items()
        if score is not None
    )
    if test is not None:
        rows += "\n\n| expression | recognised (test people) |\n|---|---|"
        for name, recall in zip(names, test.recall(), strict=True):
            rows += f"\n| {name} | {'no image' if np.isnan(recall) else f'{recall:.1%}'} |"
    return f"""---
library_name: ecgan
pipeline_tag: image-classification
---

# Expression recogniser

{config.network.upper()}, width {config.width:g}, for aligned faces of {config.size} px; \
fc7 has {config.features:,} values. Expressions: {", ".join(names)}.

## Data

{len(train):,} images of {len({record.subject for record in train})} people ({seen}). \
{chose} {tested}{credit}

## Scores

| images | number | people | accuracy | 95% interval | mean p | calibration error |
|---|---|---|---|---|---|---|{rows}
{calibrated}

## Limits

It names the expression that a picture shows in the style of its training data, not what \
a person feels. Few people trained it: expect it to do worse on other cameras, ages and \
skin tones, on weak expressions and turned heads. Do not use it to judge people.
"""
