"""What a reproduction will do: `plan.json`, and what is equal between the methods."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.images import image_side
from ecgan.data.manifest import MANIFEST_NAME, SPLITS, Manifest
from ecgan.errors import DataError, UsageError
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_file, write_json
from ecgan.lab.reproduce.methods import Budget, Method, choose_methods, overrides
from ecgan.lab.reproduce.scores import why_no_tsne
from ecgan.provenance import provenance

PLAN_NAME = "plan.json"
FEATURES, JUDGE = "features", "judge"
"""Recognisers of the original images alone: methods may use the first, the second scores them."""
EQUAL = (
    "the trainer, its precision and the training people",
    "the training images seen in all (`budget.images` expressive ones, each with a neutral one); "
    "where a method has one model an expression, these share them",
    "the batch, the size in pixels, and the part of the crop that networks see",
    "for recognisers: the network, the test images, and the training images seen (to the nearest "
    "whole pass)",
)
DIFFERENT = (
    "networks, losses, learning rates and augmentation are each method's own preset, with the "
    "widths of the budget",
    "StarGAN updates its generator at every fifth of its critic's updates, as published",
    "Pix2pix learns from pixel-aligned pairs, which no other method is shown",
)


@dataclass(frozen=True)
class Plan:
    """All that a reproduction depends on."""

    manifest: Manifest
    out: Path
    methods: tuple[Method, ...]
    budget: Budget
    budget_name: str
    size: int
    """Training size in pixels."""
    seeds: tuple[int, ...]
    """Of the recognisers of Table 2."""
    command: str
    skipped: Mapping[str, str]
    """Reason by method or part."""

    @property
    def dose_methods(self) -> tuple[Method, ...]:
        """Those with dose-response curves: the budget's; all, where none of them was chosen."""
        wanted = self.budget.dose_methods or ()
        return tuple(m for m in self.methods if m.key in wanted) or self.methods

    @property
    def dose_seeds(self) -> tuple[int, ...]:
        return self.seeds[: self.budget.dose_seeds]

    def people(self, split: str) -> list[str]:
        return sorted({record.subject for record in self.manifest.records if record.split == split})

    @property
    def recognizers_folder(self) -> Path:
        return self.out / "recognizers"

    def recognizer(self, name: str) -> Path:
        """Snapshot of a recogniser."""
        return self.recognizers_folder / name / "run" / "snapshot"

    def generated_folder(self, method: str) -> Path:
        """Of what a method makes."""
        return self.out / "generated" / method


def make_plan(  # noqa: PLR0917
    manifest: Manifest,
    out: Path,
    methods: Sequence[str] | None,
    budget: Budget,
    budget_name: str,
    size: int | None,
    seeds: int | None,
) -> Plan:
    """Check what was asked for against the data.

    Raises:
        UsageError: an unknown method, one that the data do not allow, or a size that they do not.
        DataError: the data lack neutral or expressive images of training or test people.
    """
    for split in ("train", "test"):
        found = {record.expression for record in manifest.records if record.split == split}
        if NEUTRAL not in found or len(found) < 2:
            raise DataError(
                f"the {split} people of {manifest.root} have no neutral or no expressive image; "
                "expected some of each, prepare more people"
            )
    chosen, left_out = choose_methods(methods, _has_pairs(manifest))
    skipped = dict.fromkeys(left_out, "the data have no pixel-aligned pairs to learn from")
    if reason := why_no_tsne():
        skipped["tsne"] = reason
    words = ["ecgan reproduce", manifest.root.resolve().name, "--out", out.resolve().name]
    words += ["--budget", budget_name]
    if methods is not None:
        words += ["--methods", ",".join(method.key for method in chosen)]
    words += [f"--size {size}"] if size is not None else []
    words += [f"--seeds {seeds}"] if seeds is not None else []
    return Plan(
        manifest=manifest,
        out=out,
        methods=tuple(chosen),
        budget=budget,
        budget_name=budget_name,
        size=_training_size(manifest, budget, size),
        seeds=tuple(range(budget.seeds if seeds is None else seeds)),
        command=" ".join(words),
        skipped=skipped,
    )


def write_plan(plan: Plan) -> None:
    """Write `plan.json`, unless it says the same apart from date and machine."""
    manifest, where = plan.manifest, provenance()
    values = {
        "data": {
            "path": manifest.root.resolve().name,
            "manifest_sha256": sha256_file(manifest.root / MANIFEST_NAME),
            "card": dict(manifest.card),
            "people": {split: len(plan.people(split)) for split in SPLITS},
            "images": {split: len(manifest.select(split=split)) for split in SPLITS},
            "size": image_side(manifest),
            "expressions": list(manifest.vocabulary.names),
        },
        "budget": {"name": plan.budget_name, **plan.budget.model_dump(mode="json")},
        "methods": [method.key for method in plan.methods],
        "method_settings": {
            method.key: {
                "label": method.label,
                "preset": method.preset,
                "overrides": overrides(method, plan.budget, plan.size, seed=0),
            }
            for method in plan.methods
        },
        "equal": list(EQUAL),
        "not_equal": list(DIFFERENT),
        "skipped": dict(plan.skipped),
        "seeds": list(plan.seeds),
        "size": plan.size,
        "command": plan.command,
        "provenance": {key: where[key] for key in ("date", "machine", "versions")},
    }
    file = plan.out / PLAN_NAME
    if file.is_file():
        before = json.loads(file.read_text(encoding="utf-8"))
        values = json.loads(json.dumps(values))  # lists for tuples, as they are read
        if {**before, "provenance": None} == {**values, "provenance": None}:
            return
    write_json(file, values)


def _has_pairs(manifest: Manifest) -> bool:
    """Whether training people have an expressive image that matches a neutral one."""
    train = manifest.select(split="train")
    neutral = {record.pair for record in train if record.pair and record.expression == NEUTRAL}
    return any(record.pair in neutral for record in train if record.expression != NEUTRAL)


def _training_size(manifest: Manifest, budget: Budget, asked: int | None) -> int:
    """The asked size, or the budget's; the largest power of two within the images where these are
    smaller.

    Raises:
        UsageError: the asked size is no power of two or larger than the images.
    """
    largest = 1 << (image_side(manifest).bit_length() - 1)
    if asked is None:
        return min(budget.size, largest)
    if asked < 32 or asked & (asked - 1) or asked > largest:
        raise UsageError(
            f"--size takes a power of two from 32 to {largest}, the size of these images, "
            f"got {asked}"
        )
    return asked
