"""Which pictures Figures 3 and 4 show, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ecgan.data.manifest import Manifest, Record
from ecgan.evaluation.cases import Case, expression_cases, neutral_cases
from ecgan.expressions import NEUTRAL
from ecgan.files import sha256_bytes, write_bytes
from ecgan.lab.reproduce.generation import generated_name

INPUTS = "inputs"


def grid(
    out: Path,
    manifest: Manifest,
    folders: Mapping[str, Path],
    people: int,
) -> dict[str, Any]:
    """Rows of some test people: every expression of a neutral image, and back to neutral.

    Inputs and truths are copied to `out/inputs`. The truth matches the input pixel for pixel where
    the data have pairs (`paired`); else it is another image of the same person, if there is one.

    Args:
        out: paths are below it.
        manifest: the original data.
        folders: what each method made.
        people: how many.
    """
    vocabulary = manifest.vocabulary
    there = expression_cases(manifest, "test", vocabulary)
    chosen = list(dict.fromkeys(case.source.subject for case in there))[:people]
    first = {case.source.subject: case for case in reversed(there)}
    rows = [
        _row(out, manifest, folders, first[person].source, name, truth)
        for person in chosen
        for name, truth in zip(first[person].targets, first[person].truths, strict=True)
    ]
    back = neutral_cases(manifest, "test", vocabulary)
    neutral_rows = [
        _row(out, manifest, folders, case.source, NEUTRAL, case.truths[0])
        for person in chosen
        for case in _strongest([case for case in back if case.source.subject == person])
    ]
    return {"rows": rows, "neutral_rows": neutral_rows, "methods": list(folders)}


def _strongest(cases: Sequence[Case]) -> list[Case]:
    """One case an expression: of the highest intensity."""
    best: dict[str, Case] = {}
    for case in cases:
        known = best.get(case.source.expression)
        if known is None or (case.source.intensity or 1) > (known.source.intensity or 1):
            best[case.source.expression] = case
    return list(best.values())


def _row(  # noqa: PLR0917
    out: Path,
    manifest: Manifest,
    folders: Mapping[str, Path],
    source: Record,
    target: str,
    truth: Record | None,
) -> dict[str, Any]:
    other = truth or _same_person(manifest, source, target)
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


def _same_person(manifest: Manifest, source: Record, expression: str) -> Record | None:
    found = [r for r in manifest.select(expression=expression) if r.subject == source.subject]
    return max(found, key=lambda record: record.intensity or 1, default=None)


def _copied(out: Path, manifest: Manifest, record: Record) -> str:
    """Path of a copy below `out`."""
    name = f"{INPUTS}/{sha256_bytes(record.image.encode())[:16]}{Path(record.image).suffix}"
    if not (out / name).exists():
        write_bytes(out / name, manifest.image_path(record).read_bytes(), durable=False)
    return name
