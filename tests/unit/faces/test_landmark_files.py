"""Landmark files: each format gives the same 68 points; others are refused."""

from pathlib import Path

import numpy as np
import pytest

from ecgan.errors import DataError
from ecgan.faces.landmark_files import find_landmarks, read_landmarks

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


def test_the_file_beside_a_photo_is_found(tmp_path: Path) -> None:
    assert find_landmarks(tmp_path / "face.jpg") is None
    (tmp_path / "face.pts").write_text("")
    assert find_landmarks(tmp_path / "face.jpg") == tmp_path / "face.pts"
