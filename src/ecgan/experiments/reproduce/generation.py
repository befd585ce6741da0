"""What a method makes of the people: prepared data of translations, each one marked."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from ecgan.data.manifest import Manifest, Record, load_manifest, write_manifest
from ecgan.evaluation.translations import translate_aligned
from ecgan.experiments.reproduce.parts import Say
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import read_photo
from ecgan.files import remove_parts, sha256_bytes, sha256_file, write_bytes
from ecgan.inference.marking import Mark, sidecar_path, source_sha256, write_marked
from ecgan.inference.translator import MAX_STRENGTH, Translator
from ecgan.seeding import numpy_generator

SOURCE = "generated"


def translations_of(
    manifest: Manifest, expressive: tuple[str, ...]
) -> Iterator[tuple[Record, tuple[str, ...]]]:
    """Sources with their targets: neutral images of train and test people with every expression,
    expressive images of test people with neutral. Validation people are left alone."""
    for record in manifest.records:
        if record.split != "val" and record.expression == NEUTRAL:
            yield record, expressive
        elif record.split == "test" and record.expression in expressive:
            yield record, (NEUTRAL,)


def generated_name(source: Record, expression: str) -> str:
    """Name of a translation below its data folder."""
    stem = PurePosixPath(source.image).stem
    return f"images/{expression}/{stem}-{sha256_bytes(source.image.encode())[:8]}.png"


def generate(manifest: Manifest, translator: Translator, out: Path, say: Say) -> Manifest:
    """Write `out`, prepared data of `translations_of` alone: each keeps the person, split, mask and
    landmarks of its source, its file and a sidecar say that it is synthetic. The same call again
    goes on where it was stopped.

    Test people get each expression in full. Training people get it as strong as the training data
    show it, one of their intensities drawn for each image, where the translator takes a strength:
    a recogniser that is to know weak expressions has to see some.

    PNG, so that nothing but the translation tells an image from its source.

    Raises:
        ImageError: an image of the manifest cannot be read.
        UsageError: the translator lacks an expression of the manifest.
    """
    out.mkdir(parents=True, exist_ok=True)
    remove_parts(out)
    work = list(translations_of(manifest, manifest.vocabulary.expressive))
    shown = shown_intensities(manifest) if translator.intensity else {}
    total, records = sum(len(targets) for _, targets in work), []
    for number, (source, targets) in enumerate(work):
        wanted = {name: drawn_strength(source, name, shown.get(name, ())) for name in targets}
        _translate(manifest, translator, source, wanted, out)
        records += [_record(source, name, strength, out) for name, strength in wanted.items()]
        if number % 200 == 199:
            say(f"    {len(records)} of {total} translations")
    card = {
        **manifest.card,
        "synthetic": "every image was made by a model from one of the same person",
        "made_by": {"translator_sha256": translator.sha256},
    }
    made = Manifest(out, tuple(records), card)
    write_manifest(made)
    return load_manifest(out)


def shown_intensities(manifest: Manifest) -> dict[str, tuple[float, ...]]:
    """By expression: the intensities of the training images that have one."""
    found = defaultdict(list)
    for record in manifest.select(split="train"):
        if record.expression != NEUTRAL and record.intensity:
            found[record.expression].append(min(record.intensity, MAX_STRENGTH))
    return {name: tuple(sorted(values)) for name, values in found.items()}


def drawn_strength(source: Record, expression: str, shown: Sequence[float]) -> float:
    """How strong to make a translation: 1, or for training people one of `shown`."""
    if source.split != "train" or not shown:
        return 1.0
    return float(numpy_generator(0, "strength", source.image, expression).choice(shown))


def _translate(
    manifest: Manifest,
    translator: Translator,
    source: Record,
    wanted: Mapping[str, float],
    out: Path,
) -> None:
    """Write the translations of one image that are not there, and its mask.

    `wanted`: strength by expression.
    """
    missing = {
        name: strength
        for name, strength in wanted.items()
        if not (out / generated_name(source, name)).exists()
    }
    if not missing:
        return
    photo = read_photo(manifest.image_path(source))
    translations = translate_aligned(translator, photo.pixels, source, missing)
    for (name, strength), pixels in zip(missing.items(), translations, strict=True):
        target = out / generated_name(source, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        mark = Mark(
            source=source.image,
            source_sha256=source_sha256(photo),
            model_sha256=translator.sha256,
            settings={"expression": name, "strength": strength},
            credit=translator.credit,
        )
        _link(manifest.mask_path(source), out / _mask_name(source))
        write_marked(target, pixels, photo, mark, durable=False)


def _record(source: Record, expression: str, strength: float, out: Path) -> Record:
    name = generated_name(source, expression)
    assert sidecar_path(out / name).exists()
    return replace(
        source,
        image=name,
        mask=_mask_name(source),
        expression=expression,
        intensity=0.0 if expression == NEUTRAL else strength,
        source=SOURCE,
        sha256=sha256_file(out / name),
        pair=None,
        partition=None,
        recipe=None,
    )


def _mask_name(source: Record) -> str:
    return f"masks/{sha256_bytes(source.mask.encode())[:16]}{PurePosixPath(source.mask).suffix}"


def _link(file: Path, target: Path) -> None:
    """The same bytes, without a copy where the disk allows it."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:
        write_bytes(target, file.read_bytes(), durable=False)
