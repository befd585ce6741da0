"""Landmarks given in files: .pts, .npy, .tem (Face Research Lab), OpenFace .csv."""

from __future__ import annotations

import csv
import json
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import DataError
from ecgan.faces.face import eye_centres

SUFFIXES = (".pts", ".npy", ".tem", ".csv")


def given_landmarks(
    photo: Path, shape: tuple[int, ...]
) -> tuple[NDArray[np.float32] | None, tuple[str, ...]]:
    """The landmarks beside a photo, (68, 2), if there are some; and of each file of the same name
    that holds none of a face in this picture, why not.

    Args:
        photo: the files have its name with one of `SUFFIXES`.
        shape: (height, width, ...) of its upright picture.
    """
    refused = []
    for path in (photo.with_suffix(suffix) for suffix in SUFFIXES):
        if not path.is_file():
            continue
        try:
            points = read_landmarks(path)
            _check_fit(points, shape, path)
        except DataError as error:
            refused.append(str(error))
        else:
            return points, tuple(refused)
    return None, tuple(refused)


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
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"cannot read the landmarks {path}: {error.strerror}") from None
    except Exception:  # the readers raise errors of many kinds for files of other content
        raise DataError(f"{path} does not hold landmarks in the {path.suffix} format") from None
    if points.shape != (68, 2) or not np.isfinite(points).all():
        raise DataError(f"{path}: expected 68 finite points, got shape {points.shape}")
    return points.astype(np.float32)


def _pts(path: Path) -> NDArray[np.float64]:
    text = path.read_text()
    inner = text[text.index("{") + 1 : text.rindex("}")]
    return np.array(inner.split(), dtype=np.float64).reshape(-1, 2) - 1  # counted from 1


def _npy(path: Path) -> NDArray[np.float64]:
    values = np.lib.format.open_memmap(path, mode="r")  # it may be anything, of any size
    if values.ndim != 2 or len(values) != 68:
        raise DataError(f"{path}: expected 68 finite points, got shape {values.shape}")
    return np.asarray(values[:, :2], dtype=np.float64)


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
    # `given`: points of the template, or two for their middle. `between`, in this order: two of the
    # 68 that are known by then, and the fraction of the way from one to the other.
    table = json.loads((resources.files("ecgan.faces") / "template_189.json").read_text())
    points = np.full((68, 2), np.nan)
    for index, sources in table["given"].items():
        points[int(index)] = given[sources].mean(axis=0)
    for index, (first, second, fraction) in table["between"].items():
        points[int(index)] = points[first] + fraction * (points[second] - points[first])
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


def _check_fit(points: NDArray[np.float32], shape: tuple[int, ...], path: Path) -> None:
    """Raises DataError where points are not those of a face, or not in the picture."""
    if not _is_face(points):
        raise DataError(f"{path}: 68 points, but not those of a face")
    within = ((points >= 0) & (points < (shape[1], shape[0]))).all(axis=1)
    if within.mean() < 0.5:
        raise DataError(
            f"{path}: more than half of the landmarks lie outside the picture of {shape[1]} x "
            f"{shape[0]} pixels"
        )


def _is_face(points: NDArray[np.float32]) -> bool:
    """Whether the eyes are small and the mouth is opposite their middle, in generous bounds: a
    frontal face has 0.3, 1.0, 0.1 and 2.0 eye distances here, one turned by 60 degrees twice as
    many."""
    left, right = eye_centres(points)
    distance = np.hypot(*(right - left))
    if distance < 1:
        return False
    along = (right - left) / distance
    below = np.array([-along[1], along[0]])
    from_middle = (points - (left + right) / 2) / distance
    mouth = from_middle[48:].mean(axis=0)
    eye_px = max(np.abs(points[36:42] - left).max(), np.abs(points[42:48] - right).max())
    return bool(
        eye_px < 0.8 * distance
        and 0.3 < abs(mouth @ below) < 4  # who looks at a face upside down may name its eyes anew
        and abs(mouth @ along) < 1.5
        and np.abs(from_middle).max() < 6
    )


def of_another_size(given: NDArray[np.float32], found: NDArray[np.float32]) -> bool:
    """Whether two sets of 68 points are the same but for a common factor: given for a smaller or
    larger copy of the picture that the others were found in."""
    factor = float((given * found).sum() / (found**2).sum())
    eyes = np.hypot(*np.subtract(*eye_centres(found)))
    rest = np.linalg.norm(given - factor * found, axis=1).mean()
    return abs(factor - 1) > 0.05 and rest < 0.15 * factor * eyes
