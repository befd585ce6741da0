"""What a method makes of the people: prepared data of translations, each one marked; and which of
them Figures 3 and 4 show."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ecgan.data.manifest import Manifest, Record, load_manifest, write_manifest
from ecgan.evaluation.cases import Case, expression_cases, neutral_cases, translate_aligned
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import read_photo
from ecgan.files import remove_parts, sha256_bytes, sha256_file, write_bytes
from ecgan.inference.marking import Mark, sidecar_path, source_sha256, write_marked
from ecgan.inference.translator import Translator
from ecgan.lab.reproduce.parts import Say

SOURCE = "generated"
INPUTS = "inputs"


def generated_name(source: Record, expression: str) -> str:
    """Name of a translation below its data folder."""
    stem = PurePosixPath(source.image).stem
    return f"images/{expression}/{stem}-{sha256_bytes(source.image.encode())[:8]}.png"


def generate(manifest: Manifest, translator: Translator, out: Path, say: Say) -> Manifest:
    """Write `out`, prepared data of translations alone: neutral images of train and test people
    with every expression, expressive images of test people made neutral; validation people are left
    alone. Each keeps the person, split, mask and landmarks of its source, its file and a sidecar
    say that it is synthetic. The same call again goes on where it was stopped.

    PNG, so that nothing but the translation tells an image from its source.

    Raises:
        ImageError: an image of the manifest cannot be read.
        UsageError: the translator lacks an expression of the manifest.
    """
    out.mkdir(parents=True, exist_ok=True)
    remove_parts(out)
    work = list(_translations_of(manifest))
    total, records = sum(len(targets) for _, targets in work), []
    for number, (source, targets) in enumerate(work):
        mask = PurePosixPath(source.mask)
        copied = f"masks/{sha256_bytes(source.mask.encode())[:16]}{mask.suffix}"
        _link(manifest.mask_path(source), out / copied)
        _translate(manifest, translator, source, targets, out)
        records += [_record(source, name, copied, out) for name in targets]
        if number % 200 == 199:
            say(f"    {len(records)} of {total} translations")
    card = {
        **manifest.card,
        "synthetic": "every image was made by a model from one of the same person",
        "made_by": {"translator_sha256": translator.sha256},
    }
    write_manifest(Manifest(out, tuple(records), card))
    return load_manifest(out)


def grid(out: Path, manifest: Manifest, folders: Mapping[str, Path], people: int) -> dict[str, Any]:
    """Rows of some test people: every expression of a neutral image, and back to neutral.

    Inputs and truths are copied to `out/inputs`. The truth matches the input pixel for pixel where
    the data have pairs (`paired`); else it is another image of the same person, if there is one.

    Args:
        out: paths are below it.
        manifest: the original data.
        folders: what each method made.
        people: how many.
    """

    def row(source: Record, target: str, truth: Record | None) -> dict[str, Any]:
        same_person = (r for r in manifest.select(expression=target) if r.subject == source.subject)
        other = truth or max(same_person, key=lambda r: r.intensity or 1, default=None)
        return {
            "data_source": source.source,
            "subject": source.subject,
            "source": source.expression,
            "expression": target,
            "input": _copied(out, manifest, source),
            "truth": None if other is None else _copied(out, manifest, other),
            "paired": truth is not None,
            **{
                method: (folder / generated_name(source, target)).relative_to(out).as_posix()
                for method, folder in folders.items()
            },
        }

    cases = expression_cases(manifest, "test", manifest.vocabulary)
    first = {case.source.subject: case for case in reversed(cases)}
    chosen = list(dict.fromkeys(case.source.subject for case in cases))[:people]
    back: dict[tuple[str, str], Case] = {}
    for case in neutral_cases(manifest, "test", manifest.vocabulary):
        key = case.source.subject, case.source.expression
        if key not in back or _intensity(case.source) > _intensity(back[key].source):
            back[key] = case
    return {
        "rows": [
            row(first[person].source, name, truth)
            for person in chosen
            for name, truth in zip(first[person].targets, first[person].truths, strict=True)
        ],
        "neutral_rows": [
            row(case.source, NEUTRAL, case.truths[0])
            for person in chosen
            for (subject, _), case in back.items()
            if subject == person
        ],
        "methods": list(folders),
    }


def strongest(records: Sequence[Record]) -> list[Record]:
    """The expressive images of the highest intensity of each person and expression: what a
    translation of full strength is to be compared with."""
    best: dict[tuple[str, str], float] = {}
    for record in records:
        key = record.subject, record.expression
        best[key] = max(best.get(key, 0.0), _intensity(record))
    return [
        record
        for record in records
        if record.expression != NEUTRAL
        and _intensity(record) == best[record.subject, record.expression]
    ]


def asked_of_test_people(generated: Manifest) -> list[Record]:
    """The translations of test people to expressions, without those to neutral."""
    found = [r for r in generated.select(split="test") if r.expression != NEUTRAL]
    return sorted(found, key=lambda record: record.image)


def _translations_of(manifest: Manifest) -> Iterator[tuple[Record, tuple[str, ...]]]:
    """Sources with their targets."""
    expressive = manifest.vocabulary.expressive
    for record in manifest.records:
        if record.split != "val" and record.expression == NEUTRAL:
            yield record, expressive
        elif record.split == "test" and record.expression in expressive:
            yield record, (NEUTRAL,)


def _translate(
    manifest: Manifest, translator: Translator, source: Record, targets: tuple[str, ...], out: Path
) -> None:
    """Write the translations of one image that are not there."""
    missing = [name for name in targets if not (out / generated_name(source, name)).exists()]
    if not missing:
        return
    photo = read_photo(manifest.image_path(source))
    wanted = dict.fromkeys(missing, 1.0)
    translated = translate_aligned(translator, photo.pixels, source, wanted)
    for name, pixels in zip(missing, translated, strict=True):
        target = out / generated_name(source, name)
        target.parent.mkdir(parents=True, exist_ok=True)
        mark = Mark(
            source=source.image,
            source_sha256=source_sha256(photo),
            model_sha256=translator.sha256,
            settings={"expression": name, "strength": 1.0},
            credit=translator.credit,
        )
        write_marked(target, pixels, photo, mark, durable=False)


def _record(source: Record, expression: str, mask: str, out: Path) -> Record:
    name = generated_name(source, expression)
    assert sidecar_path(out / name).exists()
    return replace(
        source,
        image=name,
        mask=mask,
        expression=expression,
        intensity=0.0 if expression == NEUTRAL else 1.0,
        source=SOURCE,
        sha256=sha256_file(out / name),
        pair=None,
        partition=None,
        recipe=None,
    )


def _link(file: Path, target: Path) -> None:
    """The same bytes, without a copy where the disk allows it."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, target)
    except OSError:
        write_bytes(target, file.read_bytes(), durable=False)


def _copied(out: Path, manifest: Manifest, record: Record) -> str:
    """Path of a copy below `out`."""
    name = f"{INPUTS}/{sha256_bytes(record.image.encode())[:16]}{Path(record.image).suffix}"
    if not (out / name).exists():
        write_bytes(out / name, manifest.image_path(record).read_bytes(), durable=False)
    return name


def _intensity(record: Record) -> float:
    return 1.0 if record.intensity is None else record.intensity
