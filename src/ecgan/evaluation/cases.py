"""What an evaluation translates: prepared images, target expressions, and the paired truth."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from ecgan.data.manifest import Manifest, Record, Split
from ecgan.expressions import NEUTRAL, Vocabulary


@dataclass(frozen=True)
class Case:
    """One prepared image and the expressions that it is translated to."""

    source: Record
    targets: tuple[str, ...]
    truths: tuple[Record | None, ...]
    """For each target the same person's image of it that matches pixel for pixel, if any."""


def expression_cases(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> list[Case]:
    """Every neutral image of a split with every expression. The truth of an expression is of the
    recipe that stands for it, where the vocabulary has recipes, then of the highest intensity."""
    targets = vocabulary.expressive
    leads = {vocabulary.names[vocabulary.index(name)] for name in targets}
    truths: dict[tuple[str, str], Record] = {}
    for record in manifest.select(split=split):
        if record.pair:
            key = (record.pair, record.expression)
            best = truths.get(key)
            if best is None or _rank(record, leads) > _rank(best, leads):
                truths[key] = record
    return [
        Case(
            source,
            targets,
            tuple(truths.get((source.pair, name)) if source.pair else None for name in targets),
        )
        for source in manifest.select(split=split, expression=NEUTRAL)
    ]


def neutral_cases(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> list[Case]:
    """Every expressive image of a split with the target neutral."""
    neutral = manifest.select(split=split, expression=NEUTRAL)
    truths: dict[str | None, Record] = {r.pair: r for r in neutral if r.pair}
    return [
        Case(source, (NEUTRAL,), (truths.get(source.pair),))
        for source in manifest.select(split=split)
        if source.expression in vocabulary.expressive
    ]


def _rank(record: Record, leads: Container[str]) -> tuple[bool, float]:
    intensity = 1.0 if record.intensity is None else record.intensity
    return f"{record.expression}:{record.recipe}" in leads, intensity
