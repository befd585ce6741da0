"""Manifests survive a round trip byte for byte, and broken ones are refused with one line."""

from __future__ import annotations

import copy
import json
import pickle
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from support.drawn_records import POINTS, make_manifest, record

from ecgan.data.manifest import (
    OPTIONAL,
    Manifest,
    Record,
    fingerprint,
    load_manifest,
    vocabulary_of,
    write_manifest,
    write_records,
)
from ecgan.errors import DataError

RECORDS = [
    record("ann", "neutral", intensity=0.0, pair="s:ann"),
    record("ann", "happy", intensity=0.6, pair="s:ann"),
    record("bob", "neutral", "test"),
]


def test_round_trip(tmp_path: Path) -> None:
    written = make_manifest(tmp_path, RECORDS)
    loaded = load_manifest(tmp_path)
    assert sorted(loaded.records, key=lambda r: r.image) == sorted(RECORDS, key=lambda r: r.image)
    assert loaded.card == written.card
    assert loaded.vocabulary.names == ("neutral", "happy")


def test_optional_keys_are_kept_where_there_are_any(tmp_path: Path) -> None:
    more = replace(
        RECORDS[0], session="2", variant="glasses+left-light", partition="test", recipe="laugh"
    )
    make_manifest(tmp_path, [more, *RECORDS[1:]])
    assert more in load_manifest(tmp_path).records
    lines = [json.loads(line) for line in (tmp_path / "manifest.jsonl").read_text().splitlines()]
    optional = [set(OPTIONAL) & line.keys() for line in lines]
    assert sorted(map(len, optional)) == [0, 0, 4]


def test_equal_manifests_give_equal_bytes(tmp_path: Path) -> None:
    for name, records in (("a", RECORDS), ("b", RECORDS[::-1])):
        make_manifest(tmp_path / name, RECORDS)
        write_manifest(
            Manifest(tmp_path / name, tuple(records), {"expressions": ["neutral", "happy"]})
        )
    for file in ("manifest.jsonl", "card.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_select(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, RECORDS)
    assert [r.subject for r in manifest.select(split="train", expression="neutral")] == ["ann"]
    assert len(manifest.select(expression="neutral")) == 2
    assert len(manifest.select()) == 3
    assert manifest.image_path(RECORDS[0]).exists()
    assert manifest.mask_path(RECORDS[0]).exists()


def test_vocabulary_has_the_usual_order_then_others() -> None:
    names = vocabulary_of(["wink", "surprise", "happy", "scream"]).names
    assert names == ("neutral", "happy", "surprise", "scream", "wink")


def test_without_a_card_the_vocabulary_is_what_is_found(tmp_path: Path) -> None:
    make_manifest(tmp_path, RECORDS)
    (tmp_path / "card.json").unlink()
    assert load_manifest(tmp_path).vocabulary.names == ("neutral", "happy")


def _break(root: Path, **changes: object) -> None:
    """Change fields of the second line."""
    path = root / "manifest.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = json.dumps({**json.loads(lines[1]), **changes})
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"session": 2}, "expected texts or nothing as session, variant, partition"),
        ({"glasses": "yes"}, "expected the keys"),
        ({"split": "validation"}, "a split out of train, val, test"),
        ({"split": "test"}, "one split a person"),
        ({"expression": "wink"}, "labelled 'wink'"),
        ({"subject": ""}, "expected texts"),
        ({"landmarks": [[0, 0]] * 67}, "68 landmarks"),
        ({"landmarks": [[0, float("nan")]] * 68}, "68 landmarks"),
        ({"landmarks": None}, "68 landmarks"),
        ({"image": "../../elsewhere.jpg"}, "inside the data folder"),
        ({"mask": "/etc/passwd"}, "inside the data folder"),
        ({"intensity": "strong"}, "finite intensity"),
        ({"intensity": float("inf")}, "finite intensity"),
        ({"intensity": 10**400}, "finite intensity"),
        ({"landmarks": [[0, 10**400]] * 68}, "68 landmarks"),
        ({"landmarks": [[0.5, 1.5]] * 67 + [[0.5, float("inf")]]}, "68 landmarks"),
        ({"landmarks": [[0.5, 1.5]] * 66 + [[0.5, 1.5, 2.5], [0.5]]}, "68 landmarks"),
        ({"landmarks": [[0.5, 1.5]] * 69}, "68 landmarks"),
        ({"landmarks": [["a", "b"]] * 68}, "68 landmarks"),
        ({"pair": 3}, "pair key"),
        ({"extra": 1}, "expected the keys"),
    ],
)
def test_bad_lines_are_refused(tmp_path: Path, changes: dict[str, object], expected: str) -> None:
    make_manifest(tmp_path, RECORDS)
    _break(tmp_path, **changes)
    with pytest.raises(DataError, match=expected) as raised:
        load_manifest(tmp_path)
    assert "\n" not in str(raised.value)


def test_a_pair_is_of_one_person(tmp_path: Path) -> None:
    records = [*RECORDS[:2], record("cat", "happy", pair="s:ann")]
    with pytest.raises(DataError, match="images of one person"):
        make_manifest(tmp_path, records)


