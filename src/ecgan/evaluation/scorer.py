"""Translates cases and collects what is measured of the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from ecgan.data.dataset import to_images
from ecgan.data.manifest import Record
from ecgan.evaluation.bootstrap import ByFigure, Figures, Groups, Samples
from ecgan.evaluation.cases import Case, Pixels, ready_photo, translate_aligned
from ecgan.evaluation.feature_distances import feature_distances
from ecgan.evaluation.instruments import Instruments
from ecgan.evaluation.measuring import Measured, Measuring, Seen
from ecgan.evaluation.recognition import STRENGTHS, add_recognition, monotonicity
from ecgan.evaluation.results import Comparison, Scores
from ecgan.evaluation.similarity import landmark_error, psnr, ssim
from ecgan.expressions import NEUTRAL
from ecgan.inference.translator import Translator

SAME = "same_person"
"""Figure: the share that the identity measure takes for one person."""


class _Column:
    """What is collected of the model, or of doing nothing."""

    def __init__(self, instruments: Instruments) -> None:
        self.figures = Figures()
        self.at_strength = {strength: Figures() for strength in STRENGTHS}
        self.outside_largest = 0.0
        self.features = {one.key: Samples() for one in instruments.extractors}

    def scores(self, real: dict[str, Samples], groups: Groups, seed: int) -> Scores:
        found = self.figures.compute(seed=seed)
        for key, features in self.features.items():
            distances = feature_distances(features, real[key], seed=seed)
            found |= {f"{name}_{key}": by_group for name, by_group in distances.items()}
        graded = "intensity_monotone" in self.figures
        by_strength = {
            f"{strength:g}": figures.compute(seed=seed)
            for strength, figures in self.at_strength.items()
            if graded
        }
        by_people = self.figures.by_people("accuracy", groups, seed=seed)
        return Scores(found, self.outside_largest, by_people, by_strength)


class Scorer:
    """Scores the translations of a translator beside the real images of the same people."""

    def __init__(
        self,
        measuring: Measuring,
        records: Sequence[Record],
        translator: Translator,
        *,
        seed: int,
        groups: Groups | None = None,
    ) -> None:
        """`records`: the real images that features are compared with."""
        self._measuring = measuring
        self._tools = measuring.instruments
        self._translator = translator
        self._seed = seed
        self._groups = groups or {}
        self._real = {one.key: Samples() for one in self._tools.extractors}
        for record in records if self._real else ():
            for key, rows in measuring.features([measuring.store.image(record)]).items():
                self._real[key].add([record.expression], [record.subject], rows)

    def compare(
        self, cases: Sequence[Case], done: Callable[[int], None], *, curves: bool = True
    ) -> Comparison:
        """The model's scores of some cases, those of doing nothing, and how the truth is seen.

        Args:
            cases: of one direction.
            done: told of so many more translations.
            curves: with monotonicity, which needs cases at full strength.
        """
        model, identity = _Column(self._tools), _Column(self._tools)
        graded: set[str] = set()
        for case in cases:
            source = self._measuring.store.image(case.source)
            wanted = dict(zip(case.targets, case.strengths, strict=True))
            made = list(translate_aligned(self._translator, source, case.source, wanted))
            results = self._measuring.measure(made, case.source)
            # The unchanged picture is the same for every target.
            (unchanged,) = self._measuring.measure([source], case.source)
            self._add(model, case, made, results)
            self._add(identity, case, [source] * len(made), [unchanged] * len(made))
            if self._tools.monotonicity and curves and NEUTRAL not in case.targets:
                # One photo of each person: every curve takes as many translations as strengths.
                if case.source.subject not in graded:
                    self._add_curves(model, case, [one.seen for one in results], unchanged.seen)
                graded.add(case.source.subject)
            done(len(case.targets))
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
                seen = self._measuring.see_truth(record, case.source)
                self._add_seen(found, [name], record.subject, [seen])
        if not counted:
            return {}, {}
        by_people = found.by_people("accuracy", self._groups, seed=self._seed)
        return found.compute(seed=self._seed), by_people

    def _add(
        self,
        column: _Column,
        case: Case,
        pictures: Sequence[Pixels],
        measured: Sequence[Measured],
    ) -> None:
        """Collect the results of one case, one for each target."""
        figures, person, names = column.figures, case.source.subject, case.expressions
        self._add_seen(figures, names, person, [one.seen for one in measured])
        for name, found, truth in zip(names, measured, case.truths, strict=True):
            for key, row in found.features.items():
                column.features[key].add([name], [person], row[None])
            if self._tools.detector is None:
                continue
            figures.add_one("landmark_validity", name, person, found.face is not None)
            if found.face is not None and truth is not None:
                error = landmark_error(found.face, np.array(truth.landmarks))
                figures.add_one("landmark_error", name, person, error)
        for name, picture, found, truth in zip(names, pictures, measured, case.truths, strict=True):
            figures.add_one("outside", name, person, found.outside.mean)
            column.outside_largest = max(column.outside_largest, found.outside.largest)
            figures.add_one("outside_face", name, person, found.outside_face)
            if truth is not None:
                self._add_similarity(figures, name, picture, case.source, truth)

    def _add_similarity(
        self, figures: Figures, name: str, picture: Pixels, source: Record, truth: Record
    ) -> None:
        """How like the truth a picture is, inside the faces of source and truth."""
        store, person = self._measuring.store, source.subject
        both = np.maximum(store.mask(source), store.mask(truth))
        inside = torch.from_numpy((both > 0).astype(np.float32))[None, None]
        image, other = to_images(picture[None]), to_images(store.image(truth)[None])
        figures.add_one("ssim", name, person, ssim(image, other, inside).item())
        figures.add_one("psnr_db", name, person, psnr(image, other, inside).item())
        if (perceptual := self._tools.perceptual) is not None:
            distance = perceptual.distance(image, other).item()
            figures.add_one(perceptual.key, name, person, distance)

    def _add_seen(
        self, figures: Figures, names: Sequence[str], person: str, seen: Sequence[Seen]
    ) -> None:
        """Expression and person of a picture for each name."""
        vocabulary, measure = self._tools.recognizer.vocabulary, self._tools.identity
        probabilities = torch.stack([one.probabilities for one in seen])
        asked = torch.tensor([vocabulary.index(name) for name in names])
        add_recognition(figures, probabilities, asked, names, [person] * len(names))
        for name, one in zip(names, seen, strict=True):
            if measure is not None and one.likeness is not None:
                figures.add_one(measure.key, name, person, one.likeness)
                if measure.same_below is not None:
                    figures.add_one(SAME, name, person, one.likeness < measure.same_below)

    def _add_curves(
        self, column: _Column, case: Case, results: Sequence[Seen], unchanged: Seen
    ) -> None:
        """The expressions of one photo at every strength; `results`: in full."""
        source, person = case.source, case.source.subject
        ready = ready_photo(self._translator, self._measuring.store.image(source), source)
        for name, in_full in zip(case.targets, results, strict=True):
            seen = {1.0: in_full}
            if source.expression == NEUTRAL:
                seen[0.0] = unchanged
            missing = [strength for strength in STRENGTHS if strength not in seen]
            pictures = [self._translator.render(ready, name, one).pixels for one in missing]
            seen |= dict(zip(missing, self._measuring.see(pictures, source), strict=True))
            position = self._tools.recognizer.vocabulary.index(name)
            curve = monotonicity([[float(seen[s].probabilities[position]) for s in STRENGTHS]])
            figures = column.figures
            figures.add("intensity_monotone", [name], [person], curve.monotone)
            figures.add("intensity_correlation", [name], [person], curve.rank_correlation)
            for strength, at_strength in column.at_strength.items():
                self._add_seen(at_strength, [name], person, [seen[strength]])
