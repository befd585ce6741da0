"""`report.json` of `prepare`: what was found, accepted and rejected, and how well and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ecgan.data.duplicates import Duplicates
from ecgan.data.journal import Outcome
from ecgan.data.layouts import Rejection
from ecgan.data.manifest import SPLITS, Record


@dataclass(frozen=True)
class LandmarkError:
    """Distance of detected to given landmarks, in fractions of the eye distance."""

    images: int
    median: float
    """Over images, of the median of the 68 distances."""
    median_of_means: float
    """Over images, of the mean of the 68 distances."""
    percentile_95_of_means: float


@dataclass(frozen=True)
class PrepareReport:
    """Counts of images; `images_per_second` is over the working time of all runs."""

    found: int
    accepted: int
    people: int
    images_by_split: dict[str, int]
    people_by_split: dict[str, int]
    by_expression: dict[str, int]
    by_source: dict[str, int]
    pairs: int
    """Groups of images that match pixel for pixel."""
    left_out: dict[str, int]
    """Images that the options leave out, by what for; not among those found."""
    rejected_by_reason: dict[str, int]
    rejected: tuple[Rejection, ...]
    landmark_error: LandmarkError | None
    duplicates: tuple[Duplicates, ...]
    """Files that show the same picture; all of them are kept."""
    seconds: float
    images_per_second: float | None

    @property
    def accepted_share(self) -> float:
        return self.accepted / self.found if self.found else 0.0

    @property
    def duplicate_counts(self) -> dict[str, int]:
        """Groups of duplicates, those that show one person under several names, and those of
        which a picture for training is also one for testing."""
        return {
            "same_pixels": sum(group.kind == "same-pixels" for group in self.duplicates),
            "near_across_people": sum(group.kind == "near" for group in self.duplicates),
            "same_pixels_across_people": sum(
                group.kind == "same-pixels" and len(group.people) > 1 for group in self.duplicates
            ),
            "across_splits": sum(len(group.splits) > 1 for group in self.duplicates),
        }

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        rejected, duplicates = values.pop("rejected"), values.pop("duplicates")
        counts = self.duplicate_counts
        warning = {"warning": duplicate_warning(counts)} if counts["across_splits"] else {}
        return {
            **warning,
            **values,
            "accepted_share": round(self.accepted_share, 6),
            "duplicate_counts": counts,
            "duplicates": list(duplicates),
            "rejected": list(rejected),
        }


def duplicate_warning(counts: Mapping[str, int]) -> str:
    """What to say where pictures stand in two splits."""
    return (
        f"{counts['across_splits']} groups of duplicates stand in several splits, so that scores "
        "on val and test are too good: give the people of a group one name, or remove the copies"
    )


def build_report(
    records: Sequence[Record],
    rejected: Iterable[Rejection],
    outcomes: Iterable[Outcome],
    *,
    seconds: float,
    images_timed: int,
    left_out: Mapping[str, int],
    duplicates: tuple[Duplicates, ...],
) -> PrepareReport:
    """Count the records and rejections of a finished run."""
    ordered = tuple(sorted(rejected, key=lambda rejection: (rejection.file, rejection.reason)))
    person_split = {record.subject: record.split for record in records}
    return PrepareReport(
        found=len(records) + len(ordered),
        accepted=len(records),
        people=len(person_split),
        images_by_split=_counted((r.split for r in records), SPLITS),
        people_by_split=_counted(person_split.values(), SPLITS),
        by_expression=_counted(r.expression for r in records),
        by_source=_counted(r.source for r in records),
        pairs=len({r.pair for r in records if r.pair}),
        left_out=dict(left_out),
        rejected_by_reason=_counted(r.reason for r in ordered),
        rejected=ordered,
        landmark_error=_landmark_error(outcomes),
        duplicates=duplicates,
        seconds=round(seconds, 2),
        images_per_second=round(images_timed / seconds, 1) if seconds > 0 else None,
    )


def _landmark_error(outcomes: Iterable[Outcome]) -> LandmarkError | None:
    errors = [o.landmark_error for o in outcomes if o.landmark_error is not None]
    if not errors:
        return None
    means, medians = np.array(errors).T
    figures = (np.median(medians), np.median(means), np.percentile(means, 95))
    return LandmarkError(len(errors), *(round(float(figure), 5) for figure in figures))


def _counted(values: Iterable[str], order: Sequence[str] = ()) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in (*order, *sorted(set(counts).difference(order)))}
