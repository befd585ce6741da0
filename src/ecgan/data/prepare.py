"""`prepare`: from folders of photographs to aligned, masked, labelled images split by person."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ecgan.data.card import card_of, tool_versions
from ecgan.data.checks import empty_splits, warnings_of
from ecgan.data.disk import temporary_database
from ecgan.data.journal import Journal, LandmarkMode
from ecgan.data.layouts import (
    LabelMap,
    ListOptions,
    Remark,
    Source,
    SubjectRule,
    part_of,
)
from ecgan.data.likeness import FaceLikeness, group_people
from ecgan.data.manifest import MANIFEST_NAME, write_records
from ecgan.data.pool import run_tasks
from ecgan.data.prepare_worker import Worker, crashed
from ecgan.data.report import PrepareReport, Results, build_report
from ecgan.data.sources import Gathered, check_folders, gather
from ecgan.data.splits import Splits, check_shares
from ecgan.errors import DataError, UsageError
from ecgan.faces.alignment import CANONICAL_SIZE, EYE_DISTANCE, Alignment
from ecgan.faces.landmark_files import SUFFIXES as LANDMARK_SUFFIXES
from ecgan.files import remove_parts, write_json

REPORT_NAME = "report.json"
Progress = Callable[[int, int], None]
"""Called with the images done and the images in all."""


def prepare(
    sources: Sequence[Path],
    out: Path | None,
    *,
    layout: str = "auto",
    size: int = 256,
    workers: int | None = None,
    split: Sequence[int] = (75, 10, 15),
    landmarks: LandmarkMode = "detect",
    subject_pattern: str | None = None,
    subjects_csv: Path | None = None,
    labels: LabelMap | None = None,
    use_parts: bool = False,
    likeness: FaceLikeness | None = None,
    variants: str = "none",
    only_basic: bool = False,
    peak_frames: int = 3,
    card: Mapping[str, Any] | None = None,
    dry_run: bool = False,
    announce: Callable[[Source], None] | None = None,
    remark: Callable[[Remark], None] | None = None,
    progress: Progress | None = None,
) -> PrepareReport:
    """Prepare all sources into `out`. The same call again goes on where it was stopped; when all
    is done it changes nothing.

    Each source is a folder or a `.zip`; `announce` hears of each what it was taken for, and
    `remark` how labels and people were found and what may be wrong with them, before the work
    starts. `dry_run` ends there: no image is read and `out`, which may be None, stays as it is.

    `labels` gives own names of class folders their expressions. `use_parts` makes the split follow
    the parts that a data set was published in. `likeness` makes images of which nothing says who
    is on them one person's where their faces are alike. `variants` keeps other light, occlusions
    and poses (see `parse_variants`), `only_basic` leaves out expressions beside the usual seven,
    `peak_frames` goes to sequences.

    Landmarks are found (`detect`), taken from labels or files beside the photos (`given`), or
    found only where none are given (`auto`). `card` adds to card.json (name, licence,
    attribution). `workers`: processes, none meaning one a CPU; 1 stays in this process.

    Raises:
        UsageError: an option that does not fit, or labels and people that cannot be right.
        DataError: a source that cannot be used, or not one accepted image (the report is written).
    """
    check_shares(split)
    if out is None and not dry_run:
        raise UsageError("expected a folder for the prepared data (--out DATA), or --dry-run")
    check_folders(sources, None if dry_run else out)
    if likeness is not None and use_parts:
        raise UsageError(
            "people that are found by face likeness may stand in several parts: choose one of "
            "--group-people and --use-parts"
        )
    if not 32 <= size <= 1024:
        raise UsageError(f"the size takes 32 to 1024 pixels, got {size}")
    has_rule = subject_pattern is not None or subjects_csv is not None
    rule = SubjectRule(subject_pattern, subjects_csv) if has_rule else None
    with closing(temporary_database()) as database, _plain_errors(out or Path()):
        journal = Journal(database)
        gathered = gather(
            sources,
            layout,
            ListOptions(rule, peak_frames, labels, group_later=likeness is not None),
            variants=variants,
            only_basic=only_basic,
            use_parts=use_parts,
            beside=() if landmarks == "detect" else LANDMARK_SUFFIXES,
            take=journal.add,
            announce=announce,
        )
        splits, parts = _splits(journal.parts(), split, use_parts)
        gathered = gathered.plus(parts)
        results = Results(database, splits)
        warnings = warnings_of(results, splits)
        for said in (*gathered.remarks, *warnings):
            if remark is not None:
                remark(said)
        if dry_run or out is None:
            return build_report(results, gathered.plus(warnings))
        out.mkdir(parents=True, exist_ok=True)
        journal.open(out)
        remove_parts(out)
        journal.plan([size, landmarks, *tool_versions()], LANDMARK_SUFFIXES)
        _work(journal, partial(Worker, out, size, landmarks), workers, progress)
        if likeness is not None:
            people = group_people(results.faces_alone(), out, likeness, progress)
            results.rename(people)
            found = f"{len(people)} images grouped by face likeness: {len(set(people.values()))}"
            note = Remark("note", f"{found} people")
            gathered, warnings = gathered.plus([note]), warnings_of(results, splits)
            if remark is not None:
                remark(note)
        alignment = _alignment_card(size, landmarks)
        return _finish(journal, results, gathered.plus(warnings), alignment, card)


def _splits(
    parts: Mapping[str, int], shares: Sequence[int], use_parts: bool
) -> tuple[Splits, tuple[Remark, ...]]:
    """How images are split, and a note where published parts are left aside.

    `parts`: images by the published part's name.
    """
    if not use_parts:
        said = ", ".join(f"{name} {count}" for name, count in parts.items())
        text = f"published parts ({said}) are kept as `partition`; the split is by person instead"
        note = Remark("note", f"{text}. --use-parts makes it follow them")
        return Splits(shares), (note,) if parts else ()
    if not parts:
        raise UsageError(
            "--use-parts: no image is in a folder or list called train, val or test; leave it out"
        )
    no_val = "val" not in {part_of(name) for name in parts} and shares[1] > 0
    return Splits(shares, use_parts=True, val_of_train=no_val), ()


def _work(
    journal: Journal,
    make_worker: Callable[[], Worker],
    workers: int | None,
    progress: Progress | None,
) -> None:
    """Run the tasks that are not done yet, and note each in the journal as it ends, so that a stop
    loses none of them. Half a data set has no manifest."""
    todo, total = journal.num_unfinished(), len(journal)
    if todo or journal.has_obsolete():
        (journal.root / MANIFEST_NAME).unlink(missing_ok=True)
    if todo:
        started, handled = time.perf_counter(), 0
        results = run_tasks(make_worker, journal.unfinished(), workers, died=crashed)
        try:
            for task, outcomes in results:
                journal.note(task.fingerprint, outcomes)
                handled += len(outcomes)
                if progress is not None:
                    progress(total - todo + handled, total)
        finally:
            journal.add_time(round(time.perf_counter() - started, 3), handled)
        os.sync()
    journal.forget_obsolete()


def _finish(
    journal: Journal,
    results: Results,
    gathered: Gathered,
    alignment: Mapping[str, Any],
    card: Mapping[str, Any] | None,
) -> PrepareReport:
    """Write the report, the card and the manifest."""
    out = journal.root
    seconds, images_timed = journal.time
    emptied = empty_splits(results) if results.number("images") else ()
    late = [remark for remark in emptied if remark not in gathered.remarks]
    about = gathered.plus(late)
    report = build_report(results, about, finished=True, seconds=seconds, images_timed=images_timed)
    write_json(out / REPORT_NAME, report.to_json())
    if not report.accepted:
        raise DataError(
            f"none of the {report.found} images could be used; {out / REPORT_NAME} says why of each"
        )
    made = card_of(report.by_expression, card, alignment, gathered.sources)
    write_records(out, results.records(), made)
    return report


@contextmanager
def _plain_errors(out: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise DataError(
            f"cannot keep the notes on the images ({error}); is there room in {out} and in the "
            "folder for temporary files? Run the same command again to go on"
        ) from None


def _alignment_card(size: int, landmarks: LandmarkMode) -> dict[str, Any]:
    middle = CANONICAL_SIZE / 2
    eyes = np.array([[middle - EYE_DISTANCE / 2, 105], [middle + EYE_DISTANCE / 2, 105]])
    scaled = Alignment(np.eye(2, 3), CANONICAL_SIZE).scaled(size).to_aligned(eyes)
    return {
        "size": size,
        "eye_centres": scaled.astype(np.float64).round(3).tolist(),
        "landmarks": landmarks,
    }