def test_an_image_is_listed_once(tmp_path: Path) -> None:
    make_manifest(tmp_path, RECORDS)
    path = tmp_path / "manifest.jsonl"
    path.write_text(path.read_text() + path.read_text().splitlines()[0] + "\n")
    with pytest.raises(DataError, match="listed twice"):
        load_manifest(tmp_path)


def test_missing_empty_and_damaged(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="ecgan prepare"):
        load_manifest(tmp_path / "nothing")
    (tmp_path / "manifest.jsonl").write_text("\n")
    with pytest.raises(DataError, match="has no images"):
        load_manifest(tmp_path)
    (tmp_path / "manifest.jsonl").write_text('{"image": "a')
    with pytest.raises(DataError, match=r"manifest\.jsonl:1 is damaged"):
        load_manifest(tmp_path)
    (tmp_path / "manifest.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="UTF-8"):
        load_manifest(tmp_path)


@pytest.mark.parametrize("card", ["[]", "{", '{"expressions": ["happy"]}'])
def test_bad_cards_are_refused(tmp_path: Path, card: str) -> None:
    make_manifest(tmp_path, RECORDS)
    (tmp_path / "card.json").write_text(card)
    with pytest.raises(DataError, match=r"card\.json"):
        load_manifest(tmp_path)


def test_what_would_not_load_is_not_written(tmp_path: Path) -> None:
    moved = replace(RECORDS[1], split="test")
    with pytest.raises(DataError, match="one split a person"):
        write_manifest(Manifest(tmp_path, (RECORDS[0], moved), {}))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("line", ["[" * 100_000, '{"intensity": ' + "1" * 5000 + "}"])
def test_what_the_parser_gives_up_on_is_refused_in_one_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "manifest.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match=r"manifest\.jsonl:1 is damaged: not JSON"):
        load_manifest(tmp_path)


def test_lines_end_where_the_file_says(tmp_path: Path) -> None:
    names = ["ann\u2028lee", "ann\x85lee", "ann lee"]
    make_manifest(tmp_path, [record("eve", "neutral"), *(record(n, "happy") for n in names)])
    path = tmp_path / "manifest.jsonl"
    path.write_bytes(b"\n" + path.read_bytes().replace(b"\n", b"\r\n"))
    loaded = load_manifest(tmp_path).records
    assert {r.subject for r in loaded} == {"eve", *names}
    assert all(r.landmarks == POINTS for r in loaded)


LANDMARKS: list[Sequence[tuple[float, float]]] = [
    POINTS,
    [(1e-7 * i, -1.0) for i in range(68)],
    [(i / 3, 1e18 + i) for i in range(68)],
    [(i, 2 * i) for i in range(68)],  # integers
]


@pytest.mark.parametrize("points", LANDMARKS)
def test_landmarks_come_back_exactly(tmp_path: Path, points: Sequence[tuple[float, float]]) -> None:
    given = replace(RECORDS[0], landmarks=tuple(points))
    written = make_manifest(tmp_path, [given])
    (loaded,) = load_manifest(tmp_path).records
    assert loaded == given
    assert list(loaded.landmarks) == list(points)
    assert fingerprint(load_manifest(tmp_path)) == fingerprint(written)


def test_landmarks_outlive_their_file(tmp_path: Path) -> None:
    """They are read when asked for; what was loaded stays what it was."""
    make_manifest(tmp_path, RECORDS)
    before = load_manifest(tmp_path)
    make_manifest(tmp_path, [replace(r, landmarks=((0.0, 0.0),) * 68) for r in RECORDS])
    assert all(r.landmarks == POINTS for r in before.records)
    (tmp_path / "manifest.jsonl").unlink()
    assert all(r.landmarks == POINTS for r in before.records)
    copies: list[Callable[[Record], Record]] = [
        copy.deepcopy,
        lambda r: pickle.loads(pickle.dumps(r)),
    ]
    for copied in (way(before.records[0]) for way in copies):
        assert type(copied.landmarks) is tuple
        assert copied == before.records[0]


def test_a_file_changed_in_place_is_noticed(tmp_path: Path) -> None:
    make_manifest(tmp_path, RECORDS)
    loaded = load_manifest(tmp_path)
    path = tmp_path / "manifest.jsonl"
    with path.open("r+b") as file:
        file.write(path.read_bytes().replace(b"[4.0, 5.0]", b"[4.0, 6.0]"))
    with pytest.raises(DataError, match="changed while it was in use"):
        list(loaded.records[0].landmarks)


def test_a_record_takes_less_than_a_kilobyte(tmp_path: Path) -> None:
    """At the peak of loading, when no text is shared but those of few values."""
    count = 4_000
    points = tuple((i / 7, 100 + i / 7) for i in range(68))
    write_records(
        tmp_path,
        (
            replace(
                record(f"person{number:06d}", "happy", intensity=number / count), landmarks=points
            )
            for number in range(count)
        ),
        {"expressions": ["neutral", "happy"]},
    )
    tracemalloc.start()
    loaded = load_manifest(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(loaded.records) == count
    assert peak / count < 1000
