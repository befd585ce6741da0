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
from ecgan.evaluation.background import change_outside
from ecgan.evaluation.bootstrap import Figures, Interval
from ecgan.evaluation.cases import Case
from ecgan.evaluation.feature_distances import FeatureSet, feature_distances
from ecgan.evaluation.groups import Groups
from ecgan.evaluation.identity import IdentityMeasure, verification
from ecgan.evaluation.instruments import Instruments
from ecgan.evaluation.landmark_validity import face_in_place, landmark_error
from ecgan.evaluation.monotonicity import STRENGTHS, monotonicity
from ecgan.evaluation.recognition import add_recognition
from ecgan.evaluation.results import Comparison, Scores
from ecgan.evaluation.similarity import psnr, ssim
from ecgan.evaluation.translations import ready_photo, translate_aligned
from ecgan.expressions import NEUTRAL
from ecgan.faces.masks import JAW_ROOM, face_mask
from ecgan.inference.translator import Translator

Pixels = NDArray[np.uint8]
ByFigure = dict[str, dict[str, Interval]]
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


class _Column:
    """What is collected of one column: the model's, that of doing nothing, or the truth's."""

    def __init__(self, instruments: Instruments) -> None:
        self.figures = Figures()
        self.at_strength = {strength: Figures() for strength in STRENGTHS}
        self.outside_largest = 0.0
        self.features = {one.key: FeatureSet() for one in instruments.extractors}

    def scores(self, real: dict[str, FeatureSet], groups: Groups, seed: int) -> Scores:
        found = self.figures.compute(seed=seed)
        for key, features in self.features.items():
            distances = feature_distances(features, real[key], seed=seed)
            found |= {f"{name}_{key}": groups for name, groups in distances.items()}
        graded = "intensity_monotone" in self.figures
        by_strength = {
            f"{strength:g}": figures.compute(seed=seed)
            for strength, figures in self.at_strength.items()
            if graded
        }
        by_people = self.figures.by_people("accuracy", groups, seed=seed)
        return Scores(found, self.outside_largest, by_people, by_strength)


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
        model, identity = _Column(self._tools), _Column(self._tools)
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

    def _truth(self, cases: Sequence[Case]) -> tuple[ByFigure, ByFigure]:
        """Its figures, and the accuracy of groups of people."""
        found, counted = Figures(), set()
        for case in cases:
            for name, record in zip(case.expressions, case.truths, strict=True):
                if record is None or record.image in counted:
                    continue
                counted.add(record.image)
                probabilities = self._probabilities([self._store.image(record)])
                self._add_recognition(found, probabilities, [name], record.subject)
                if self._tools.identity is not None:
                    likeness = self._alike(record, case.source)
                    self._add_likeness(found, name, record.subject, likeness)
        if not counted:
            return {}, {}
        by_people = found.by_people("accuracy", self._groups, seed=self._seed)
        return found.compute(seed=self._seed), by_people

    def _add(self, column: _Column, case: Case, results: Sequence[Pixels]) -> None:
        """Score the results of one case, one for each target."""
        source, face = self._store.image(case.source), self._store.mask(case.source)
        may_change = face_mask(np.array(case.source.landmarks), self.size, JAW_ROOM)
        person, names = case.source.subject, case.expressions
        figures = column.figures
        self._add_recognition(figures, self._probabilities(results), names, person)
        self._add_features(column.features, to_images(np.stack(results)), names, case.source)
        self._add_faces(figures, case, results)
        for name, result, truth in zip(names, results, case.truths, strict=True):
            outside = change_outside(result, source, may_change)
            figures.add("outside", [name], [person], [outside.mean])
            column.outside_largest = max(column.outside_largest, outside.largest)
            of_face = change_outside(result, source, face).mean
            figures.add("outside_face", [name], [person], [of_face])
            if truth is not None:
                both = np.maximum(face, self._store.mask(truth))
                inside = torch.from_numpy((both > 0).astype(np.float32))[None, None]
                image, other = to_images(result[None]), self._pictures([truth])
                figures.add("ssim", [name], [person], ssim(image, other, inside).tolist())
                figures.add("psnr_db", [name], [person], psnr(image, other, inside).tolist())
                if (perceptual := self._tools.perceptual) is not None:
                    distance = perceptual.distance(image, other).tolist()
                    figures.add(perceptual.key, [name], [person], distance)

    def _add_recognition(
        self, figures: Figures, probabilities: Tensor, names: Sequence[str], person: str
    ) -> None:
        people = [person] * len(names)
        add_recognition(figures, probabilities, self._asked(names), names, people)

    def _add_likeness(self, figures: Figures, name: str, person: str, likeness: float) -> None:
        """`likeness`: what the identity measure says of a picture beside its source."""
        measure = self._tools.identity
        assert measure is not None  # asked for by its callers alone
        figures.add(measure.key, [name], [person], [likeness])
        if measure.same_below is not None:
            figures.add(SAME, [name], [person], [likeness < measure.same_below])

    def _add_features(
        self, sets: dict[str, FeatureSet], images: Tensor, names: Sequence[str], record: Record
    ) -> None:
        for one in self._tools.extractors:
            sets[one.key].add(names, [record.subject] * len(names), one.features(images))

    def _add_faces(self, figures: Figures, case: Case, results: Sequence[Pixels]) -> None:
        """Is it a face in its place, and the same person's?"""
        detector, measure = self._tools.detector, self._tools.identity
        expected, person = np.array(case.source.landmarks), case.source.subject
        # Doing nothing gives the same picture for every target.
        found: dict[int, Any] = {}
        for name, result, truth in zip(case.expressions, results, case.truths, strict=True):
            if measure is not None:
                likeness = self._likeness(measure, result, case.source)
                self._add_likeness(figures, name, person, likeness)
            if detector is None:
                continue
            if id(result) not in found:
                found[id(result)] = detector(result)
            face = face_in_place(found[id(result)], expected)
            figures.add("landmark_validity", [name], [person], [face is not None])
            if face is not None and truth is not None:
                error = landmark_error(face, np.array(truth.landmarks))
                figures.add("landmark_error", [name], [person], [error])

    def _add_curves(self, column: _Column, case: Case, made: Sequence[Pixels]) -> None:
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
            probabilities = self._probabilities(pictures)
            curve = monotonicity([probabilities[:, int(self._asked([name]))].tolist()])
            for key, value in (
                ("intensity_monotone", curve.monotone),
                ("intensity_correlation", curve.rank_correlation),
            ):
                column.figures.add(key, [name], [person], value.tolist())
            for figures, row, picture in zip(
                column.at_strength.values(), probabilities, pictures, strict=True
            ):
                self._add_recognition(figures, row[None], [name], person)
                if measure is not None:
                    likeness = self._likeness(measure, picture, case.source)
                    self._add_likeness(figures, name, person, likeness)

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
