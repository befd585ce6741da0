"""Duplicates: hashes that tell pictures apart, the search in bands against all pairs, groups."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image
from support.tiny_data import draw_face

from ecgan.data.likeness import (
    MAX_DISTANCE,
    Duplicates,
    face_hash,
    find_duplicates,
    near_pairs,
    pixel_hash,
)


def textured_face(person: str) -> Image.Image:
    """A drawn face with texture, without which its halves are equal as no photo's are."""
    random = np.random.default_rng(sum(map(ord, person)))
    texture = Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8))
    face = draw_face(person, "happy", 128)
    return Image.blend(face, texture.resize(face.size, Image.Resampling.BICUBIC), 0.4)


def duplicates_of(pictures: Sequence[tuple[str, ...]]) -> tuple[Duplicates, ...]:
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE accepted (file, subject, split, pixels, looks)")
        database.executemany("INSERT INTO accepted VALUES (?, ?, ?, ?, ?)", pictures)
        return find_duplicates(database)


def distance(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def flipped(looks: str, *bits: int) -> str:
    return f"{int(looks, 16) ^ sum(1 << bit for bit in bits):032x}"


def test_the_pixel_hash_sees_every_pixel_and_the_shape() -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    changed = pixels.copy()
    changed[3, 5, 2] = 1
    hashes = {pixel_hash(p) for p in (pixels, changed, pixels.reshape(6, 4, 3))}
    assert len(hashes) == 3
    assert pixel_hash(pixels.copy()) == pixel_hash(pixels)
    assert pixel_hash(np.asfortranarray(pixels)) == pixel_hash(pixels)


def test_the_face_hash_survives_copying_and_tells_people_apart() -> None:
    face = textured_face("ann")
    looks = face_hash(np.asarray(face))
    buffer = io.BytesIO()
    face.save(buffer, "JPEG", quality=60)
    copies = (
        Image.open(buffer),
        face.resize((90, 90), Image.Resampling.LANCZOS),
        face.point(lambda value: value * 0.9 + 8),
    )
    for copy in copies:
        assert distance(face_hash(np.asarray(copy.convert("RGB"))), looks) <= MAX_DISTANCE
    assert distance(face_hash(np.asarray(textured_face("bob"))), looks) > 2 * MAX_DISTANCE


def test_a_flat_picture_has_a_hash() -> None:
    assert len(face_hash(np.zeros((64, 64, 3), np.uint8))) == 32


@pytest.mark.parametrize("seed", range(5))
def test_the_bands_find_what_all_pairs_find(seed: int) -> None:
    random = np.random.default_rng(seed)
    centres = random.integers(0, 1 << 63, (60, 2), dtype=np.uint64)
    rows = [centres]
    for _ in range(5):
        changed = centres.copy()
        for row in changed:
            for bit in random.choice(128, random.integers(1, 11), replace=False):
                row[bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
        rows.append(changed)
    words = np.unique(np.concatenate(rows), axis=0)
    apart = np.bitwise_count(words[:, None] ^ words[None]).sum(axis=-1)
    expected = np.argwhere(np.triu(apart <= MAX_DISTANCE, 1))
    assert len(expected) > 100
    found = np.unique(np.concatenate(list(near_pairs(words))), axis=0)
    np.testing.assert_array_equal(found, expected)


def test_groups() -> None:
    looks = "0123456789abcdef" * 2
    far = flipped(looks, *range(0, 128, 2))
    pictures = [
        ("s/a.png", "ann", "train", "1" * 32, looks),
        ("s/a2.png", "ann", "train", "1" * 32, looks),
        ("s/a3.png", "ann", "train", "2" * 32, flipped(looks, 5)),
        ("s/b.png", "bob", "test", "3" * 32, flipped(looks, 5, 6, 40)),
        ("s/c.png", "cat", "train", "4" * 32, far),
        ("s/d.png", "dan", "val", "4" * 32, far),
        ("s/e.png", "eve", "val", "5" * 32, "0" * 32),
    ]
    same, across, near = duplicates_of(pictures[::-1])
    assert (same.kind, same.files, same.people) == (
        "same-pixels",
        ("s/a.png", "s/a2.png"),
        ("ann",),
    )
    assert (across.kind, across.files) == ("same-pixels", ("s/c.png", "s/d.png"))
    assert across.splits == ("train", "val")
    assert (near.kind, near.people, near.splits) == ("near", ("ann", "bob"), ("test", "train"))
    assert near.files == ("s/a.png", "s/a2.png", "s/a3.png", "s/b.png")


def test_alike_pictures_of_one_person_are_no_group() -> None:
    looks = "0123456789abcdef" * 2
    pictures = [(f"s/{n}.png", "ann", "train", f"{n:032x}", flipped(looks, n)) for n in range(9)]
    assert duplicates_of(pictures) == ()
    assert duplicates_of([]) == ()


def test_thousands_that_look_the_same_take_no_time() -> None:
    looks = "f0" * 16
    pictures = [(f"{n:05}", f"p{n}", "train", f"{n:032x}", looks) for n in range(20_000)]
    (group,) = duplicates_of(pictures)
    assert len(group.files) == 20_000
