"""Groups of people from a CSV, and figures by group."""

from pathlib import Path

import pytest

from ecgan.errors import DataError
from ecgan.evaluation.bootstrap import PeopleMeans
from ecgan.evaluation.groups import read_groups


def test_reads_every_column_of_names(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("subject,age,gender,origin\nann,24,female,north\nbob,NA,male,\n")
    assert read_groups(file) == {
        "gender": {"ann": "female", "bob": "male"},
        "origin": {"ann": "north"},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,gender\nann,female\n", "no column `subject`"),
        ("subject,age\nann,24\n", "no column of groups"),
        ("", "no column `subject`"),
    ],
)
def test_says_what_a_file_lacks(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        read_groups(file)
    with pytest.raises(DataError, match="cannot read"):
        read_groups(tmp_path / "none.csv")


def test_a_group_is_the_mean_of_its_people_over_all_expressions() -> None:
    means = PeopleMeans()
    means.add(["happy", "happy", "sad", "sad"], ["ann", "bob", "ann", "eve"], [1, 0, 0, 1])
    found = means.by_people({"ann": "a", "bob": "b"})
    assert {group: interval.value for group, interval in found.items()} == {"a": 0.5, "b": 0.0}
    assert (found["a"].images, found["a"].people) == (2, 1)
