"""Training the methods, and what they make: the parts that need translators.

A method with one model an expression, as CycleGAN in the paper, is joined to one translator.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

from ecgan.config import Config, GeneratorConfig
from ecgan.config_loading import build, load_config
from ecgan.data.manifest import MANIFEST_NAME
from ecgan.errors import SnapshotError
from ecgan.evaluation.evaluate import evaluate
from ecgan.expressions import NEUTRAL, Vocabulary
from ecgan.files import sha256_bytes, sha256_file
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.snapshot import Snapshot, load_snapshot, verify_snapshot
from ecgan.inference.translator import Translator
from ecgan.lab.reproduce.generation import generate
from ecgan.lab.reproduce.parts import Made, Part, Say, chosen_settings
from ecgan.lab.reproduce.plan import FEATURES, JUDGE, Budget, Method, Plan, overrides
from ecgan.lab.stargan.method import method_of
from ecgan.networks.build import Windowed, build_generator
from ecgan.networks.output import Translation
from ecgan.shapes import Codes, Images
from ecgan.training.outputs import LAST_SNAPSHOT
from ecgan.training.trainer import train
from ecgan.window import Window

SHARED_RUN = "run"
CONTEXT_LAYER = "conv5_3"
"""The last convolution of a VGG-16 recogniser; the paper's conv5_4 is of VGG-19."""


class Translators:
    """The translators of a reproduction: trained below `out/methods`, at work for
    `out/generated`."""

    def __init__(self, plan: Plan, progress: bool, say: Say) -> None:
        self._plan = plan
        self._progress = progress
        self._say = say

    def parts(self, method: Method) -> list[Part]:
        """Training, generation and evaluation of one method."""
        root = self._plan.manifest.root
        configs = self._configs(method, FEATURES)
        manifest = {"manifest_sha256": sha256_file(root / MANIFEST_NAME)}
        runs = {name: chosen_settings(config) for name, config in configs.items()}
        without = list(self._plan.budget.evaluation_without)
        training = f"train-{method.key}"
        return [
            Part(
                training,
                {**manifest, "runs": runs},
                partial(self._train, method),
                (FEATURES,) if method.needs_features else (),
                folders=(self._folder(method),),
            ),
            Part(
                f"generate-{method.key}",
                manifest,
                partial(self._generate, method),
                (FEATURES, training),
                folders=(self._plan.generated_folder(method.key),),
            ),
            Part(
                f"evaluation-{method.key}",
                {**manifest, "without": without},
                partial(self._evaluate, method),
                (JUDGE, training),
            ),
        ]

    def _configs(self, method: Method, features: str | Path) -> dict[str, Config]:
        """Of its runs by folder name; `features`: the recogniser of context losses, as they name
        it."""
        expressive = self._plan.manifest.vocabulary.expressive
        return method_configs(method, self._plan.budget, self._plan.size, expressive, features)

    def _folder(self, method: Method) -> Path:
        return self._plan.out / "methods" / method.key

    def _train(self, method: Method) -> Made:
        """All runs of a method; each goes on where it was stopped."""
        configs = self._configs(method, self._plan.recognizer(FEATURES).resolve())
        hashes, steps, examples = {}, 0, 0
        for name, config in configs.items():
            result = train(
                config,
                self._plan.manifest.root,
                self._folder(method) / name,
                progress=self._progress,
                method=method_of(config),
            )
            hashes[name] = verify_snapshot(result.last_snapshot)
            steps += result.step
            examples += result.step * config.batch
        config = next(iter(configs.values()))
        values = {
            "runs": list(hashes),
            "steps": steps,
            "expressive_images_seen": examples,
            "networks": {
                "generator": config.generator.model_dump(mode="json"),
                "discriminator": config.discriminator.model_dump(mode="json"),
            },
        }
        return Made(values, hashes)

    def _generate(self, method: Method) -> Made:
        """Prepared data of a method's translations."""
        translator = self._translator(method, FEATURES)
        folder = self._plan.generated_folder(method.key)
        made = generate(self._plan.manifest, translator, folder, self._say)
        train_images = made.select(split="train")
        values = {
            "images": len(made.records),
            "of_train_people": len(train_images),
            "of_test_people": len(made.records) - len(train_images),
        }
        return Made(values, {"translator": translator.sha256})

    def _evaluate(self, method: Method) -> Made:
        """What `ecgan evaluate` finds, with the judge of the reproduction."""
        found = evaluate(
            self._translator(method, JUDGE),
            self._plan.manifest.root,
            recognizer=self._plan.recognizer(JUDGE),
            without=self._plan.budget.evaluation_without,
        )
        hashes = {
            "translator": found.facts["translator_sha256"],
            JUDGE: found.facts["recognizer_sha256"],
        }
        values = found.to_json()
        values.pop("command")
        return Made(values, hashes)

    def _translator(self, method: Method, recognizer: str) -> Translator:
        """Of the trained method; `recognizer` tells it whether a face is neutral already."""
        seeing = Recognizer.load(self._plan.recognizer(recognizer))
        folder = self._folder(method)
        if not method.per_expression:
            return Translator.load(folder / SHARED_RUN / LAST_SNAPSHOT, recognizer=seeing)
        vocabulary = self._plan.manifest.vocabulary
        snapshots = {
            name: folder / f"{SHARED_RUN}-{name}" / LAST_SNAPSHOT for name in vocabulary.expressive
        }
        return joined_translator(snapshots, vocabulary, seeing)


