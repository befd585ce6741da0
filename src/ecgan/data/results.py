"""What became of the images of one `prepare`: worklist and journal joined, a row at a time."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from ecgan.data.duplicates import Picture
from ecgan.data.layouts import Rejection
from ecgan.data.manifest import Record
from ecgan.data.points import Points
from ecgan.data.splits import Splits

_SPLIT = "split_of(subject, partition)"
_RECORD = {
    **{field.name: f'images."{field.name}"' for field in fields(Record)},
    **{name: f"results.{name}" for name in ("image", "mask", "sha256", "landmarks")},
    "split": _SPLIT,
}


class Counts:
    """Counts the images of a `Worklist`."""

    _rows = "FROM images WHERE TRUE"

    def __init__(self, database: sqlite3.Connection, splits: Splits) -> None:
        self._database = database
        database.create_function("split_of", 2, splits.of, deterministic=True)

    def num_images(self) -> int:
        return self._number("COUNT(*)")

    def num_people(self) -> int:
        return self._number("COUNT(DISTINCT subject)")

    def num_pairs(self) -> int:
        """Groups of images that match pixel for pixel."""
        return self._number("COUNT(DISTINCT pair)")

    def images_by(self, label: str) -> dict[str, int]:
        """Images by `expression`, `source`, `partition` or split."""
        return self._counts(_SPLIT if label == "split" else label, "COUNT(*)")

    def people_by_split(self) -> dict[str, int]:
        return self._counts(_SPLIT, "COUNT(DISTINCT subject)")

    def largest_person(self) -> tuple[str, int]:
        """Who is on the most images, and on how many; no name where there are no images."""
        query = f"SELECT subject, COUNT(*) {self._rows} GROUP BY subject ORDER BY 2 DESC LIMIT 1"
        for name, images in self._database.execute(query):
            return str(name), int(images)
        return "", 0

    def people_named(self, is_one: Callable[[str], bool]) -> tuple[list[str], int]:
        """People on several images whose names `is_one` finds, and all people on several; names
        that were made up do not count."""
        query = f"SELECT subject {self._rows} AND NOT alone GROUP BY subject HAVING COUNT(*) > 1"
        several = [name for (name,) in self._database.execute(query)]
        return [name for name in several if is_one(name)], len(several)

    def people_in_two_splits(self) -> list[str]:
        query = f"SELECT subject {self._rows} GROUP BY subject HAVING COUNT(DISTINCT {_SPLIT}) > 1"
        return [name for (name,) in self._database.execute(query)]

    def _number(self, what: str) -> int:
        (number,) = self._database.execute(f"SELECT {what} {self._rows}").fetchone()
        return int(number)

    def _counts(self, label: str, what: str) -> dict[str, int]:
        query = f"SELECT {label} AS label, {what} {self._rows} GROUP BY label"
        return dict(self._database.execute(query).fetchall())


class Results(Counts):
    """Reads the database of a `Worklist` and its `Journal`; accepted images have no reason."""

    _rows = """
        FROM results CROSS JOIN images ON images.number = results.number WHERE reason = ''
    """

    def records(self) -> Iterator[Record]:
        """Of the accepted images, in the order of their names."""
        query = f"SELECT {', '.join(_RECORD.values())} {self._rows} ORDER BY output"
        for row in self._database.execute(query):
            values = dict(zip(_RECORD, row, strict=True))
            yield Record(**{**values, "landmarks": Points.frombytes(values["landmarks"])})

    def pictures(self) -> Iterator[Picture]:
        """Of the accepted images."""
        query = f"SELECT file, subject, {_SPLIT}, pixels, looks {self._rows}"
        for row in self._database.execute(query):
            yield Picture(*row)

    def rejections(self) -> Iterator[Rejection]:
        query = "SELECT file, reason, message FROM results WHERE reason != ''"
        for row in self._database.execute(query):
            yield Rejection(*row)

    def landmark_errors(self) -> NDArray[np.float64]:
        """Mean and median error of each image that has given landmarks, (number, 2)."""
        query = "SELECT mean_error, median_error FROM results WHERE mean_error IS NOT NULL"
        return np.fromiter(self._database.execute(query), np.dtype((np.float64, 2)))

    def faces_alone(self) -> Iterator[tuple[int, str, str, Points]]:
        """Number, person, image file and landmarks of accepted images whose person nobody told."""
        query = f"""
            SELECT images.number, subject, output, results.landmarks {self._rows} AND alone
            ORDER BY images.source, images.name
        """
        for number, subject, output, points in self._database.execute(query):
            yield number, subject, output, Points.frombytes(points)

    def rename(self, people: Mapping[int, str]) -> None:
        """Give the images of these numbers other people."""
        self._database.executemany(
            "UPDATE images SET subject = ? WHERE number = ?",
            ((person, number) for number, person in people.items()),
        )
