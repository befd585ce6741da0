"""What became of the images of one `prepare`, read from its journal, and `report.json`: what was
found, accepted and rejected, and how well and how fast."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ecgan.data.layouts import Rejection
from ecgan.data.likeness import Duplicates, find_duplicates
from ecgan.data.manifest import SPLITS, Record
from ecgan.data.sources import Gathered
from ecgan.data.splits import Splits

Label = Literal["expression", "source", "split"]
What = Literal["images", "people", "pairs"]
"""A pair: all images that match pixel for pixel."""
_COUNTED: dict[What, str] = {"images": "*", "people": "DISTINCT subject", "pairs": "DISTINCT pair"}
_RECORD = [field.name for field in fields(Record)]


class Results:
    """Counts the images of a `Journal`: those listed, or, once it is opened, those accepted."""

    def __init__(self, database: sqlite3.Connection, splits: Splits) -> None:
        self.database = database
        database.create_function("split_of", 2, splits.of, deterministic=True)

    def number(self, of: What) -> int:
        return int(next(self._rows(f"SELECT COUNT({_COUNTED[of]}) FROM accepted"))[0])

    def numbers(self, by: Label, of: What = "images") -> dict[str, int]:
        return dict(self._rows(f"SELECT {by}, COUNT({_COUNTED[of]}) FROM accepted GROUP BY {by}"))

    def largest_person(self) -> tuple[str, int]:
        """Who is on the most images, and on how many; no name where there are no images."""
        query = "SELECT subject, COUNT(*) FROM accepted GROUP BY subject ORDER BY 2 DESC LIMIT 1"
        return next(self._rows(query), ("", 0))

    def people_named(self, is_one: Callable[[str], bool]) -> tuple[list[str], int]:
        """People on several images whose names `is_one` finds, and all people on several; names
        that were made up do not count."""
        query = "SELECT subject FROM accepted WHERE NOT alone GROUP BY subject HAVING COUNT(*) > 1"
        several = [name for (name,) in self._rows(query)]
        return [name for name in several if is_one(name)], len(several)

    def people_in_two_splits(self) -> list[str]:
        query = "SELECT subject FROM accepted GROUP BY subject HAVING COUNT(DISTINCT split) > 1"
        return [name for (name,) in self._rows(query)]

    def records(self) -> Iterator[Record]:
        """Of the accepted images, in the order of their names."""
        columns = ", ".join(f'"{name}"' for name in _RECORD)
        for row in self._rows(f"SELECT {columns} FROM accepted ORDER BY output"):
            values = dict(zip(_RECORD, row, strict=True))
            points = np.frombuffer(values["landmarks"]).reshape(-1, 2).tolist()
            yield Record(**{**values, "landmarks": points})

    def rejections(self) -> list[Rejection]:
        rows = self._rows("SELECT file, reason, message FROM results WHERE reason != ''")
        return [Rejection(*row) for row in rows]

    def landmark_error(self) -> LandmarkError | None:
        """Of the images that have given landmarks; None where none has."""
        query = "SELECT mean_error, median_error FROM results WHERE mean_error IS NOT NULL"
        means, medians = np.fromiter(self._rows(query), np.dtype((np.float64, 2))).T
        if not len(means):
            return None
        figures = (np.median(medians), np.median(means), np.percentile(means, 95))
        return LandmarkError(len(means), *(round(float(figure), 5) for figure in figures))

    def faces_alone(self) -> list[tuple[int, str, str, NDArray[np.float64]]]:
        """Number, person, image file and landmarks of accepted images whose person nobody told."""
        query = """
            SELECT number, subject, image, landmarks FROM accepted WHERE alone
            ORDER BY source, name
        """
        return [(*row[:3], np.frombuffer(row[3]).reshape(-1, 2)) for row in self._rows(query)]

    def rename(self, people: Mapping[int, str]) -> None:
        """Give the images of these numbers other people."""
        self.database.executemany(
            "UPDATE images SET subject = ? WHERE number = ?",
            ((person, number) for number, person in people.items()),
        )

    def _rows(self, query: str) -> Iterator[Any]:
        return self.database.execute(query)


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

    @property
    def duplicate_warning(self) -> str | None:
        """What to say where pictures stand in two splits."""
        groups = self.duplicate_counts["across_splits"]
        text = (
            f"{groups} groups of duplicates stand in several splits, so that scores on val and "
            "test are too good: give the people of a group one name, or remove the copies"
        )
        return text if groups else None

    def to_json(self) -> dict[str, Any]:
        values = asdict(self)
        long = {name: list(values.pop(name)) for name in ("duplicates", "rejected")}
        warning = {"warning": self.duplicate_warning} if self.duplicate_warning else {}
        return {
            **warning,
            **values,
            "accepted_share": round(self.accepted_share, 6),
            "duplicate_counts": self.duplicate_counts,
            **long,
        }


def build_report(
    results: Results,
    gathered: Gathered,
    *,
    finished: bool = False,
    seconds: float = 0.0,
    images_timed: int = 0,
) -> PrepareReport:
    """Count the results and rejections of a finished run, and find duplicates; or count what is
    listed, before a run."""
    unfit = [*gathered.rejected, *(results.rejections() if finished else ())]
    unfit.sort(key=lambda rejection: (rejection.file, rejection.reason))
    accepted = results.number("images")
    return PrepareReport(
        found=accepted + len(unfit),
        accepted=accepted,
        people=results.number("people"),
        images_by_split=_ordered(results.numbers("split"), SPLITS),
        people_by_split=_ordered(results.numbers("split", "people"), SPLITS),
        by_expression=_ordered(results.numbers("expression")),
        by_source=_ordered(results.numbers("source")),
        pairs=results.number("pairs"),
        left_out=dict(gathered.left_out),
        notes=gathered.texts("note"),
        warnings=gathered.texts("warning"),
        passed_over=gathered.passed_over,
        rejected_by_reason=_ordered(Counter(rejection.reason for rejection in unfit)),
        rejected=tuple(unfit),
        landmark_error=results.landmark_error() if finished else None,
        duplicates=find_duplicates(results.database) if finished else (),
        seconds=round(seconds, 2),
        images_per_second=round(images_timed / seconds, 1) if seconds > 0 else None,
    )


def _ordered(counts: Mapping[str, int], first: Sequence[str] = ()) -> dict[str, int]:
    names = (*first, *sorted(set(counts).difference(first)))
    return {name: counts.get(name, 0) for name in names}
