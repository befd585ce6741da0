"""The parts of a reproduction, what each depends on, and their order."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ecgan.data.manifest import MANIFEST_NAME
from ecgan.files import sha256_file
from ecgan.lab.reproduce.generation import INPUTS, grid
from ecgan.lab.reproduce.measurements import FEATURES, JUDGE, Measurements
from ecgan.lab.reproduce.methods import Method
from ecgan.lab.reproduce.parts import Made, Part, Say, chosen_settings
from ecgan.lab.reproduce.plan import Plan
from ecgan.lab.reproduce.recognizers import FEATURES_SEED, JUDGE_SEED, Recognizers
from ecgan.lab.reproduce.workshop import Workshop

RECOGNIZERS = "recognizers"


def parts_of(plan: Plan, out: Path, progress: bool, say: Say) -> list[Part]:
    """All parts of a plan; each comes after those that it needs."""
    snapshots = {name: out / RECOGNIZERS / name / "run" / "snapshot" for name in (FEATURES, JUDGE)}
    workshop = Workshop(plan, out, snapshots[FEATURES], progress, say)
    recognizers = Recognizers(
        out / RECOGNIZERS, plan.manifest, workshop.generated, plan.budget, plan.size, say
    )
    measurements = Measurements(plan, recognizers, workshop.generated, say)
    about = _about(plan)
    found = [
        Part(
            name,
            about,
            partial(measurements.recognizer, name, seed),
            keeps=(snapshots[name],),
            seed=seed,
        )
        for name, seed in ((FEATURES, FEATURES_SEED), (JUDGE, JUDGE_SEED))
    ]
    for method in plan.methods:
        found += _method_parts(plan, workshop, method, snapshots[JUDGE])
    return [*found, *_figure_parts(plan, out, workshop, measurements, about)]


def _about(plan: Plan) -> dict[str, Any]:
    """What every recogniser depends on."""
    budget = chosen_settings(plan.budget)
    keys = [key for key in budget if key.startswith("recognizer")]
    return {
        "manifest_sha256": sha256_file(plan.manifest.root / MANIFEST_NAME),
        "size": plan.size,
        **{key: budget[key] for key in keys},
    }


def _method_parts(plan: Plan, workshop: Workshop, method: Method, judge: Path) -> list[Part]:
    """Training, generation and evaluation of one method."""
    configs = workshop.configs(method, FEATURES)
    settings = {name: chosen_settings(config) for name, config in configs.items()}
    manifest = {"manifest_sha256": sha256_file(plan.manifest.root / MANIFEST_NAME)}
    training, generation = f"train-{method.key}", f"generate-{method.key}"
    return [
        Part(
            training,
            {**manifest, "runs": settings},
            partial(workshop.train, method),
            (FEATURES,) if method.needs_features else (),
            folders=(workshop.folder(method),),
        ),
        Part(
            generation,
            manifest,
            partial(workshop.generate, method),
            (FEATURES, training),
            folders=(workshop.generated_folder(method),),
        ),
        Part(
            f"evaluation-{method.key}",
            {**manifest, "without": list(plan.budget.evaluation_without)},
            partial(workshop.evaluate, method, judge),
            (JUDGE, training),
        ),
    ]


def _figure_parts(
    plan: Plan, out: Path, workshop: Workshop, measurements: Measurements, about: dict[str, Any]
) -> list[Part]:
    """Tables and figures over all methods."""
    keys = [method.key for method in plan.methods]
    all_made = tuple(f"generate-{key}" for key in keys)
    dose_keys = [method.key for method in plan.dose_methods]
    dose_made = tuple(f"generate-{key}" for key in dose_keys)
    scored = {**about, "methods": keys}
    dosed = {**about, "methods": dose_keys, "seeds": list(plan.dose_seeds)}
    judged = (JUDGE, *all_made)

    def draw_grid() -> Made:
        folders = {method.key: workshop.generated_folder(method) for method in plan.methods}
        return Made(grid(out, plan.manifest, folders, plan.budget.grid_people))

    found = [
        Part("vgg_score", scored, measurements.vgg_score, judged, seed=JUDGE_SEED),
        Part("table2", {**scored, "seeds": list(plan.seeds)}, measurements.table_2, all_made),
        Part(
            "dose_generated",
            {**dosed, "doses": list(plan.budget.doses)},
            measurements.dose_generated,
            dose_made,
        ),
        Part(
            "dose_people",
            {**dosed, "people": list(plan.budget.people)},
            measurements.dose_people,
            dose_made,
        ),
        Part("two_sample", scored, measurements.two_sample, judged),
        Part(
            "grid",
            {**scored, "people": plan.budget.grid_people},
            draw_grid,
            all_made,
            folders=(out / INPUTS,),
        ),
    ]
    if "tsne" not in plan.skipped:
        found.append(Part("tsne", scored, measurements.tsne, judged))
    return found
