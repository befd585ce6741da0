"""What an evaluation translates: prepared images, target expressions and the paired truth; and how:
through the code that translates photos."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.data.manifest import Manifest, Record, Split
from ecgan.expressions import NEUTRAL, Vocabulary, expression_of
from ecgan.faces.alignment import Alignment
from ecgan.faces.face import given_face
from ecgan.faces.finder import AlignedFace
from ecgan.faces.photo import Photo
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.translator import Translator

Pixels = NDArray[np.uint8]
Truths = Mapping[tuple[str, str], Record]
"""Images by pair and expression."""


@dataclass(frozen=True)
class Case:
    """One prepared image and the expressions that it is translated to."""

    source: Record
    targets: tuple[str, ...]
    """What the translator is asked for: expressions, or recipes of them."""
    truths: tuple[Record | None, ...]
    """For each target the same person's image of it that matches pixel for pixel, if any."""
    strengths: tuple[float, ...]
    """How much of each target."""

    @property
    def expressions(self) -> tuple[str, ...]:
        """Of the targets, without recipes."""
        return tuple(map(expression_of, self.targets))


def expression_cases(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> list[Case]:
    """Every neutral image of a split with every expression. The truth of an expression is of the
    recipe that stands for it, where the vocabulary has recipes, then of the highest intensity."""
    truths = _expressive_truths(manifest, split, vocabulary)
    return [
        _case(source, vocabulary.expressive, truths)
        for source in manifest.select(split=split, expression=NEUTRAL)
    ]


def labelled_cases(
    manifest: Manifest, split: Split, vocabulary: Vocabulary, full: Callable[[str], float]
) -> list[Case]:
    """Those of `expression_cases` that have a truth, each asked for as its truth is labelled: by
    its recipe, where the vocabulary has that, and as strong as its intensity; `full(target)` is the
    intensity of strength 1."""
    found = []
    for case in expression_cases(manifest, split, vocabulary):
        truths = tuple(truth for truth in case.truths if truth is not None)
        if truths:
            targets = tuple(_label(truth, vocabulary) for truth in truths)
            strengths = tuple(
                _intensity(truth) / full(target)
                for truth, target in zip(truths, targets, strict=True)
            )
            found.append(Case(case.source, targets, truths, strengths))
    return found


def other_cases(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> list[Case]:
    """Expressive images of a split with every expression but their own and neutral; truths as of
    `expression_cases`. Of images of one source that show one expression of one person, or of one
    pair, the first one of the highest intensity alone."""
    truths = _expressive_truths(manifest, split, vocabulary)
    strongest = _best(
        (r for r in manifest.select(split=split) if r.expression in vocabulary.expressive),
        lambda r: (r.source, r.subject, r.pair, r.expression),
        _intensity,
    )
    return [
        _case(source, [e for e in vocabulary.expressive if e != source.expression], truths)
        for source in strongest.values()
    ]


def neutral_cases(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> list[Case]:
    """Every expressive image of a split with the target neutral."""
    neutral = manifest.select(split=split, expression=NEUTRAL)
    truths: dict[str | None, Record] = {r.pair: r for r in neutral if r.pair}
    return [
        Case(source, (NEUTRAL,), (truths.get(source.pair),), (1.0,))
        for source in manifest.select(split=split)
        if source.expression in vocabulary.expressive
    ]


def ready_photo(translator: Translator, pixels: Pixels, record: Record) -> ReadyPhoto:
    """A prepared image as a photo whose one face is found, neutralised where it is not neutral.

    Args:
        translator: the model.
        pixels: (size, size, 3), the aligned image, which is taken as the whole photo.
        record: gives the landmarks.
    """
    points = np.asarray(record.landmarks, dtype=np.float32)
    alignment = Alignment(np.eye(2, 3), pixels.shape[0])
    aligned = AlignedFace(1, given_face(points), alignment, pixels)
    photo = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
    face = translator.ready_face(aligned, assume_neutral=record.expression == NEUTRAL)
    return ReadyPhoto(photo, (face,), ())


def translate_aligned(
    translator: Translator, pixels: Pixels, record: Record, strengths: Mapping[str, float]
) -> Iterator[Pixels]:
    """A prepared image with each expression of `strengths`, as strong as it says; see
    `ready_photo`."""
    ready = ready_photo(translator, pixels, record)
    for name, strength in strengths.items():
        yield translator.render(ready, name, strength).pixels


def _case(source: Record, targets: Sequence[str], truths: Truths) -> Case:
    found = (truths.get((source.pair, name)) if source.pair else None for name in targets)
    return Case(source, tuple(targets), tuple(found), (1.0,) * len(targets))


def _label(record: Record, vocabulary: Vocabulary) -> str:
    """Of an image, as the vocabulary can say it."""
    recipe = f"{record.expression}:{record.recipe}"
    return recipe if recipe in vocabulary.names else record.expression


def _expressive_truths(manifest: Manifest, split: Split, vocabulary: Vocabulary) -> Truths:
    """The best image of each pair and expression."""
    leads = {vocabulary.names[vocabulary.index(name)] for name in vocabulary.expressive}
    return _best(
        (record for record in manifest.select(split=split) if record.pair),
        lambda record: (record.pair, record.expression),
        lambda record: (f"{record.expression}:{record.recipe}" in leads, _intensity(record)),
    )


def _best(
    records: Iterable[Record], key: Callable[[Record], Any], rank: Callable[[Record], Any]
) -> dict[Any, Record]:
    """The first record of the highest rank by key."""
    groups: dict[Any, list[Record]] = defaultdict(list)
    for record in records:
        groups[key(record)].append(record)
    return {name: max(group, key=rank) for name, group in groups.items()}


def _intensity(record: Record) -> float:
    return 1.0 if record.intensity is None else record.intensity
