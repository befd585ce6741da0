"""Class folders: labels from folder names and labels files, people from three kinds of rules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecgan.data.layouts import Listing, ListOptions, SubjectRule, find_layout, list_source
from ecgan.errors import DataError, UsageError

POINTS = [[float(i), float(i + 1)] for i in range(68)]


def _touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not opened here")


def _list(root: Path, rule: SubjectRule | None = None) -> Listing:
    return list_source(root, "folders", ListOptions(rule)).listing


def _labels(root: Path, *rows: object) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (root / "labels.jsonl").write_text("\n".join(lines))


def test_masks_of_the_labels_file_are_no_pictures(tmp_path: Path) -> None:
    root = tmp_path / "faces"
    _touch(root, "happy/ann_1.png", "masks/happy/ann_1.png", "masks/happy/stray_1.png")
    _labels(root, {"file": "happy/ann_1.png", "mask": "masks/happy/ann_1.png"})
    listing = _list(root)
    assert [(image.name, image.expression) for image in listing.images] == [
        ("happy/ann_1.png", "happy")
    ]
    assert [(r.file, r.reason) for r in listing.rejected] == [
        ("faces/masks/happy/stray_1.png", "mask")
    ]


def test_folders_name_the_expression_and_aliases_are_known(tmp_path: Path) -> None:
    root = tmp_path / "faces"
    _touch(root, "HA/ann_1.jpg", "sadness/bob_2.PNG", "wink/cat.webp", "Neutral/deep/er/dan_9.jpg")
    found = {i.name: (i.source, i.subject, i.expression) for i in _list(root).images}
    assert found == {
        "HA/ann_1.jpg": ("faces", "ann", "happy"),
        "sadness/bob_2.PNG": ("faces", "bob", "sad"),
        "wink/cat.webp": ("faces", "cat", "wink"),
        "Neutral/deep/er/dan_9.jpg": ("faces", "dan", "neutral"),
    }


def test_what_is_no_image_is_passed_over_in_silence(tmp_path: Path) -> None:
    _touch(tmp_path, "happy/a.jpg", "happy/a.tem", "people.csv", "happy/.hidden.jpg", ".git/b.jpg")
    _touch(tmp_path, "happy/._a.jpg", "notes.txt")
    listing = _list(tmp_path)
    assert [image.name for image in listing.images] == ["happy/a.jpg"]
    assert not listing.rejected


def test_an_image_outside_the_class_folders_is_rejected(tmp_path: Path) -> None:
    root = tmp_path / "s"
    _touch(root, "happy/a.jpg", "stray.jpg")
    (rejection,) = _list(root).rejected
    assert (rejection.file, rejection.reason) == ("s/stray.jpg", "no-label")


def test_order_is_fixed(tmp_path: Path) -> None:
    _touch(tmp_path, *(f"{folder}/{letter}.jpg" for folder in ("sad", "happy") for letter in "cab"))
    names = [image.name for image in _list(tmp_path).images]
    assert names == sorted(names)


def test_linked_folders_are_followed_once(tmp_path: Path) -> None:
    _touch(tmp_path / "elsewhere", "a.jpg")
    root = tmp_path / "s"
    root.mkdir()
    (root / "happy").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "loop").symlink_to(root)
    assert [image.name for image in _list(root).images] == ["happy/a.jpg"]


def test_labels_file_gives_subject_intensity_points_and_pairs(tmp_path: Path) -> None:
    root = tmp_path / "set"
    _touch(root, "neutral/x1.jpg", "happy/x2.jpg", "happy/x3.jpg", "happy/ann_4.jpg", "sad/x5.jpg")
    _labels(
        root,
        {"file": "neutral/x1.jpg", "subject": "ann", "intensity": 0.0, "landmarks": POINTS},
        {
            "file": "happy/x2.jpg",
            "subject": "ann",
            "expression": "joy",
            "intensity": 0.6,
            "recipe": "Grin",
        },
        {"file": "happy/x3.jpg", "subject": "ann", "expression": "fear", "pair": None},
        "",
        {"file": "sad/x5.jpg", "subject": "ann", "pair": "second sitting"},
    )
    found = {image.name: image for image in _list(root).images}
    neutral, happy = found["neutral/x1.jpg"], found["happy/x2.jpg"]
    assert neutral.subject == "ann"
    assert neutral.intensity == 0.0
    assert neutral.pair == happy.pair == "set:ann"
    assert neutral.landmarks == tuple(map(tuple, POINTS))
    assert (happy.expression, happy.intensity, happy.recipe) == ("happy", 0.6, "grin")
    assert (found["happy/x3.jpg"].expression, found["happy/x3.jpg"].pair) == ("fear", None)
    assert found["sad/x5.jpg"].pair == "set:second sitting"
    unlabelled = found["happy/ann_4.jpg"]
    assert (unlabelled.subject, unlabelled.intensity, unlabelled.pair) == ("ann", None, None)


def test_a_labelled_file_that_is_missing_is_rejected(tmp_path: Path) -> None:
    root = tmp_path / "s"
    _touch(root, "happy/a.jpg")
    _labels(root, {"file": "happy/b.jpg", "subject": "b"})
    assert [(r.file, r.reason) for r in _list(root).rejected] == [("s/happy/b.jpg", "missing")]


@pytest.mark.parametrize(
    "row",
    [
        "{",
        "[1]",
        {"subject": "a"},
        {"file": ""},
        {"file": "happy/a.jpg", "intensity": -1},
        {"file": "happy/a.jpg", "intensity": "high"},
        {"file": "happy/a.jpg", "landmarks": POINTS[:67]},
        {"file": "happy/a.jpg", "landmarks": [[1, 2, 3]] * 68},
    ],
)
def test_damaged_labels_are_refused_with_the_line(tmp_path: Path, row: object) -> None:
    _touch(tmp_path, "happy/a.jpg", "happy/b.jpg")
    _labels(tmp_path, {"file": "happy/b.jpg"}, row)
    with pytest.raises(DataError, match=r"labels\.jsonl:2"):
        _list(tmp_path)


def test_labels_name_a_file_once(tmp_path: Path) -> None:
    _touch(tmp_path, "happy/a.jpg")
    _labels(tmp_path, {"file": "happy/a.jpg"}, {"file": "happy/a.jpg"})
    with pytest.raises(DataError, match="second time"):
        _list(tmp_path)


def test_no_folder_and_no_images_are_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a folder"):
        _list(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"no images in .*<expression>/<file>"):
        _list(tmp_path)
    with pytest.raises(UsageError, match=r"expected one of auto, affectnet, .*yale"):
        find_layout("yle")


def test_subject_pattern() -> None:
    rule = SubjectRule(r"/(?P<subject>[A-Z]{2})\.")
    assert rule.subject("happy/KA.HA1.29.tiff", "jaffe") == "KA"
    assert rule.subject("happy/unknown.tiff", "jaffe") is None
    with pytest.raises(UsageError, match="group"):
        SubjectRule(r"(\w+)_")
    with pytest.raises(UsageError, match="not a regular expression"):
        SubjectRule(r"(?P<subject>")


def test_subject_table(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    table.write_text(
        "file,subject,age\nhappy/1.jpg,ann,30\n2.jpg,bob,40\nset/sad/3.jpg,cat,1\n4.jpg,\n"
    )
    rule = SubjectRule(table=table)
    names = ("happy/1.jpg", "sad/2.jpg", "sad/3.jpg", "sad/4.jpg", "sad/5.jpg")
    assert [rule.subject(name, "set") for name in names] == ["ann", "bob", "cat", None, None]
    both = SubjectRule(r"/(?P<subject>\w)\.jpg", table)
    assert both.subject("sad/7.jpg", "set") == "7"
    assert both.subject("happy/1.jpg", "set") == "ann"


@pytest.mark.parametrize("text", ["name,who\na,b\n", ""])
def test_subject_table_needs_its_columns(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataError, match="columns file and subject"):
        SubjectRule(table=tmp_path / "t.csv")
    with pytest.raises(DataError, match="cannot read"):
        SubjectRule(table=tmp_path / "nothing.csv")


def test_a_file_that_no_rule_fits_is_rejected(tmp_path: Path) -> None:
    root = tmp_path / "s"
    _touch(root, "happy/KA.jpg", "happy/zz.jpg")
    listing = _list(root, SubjectRule("(?P<subject>[A-Z]+)"))
    assert [image.subject for image in listing.images] == ["KA"]
    assert [rejection.reason for rejection in listing.rejected] == ["no-subject"]
