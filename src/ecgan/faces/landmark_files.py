"""Landmarks given in files: .pts, .npy, .tem (Face Research Lab), OpenFace .csv."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import DataError

SUFFIXES = (".pts", ".npy", ".tem", ".csv")

# Point of the 189-point template for each of the 68; two points stand for their middle.
# fmt: off
_TEMPLATE_189: dict[int, tuple[int, ...]] = {
    3: (125,), 4: (126,), 6: (127,), 7: (128,),
    8: (129,), 9: (130,), 10: (131,), 12: (132,), 13: (133,),
    17: (71,), 18: (72,), 19: (73,), 20: (74,), 21: (76,),
    22: (77,), 23: (78,), 24: (79,), 25: (81,),
    26: (82,), 27: (51, 57), 28: (52, 58), 29: (53, 59), 31: (65,), 33: (55,), 35: (70,),
    36: (18,), 37: (19,), 38: (21,), 39: (22,), 40: (30,), 41: (28,),
    42: (23,), 43: (24,), 44: (26,), 45: (27,), 46: (33,), 47: (31,),
    48: (87,), 50: (89,), 51: (90,), 52: (91,), 54: (93,), 55: (108,), 56: (107,), 57: (106,),
    58: (105,), 59: (104,), 61: (95,), 62: (96,), 63: (97,), 65: (102,), 66: (101,), 67: (100,),
}
# What the template lacks: (point a, point b, fraction of the way from a to b), in this order.
_BETWEEN: dict[int, tuple[int, int, float]] = {
    5: (4, 6, 0.5), 11: (10, 12, 0.5), 30: (29, 33, 0.5), 32: (31, 33, 0.5), 34: (33, 35, 0.5),
    49: (48, 50, 0.5), 53: (52, 54, 0.5), 60: (48, 61, 0.3), 64: (54, 63, 0.3),
}
# fmt: on


def find_landmarks(photo: Path) -> Path | None:
    """The landmark file of the same name beside a photo, if there is one."""
    for suffix in SUFFIXES:
        candidate = photo.with_suffix(suffix)
        if candidate.is_file():
            return candidate
    return None


def read_landmarks(path: Path) -> NDArray[np.float32]:
    """(68, 2) points in photo pixels, the first pixel's centre at (0, 0).

    Raises:
        DataError: not such a file, or not 68 (189 for .tem) finite points.
    """
    readers = {".pts": _pts, ".npy": _npy, ".tem": _tem, ".csv": _openface}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"{path}: landmarks come as {', '.join(SUFFIXES)}")
    try:
        points = reader(path)
    except OSError as error:
        raise DataError(f"cannot read the landmarks {path}: {error.strerror}") from None
    except (ValueError, KeyError, IndexError, EOFError, UnicodeDecodeError, StopIteration):
        raise DataError(f"{path} does not hold landmarks in the {path.suffix} format") from None
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise DataError(f"{path}: expected 68 finite points, got shape {points.shape}")
    return points.astype(np.float32)


def _pts(path: Path) -> NDArray[np.float64]:
    text = path.read_text()
    inner = text[text.index("{") + 1 : text.rindex("}")]
    return np.array(inner.split(), dtype=np.float64).reshape(-1, 2) - 1  # counted from 1


def _npy(path: Path) -> NDArray[np.float64]:
    return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)[..., :2]


def _openface(path: Path) -> NDArray[np.float64]:
    with path.open(newline="") as file:
        row = next(csv.DictReader(file, skipinitialspace=True))
    return np.array([[float(row[f"x_{i}"]), float(row[f"y_{i}"])] for i in range(68)])


def _tem(path: Path) -> NDArray[np.float64]:
    lines = path.read_text().splitlines()
    count = int(lines[0])
    if count != 189:
        raise DataError(f"{path}: expected the 189-point template, got {count} points")
    given = np.array([line.split()[:2] for line in lines[1 : count + 1]], dtype=np.float64)
    points = np.full((68, 2), np.nan)
    for index, sources in _TEMPLATE_189.items():
        points[index] = given[list(sources)].mean(axis=0)
    for index, (first, second, fraction) in _BETWEEN.items():
        points[index] = points[first] + fraction * (points[second] - points[first])
    return _with_jaw_ends(points)


def _with_jaw_ends(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Continue the jaw (points 3 and 13 are its last given ones) to the ears at eye height."""
    for first, step, eye, brow in ((3, -1, 36, 17), (13, 1, 45, 26)):
        up = points[brow] - points[eye]
        outward = points[eye] - points[39 if eye == 36 else 42]
        ear = points[eye] + 0.85 * outward + 0.4 * up
        for n in range(1, 4):
            points[first + n * step] = points[first] + (ear - points[first]) * n / 3
    return points
