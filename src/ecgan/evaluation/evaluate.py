"""All scores of a translator on people it never saw, beside those of the identity function."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import MANIFEST_NAME, Manifest, Record, Split, load_manifest
from ecgan.errors import DataError
from ecgan.evaluation.background import OutsideScores, change_outside
from ecgan.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Interval
from ecgan.evaluation.cases import Case, expression_cases, neutral_cases
from ecgan.evaluation.recognition import RecognitionScores
from ecgan.evaluation.similarity import SimilarityScores
from ecgan.expressions import NEUTRAL
from ecgan.faces.alignment import Alignment
from ecgan.faces.masks import JAW_ROOM, face_mask
from ecgan.faces.photo import Photo
from ecgan.files import sha256_file, write_json
from ecgan.inference.photo_faces import AlignedFace, given_face
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import ReadyPhoto, Translator
from ecgan.provenance import provenance

FORMAT = 1
Pixels = NDArray[np.uint8]
Progress = Callable[[int, int], None]
"""Called with the translations done and the translations in all."""


@dataclass(frozen=True)
class Scores:
    """Figures by name, then by expression and for `all`."""

    figures: dict[str, dict[str, Interval]]
    """`mean_probability`, `accuracy`, `outside`, `outside_face`; where there is a truth also `ssim`
    and `psnr_db`."""
    outside_largest: float
    """Largest change of any pixel outside the mask, in grey levels."""

    def to_json(self) -> dict[str, Any]:
        intervals = {
            name: {group: interval.to_json() for group, interval in groups.items()}
            for name, groups in self.figures.items()
        }
        return {**intervals, "outside_largest": self.outside_largest}


@dataclass(frozen=True)
class Comparison:
    """One direction of translation."""

    model: Scores
    identity: Scores
    """Of output = input."""
    truth: dict[str, dict[str, Interval]]
    """How the recogniser sees the real images of the same people; empty where there are none."""

    def to_json(self) -> dict[str, Any]:
        truth = {
            name: {group: interval.to_json() for group, interval in groups.items()}
            for name, groups in self.truth.items()
        }
        return {"model": self.model.to_json(), "identity": self.identity.to_json(), "truth": truth}


@dataclass(frozen=True)
class Evaluation:
    """Scores of both generators, and where they come from."""

    expressions: Comparison
    """Neutral images to every expression."""
    neutralisation: Comparison
    """Expressive images to neutral."""
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            **self.facts,
            "expressions": self.expressions.to_json(),
            "neutralisation": self.neutralisation.to_json(),
        }


def evaluate(
    snapshot: str | Path | None,
    data: Path,
    *,
    recognizer: str | Path | None = None,
    split: Split = "test",
    out: Path | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Translate the people of one split with the code that users run, and score the results.

    Every neutral image goes to every expression, every expressive image to neutral, each pasted
    back into its aligned picture as a photo would be. Scores: the VGG score of the paper as mean
    probability and as accuracy; SSIM and PSNR inside the two faces against the paired truth (of the
    recipe that the translator was asked for, where it knows recipes, then of the highest
    intensity); mean absolute change in grey levels of 255 outside the mask that the
    paste may change (`outside`) and outside the face in the source alone (`outside_face`).

    Args:
        snapshot: translator folder or hub id; None: the packaged one.
        data: prepared data.
        recognizer: the judge, which must not have seen generated images; None: the packaged one.
        split: whose people; `test` unless a choice is still being made.
        out: JSON file to write, whole or not at all.
        seed: of the bootstrap over people.
        progress: told about each translation.

    Raises:
        SnapshotError: a model folder that is missing, damaged or of the wrong kind.
        DataError: no prepared data, or no neutral or no expressive image in the split.
        UsageError: the recogniser does not know an expression of the translator.
    """
    began = time.perf_counter()
    manifest = load_manifest(data)
    judge = Recognizer.load(recognizer)
    translator = Translator.load(snapshot, recognizer=judge)
    for name in translator.vocabulary.expressions:
        judge.vocabulary.index(name)
    there = expression_cases(manifest, split, translator.vocabulary)
    back = neutral_cases(manifest, split, translator.vocabulary)
    if not there or not back:
        raise DataError(
            f"the {split} split of {data} has {len(there)} neutral and {len(back)} expressive "
            "images, expected at least one of each; prepare more people"
        )
    total = sum(len(case.targets) for case in (*there, *back))
    counter = _Counter(total, progress)
    scorer = _Scorer(manifest, translator, judge, seed)
    expressions = scorer.compare(there, counter)
    neutralisation = scorer.compare(back, counter)
    people = sorted({case.source.subject for case in (*there, *back)})
    facts = {
        "translator_sha256": translator.sha256,
        "recognizer_sha256": judge.sha256,
        "data": {
            "manifest_sha256": sha256_file(manifest.root / MANIFEST_NAME),
            "card": {key: manifest.card.get(key) for key in ("name", "licence", "attribution")},
            "split": split,
            "people": len(people),
            "neutral_images": len(there),
            "expressive_images": len(back),
            "size_px": scorer.size,
        },
        "intervals": {
            "kind": "percentile bootstrap over people",
            "confidence": CONFIDENCE,
            "resamples": RESAMPLES,
            "seed": seed,
        },
        **provenance(),
        "seconds": round(time.perf_counter() - began, 1),
    }
    evaluation = Evaluation(expressions, neutralisation, facts)
    if out is not None:
        write_json(out, evaluation.to_json())
    return evaluation


