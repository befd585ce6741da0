"""What became of the images of one `prepare`: worklist and journal joined, a row at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from ecgan.data.duplicates import Picture
from ecgan.data.layouts import Rejection
from ecgan.data.manifest import Record
from ecgan.data.points import Points
from ecgan.data.splits import split_of

_FROM = "FROM results CROSS JOIN images ON images.number = results.number"
_RECORD = {
    **{field.name: f'images."{field.name}"' for field in fields(Record)},
    **{name: f"results.{name}" for name in ("image", "mask", "sha256", "landmarks")},
    "split": "split_of(subject)",
}


class Results:
    """Reads the database of a `Worklist` and its `Journal`; accepted images have no reason."""

    def __init__(self, database: sqlite3.Connection, shares: Sequence[int]) -> None:
        self._database = database
        database.create_function(
            "split_of", 1, lambda subject: split_of(subject, shares), deterministic=True
        )

    def records(self) -> Iterator[Record]:
        """Of the accepted images, in the order of their names."""
        query = f"SELECT {', '.join(_RECORD.values())} {_FROM} WHERE reason = '' ORDER BY output"
        for row in self._database.execute(query):
            values = dict(zip(_RECORD, row, strict=True))
            yield Record(**{**values, "landmarks": Points.frombytes(values["landmarks"])})

    def pictures(self) -> Iterable[Picture]:
        """Of the accepted images, as often as they are asked for."""
        return _Pictures(self._database)

    def rejections(self) -> Iterator[Rejection]:
        query = "SELECT file, reason, message FROM results WHERE reason != ''"
        for row in self._database.execute(query):
            yield Rejection(*row)

    def landmark_errors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and median errors, each of shape (number,)."""
        means, medians = (
            np.fromiter(
                (value for (value,) in self._database.execute(
                    f"SELECT {column} FROM results WHERE {column} IS NOT NULL"
                )),
                np.float64,
            )
            for column in ("mean_error", "median_error")
        )  # fmt: skip
        return means, medians

    def num_accepted(self) -> int:
        return self._number("COUNT(*)")

    def num_people(self) -> int:
        return self._number("COUNT(DISTINCT subject)")

    def num_pairs(self) -> int:
        """Groups of images that match pixel for pixel."""
        return self._number("COUNT(DISTINCT pair)")

    def images_by(self, label: str) -> dict[str, int]:
        """Accepted images by `expression`, `source` or `split_of(subject)`."""
        return self._counts(label, "COUNT(*)")

    def people_by_split(self) -> dict[str, int]:
        return self._counts("split_of(subject)", "COUNT(DISTINCT subject)")

    def _number(self, what: str) -> int:
        (number,) = self._database.execute(f"SELECT {what} {_FROM} WHERE reason = ''").fetchone()
        return int(number)

    def _counts(self, label: str, what: str) -> dict[str, int]:
        query = f"SELECT {label} AS label, {what} {_FROM} WHERE reason = '' GROUP BY label"
        return dict(self._database.execute(query).fetchall())


class _Pictures:
    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __iter__(self) -> Iterator[Picture]:
        query = f"SELECT file, subject, split_of(subject), pixels, looks {_FROM} WHERE reason = ''"
        for row in self._database.execute(query):
            yield Picture(*row)
