"""`reanimate`: neutral photos to a labelled folder that `ecgan prepare` reads."""

from __future__ import annotations

import json
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from ecgan.data.card import tool_versions
from ecgan.data.layouts import Rejection, SubjectRule
from ecgan.data.layouts.tables import LABELS_NAME
from ecgan.data.manifest import CARD_NAME
from ecgan.data.pool import run_tasks
from ecgan.data.sources import check_out
from ecgan.errors import DataError, EcganWarning, UsageError
from ecgan.files import remove_parts, write_json, write_lines
from ecgan.lab.reanimate.facekit import CREDIT, WHERE, read_facekit, write_facekit
from ecgan.lab.reanimate.people import Person, ReanimationOptions, find_people, model_fingerprint
from ecgan.lab.reanimate.recipes import shape_names
from ecgan.lab.reanimate.worker import NOTES, SYNTHETIC, Worker, note_of, read_done, read_note

REPORT_NAME = "report.json"
KEPT = "kept"
"""Folder of what other options made; among the notes, where `prepare` does not look."""
Progress = Callable[[int, int], None]
"""Called with the people done and the people in all."""


@dataclass(frozen=True)
class ReanimateReport:
    """Counts of people and pictures."""

    people: int
    pictures: int
    by_expression: dict[str, int]
    rejected: tuple[Rejection, ...]
    seconds: float
    """Of this run."""
    pictures_made: int
    """In this run."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def reanimate(
    photos: Sequence[Path],
    facekit: Path,
    out: Path,
    options: ReanimationOptions,
    *,
    workers: int | None = None,
    subject_pattern: str | None = None,
    subjects_csv: Path | None = None,
    card: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> ReanimateReport:
    """Give every person every expression: `out/<expression>/<person>_<n>.jpg` with the neutral
    photo as `_0`, all pixel-aligned, `labels.jsonl`, `card.json` and `report.json`.

    The same call again goes on where it was stopped; when all is done it changes no byte. What
    other options made in `out` is moved to `.reanimate/kept/` with a warning. `card` adds to
    card.json (name, licence, attribution of the photos).

    Raises:
        UsageError: an option or the face model that does not fit.
        DataError: no photos, or not one that can be used (the report is written).
    """
    started = time.perf_counter()
    _check_out(photos, facekit, out)
    model = model_fingerprint(facekit)
    rule = SubjectRule(subject_pattern, subjects_csv)
    people, rejected = find_people(photos, rule, options, model)
    out.mkdir(parents=True, exist_ok=True)
    (out / NOTES).mkdir(exist_ok=True)
    remove_parts(out)
    done = {p.subject: note for p in people if (note := read_note(out, p)) is not None}
    todo = [person for person in people if person.subject not in done]
    packed = _usable_model(facekit, out, model) if todo else facekit
    _put_aside(out, people)
    made = 0
    for person, result in run_tasks(partial(Worker, packed, out, options), todo, workers):
        done[person.subject] = result
        made += len(result.rows)
        if progress is not None:
            progress(len(done), len(people))
    ordered = [done[person.subject] for person in people]
    rejected += [Rejection(one.shown, one.reason, one.message) for one in ordered if one.reason]
    rows = [row for one in ordered for row in one.rows]
    report = ReanimateReport(
        people=sum(1 for one in ordered if one.rows),
        pictures=len(rows),
        by_expression=dict(Counter(row["expression"] for row in rows)),
        rejected=tuple(rejected),
        seconds=round(time.perf_counter() - started, 2),
        pictures_made=made,
    )
    lasting = {k: v for k, v in report.to_json().items() if k not in ("seconds", "pictures_made")}
    write_json(out / REPORT_NAME, lasting)
    if not rows:
        raise DataError(
            f"none of the {len(people)} photos could be used; {out / REPORT_NAME} says why of each"
        )
    _write_labels(out, rows)
    write_json(out / CARD_NAME, _card(card, options))
    return report


def _usable_model(facekit: Path, out: Path, fingerprint: str) -> Path:
    """The model, checked before any worker starts; a folder, slow to read, is packed for them."""
    packed = out / NOTES / f"model-{fingerprint[:16]}.npz" if facekit.is_dir() else facekit
    fresh = facekit.is_dir() and not packed.exists()
    kit = read_facekit(facekit if fresh else packed)
    missing = sorted(shape_names() - kit.shapes.keys())
    if missing:
        raise UsageError(
            f"{facekit} lacks the expression shapes {', '.join(missing[:5])}"
            f"{' and more' if len(missing) > 5 else ''}; {WHERE}"
        )
    if fresh:
        write_facekit(kit, packed)
    return packed


def _check_out(photos: Sequence[Path], facekit: Path, out: Path) -> None:
    if not photos:
        raise UsageError("expected at least one photo or folder of photos")
    if not facekit.exists():
        raise UsageError(f"no face model at {facekit}; {WHERE}")
    for photo in photos:
        if photo.is_dir() and out.resolve().is_relative_to(photo.resolve()):
            raise UsageError(f"{out} lies inside the photos {photo}; choose a folder outside")
    check_out(out, "reanimate", begun=(out / NOTES).is_dir())


def _put_aside(out: Path, people: Sequence[Person]) -> None:
    """Move what earlier options made and these do not into a new folder of `KEPT`, and warn."""
    fingerprints = {note_of(out, person): person.fingerprint for person in people}
    earlier = {note: read_done(note) for note in sorted((out / NOTES).glob("*.json"))}
    stale = {
        note: one.rows if one else ()
        for note, one in earlier.items()
        if one is None or one.fingerprint != fingerprints.get(note)
    }
    rows = {row["file"]: row for some in stale.values() for row in some}
    planned = {picture.file for person in people for picture in person.pictures}
    found = {path.relative_to(out).as_posix(): path for path in sorted(out.glob("*/*.jpg"))}
    moving = {file: path for file, path in found.items() if file in rows or file not in planned}
    if moving:
        kept = next(place for k in count(1) if not (place := out / NOTES / KEPT / str(k)).exists())
        for file, path in moving.items():
            (kept / file).parent.mkdir(parents=True, exist_ok=True)
            path.rename(kept / file)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        _write_labels(kept, [rows[file] for file in moving if file in rows])
        text = f"{len(moving)} pictures that other options or photos made are now in {kept}"
        warnings.warn(text, EcganWarning, stacklevel=3)
    for note in stale:
        note.unlink()


def _write_labels(folder: Path, rows: Iterable[dict[str, Any]]) -> None:
    """`labels.jsonl` of the pictures in a folder."""
    write_lines(folder / LABELS_NAME, (json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def _card(given: Mapping[str, Any] | None, options: ReanimationOptions) -> dict[str, Any]:
    """The card of the photos, kept, with the model's credit and the mark that this is made."""
    own = dict(given or {})
    attribution = "; ".join(str(text) for text in (own.get("attribution"), CREDIT) if text)
    return {
        "name": None,
        "licence": None,
        **own,
        "attribution": attribution,
        "synthetic": SYNTHETIC,
        "reanimated": asdict(options),
        "made_with": tool_versions(),
    }
