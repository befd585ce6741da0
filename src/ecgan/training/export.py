"""The inference snapshot of a run: its generators in half precision, configuration and card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from torch import nn

from ecgan.config import Config
from ecgan.config_loading import build, published
from ecgan.data.dataset import translation_vocabulary
from ecgan.data.manifest import Manifest, load_manifest
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import save_snapshot
from ecgan.networks.build import build_generator
from ecgan.training.checkpoint import load_checkpoint
from ecgan.training.method import GENERATORS, shares_networks, stored_names
from ecgan.training.validation import Validation


def write_translator(
    folder: Path,
    generators: Mapping[str, nn.Module],
    config: Config,
    manifest: Manifest,
    *,
    step: int,
    validation: Validation | None,
    best: bool = False,
) -> str:
    """Write a translator snapshot; returns its sha256. Equal weights give equal folders.

    Args:
        validation: of these generators, if there was one.
        best: whether they were chosen by it.
    """
    scores = dict(sorted(asdict(validation).items())) if validation else {}
    vocabulary = translation_vocabulary(manifest, config.data)
    described = {
        "size": config.size,
        **({"zoom": config.data.zoom} if config.data.zoom != 1 else {}),
        "vocabulary": list(vocabulary.names),
        "generator": config.generator.model_dump(mode="json"),
        "alignment": manifest.card.get("alignment", {}),
        "intensity": config.data.intensity,
        **({"route": "auto"} if config.data.direct else {}),
        "training": {"step": step, "config": published(config), **scores},
    }
    card = _card(config, manifest, vocabulary, step, _validation_text(validation, step, best))
    return save_snapshot(folder, "translator", generators, described, card, half=True)


def export_checkpoint(checkpoint_file: Path, data_root: Path, folder: Path) -> str:
    """Write the snapshot of any checkpoint, such as the best by validation; returns its sha256.

    Raises:
        CheckpointError: the file is missing or damaged.
    """
    checkpoint = load_checkpoint(checkpoint_file)
    manifest = load_manifest(data_root)
    config = build(Config, checkpoint.values["config"])
    kind = "average" if config.optimizer.ema else "network"
    codes = len(translation_vocabulary(manifest, config.data))
    generators = {}
    for name, stored in stored_names(GENERATORS, shares_networks(config)).items():
        generator = build_generator(config.generator, codes, config.size)
        generator.load_state_dict(checkpoint.part(f"{kind}.{stored}"))
        generators[name] = generator
    known = checkpoint.values["validation"]
    best = checkpoint.values["best_step"] == checkpoint.step
    return write_translator(
        folder,
        generators,
        config,
        manifest,
        step=checkpoint.step,
        validation=Validation(**known) if known else None,
        best=best,
    )


def _validation_text(validation: Validation | None, step: int, best: bool) -> str:
    """What the card says of the choice of these weights."""
    if validation is None:
        return f"None: these are the weights after step {step}, and nobody chose them."
    how = "the best of all validations" if best else "not chosen by it"
    known = asdict(validation)
    people = known.pop("num_people")
    whom = "people" if people is None else f"{people} people"
    lines = [f"By {whom} whom training never saw, after step {step}; {how}.", ""]
    lines += [f"- {name}: {value}" for name, value in known.items() if value is not None]
    return "\n".join(lines)


def _card(
    config: Config,
    manifest: Manifest,
    vocabulary: Vocabulary,
    step: int,
    validation: str,
) -> str:
    known = vocabulary.expressions
    train = [record for record in manifest.select(split="train") if record.expression in known]
    people = len({record.subject for record in train})
    credit = "\n".join(
        f"- {key}: {manifest.card[key]}"
        for key in ("name", "licence", "license", "attribution")
        if manifest.card.get(key)
    )
    start = f", from the translator `{published(config)['init']}`" if config.init else ""
    return f"""---
library_name: ecgan
tags: [facial-expression, image-to-image, gan]
---

# ECGAN translator

Translates a neutral face of {config.size} x {config.size} pixels (aligned as `config.json` says) to
{", ".join(vocabulary.expressive)}, and any of these back to neutral.

## Training

{config.objective.method}, {step} updates of batch {config.batch}, {len(train)} images of {people}
people{start}. The whole configuration is in `config.json` under `training`.

{credit}

## Validation

{validation}

## Limits and care

Near-frontal faces only. The images are synthetic: say so wherever they are shown, and translate
the faces of people who agree to it. It does not show what anybody feels. It must not be used to
deceive, harass or defame, to pass identity or liveness checks, or to judge people by their faces;
never present a generated expression as one that somebody made.
"""
