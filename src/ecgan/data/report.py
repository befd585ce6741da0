"""`report.json` of `prepare`: what was found, accepted and rejected, and how well and how fast."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.data.duplicates import Duplicates, find_duplicates
from ecgan.data.layouts import Rejection
from ecgan.data.manifest import SPLITS
from ecgan.data.results import Counts, Results
from ecgan.data.sources import Gathered

_KINDS = ("note", "warning")


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
    notes: tuple[str, ...]
    """How labels and people were found."""
    warnings: tuple[str, ...]
    """What may be wrong with labels, people and splits, and what to do."""
    passed_over: dict[str, list[str]]
    """Files that are neither images nor lists, by suffix; not among those found."""
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
    results: Counts,
    gathered: Gathered,
    *,
    seconds: float = 0.0,
    images_timed: int = 0,
) -> PrepareReport:
    """Count the results and rejections of a finished run, and find duplicates; or count what is
    listed, before a run."""
    done = results if isinstance(results, Results) else None
    unfit = (*gathered.rejected, *(done.rejections() if done else ()))
    ordered = tuple(sorted(unfit, key=lambda rejection: (rejection.file, rejection.reason)))
    accepted = results.num_images()
    said = {kind: [r.text for r in gathered.remarks if r.kind == kind] for kind in _KINDS}
    return PrepareReport(
        found=accepted + len(ordered),
        accepted=accepted,
        people=results.num_people(),
        images_by_split=_ordered(results.images_by("split"), SPLITS),
        people_by_split=_ordered(results.people_by_split(), SPLITS),
        by_expression=_ordered(results.images_by("expression")),
        by_source=_ordered(results.images_by("source")),
        pairs=results.num_pairs(),
        left_out=dict(gathered.left_out),
        notes=tuple(said["note"]),
        warnings=tuple(said["warning"]),
        passed_over=gathered.passed_over,
        rejected_by_reason=_ordered(Counter(rejection.reason for rejection in ordered)),
        rejected=ordered,
        landmark_error=_landmark_error(done.landmark_errors()) if done else None,
        duplicates=find_duplicates(done.pictures) if done else (),
        seconds=round(seconds, 2),
        images_per_second=round(images_timed / seconds, 1) if seconds > 0 else None,
    )


def _landmark_error(errors: NDArray[np.float64]) -> LandmarkError | None:
    """Of mean and median errors, (number, 2)."""
    if not len(errors):
        return None
    means, medians = errors.T
    figures = (np.median(medians), np.median(means), np.percentile(means, 95))
    return LandmarkError(len(means), *(round(float(figure), 5) for figure in figures))


def _ordered(counts: Mapping[str, int], first: Sequence[str] = ()) -> dict[str, int]:
    names = (*first, *sorted(set(counts).difference(first)))
    return {name: counts.get(name, 0) for name in names}
