"""Translates cases and collects what is measured of the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecgan.data.manifest import Record
from ecgan.evaluation.bootstrap import ByFigure, Figures, Groups, Samples, as_json
from ecgan.evaluation.cases import Case, Pixels, ready_photo, translate_aligned
from ecgan.evaluation.distances import feature_distances
from ecgan.evaluation.measuring import Measured, Measuring, Seen
from ecgan.evaluation.recognition import STRENGTHS, monotonicity
from ecgan.expressions import NEUTRAL
from ecgan.inference.translator import Translator


@dataclass(frozen=True)
class Scores:
    """Figures by name, then by expression and for `all`."""

    figures: ByFigure
    """`mean_probability`, `accuracy`, `outside`, `outside_face`; where there is a truth also `ssim`
    and `psnr_db`; and those of the parts that were asked for."""
    outside_largest: float
    """Largest change of any pixel outside the mask, in grey levels."""
    by_people: ByFigure = field(default_factory=dict)
    """`accuracy` of groups of people, by grouping."""
    by_strength: dict[str, ByFigure] = field(default_factory=dict)
    """`mean_probability`, `accuracy` and those of the person, of one photo of each person; empty
    without the part `monotonicity`."""

    def to_json(self) -> dict[str, Any]:
        values: dict[str, Any] = as_json(self)
        return {**values.pop("figures"), **values}


@dataclass(frozen=True)
class Comparison:
    """One direction of translation."""

    model: Scores
    identity: Scores
    """Of output = input."""
    truth: ByFigure
    """How the recogniser sees the real images of the same people; empty where there are none."""
    truth_by_people: ByFigure
    """Its accuracy on those of groups of people: a group that it sees worse is not translated
    worse."""

    def to_json(self) -> dict[str, Any]:
        scores = {"model": self.model.to_json(), "identity": self.identity.to_json()}
        return {**as_json(self), **scores}


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
        self._translator = translator
        self._seed = seed
        self._groups = groups or {}
        self._real = {one.key: Samples() for one in measuring.extractors}
        for record in records if self._real else ():
            for key, rows in measuring.features([measuring.store.image(record)]).items():
                self._real[key].add([record.expression], [record.subject], rows)

    def compare(
        self, cases: Sequence[Case], done: Callable[[int], None], *, curves: bool
    ) -> Comparison:
        """The model's scores of some cases, those of doing nothing, and how the truth is seen.

        Args:
            cases: of one direction.
            done: told of so many more translations.
            curves: with monotonicity, which needs cases at full strength, none of neutral.
        """
        model, identity = _Column(self._real), _Column(self._real)
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
            # One photo of each person: every curve takes as many translations as strengths.
            if curves and case.source.subject not in graded:
                graded.add(case.source.subject)
                self._add_curves(model, case, [one.seen for one in results], unchanged.seen)
            done(len(case.targets))
        return Comparison(self._scores(model), self._scores(identity), *self._truth(cases))

    def _scores(self, column: _Column) -> Scores:
        found = column.figures.compute(seed=self._seed)
        for key, features in column.features.items():
            distances = feature_distances(features, self._real[key], seed=self._seed)
            found |= {f"{name}_{key}": by_group for name, by_group in distances.items()}
        by_strength = {
            f"{strength:g}": figures.compute(seed=self._seed)
            for strength, figures in column.at_strength.items()
        }
        by_people = column.figures.by_people("accuracy", self._groups, seed=self._seed)
        return Scores(found, column.outside_largest, by_people, by_strength)

    def _truth(self, cases: Sequence[Case]) -> tuple[ByFigure, ByFigure]:
        """Its figures, and the accuracy of groups of people."""
        figures, counted = Figures(), set()
        for case in cases:
            for name, record in zip(case.expressions, case.truths, strict=True):
                if record is not None and record.image not in counted:
                    counted.add(record.image)
                    seen = self._measuring.see_truth(record, case.source)
                    figures.add(name, record.subject, self._measuring.of_seen(seen, name))
        if not counted:
            return {}, {}
        by_people = figures.by_people("accuracy", self._groups, seed=self._seed)
        return figures.compute(seed=self._seed), by_people

    def _add(
        self,
        column: _Column,
        case: Case,
        pictures: Sequence[Pixels],
        measured: Sequence[Measured],
    ) -> None:
        """Collect the results of one case, one for each target."""
        source, person = case.source, case.source.subject
        for name, truth, picture, found in zip(
            case.expressions, case.truths, pictures, measured, strict=True
        ):
            figures = self._measuring.figures(found, name, picture, source, truth)
            column.figures.add(name, person, figures)
            column.outside_largest = max(column.outside_largest, found.outside.largest)
            for key, row in found.features.items():
                column.features[key].add([name], [person], row[None])

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
            figures = {one: self._measuring.of_seen(seen[one], name) for one in STRENGTHS}
            curve = [figures[one]["mean_probability"] for one in STRENGTHS]
            column.figures.add(name, person, monotonicity(curve))
            for strength in STRENGTHS:
                column.at_strength.setdefault(strength, Figures()).add(
                    name, person, figures[strength]
                )


class _Column:
    """What is collected of the model, or of doing nothing."""

    def __init__(self, extractors: Iterable[str]) -> None:
        self.figures = Figures()
        self.at_strength: dict[float, Figures] = {}
        self.outside_largest = 0.0
        self.features = {key: Samples() for key in extractors}
