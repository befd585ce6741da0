"""What a reproduction will do: the methods that are compared, the budget that says how much it may
cost, and the plan of both for some data, `plan.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from ecgan.config import RecognizerConfig, Section
from ecgan.config_loading import build
from ecgan.data.images import image_side
from ecgan.data.manifest import MANIFEST_NAME, SPLITS, Manifest, Split
from ecgan.errors import ConfigError, DataError, UsageError
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_file, write_json
from ecgan.provenance import provenance

PLAN_NAME = "plan.json"
FEATURES, JUDGE = "features", "judge"
"""Recognisers of the original images alone: methods may use the first, the second scores them."""
BUDGETS = ("smoke", "cpu", "full")


@dataclass(frozen=True)
class Method:
    """One way of translating: a preset of the trainer that all share."""

    key: str
    label: str
    preset: str
    paired: bool = False
    """Learns from pixel-aligned pairs alone."""
    per_expression: bool = False
    """One model an expression."""
    needs_features: bool = False
    """Has a context loss (Eq. 3), whose features are a recogniser's."""


METHODS_FILE = yaml.safe_load((resources.files(__package__) / "methods.yaml").read_text("utf-8"))
METHODS = {key: Method(key, **values) for key, values in METHODS_FILE["methods"].items()}


class Budget(Section):
    """What every method gets alike, and how its preset is made to fit the machine."""

    size: int = Field(128, ge=32, le=512)
    """Training size in pixels, unless asked otherwise; never above that of the data."""
    zoom: float = Field(1.375, ge=1, le=2)
    """`data.zoom` of every method."""
    batch: int = Field(4, ge=1, le=4096)
    images: int = Field(8000, ge=1, le=10**9)
    """Expressive training images that each method sees, all of its models together; each comes
    with a neutral one."""
    common: tuple[str, ...] = ()
    """`a.b=v` for every method, over its preset."""
    overrides: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """`a.b=v` by method, over `common`."""
    recognizer: RecognizerConfig = RecognizerConfig()
    """Of all recognisers; `seed`, `size`, `epochs` and `patience` are set for each."""
    recognizer_size: int | None = Field(None, ge=32, le=512)
    """Images that recognisers see, in pixels; none: as the translators."""
    recognizer_from_packaged: bool = False
    """Start recognisers from the packaged one, where it knows the expressions of the data: on a few
    thousand images a VGG from random weights learns nothing."""
    recognizer_images: int = Field(20000, ge=1, le=10**9)
    """Training images that every recogniser sees, so that more data is not longer training."""
    recognizer_epochs: int = Field(200, ge=1, le=10**6)
    """At most so many passes, where there are few images."""
    seeds: int = Field(3, ge=1, le=1000)
    """Recognisers of each row of Table 2."""
    dose_seeds: int = Field(1, ge=1, le=1000)
    """Recognisers of each point of the dose-response curves."""
    dose_methods: tuple[str, ...] | None = None
    """Methods with dose-response curves; none, or none of those that are run: all."""
    doses: tuple[Annotated[int, Field(ge=1)], ...] = (5, 20)
    """Generated images an expression; 0 and all are always measured."""
    people: tuple[Annotated[int, Field(ge=2)], ...] = (5, 10, 20, 40)
    """Real training people; all are always measured."""
    evaluation_without: tuple[str, ...] = ()
    """Parts of `ecgan evaluate` to leave out."""
    grid_people: int = Field(4, ge=1, le=1000)
    """Test people in the picture grids."""


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

    def num_people(self, split: Split) -> int:
        return len({record.subject for record in self.manifest.select(split=split)})

    @property
    def recognizers_folder(self) -> Path:
        return self.out / "recognizers"

    def recognizer(self, name: str) -> Path:
        """Snapshot of a recogniser."""
        return self.recognizers_folder / name / "run" / "snapshot"

    def generated_folder(self, method: str) -> Path:
        """Of what a method makes."""
        return self.out / "generated" / method


def load_budget(text: str) -> Budget:
    """A budget by name, by a number of updates (of the `cpu` budget), or from a YAML file.

    Raises:
        ConfigError: no such budget, or a file that is none.
    """
    if text.isdecimal() and int(text) > 0:
        budget = load_budget("cpu")
        return budget.model_copy(update={"images": int(text) * budget.batch})
    path: Path | Traversable = Path(text)
    if text in BUDGETS:
        path = resources.files("ecgan") / "presets" / "reproduce" / f"{text}.yaml"
    if not path.is_file():
        raise ConfigError(
            f"no budget {text!r}, expected {', '.join(BUDGETS)}, a number of updates or a YAML file"
        )
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"cannot read the budget {path}: {str(error).splitlines()[0]}") from None
    if not isinstance(values, dict):
        raise ConfigError(f"{path}: expected a mapping of keys to values")
    return build(Budget, values)


def choose_methods(asked: Sequence[str] | None, has_pairs: bool) -> tuple[list[Method], list[str]]:
    """The methods to run in the usual order, and those left out because the data have no pairs.

    Raises:
        UsageError: there is no such method, or one that was asked for needs pairs.
    """
    for key in asked or ():
        if key not in METHODS:
            raise UsageError(f"no method {key!r}, expected some of {', '.join(METHODS)}")
        if METHODS[key].paired and not has_pairs:
            raise UsageError(
                f"{key} learns from pixel-aligned pairs and the training people of these data have "
                "none; leave it out of --methods, or prepare data with pairs"
            )
    wanted = [method for key, method in METHODS.items() if asked is None or key in asked]
    chosen = [method for method in wanted if has_pairs or not method.paired]
    return chosen, [method.key for method in wanted if method not in chosen]


def overrides(method: Method, budget: Budget, size: int) -> list[str]:
    """`a.b=v` over the method's preset, but for what differs between its runs."""
    return [
        f"size={size}",
        f"batch={budget.batch}",
        "seed=0",
        f"data.zoom={budget.zoom}",
        *budget.common,
        *budget.overrides.get(method.key, ()),
    ]


def make_plan(  # noqa: PLR0917
    manifest: Manifest,
    out: Path,
    methods: Sequence[str] | None,
    budget_text: str,
    size: int | None,
    seeds: int | None,
) -> Plan:
    """Check what was asked for against the data.

    Raises:
        ConfigError: no such budget.
        UsageError: an unknown method, one that the data do not allow, or a size that they do not.
        DataError: the data lack neutral or expressive images of training or test people.
    """
    budget = load_budget(budget_text)
    budget_name = Path(budget_text).name  # of a file: its folders are this machine's business
    for split in ("train", "test"):
        found = {record.expression for record in manifest.records if record.split == split}
        if NEUTRAL not in found or len(found) < 2:
            raise DataError(
                f"the {split} people of {manifest.root} have no neutral or no expressive image; "
                "expected some of each, prepare more people"
            )
    chosen, left_out = choose_methods(methods, _has_pairs(manifest))
    skipped = dict.fromkeys(left_out, "the data have no pixel-aligned pairs to learn from")
    if find_spec("sklearn") is None:
        skipped["tsne"] = "scikit-learn is not installed: pip install 'ecgan[metrics]'"
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
            "people": {split: plan.num_people(split) for split in SPLITS},
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
                "overrides": overrides(method, plan.budget, plan.size),
            }
            for method in plan.methods
        },
        "equal": METHODS_FILE["equal"],
        "not_equal": METHODS_FILE["not_equal"],
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
