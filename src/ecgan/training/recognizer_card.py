"""The model card of a recogniser: what it saw, how well it does, what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ecgan.config import RecognizerConfig
from ecgan.data.manifest import Manifest
from ecgan.training.recognition_scores import RecognitionScores

_FRONT = "---\nlibrary_name: ecgan\npipeline_tag: image-classification\n---\n"


def recognizer_card(
    config: RecognizerConfig,
    manifest: Manifest,
    validation: RecognitionScores | None,
    test: RecognitionScores | None,
    test_by_source: Mapping[str, RecognitionScores],
) -> str:
    """Markdown for the snapshot's README.md; every figure comes from the scores handed in."""
    names = manifest.vocabulary.names
    train = manifest.select(split="train")
    counts = {name: sum(r.expression == name for r in train) for name in names}
    seen = ", ".join(f"{name} {count}" for name, count in counts.items())
    lines = [
        _FRONT,
        "# Expression recogniser",
        "",
        f"{config.network.upper()}, width {config.width:g}, for aligned faces of {config.size} px; "
        f"fc7 has {config.features:,} values. Expressions: {', '.join(names)}.",
        "",
        "## Data",
        "",
        f"{len(train):,} images of {len({r.subject for r in train})} people ({seen}). "
        + _held_out(validation, test),
    ]
    for key in ("name", "licence", "attribution"):
        if text := manifest.card.get(key):
            lines.append(f"- {key}: {_text(text)}")
    lines += [
        "",
        "## Scores",
        "",
        "| images | number | people | accuracy | 95% interval | mean p |",
    ]
    lines.append("|---|---|---|---|---|---|")
    rows = {"validation people": validation, "test people": test}
    rows |= {f"test people, {source}": score for source, score in test_by_source.items()}
    for title, score in rows.items():
        if score is not None:
            low, high = score.interval
            lines.append(
                f"| {title} | {score.num_images} | {score.num_people} | {score.accuracy:.1%} "
                f"| {low:.1%}-{high:.1%} | {score.mean_probability:.3f} |"
            )
    if test is not None:
        lines += ["", "| expression | recognised (test people) |", "|---|---|"]
        for name, recall in zip(names, test.recall(), strict=True):
            lines.append(f"| {name} | {'no image' if np.isnan(recall) else f'{recall:.1%}'} |")
    lines += [
        "",
        "## Limits",
        "",
        "It names the expression that a picture shows in the style of its training data, not what "
        "a person feels. Few people trained it: expect it to do worse on other cameras, ages and "
        "skin tones, on weak expressions and turned heads. Do not use it to judge people.",
        "",
    ]
    return "\n".join(lines)


def _held_out(validation: RecognitionScores | None, test: RecognitionScores | None) -> str:
    """Who chose the epoch and who tested it: nobody, where the data have nobody for it."""
    chose = (
        "No validation people: the last epoch was kept."
        if validation is None
        else f"{validation.num_people} other people chose the epoch."
    )
    tested = (
        "No test people: nothing is known about people it has not seen."
        if test is None
        else f"{test.num_people} others tested it."
    )
    return f"{chose} {tested}"


def _text(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
