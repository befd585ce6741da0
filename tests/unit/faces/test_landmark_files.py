"""Landmark files: each format gives the same 68 points; others are refused."""

from pathlib import Path

import numpy as np
import pytest
from support.tiny_models import astronaut_points

from ecgan.errors import DataError
from ecgan.faces.landmark_files import given_landmarks, of_another_size, read_landmarks

POINTS = np.random.default_rng(0).uniform(10, 500, (68, 2)).round(2)


def test_pts_npy_and_openface_agree(tmp_path: Path) -> None:
    lines = "\n".join(f"{x + 1:.2f} {y + 1:.2f}" for x, y in POINTS)
    (tmp_path / "a.pts").write_text(f"version: 1\nn_points: 68\n{{\n{lines}\n}}\n")
    np.save(tmp_path / "a.npy", POINTS)
    names = [f" x_{i}" for i in range(68)] + [f" y_{i}" for i in range(68)]
    values = [f"{v:.2f}" for v in POINTS.T.ravel()]
    (tmp_path / "a.csv").write_text(f"frame,{','.join(names)}\n1,{','.join(values)}\n")
    for suffix in ("pts", "npy", "csv"):
        assert np.abs(read_landmarks(tmp_path / f"a.{suffix}") - POINTS).max() < 1e-3


def test_template_points_land_where_they_belong(tmp_path: Path) -> None:
    given = np.random.default_rng(1).uniform(0, 800, (189, 2)).round(2)
    text = "\n".join(f"{x}\t{y}" for x, y in given)
    (tmp_path / "a.tem").write_text(f"189\n{text}\n90\n0\n")
    points = read_landmarks(tmp_path / "a.tem")
    assert np.abs(points[36] - given[18]).max() < 1e-3
    assert np.abs(points[8] - given[129]).max() < 1e-3
    assert np.abs(points[27] - (given[51] + given[57]) / 2).max() < 1e-3
    assert np.isfinite(points).all()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pts", "no braces"),
        ("a.pts", "{ 1 2 3 4 }"),
        ("a.tem", "12\n1 2"),
        ("a.csv", "frame,x_0\n1,2"),
        ("a.csv", ""),
        ("a.npy", "text"),
        ("a.txt", "1 2"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError) as caught:
        read_landmarks(tmp_path / name)
    assert "\n" not in str(caught.value)


FACE = astronaut_points()
SHAPE = (512, 512, 3)


def test_the_file_beside_a_photo_is_found(tmp_path: Path) -> None:
    photo = tmp_path / "face.jpg"
    assert given_landmarks(photo, SHAPE) == (None, ())
    np.save(tmp_path / "face.npy", FACE)
    points, refused = given_landmarks(photo, SHAPE)
    assert points is not None
    assert np.array_equal(points, FACE)
    assert refused == ()


OTHER_FILES = {
    "table.csv": lambda path: path.write_text("name,age\nAnna,31\n"),
    "rows.csv": lambda path: path.write_text("x_0\n"),
    "binary.csv": lambda path: path.write_bytes(bytes(range(256))),
    "embedding.npy": lambda path: np.save(path, np.ones(512)),
    "batch.npy": lambda path: np.save(path, np.ones((3, 68, 2))),
    "noise.npy": lambda path: np.save(path, np.random.default_rng(0).uniform(0, 500, (68, 2))),
    "small.npy": lambda path: np.save(path, np.random.default_rng(0).normal(size=(68, 2))),
    "words.npy": lambda path: np.save(path, np.array(["a"] * 68)),
    "zip.npy": lambda path: np.savez(path.open("wb"), FACE),
    "empty.pts": lambda path: path.write_text(""),
    "points.pts": lambda path: path.write_text("{ 1 2 }"),
    "template.tem": lambda path: path.write_text("template"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_files_of_the_same_name_that_hold_no_landmarks_are_named(tmp_path: Path, name: str) -> None:
    OTHER_FILES[name](tmp_path / name)
    points, (why,) = given_landmarks((tmp_path / name).with_suffix(".jpg"), SHAPE)
    assert points is None
    assert name in why
    assert "\n" not in why


def test_the_next_file_counts_where_the_first_is_none(tmp_path: Path) -> None:
    (tmp_path / "face.pts").write_text("notes")
    np.save(tmp_path / "face.npy", FACE)
    points, (why,) = given_landmarks(tmp_path / "face.jpg", SHAPE)
    assert points is not None
    assert "face.pts" in why


def test_landmarks_outside_the_picture_are_not_of_it(tmp_path: Path) -> None:
    np.save(tmp_path / "face.npy", FACE)
    assert given_landmarks(tmp_path / "face.jpg", SHAPE)[0] is not None
    points, (why,) = given_landmarks(tmp_path / "face.jpg", (120, 160, 3))
    assert points is None
    assert "outside the picture of 160 x 120 pixels" in why


def test_points_of_a_larger_copy_are_told_from_others() -> None:
    moved = FACE + np.random.default_rng(0).normal(0, 1, FACE.shape).astype(np.float32)
    assert of_another_size(2 * moved, FACE)
    assert of_another_size(0.7 * moved, FACE)
    assert not of_another_size(moved, FACE)
    assert not of_another_size(moved + 150, FACE)  # somebody else in the picture
