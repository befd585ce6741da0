"""Translates cases and hands each result to the accumulators."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ecgan.data.dataset import to_images
from ecgan.data.images import ImageStore
from ecgan.data.manifest import Manifest, Record, Split
from ecgan.evaluation.background import OutsideScores, change_outside
from ecgan.evaluation.bootstrap import Interval, PeopleMeans
from ecgan.evaluation.cases import Case
from ecgan.evaluation.feature_distances import FeatureSet, feature_distances
from ecgan.evaluation.groups import Groups
from ecgan.evaluation.identity import IdentityMeasure, verification
from ecgan.evaluation.instruments import Instruments
from ecgan.evaluation.landmark_validity import LandmarkScores
from ecgan.evaluation.monotonicity import STRENGTHS, MonotonicityScores
from ecgan.evaluation.recognition import RecognitionScores
from ecgan.evaluation.results import Comparison, Scores
from ecgan.evaluation.similarity import SimilarityScores
from ecgan.evaluation.translations import ready_photo, translate_aligned
from ecgan.expressions import NEUTRAL
from ecgan.faces.masks import JAW_ROOM, face_mask
from ecgan.inference.translator import Translator

Pixels = NDArray[np.uint8]
Figures = dict[str, dict[str, Interval]]
Progress = Callable[[int, int], None]
"""Called with the translations done and the translations in all."""


class Counter:
    """Tells how far the translations are."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total = total
        self._progress = progress
        self._done = 0

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if self._progress is not None:
            self._progress(self._done, self._total)


SAME = "same_person"
"""Figure: the share that the identity measure takes for one person."""


class _Seen:
    """Which expression and whose face some pictures show."""

    def __init__(self, measure: IdentityMeasure | None) -> None:
        self.recognition = RecognitionScores()
        self._measure = measure
        self._alike, self._same = PeopleMeans(), PeopleMeans()

    def add_alike(self, name: str, person: str, alike: float) -> None:
        """`alike`: what the measure says of a picture beside its source."""
        assert self._measure is not None  # asked by its callers
        self._alike.add([name], [person], [alike])
        if self._measure.same_below is not None:
            self._same.add([name], [person], [alike < self._measure.same_below])

    def compute(self, seed: int) -> Figures:
        figures = self.recognition.compute(seed=seed)
        if self._measure is not None:
            found = {self._measure.key: self._alike, SAME: self._same}
            figures |= {key: means.compute(seed=seed) for key, means in found.items() if len(means)}
        return figures


class _Tally:
    """The accumulators of one column: the model's, or the identity's."""

    def __init__(self, instruments: Instruments) -> None:
        self.seen = _Seen(instruments.identity)
        self.at_strength = {strength: _Seen(instruments.identity) for strength in STRENGTHS}
        self.similarity = SimilarityScores()
        self.outside = OutsideScores()
        self.outside_face = OutsideScores()
        self.landmarks = LandmarkScores()
        self.curves = MonotonicityScores()
        self.features = {one.key: FeatureSet() for one in instruments.extractors}
        self.perceptual = PeopleMeans()
        self._perceptual = instruments.perceptual

    def scores(self, real: dict[str, FeatureSet], groups: Groups, seed: int) -> Scores:
        figures = self.seen.compute(seed)
        figures["outside"] = self.outside.compute(seed=seed)
        figures["outside_face"] = self.outside_face.compute(seed=seed)
        for collected in (self.similarity, self.landmarks, self.curves):
            if len(collected):
                figures |= collected.compute(seed=seed)
        if self._perceptual is not None and len(self.perceptual):
            figures[self._perceptual.key] = self.perceptual.compute(seed=seed)
        for key, features in self.features.items():
            distances = feature_distances(features, real[key], seed=seed)
            figures |= {f"{name}_{key}": groups for name, groups in distances.items()}
        by_people = self.seen.recognition.by_people(groups, seed=seed)
        by_strength = {
            f"{strength:g}": seen.compute(seed)
            for strength, seen in self.at_strength.items()
            if len(self.curves)
        }
        return Scores(figures, self.outside.largest, by_people, by_strength)