def translate_aligned(
    translator: Translator,
    pixels: Pixels,
    record: Record,
    targets: Sequence[str],
    strength: float = 1.0,
) -> Iterator[Pixels]:
    """A prepared image with other expressions, through the code that translates photos.

    Args:
        translator: the model.
        pixels: (size, size, 3), the aligned image, which is taken as the whole photo.
        record: gives the landmarks.
        targets: expressions or neutral.
        strength: of each.
    """
    points = np.asarray(record.landmarks, dtype=np.float32)
    alignment = Alignment(np.eye(2, 3), pixels.shape[0])
    aligned = AlignedFace(1, given_face(points), alignment, pixels)
    photo = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
    face = translator.ready_face(aligned, assume_neutral=record.expression == NEUTRAL)
    ready = ReadyPhoto(photo, (face,), ())
    for target in targets:
        yield translator.render(ready, target, strength).pixels


class _Counter:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def add(self, count: int) -> None:
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


class _Tally:
    """The accumulators of one column: the model's, or the identity's."""

    def __init__(self) -> None:
        self.recognition = RecognitionScores()
        self.similarity = SimilarityScores()
        self.outside = OutsideScores()
        self.outside_face = OutsideScores()

    def scores(self, seed: int) -> Scores:
        figures = self.recognition.compute(seed=seed)
        figures["outside"] = self.outside.compute(seed=seed)
        figures["outside_face"] = self.outside_face.compute(seed=seed)
        if len(self.similarity):
            figures |= self.similarity.compute(seed=seed)
        return Scores(figures, self.outside.largest)


class _Scorer:
    """Translates cases and hands each result to the accumulators."""

    def __init__(
        self, manifest: Manifest, translator: Translator, judge: Recognizer, seed: int
    ) -> None:
        with Image.open(manifest.image_path(manifest.records[0])) as image:
            self.size = image.width
        self._store = ImageStore(manifest, self.size, cache_mib=256)
        self._translator = translator
        self._judge = judge
        self._seed = seed

    def compare(self, cases: Sequence[Case], counter: _Counter) -> Comparison:
        model, identity, truth = _Tally(), _Tally(), RecognitionScores()
        seen: set[str] = set()
        for case in cases:
            source = self._store.image(case.source)
            made = list(translate_aligned(self._translator, source, case.source, case.targets))
            self._add(model, case, made)
            self._add(identity, case, [source] * len(case.targets))
            for name, record in zip(case.targets, case.truths, strict=True):
                if record is not None and record.image not in seen:
                    seen.add(record.image)
                    probabilities = self._probabilities([self._store.image(record)])
                    truth.update(probabilities, self._asked([name]), [name], [record.subject])
            counter.add(len(case.targets))
        real = truth.compute(seed=self._seed) if seen else {}
        return Comparison(model.scores(self._seed), identity.scores(self._seed), real)

    def _add(self, tally: _Tally, case: Case, results: Sequence[Pixels]) -> None:
        """Score the results of one case, one for each target."""
        source, face = self._store.image(case.source), self._store.mask(case.source)
        may_change = face_mask(np.array(case.source.landmarks), self.size, JAW_ROOM)
        person = case.source.subject
        people = [person] * len(results)
        probabilities = self._probabilities(results)
        tally.recognition.update(probabilities, self._asked(case.targets), case.targets, people)
        for name, result, truth in zip(case.targets, results, case.truths, strict=True):
            tally.outside.update(change_outside(result, source, may_change), name, person)
            tally.outside_face.update(change_outside(result, source, face), name, person)
            if truth is not None:
                both = np.maximum(face, self._store.mask(truth))
                inside = torch.from_numpy((both > 0).astype(np.float32))[None, None]
                other = to_images(self._store.image(truth)[None])
                tally.similarity.update(to_images(result[None]), other, inside, [name], [person])

    def _probabilities(self, pictures: Sequence[Pixels]) -> torch.Tensor:
        return self._judge.probabilities(to_images(np.stack(pictures)))

    def _asked(self, names: Sequence[str]) -> torch.Tensor:
        return torch.tensor([self._judge.vocabulary.index(name) for name in names])
