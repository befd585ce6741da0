"""The parts that ask recognisers: VGG score, Table 2, dose-response, t-SNE, two-sample test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from ecgan.data.manifest import Manifest
from ecgan.expressions import NEUTRAL
from ecgan.inference.recognizer import Recognizer
from ecgan.lab.reproduce.mixtures import ORIGINAL, Mixture
from ecgan.lab.reproduce.parts import Made, Say
from ecgan.lab.reproduce.plan import Plan
from ecgan.lab.reproduce.recognizers import (
    JUDGE_SEED,
    Gallery,
    Recognizers,
    Trained,
)
from ecgan.lab.reproduce.scores import (
    Answers,
    Row,
    asked_of_test_people,
    curve_point,
    score_of,
    stacked,
    strongest,
    table_2,
    tsne,
    two_sample,
)

FEATURES, JUDGE = "features", "judge"
NOTHING = "nothing"
LEARNED = 1.5
"""Times the accuracy of always saying the commonest expression: below, a recogniser is no judge."""


class Measurements:
    """Figures of a plan whose methods are trained and have generated."""

    def __init__(
        self,
        plan: Plan,
        recognizers: Recognizers,
        generated: Callable[[str], Manifest],
        say: Say,
    ) -> None:
        self._plan = plan
        self._recognizers = recognizers
        self._generated = generated
        self._say = say
        self._galleries: dict[str, Gallery] = {}

    def recognizer(self, name: str, seed: int) -> Made:
        """`features` or `judge`: of the original images alone."""
        trained = self._recognizers.train(Mixture(), seed, name)
        counts = Counter(self._originals.expressions)
        chance = max(counts.values()) / counts.total()
        learned = trained.accuracy is not None and trained.accuracy > LEARNED * chance
        if not learned:
            self._say(
                f"    warning: {name} names {trained.accuracy or 0:.0%} of the test images, always "
                f"saying the commonest would name {chance:.0%}; its scores say nothing, nor will "
                "Table 2. Raise recognizer_images in the budget"
            )
        values = {
            "images": trained.images,
            "epochs": trained.epochs,
            "accuracy_on_test": trained.accuracy,
            "chance": round(chance, 4),
            "learned": learned,
        }
        return Made(values, {name: trained.sha256})

    def vgg_score(self) -> Made:
        """Figure 5a: generated test images, the strongest real ones, and doing nothing."""
        judge, hashes = self._judge()
        values = {}
        for key, gallery in self._shown().items():
            values[key] = score_of(gallery.seen_by(judge), gallery.expressions, gallery.people)
        neutral = self._plan.manifest.select(split="test", expression=NEUTRAL)
        asked = self._plan.manifest.vocabulary.expressive
        sources = Gallery(
            self._plan.manifest, [r for r in neutral for _ in asked], self._recognizers.size
        )
        labels = [name for _ in neutral for name in asked]
        seen = sources.seen_by(judge, labels)
        values[NOTHING] = score_of(seen, labels, sources.people)
        return Made(values, hashes)

    def table_2(self) -> Made:
        """Recognisers of the original images, and of these with what each method made."""
        seeds = self._plan.seeds
        rows: list[Row] = []
        hashes: dict[str, str] = {}
        for method in (None, *self._keys):
            trained = [self._recognizers.train(Mixture(method=method), seed) for seed in seeds]
            asked = self._keys if method is None else (method,)
            rows.append(
                Row(
                    method,
                    self._answers(trained, self._originals),
                    {key: self._answers(trained, self._gallery(key)) for key in asked},
                )
            )
            hashes |= _hashes(trained)
        expressions = self._plan.manifest.vocabulary.names
        return Made(table_2(rows, seeds, expressions), hashes)

    def dose_generated(self) -> Made:
        """Accuracy on real test images against generated training images an expression."""
        curves = {}
        for method in self._plan.dose_methods:
            total = _per_class(self._generated(method.key))
            mixtures = {0: Mixture()}
            mixtures |= {
                number: Mixture(method=method.key, per_class=number)
                for number in self._plan.budget.doses
                if number < total
            }
            curves[method.key] = {**mixtures, total: Mixture(method=method.key)}
        return self._curves("per_class", curves)

    def dose_people(self) -> Made:
        """Accuracy on real test images against real training people, with and without generated
        images of the same people."""
        total = len(self._plan.people("train"))
        fewer = [number for number in self._plan.budget.people if number < total]
        curves = {}
        for key in (None, *(method.key for method in self._plan.dose_methods)):
            mixtures = {number: Mixture(people=number, method=key) for number in fewer}
            whole = Mixture(method=key)
            curves[whole.title] = {**mixtures, total: whole}
        return self._curves("people", curves)

    def tsne(self) -> Made:
        """Figures 5b-c: the judge's deep features of generated and of real test images."""
        judge, hashes = self._judge()
        values = {
            key: tsne(gallery.features(judge), gallery) for key, gallery in self._shown().items()
        }
        return Made(values, hashes)

    def two_sample(self) -> Made:
        """Generated against real expressive test images, by the judge's deep features."""
        judge, hashes = self._judge()
        real = self._strongest
        features = real.features(judge)
        values = {
            key: two_sample(
                self._gallery(key).features(judge), features, self._gallery(key).people, real.people
            )
            for key in self._keys
        }
        return Made(values, hashes)

    @property
    def _keys(self) -> tuple[str, ...]:
        return tuple(method.key for method in self._plan.methods)

    @cached_property
    def _originals(self) -> Gallery:
        manifest = self._plan.manifest
        return Gallery(manifest, manifest.select(split="test"), self._recognizers.size)

    @cached_property
    def _strongest(self) -> Gallery:
        manifest = self._plan.manifest
        return Gallery(manifest, strongest(manifest.select(split="test")), self._recognizers.size)

    def _gallery(self, key: str) -> Gallery:
        """The test images that a method made."""
        if key not in self._galleries:
            made = self._generated(key)
            records = asked_of_test_people(made)
            self._galleries[key] = Gallery(made, records, self._recognizers.size)
        return self._galleries[key]

    def _shown(self) -> dict[str, Gallery]:
        return {**{key: self._gallery(key) for key in self._keys}, ORIGINAL: self._strongest}

    def _judge(self) -> tuple[Recognizer, dict[str, str]]:
        trained = self._recognizers.train(Mixture(), JUDGE_SEED, JUDGE)
        return Recognizer.load(trained.snapshot), {JUDGE: trained.sha256}

    def _answers(self, trained: list[Trained], gallery: Gallery) -> Answers:
        seen = [gallery.seen_by(Recognizer.load(one.snapshot)).correct for one in trained]
        return stacked(seen, gallery.people)

    def _curves(self, key: str, curves: Mapping[str, Mapping[int, Mixture]]) -> Made:
        """Dose-response curves by name: mixtures by the number that `key` counts."""
        values: dict[str, Any] = {}
        hashes: dict[str, str] = {}
        for name, mixtures in curves.items():
            values[name] = []
            for number, mixture in mixtures.items():
                trained = [self._recognizers.train(mixture, seed) for seed in self._plan.dose_seeds]
                hashes |= _hashes(trained)
                answers = self._answers(trained, self._originals)
                values[name].append(curve_point(key, number, answers))
        return Made(values, hashes)


def _hashes(trained: list[Trained]) -> dict[str, str]:
    return {one.snapshot.parent.parent.name: one.sha256 for one in trained}


def _per_class(generated: Manifest) -> int:
    """Expressive training images of the expression that has most."""
    train = generated.select(split="train")
    counts = [sum(r.expression == name for r in train) for name in generated.vocabulary.expressive]
    return max(counts)