class Scorer:
    """Scores the translations of a translator on the people of one split."""

    def __init__(
        self,
        manifest: Manifest,
        split: Split,
        translator: Translator,
        instruments: Instruments,
        *,
        seed: int,
        groups: Groups | None = None,
    ) -> None:
        with Image.open(manifest.image_path(manifest.records[0])) as image:
            self.size = image.width
        self._store = ImageStore(manifest, self.size, cache_mib=256)
        self._records = manifest.select(split=split)
        self._translator = translator
        self._tools = instruments
        self._judge = instruments.judge
        self._seed = seed
        self._groups = groups or {}
        self._described: dict[str, NDArray[np.float64]] = {}
        self._real = {one.key: FeatureSet() for one in instruments.extractors}
        for record in self._records if self._real else ():
            self._add_features(self._real, self._pictures([record]), [record.expression], record)

    def facts(self) -> dict[str, Any]:
        """What was measured with, and how well the identity measure knows the people apart."""
        facts = self._tools.facts()
        measure = self._tools.identity
        # Images of a pair are made from one photo, which would be no test.
        photos = [record for record in self._records if record.pair is None]
        if measure is not None and photos:
            described = [self._describe(record) for record in photos]
            found = verification(measure, described, [record.subject for record in photos])
            if found is not None:
                facts["identity_verification"] = {"measure": measure.key, **found.to_json()}
        return facts

    def compare(
        self, cases: Sequence[Case], counter: Counter, *, curves: bool = True
    ) -> Comparison:
        """The model's scores of some cases, those of doing nothing, and how the truth is seen;
        `curves`: with monotonicity, which needs cases at full strength."""
        model, identity = _Tally(self._tools), _Tally(self._tools)
        graded: set[str] = set()
        for case in cases:
            source = self._store.image(case.source)
            wanted = dict(zip(case.targets, case.strengths, strict=True))
            made = list(translate_aligned(self._translator, source, case.source, wanted))
            self._add(model, case, made)
            self._add(identity, case, [source] * len(case.targets))
            if self._tools.monotonicity and curves and NEUTRAL not in case.targets:
                # One photo of each person: every curve takes as many translations as strengths.
                if case.source.subject not in graded:
                    self._add_curves(model, case, made)
                graded.add(case.source.subject)
            counter.add(len(case.targets))
        return Comparison(
            model.scores(self._real, self._groups, self._seed),
            identity.scores(self._real, self._groups, self._seed),
            *self._truth(cases),
        )

    def _truth(self, cases: Sequence[Case]) -> tuple[Figures, Figures]:
        """Its figures, and the accuracy of groups of people."""
        found, counted = _Seen(self._tools.identity), set()
        for case in cases:
            for name, record in zip(case.expressions, case.truths, strict=True):
                if record is None or record.image in counted:
                    continue
                counted.add(record.image)
                probabilities = self._probabilities([self._store.image(record)])
                found.recognition.update(
                    probabilities, self._asked([name]), [name], [record.subject]
                )
                if self._tools.identity is not None:
                    found.add_alike(name, record.subject, self._alike(record, case.source))
        if not counted:
            return {}, {}
        by_people = found.recognition.by_people(self._groups, seed=self._seed)
        return found.compute(self._seed), by_people

    def _add(self, tally: _Tally, case: Case, results: Sequence[Pixels]) -> None:
        """Score the results of one case, one for each target."""
        source, face = self._store.image(case.source), self._store.mask(case.source)
        may_change = face_mask(np.array(case.source.landmarks), self.size, JAW_ROOM)
        person = case.source.subject
        people = [person] * len(results)
        probabilities = self._probabilities(results)
        names = case.expressions
        tally.seen.recognition.update(probabilities, self._asked(names), names, people)
        self._add_features(tally.features, to_images(np.stack(results)), names, case.source)
        self._add_faces(tally, case, results)
        for name, result, truth in zip(names, results, case.truths, strict=True):
            tally.outside.update(change_outside(result, source, may_change), name, person)
            tally.outside_face.update(change_outside(result, source, face), name, person)
            if truth is not None:
                both = np.maximum(face, self._store.mask(truth))
                inside = torch.from_numpy((both > 0).astype(np.float32))[None, None]
                image, other = to_images(result[None]), self._pictures([truth])
                tally.similarity.update(image, other, inside, [name], [person])
                if self._tools.perceptual is not None:
                    distance = self._tools.perceptual.distance(image, other)
                    tally.perceptual.add([name], [person], distance.tolist())

    def _add_features(
        self, sets: dict[str, FeatureSet], images: Tensor, names: Sequence[str], record: Record
    ) -> None:
        for one in self._tools.extractors:
            sets[one.key].add(names, [record.subject] * len(names), one.features(images))

    def _add_faces(self, tally: _Tally, case: Case, results: Sequence[Pixels]) -> None:
        """Is it a face in its place, and the same person's?"""
        detector, measure = self._tools.detector, self._tools.identity
        expected, person = np.array(case.source.landmarks), case.source.subject
        # Doing nothing gives the same picture for every target.
        found: dict[int, Any] = {}
        for name, result, truth in zip(case.expressions, results, case.truths, strict=True):
            if measure is not None:
                tally.seen.add_alike(name, person, self._likeness(measure, result, case.source))
            if detector is not None:
                if id(result) not in found:
                    found[id(result)] = detector(result)
                points = None if truth is None else np.array(truth.landmarks)
                tally.landmarks.update(found[id(result)], expected, points, name, person)

    def _add_curves(self, tally: _Tally, case: Case, made: Sequence[Pixels]) -> None:
        source = self._store.image(case.source)
        ready = ready_photo(self._translator, source, case.source)
        known = {1.0: list(made)}
        if case.source.expression == NEUTRAL:
            known[0.0] = [source] * len(made)
        person, measure = case.source.subject, self._tools.identity
        for index, name in enumerate(case.targets):
            pictures = [
                known[strength][index]
                if strength in known
                else self._translator.render(ready, name, strength).pixels
                for strength in STRENGTHS
            ]
            asked = self._asked([name])
            probabilities = self._probabilities(pictures)
            tally.curves.update(probabilities[:, int(asked)].tolist(), name, person)
            for seen, row, picture in zip(
                tally.at_strength.values(), probabilities, pictures, strict=True
            ):
                seen.recognition.update(row[None], asked, [name], [person])
                if measure is not None:
                    seen.add_alike(name, person, self._likeness(measure, picture, case.source))

    def _likeness(self, measure: IdentityMeasure, result: Pixels, source: Record) -> float:
        """Of a result to its source, which may be the result."""
        known = self._describe(source)
        if result is self._store.image(source):
            return measure.figure(known, known)
        return measure.figure(measure.describe(result, np.array(source.landmarks)), known)

    def _alike(self, record: Record, source: Record) -> float:
        assert self._tools.identity is not None  # asked for by its callers alone
        return self._tools.identity.figure(self._describe(record), self._describe(source))

    def _describe(self, record: Record) -> NDArray[np.float64]:
        """Of the picture as it is; that of one image is asked for again and again."""
        assert self._tools.identity is not None  # asked for by its callers alone
        if record.image not in self._described:
            pixels, points = self._store.image(record), np.array(record.landmarks)
            self._described[record.image] = self._tools.identity.describe(pixels, points)
        return self._described[record.image]

    def _pictures(self, records: Sequence[Record]) -> Tensor:
        return to_images(np.stack([self._store.image(record) for record in records]))

    def _probabilities(self, pictures: Sequence[Pixels]) -> Tensor:
        return self._judge.probabilities(to_images(np.stack(pictures)))

    def _asked(self, names: Sequence[str]) -> Tensor:
        return torch.tensor([self._judge.vocabulary.index(name) for name in names])