def method_configs(
    method: Method,
    budget: Budget,
    size: int,
    expressive: Sequence[str],
    features: str | Path,
) -> dict[str, Config]:
    """The training runs of a method by folder name: one, or one an expression that share the
    images of the budget.

    Args:
        method: which.
        budget: images seen, batch and widths.
        size: training size in pixels.
        expressive: the expressions of the data.
        features: recogniser snapshot of the context loss.

    Raises:
        ConfigError: the budget's overrides do not fit the preset.
    """
    given = overrides(method, budget, size)
    if method.needs_features:
        given += [
            f"objective.context_options.network={features}",
            f"objective.context_options.layer={CONTEXT_LAYER}",
        ]
    runs: dict[str, list[str]] = {SHARED_RUN: []}
    if method.per_expression:
        runs = {
            f"{SHARED_RUN}-{name}": [f"data.expressions=[{name}]", "generator.conditioning=none"]
            for name in expressive
        }
    steps = math.ceil(budget.images / len(runs) / budget.batch)
    return {
        name: load_config(Config, preset=method.preset, settings=[*given, *settings, f"{steps=}"])
        for name, settings in runs.items()
    }


class ByExpression(nn.Module):
    """G(x, z) that hands each image to the generator of the expression that z asks for; with a
    recogniser, G(y, z') that hands it to that of the expression that it shows."""

    def __init__(
        self,
        generators: Mapping[str, nn.Module],
        vocabulary: Vocabulary,
        recognizer: Recognizer | None = None,
    ) -> None:
        """`generators`: of every expression of `vocabulary` but neutral; none of them takes z."""
        super().__init__()
        self.generators = nn.ModuleList([generators[name] for name in vocabulary.expressive])
        known = vocabulary if recognizer is None else recognizer.vocabulary
        self._places = [known.index(name) for name in vocabulary.expressive]
        self._recognizer = recognizer

    def forward(self, source: Images, code: Codes) -> Translation:
        if self._recognizer is not None:
            code = self._recognizer.probabilities(source.float())
        unused = source.new_zeros(1, 2)
        images: list[Tensor] = [
            self.generators[place](source[index : index + 1], unused).image
            for index, place in enumerate(code[:, self._places].argmax(dim=1).tolist())
        ]
        return Translation(image=torch.cat(images))


def joined_translator(
    snapshots: Mapping[str, Path], vocabulary: Vocabulary, recognizer: Recognizer
) -> Translator:
    """Snapshots of one expression each as one translator of all.

    Args:
        snapshots: folder by expression; all expressions of `vocabulary`.
        vocabulary: of the result.
        recognizer: says which generator takes an expressive image back to neutral.

    Raises:
        SnapshotError: one is missing, damaged, or made for other expressions or another size.
    """
    loaded = {name: load_snapshot(snapshots[name], "translator") for name in vocabulary.expressive}
    seen = {(int(one.config["size"]), float(one.config.get("zoom", 1))) for one in loaded.values()}
    if len(seen) > 1:
        raise SnapshotError(
            f"the snapshots {', '.join(loaded)} are of the sizes and zooms {sorted(seen)}"
        )
    ((size, zoom),) = seen
    there = {name: _generator(one, name, "to_expression") for name, one in loaded.items()}
    back = {name: _generator(one, name, "to_neutral") for name, one in loaded.items()}
    hashes = "".join(f"{name} {one.sha256}\n" for name, one in loaded.items())
    return Translator(
        ByExpression(there, vocabulary),
        ByExpression(back, vocabulary, recognizer),
        vocabulary,
        Window(zoom).canvas(size),  # the recogniser has to see whole crops
        intensity=False,
        sha256=sha256_bytes(hashes.encode()),
        recognizer=recognizer,
        device=recognizer.device,
    )


def _generator(snapshot: Snapshot, expression: str, direction: str) -> nn.Module:
    """For whole crops."""
    names = tuple(snapshot.config["vocabulary"])
    if set(names) != {NEUTRAL, expression}:
        raise SnapshotError(
            f"{snapshot.folder} knows {', '.join(names)}, expected {NEUTRAL} and {expression}"
        )
    config = build(GeneratorConfig, snapshot.config["generator"])
    generator = build_generator(config, len(names), int(snapshot.config["size"]))
    snapshot.load_into(direction, generator)
    return Windowed(generator, Window(float(snapshot.config.get("zoom", 1))))
