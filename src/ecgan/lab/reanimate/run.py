"""`reanimate`: neutral photos to a labelled folder that `ecgan prepare` reads."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ecgan.data.card import tool_versions
from ecgan.data.layouts import Rejection, SubjectRule
from ecgan.data.layouts.labels_file import LABELS_NAME
from ecgan.data.manifest import CARD_NAME
from ecgan.data.pool import run_tasks
from ecgan.data.sources import check_out
from ecgan.errors import DataError, UsageError
from ecgan.files import remove_parts, write_json, write_lines
from ecgan.lab.reanimate.facekit import CREDIT, WHERE, read_facekit, write_facekit
from ecgan.lab.reanimate.people import Person, Settings, find_people, model_fingerprint
from ecgan.lab.reanimate.recipes import shape_names
from ecgan.lab.reanimate.worker import NOTES, SYNTHETIC, Done, Worker, note_of, read_note

REPORT_NAME = "report.json"
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
    settings: Settings,
    *,
    workers: int | None = None,
    subject_pattern: str | None = None,
    subjects_csv: Path | None = None,
    card: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> ReanimateReport:
    """Give every person every expression: `out/<expression>/<person>_<n>.jpg` with the neutral
    photo as `_0`, all pixel-aligned, `labels.jsonl`, `card.json` and `report.json`.

    The same call again goes on where it was stopped; when all is done it changes no
    byte. `card` adds to card.json (name, licence, attribution of the photos).

    Raises:
        UsageError: a setting or the face model that does not fit.
        DataError: no photos, or not one that can be used (the report is written).
    """
    started = time.perf_counter()
    _check_out(photos, facekit, out)
    model = model_fingerprint(facekit)
    rule = SubjectRule(subject_pattern, subjects_csv)
    people, rejected = find_people(photos, rule, settings, model)
    out.mkdir(parents=True, exist_ok=True)
    (out / NOTES).mkdir(exist_ok=True)
    remove_parts(out)
    done = {p.subject: note for p in people if (note := read_note(out, p)) is not None}
    todo = [person for person in people if person.subject not in done]
    packed = _usable_model(facekit, out, model) if todo else facekit
    made = 0
    for person, result in run_tasks(partial(Worker, packed, out, settings), todo, workers):
        done[person.subject] = result
        made += len(result.rows)
        if progress is not None:
            progress(len(done), len(people))
    _forget_others(out, people, done.values())
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
    write_lines(out / LABELS_NAME, (json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    write_json(out / CARD_NAME, _card(card, settings))
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


def _forget_others(out: Path, people: Sequence[Person], done: Sequence[Done] | Any) -> None:
    """Delete what earlier settings made and these do not."""
    notes = {note_of(out, person) for person in people}
    kept = {row["file"] for one in done for row in one.rows}
    for note in (out / NOTES).glob("*.json"):
        if note not in notes:
            note.unlink(missing_ok=True)
    for path in out.glob("*/*.jpg"):
        if path.relative_to(out).as_posix() not in kept:
            path.unlink(missing_ok=True)
    for folder in out.iterdir():
        if folder.is_dir() and folder.name != NOTES and not any(folder.iterdir()):
            folder.rmdir()


def _card(given: Mapping[str, Any] | None, settings: Settings) -> dict[str, Any]:
    """The card of the photos, kept, with the model's credit and the mark that this is made."""
    own = dict(given or {})
    attribution = "; ".join(str(text) for text in (own.get("attribution"), CREDIT) if text)
    return {
        "name": None,
        "licence": None,
        **own,
        "attribution": attribution,
        "synthetic": SYNTHETIC,
        "reanimated": asdict(settings),
        "made_with": tool_versions(),
    }
