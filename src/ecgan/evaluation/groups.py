"""Groups of people, such as by sex, that a model should serve alike."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from ecgan.errors import DataError

Groups = Mapping[str, Mapping[str, str]]
"""By column, the group of each person."""
UNKNOWN = ("", "NA", "NaN", "None")
"""Values that group nobody."""


def read_groups(file: Path) -> dict[str, dict[str, str]]:
    """A CSV with the column `subject`, named as in the data, and one column for each grouping;
    columns of numbers, such as an age, group nobody.

    Raises:
        DataError: it cannot be read, or has no such column or no grouping.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the groups {file}: {error}") from None
    if not rows or "subject" not in rows[0]:
        raise DataError(f"{file} has no column `subject`; its first line names the columns")
    found: dict[str, dict[str, str]] = {}
    for column in rows[0]:
        values = {row["subject"]: (row[column] or "").strip() for row in rows}
        values = {person: value for person, value in values.items() if value not in UNKNOWN}
        if column == "subject" or all(value.isnumeric() for value in values.values()):
            continue
        found[column] = values
    if not found:
        raise DataError(f"{file} has no column of groups beside `subject`, such as `gender`")
    return found
