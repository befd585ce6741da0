"""The parts that ask recognisers: VGG score, Table 2, dose-response, t-SNE, two-sample test; and
the pictures that the report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from ecgan.data.manifest import MANIFEST_NAME, Record
from ecgan.evaluation.feature_distances import classifier_two_sample_test
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_file
from ecgan.inference.recognizer import Recognizer
from ecgan.lab.reproduce.generation import INPUTS, asked_of_test_people, grid, strongest
from ecgan.lab.reproduce.parts import Made, Part, Say, chosen_settings
from ecgan.lab.reproduce.plan import FEATURES, JUDGE, Plan
from ecgan.lab.reproduce.recognizers import Gallery, Mixture, Recognizers, Trained
from ecgan.lab.reproduce.scores import (
    ORIGINAL,
    Answers,
    Row,
    interval_json,
    score_of,
    stacked,
    table_2,
    tsne,
)

FEATURES_SEED, JUDGE_SEED = 1001, 1002
"""Apart from the seeds of Table 2, 0 and up, so that the judge knows nothing that others know."""
NOTHING = "nothing"
LEARNED = 1.5
"""Times the accuracy of always saying the commonest expression: below, a recogniser is no judge."""


class Measurements:
    """Figures of a plan whose methods are trained and have generated."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self._plan = plan
        self._recognizers = Recognizers(plan, say)
        self._say = say
        self._keys = [method.key for method in plan.methods]
        self._dose_keys = [method.key for method in plan.dose_methods]
        self._galleries: dict[str, Gallery] = {}
        budget = chosen_settings(plan.budget)
        self._about = {
            "manifest_sha256": sha256_file(plan.manifest.root / MANIFEST_NAME),
            "size": plan.size,
            **{key: budget[key] for key in budget if key.startswith("recognizer")},
        }
        """What every recogniser depends on."""

    def recognizer_parts(self) -> list[Part]:
        """The recognisers of original images alone, which methods and other parts need."""
        return [
            Part(
                name,
                self._about,
                partial(self._recognizer, name, seed),
                keeps=(self._plan.recognizer(name),),
                seed=seed,
            )
            for name, seed in ((FEATURES, FEATURES_SEED), (JUDGE, JUDGE_SEED))
        ]

    def parts(self) -> list[Part]:
        """Tables and figures over all methods."""
        plan = self._plan
        all_made = tuple(f"generate-{key}" for key in self._keys)
        dose_made = tuple(f"generate-{key}" for key in self._dose_keys)
        judged = (JUDGE, *all_made)
        scored = {**self._about, "methods": self._keys}
        dosed = {**self._about, "methods": self._dose_keys, "seeds": list(plan.dose_seeds)}
        doses = {**dosed, "doses": list(plan.budget.doses)}
        people = {**dosed, "people": list(plan.budget.people)}
        shown = {**scored, "people": plan.budget.grid_people}
        inputs = (plan.out / INPUTS,)
        found = [
            Part("vgg_score", scored, self._vgg_score, judged, seed=JUDGE_SEED),
            Part("table2", {**scored, "seeds": list(plan.seeds)}, self._table_2, all_made),
            Part("dose_generated", doses, self._dose_generated, dose_made),
            Part("dose_people", people, self._dose_people, dose_made),
            Part("two_sample", scored, self._two_sample, judged),
            Part("grid", shown, self._grid, all_made, folders=inputs),
        ]
        if "tsne" not in plan.skipped:
            found.append(Part("tsne", scored, self._tsne, judged))
        return found

    def _recognizer(self, name: str, seed: int) -> Made:
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

    def _vgg_score(self) -> Made:
        """Figure 5a: generated test images, the strongest real ones, and doing nothing."""
        judge, hashes = self._judge()
        values = {
            key: score_of(*gallery.seen_by(judge), gallery.expressions, gallery.people)
            for key, gallery in self._shown().items()
        }
        asked = self._plan.manifest.vocabulary.expressive
        neutral = self._plan.manifest.select(split="test", expression=NEUTRAL)
        sources = self._real([record for record in neutral for _ in asked])
        labels = [name for _ in neutral for name in asked]
        values[NOTHING] = score_of(*sources.seen_by(judge, labels), labels, sources.people)
        return Made(values, hashes)

    def _table_2(self) -> Made:
        """Recognisers of the original images, and of these with what each method made."""
        seeds = self._plan.seeds
        rows: list[Row] = []
        hashes: dict[str, str] = {}
        for method in (None, *self._keys):
            trained = [self._recognizers.train(Mixture(method=method), seed) for seed in seeds]
            asked = self._keys if method is None else [method]
            generated = {key: self._answers(trained, self._gallery(key)) for key in asked}
            rows.append(Row(method, self._answers(trained, self._originals), generated))
            hashes |= _hashes(trained)
        return Made(table_2(rows, seeds, self._plan.manifest.vocabulary.names), hashes)

    def _dose_generated(self) -> Made:
        """Accuracy on real test images against generated training images an expression."""
        curves = {}
        for key in self._dose_keys:
            made = self._recognizers.generated(key).select(split="train")
            total = max(Counter(r.expression for r in made if r.expression != NEUTRAL).values())
            fewer = [number for number in self._plan.budget.doses if number < total]
            some = {number: Mixture(method=key, per_class=number) for number in fewer}
            curves[key] = {0: Mixture(), **some, total: Mixture(method=key)}
        return self._curves("per_class", curves)

    def _dose_people(self) -> Made:
        """Accuracy on real test images against real training people, with and without generated
        images of the same people."""
        total = self._plan.num_people("train")
        fewer = [number for number in self._plan.budget.people if number < total]
        curves = {}
        for key in (None, *self._dose_keys):
            whole = Mixture(method=key)
            some = {number: Mixture(people=number, method=key) for number in fewer}
            curves[whole.title] = {**some, total: whole}
        return self._curves("people", curves)

    def _tsne(self) -> Made:
        """Figures 5b-c: the judge's deep features of generated and of real test images."""
        judge, hashes = self._judge()
        values = {
            key: tsne(gallery.features(judge), gallery.expressions, gallery.people)
            for key, gallery in self._shown().items()
        }
        return Made(values, hashes)

    def _two_sample(self) -> Made:
        """How often generated are told from real expressive test images of people whom the
        classifier never saw, by the judge's deep features."""
        judge, hashes = self._judge()
        *generated, (_, real) = self._shown().items()
        features = real.features(judge)
        values = {}
        for key, made in generated:
            found = classifier_two_sample_test(
                made.features(judge), features, made.people, real.people
            )
            values[key] = {"accuracy": interval_json(found), "chance": 0.5}
        return Made(values, hashes)

    def _grid(self) -> Made:
        plan = self._plan
        folders = {key: plan.generated_folder(key) for key in self._keys}
        return Made(grid(plan.out, plan.manifest, folders, plan.budget.grid_people))

    def _real(self, records: Sequence[Record]) -> Gallery:
        return Gallery(self._plan.manifest, records, self._recognizers.size)

    @cached_property
    def _originals(self) -> Gallery:
        return self._real(self._plan.manifest.select(split="test"))

    def _gallery(self, key: str) -> Gallery:
        """The test images that a method made; of `original`, the strongest real ones."""
        if key not in self._galleries:
            if key == ORIGINAL:
                found = self._real(strongest(self._plan.manifest.select(split="test")))
            else:
                made = self._recognizers.generated(key)
                found = Gallery(made, asked_of_test_people(made), self._recognizers.size)
            self._galleries[key] = found
        return self._galleries[key]

    def _shown(self) -> dict[str, Gallery]:
        """By method, then of the original images."""
        return {key: self._gallery(key) for key in (*self._keys, ORIGINAL)}

    def _judge(self) -> tuple[Recognizer, dict[str, str]]:
        trained = self._recognizers.train(Mixture(), JUDGE_SEED, JUDGE)
        return trained.load(), {JUDGE: trained.sha256}

    def _answers(self, trained: Sequence[Trained], gallery: Gallery) -> Answers:
        return stacked([gallery.seen_by(one.load())[1] for one in trained], gallery.people)

    def _curves(self, key: str, curves: Mapping[str, Mapping[int, Mixture]]) -> Made:
        """Dose-response curves by name: mixtures by the number that `key` counts."""
        values: dict[str, Any] = {}
        hashes: dict[str, str] = {}
        for name, mixtures in curves.items():
            values[name] = []
            for number, mixture in mixtures.items():
                trained = [self._recognizers.train(mixture, seed) for seed in self._plan.dose_seeds]
                hashes |= _hashes(trained)
                point = self._answers(trained, self._originals).point()
                values[name].append({key: number, **point})
        return Made(values, hashes)


def _hashes(trained: Sequence[Trained]) -> dict[str, str]:
    return {one.folder.name: one.sha256 for one in trained}
