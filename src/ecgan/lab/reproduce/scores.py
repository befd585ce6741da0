"""VGG score (Figure 5a), two-sample test and t-SNE (Figures 5b-c), all by the judge."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.data.manifest import Manifest, Record
from ecgan.errors import DataError
from ecgan.evaluation.bootstrap import PeopleMeans
from ecgan.evaluation.two_sample import classifier_two_sample_test
from ecgan.expressions import NEUTRAL
from ecgan.lab.reproduce.recognizers import Gallery, Seen
from ecgan.lab.reproduce.tables import interval_json

PERPLEXITY = 30.0
"""Of t-SNE, or a third of the images where these are few."""
MAX_POINTS = 2000


def score_of(seen: Seen, expressions: Sequence[str], people: Sequence[str]) -> dict[str, Any]:
    """Mean probability of the asked expression (the paper's VGG score) and accuracy, of all images
    and by expression."""
    probability, correct = PeopleMeans(), PeopleMeans()
    probability.add(expressions, people, seen.probability)
    correct.add(expressions, people, seen.correct)
    found = {
        name: {"probability": interval_json(interval), "accuracy": interval_json(other)}
        for (name, interval), other in zip(
            probability.compute().items(), correct.compute().values(), strict=True
        )
    }
    return {**found.pop("all"), "by_expression": found}


def strongest(records: Sequence[Record]) -> list[Record]:
    """The expressive images of the highest intensity of each person and expression: what a
    translation of full strength is to be compared with."""
    best: dict[tuple[str, str], float] = {}
    for record in records:
        key = record.subject, record.expression
        best[key] = max(best.get(key, 0.0), _intensity(record))
    return [
        record
        for record in records
        if record.expression != NEUTRAL
        and _intensity(record) == best[record.subject, record.expression]
    ]


def asked_of_test_people(generated: Manifest) -> list[Record]:
    """The translations of test people to expressions, without those to neutral."""
    found = [r for r in generated.select(split="test") if r.expression != NEUTRAL]
    return sorted(found, key=lambda record: record.image)


def two_sample(
    made: NDArray[np.float64],
    real: NDArray[np.float64],
    made_people: Sequence[str],
    real_people: Sequence[str],
) -> dict[str, Any]:
    """Accuracy of telling generated from real images of people whom the classifier never saw; 0.5
    where it cannot."""
    found = classifier_two_sample_test(made, real, made_people, real_people)
    return {"accuracy": interval_json(found), "chance": 0.5}


def why_no_tsne() -> str | None:
    """What t-SNE lacks here; None: nothing."""
    if find_spec("sklearn") is None:
        return "scikit-learn is not installed: pip install 'ecgan[metrics]'"
    return None


def tsne(features: NDArray[np.float64], gallery: Gallery, seed: int = 0) -> dict[str, Any]:
    """The plane that t-SNE (van der Maaten & Hinton 2008) lays features in; where there are very
    many images, of some.

    Raises:
        DataError: fewer than four images.
    """
    from sklearn.manifold import TSNE

    if len(features) < 4:
        raise DataError(f"t-SNE needs four images at least, got {len(features)}")
    chosen = np.random.default_rng(seed).permutation(len(features))[:MAX_POINTS]
    chosen.sort()
    perplexity = min(PERPLEXITY, (len(chosen) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, init="pca", random_state=seed)
    places = method.fit_transform(features[chosen].astype(np.float32))
    return {
        "xy": [[round(float(x), 3), round(float(y), 3)] for x, y in places],
        "expression": [gallery.expressions[index] for index in chosen],
        "subject": [gallery.people[index] for index in chosen],
        "perplexity": round(perplexity, 2),
    }


def _intensity(record: Record) -> float:
    return 1.0 if record.intensity is None else record.intensity
