"""Training the methods, and what they make: the parts that need translators."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ecgan.config import Config
from ecgan.data.manifest import Manifest, load_manifest
from ecgan.evaluation.evaluate import evaluate
from ecgan.experiments.reproduce.chosen import joined_translator
from ecgan.experiments.reproduce.generation import generate
from ecgan.experiments.reproduce.methods import SHARED_RUN, Method, method_configs
from ecgan.experiments.reproduce.parts import Made, Say
from ecgan.experiments.reproduce.plan import Plan
from ecgan.expressions import NEUTRAL
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import verify_snapshot
from ecgan.inference.translator import Translator
from ecgan.training.outputs import LAST_SNAPSHOT
from ecgan.training.trainer import train


class Workshop:
    """The translators of a reproduction: trained below `out/methods`, at work for
    `out/generated`."""

    def __init__(self, plan: Plan, out: Path, features: Path, progress: bool, say: Say) -> None:
        """`features`: the recogniser of context losses, which also tells what an image shows."""
        self._plan = plan
        self._out = out
        self._features = features
        self._progress = progress
        self._say = say
        self._generated: dict[str, Manifest] = {}

    def configs(self, method: Method, features: str | Path) -> dict[str, Config]:
        """Of its runs by folder name; `features` is what they are told about the recogniser."""
        expressive = self._plan.manifest.vocabulary.expressive
        return method_configs(method, self._plan.budget, self._plan.size, expressive, features)

    def folder(self, method: Method) -> Path:
        return self._out / "methods" / method.key

    def generated_folder(self, method: Method) -> Path:
        return self._out / "generated" / method.key

    def train(self, method: Method) -> Made:
        """All runs of a method; each goes on where it was stopped."""
        configs = self.configs(method, self._features.resolve())
        hashes, steps, examples = {}, 0, 0
        for name, config in configs.items():
            result = train(
                config,
                self._plan.manifest.root,
                self.folder(method) / name,
                progress=self._progress,
            )
            hashes[name] = verify_snapshot(result.last_snapshot)
            steps += result.step
            examples += result.step * config.batch
        values = {
            "runs": list(hashes),
            "steps": steps,
            "expressive_images_seen": examples,
            "networks": _networks(next(iter(configs.values()))),
        }
        return Made(values, hashes)

    def generate(self, method: Method) -> Made:
        """Prepared data of a method's translations."""
        translator = self.translator(method)
        made = generate(self._plan.manifest, translator, self.generated_folder(method), self._say)
        train_images = made.select(split="train")
        values = {
            "images": len(made.records),
            "of_train_people": len(train_images),
            "of_test_people": len(made.records) - len(train_images),
        }
        return Made(values, {"translator": translator.sha256})

    def evaluate(self, method: Method, judge: Path) -> Made:
        """What `ecgan evaluate` finds, with the judge of the reproduction."""
        found = evaluate(
            self.translator(method, judge),
            self._plan.manifest.root,
            recognizer=judge,
            without=self._plan.budget.evaluation_without,
        )
        facts = found.facts
        hashes = {
            "translator": facts["translator_sha256"],
            "judge": facts["recognizer_sha256"],
        }
        values = found.to_json()
        values.pop("command")
        return Made(values, hashes)

    def translator(self, method: Method, recognizer: Path | None = None) -> Translator:
        """Of the trained method; `recognizer` tells it whether a face is neutral already."""
        judge = Recognizer.load(recognizer or self._features)
        folder = self.folder(method)
        if not method.per_expression:
            return Translator.load(folder / SHARED_RUN / LAST_SNAPSHOT, recognizer=judge)
        vocabulary = self._plan.manifest.vocabulary
        snapshots = {
            name: folder / f"{SHARED_RUN}-{name}" / LAST_SNAPSHOT
            for name in vocabulary.names
            if name != NEUTRAL
        }
        return joined_translator(snapshots, vocabulary, judge)

    def generated(self, key: str) -> Manifest:
        """What a method made."""
        if key not in self._generated:
            self._generated[key] = load_manifest(self._out / "generated" / key)
        return self._generated[key]


def _networks(config: Config) -> Mapping[str, Any]:
    return {
        "generator": config.generator.model_dump(mode="json"),
        "discriminator": config.discriminator.model_dump(mode="json"),
    }
