"""What prepared data hold counts, where they lie does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from ecgan.data.manifest import Manifest, Record, difference, fingerprint, load_manifest


def changed(manifest: Manifest, change: Callable[[Record], Record]) -> Manifest:
    """With its first image changed."""
    first, *rest = manifest.records
    return Manifest(manifest.root, (change(first), *rest), manifest.card)


def test_folder_names_and_order_do_not_count(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    moved = Manifest(
        Path("/elsewhere"),
        tuple(
            replace(record, image=f"a/{number}.png", mask=f"b/{number}.png", source="renamed")
            for number, record in enumerate(reversed(manifest.records))
        ),
        {**manifest.card, "name": "another"},
    )
    assert difference(fingerprint(manifest), fingerprint(moved)) is None


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sha256", "0" * 64, "other images"),
        ("expression", "sad", "other labels"),
        ("intensity", 0.25, "other labels"),
        ("recipe", "wide", "other labels"),
        ("subject", "somebody", "9 people"),
        ("landmarks", ((1.0, 2.0),) * 68, "other landmarks"),
        ("pair", None, "other pairs"),
        ("split", "val", "9 val"),
    ],
)
def test_what_is_known_of_an_image_counts(
    tiny_data: Path, field: str, value: object, words: str
) -> None:
    manifest = load_manifest(tiny_data)
    other = changed(manifest, lambda record: replace(record, **{field: value}))
    found = difference(fingerprint(manifest), fingerprint(other))
    assert found is not None and words in found


def test_more_people_are_counted(tiny_data: Path) -> None:
    manifest = load_manifest(tiny_data)
    less = Manifest(manifest.root, manifest.records[:-1], manifest.card)
    found = difference(fingerprint(less), fingerprint(manifest))
    assert found == (
        "31 images (16 train, 7 val, 8 test) of 8 people before, "
        "32 images (16 train, 8 val, 8 test) of 8 people now"
    )
    names = {**manifest.card, "expressions": [*manifest.card["expressions"], "fear"]}
    wider = Manifest(manifest.root, manifest.records, names)
    assert difference(fingerprint(manifest), fingerprint(wider)) == "other vocabulary"


def test_spaces_in_a_line_do_not_count_but_an_image_twice_does(
    tiny_data: Path, tmp_path: Path
) -> None:
    manifest = load_manifest(tiny_data)
    for name in ("manifest.jsonl", "card.json"):
        (tmp_path / name).write_text((tiny_data / name).read_text().replace(", ", ","))
    assert fingerprint(load_manifest(tmp_path)) == fingerprint(manifest)
    twice = Manifest(tiny_data, (*manifest.records, manifest.records[0]), manifest.card)
    assert difference(fingerprint(manifest), fingerprint(twice)) is not None
