"""Grain inside a translated face, output over input, and the memory that large photos take.

    python benchmarks/grain.py PHOTO --out benchmarks/results/grain.json

PHOTO is enlarged to each width and gets the grain of a film or sensor at that width. Grain is the
deviation of what a blur of `SIGMA` px takes away, in the skin: the face mask without what lies
around eyes and mouth. Memory is the peak of the whole command `ecgan translate` in a process of its
own.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ecgan.faces.alignment import face_mask
from ecgan.faces.finder import AlignedFace
from ecgan.faces.photo import Photo, read_photo
from ecgan.files import write_json
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

WIDTHS = (800, 2400, 4800, 9600)
SIGMA = 1.2
GRAIN, GRAIN_PX = 6.0, 0.6
"""Deviation in grey levels before the blur of `GRAIN_PX` that makes neighbours alike."""
FEATURES = (slice(36, 42), slice(42, 48), slice(48, 68))
AROUND = 0.3
"""Left out around eyes and mouth, in eye distances."""
Pixels = NDArray[np.uint8]
# A process starts with the peak of the one that it comes from, so that a small one goes between.
_LAUNCHER = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    source = read_photo(options.photo).pixels
    translator = Translator.load()
    rows = [measured(translator, source, width) for width in options.widths]
    result = {"photo": options.photo.name, "sigma_px": SIGMA, "widths": rows}
    if options.out is not None:
        write_json(options.out, {**result, "provenance": provenance()})


def measured(translator: Translator, source: Pixels, width: int) -> dict[str, Any]:
    """One width, all expressions."""
    pixels = grainy(source, width)
    photo = Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
    ready = translator.prepare(photo)
    skin = skin_of(ready.faces[0].aligned, pixels.shape)
    alignment = ready.faces[0].aligned.alignment
    before = spread(pixels, skin)
    ratios = {
        target: round(spread(translator.render(ready, target).pixels, skin) / before, 3)
        for target in translator.vocabulary.expressive
    }
    row = {
        "photo_px": [width, pixels.shape[0]],
        "crop_px": round(alignment.size / alignment.scale),
        "grain": round(before, 2),
        "least": min(ratios.values()),
        "median": statistics.median(ratios.values()),
        "most": max(ratios.values()),
        "output_over_input": ratios,
        "peak_memory_gb": peak_memory(pixels),
    }
    print(row, flush=True)
    return row


def grainy(source: Pixels, width: int) -> Pixels:
    """The photo at another width, with grain."""
    height = round(width * source.shape[0] / source.shape[1])
    shrinks = width < source.shape[1]
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    result = cv2.resize(source, (width, height), interpolation=kind)
    random = np.random.default_rng(0)
    for top in range(0, height, 512):  # the whole in floats would be the peak of this process
        part = result[top : top + 512]
        noise = random.normal(0, GRAIN, part.shape).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), GRAIN_PX)
        result[top : top + 512] = np.clip(np.rint(part + noise), 0, 255)
    return np.asarray(result)


def skin_of(face: AlignedFace, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The face in the photo, away from its edge, eyes and mouth."""
    size = face.alignment.size
    mask = face_mask(face.points, size)
    away = round(AROUND * 60 * size / 256)
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * away + 1, 2 * away + 1))
    features = np.zeros_like(mask)
    for part in FEATURES:
        hull = cv2.convexHull(np.round(face.points[part]).astype(np.int32))
        cv2.fillConvexPoly(features, hull, 255)
    mask[cv2.dilate(features, element) > 0] = 0
    matrix = face.alignment.matrix
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(mask, matrix, (shape[1], shape[0]), flags=flags) > 0)


def spread(pixels: Pixels, where: NDArray[np.bool_]) -> float:
    """Deviation of the fine part."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    fine = pixels[part].astype(np.float32)
    fine -= cv2.GaussianBlur(fine, (0, 0), SIGMA)
    return float(fine[where[part]].std())


def peak_memory(pixels: Pixels) -> float:
    """Of `ecgan translate` on the photo as JPEG, in GB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        Image.fromarray(pixels).save(path, quality=92)
        words = [sys.executable, "-m", "ecgan", "translate", str(path), "--to", "happy"]
        found = subprocess.run(
            [sys.executable, "-c", _LAUNCHER, *words, "--out", folder],
            check=True,
            capture_output=True,
            text=True,
        )
    return round(int(found.stdout.split()[-1]) * 1024 / 1e9, 2)


if __name__ == "__main__":
    main()
