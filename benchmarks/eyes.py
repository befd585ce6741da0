"""Do irises stay round, and are teeth as bright as in real smiles? Translations of neutral people.

    python benchmarks/eyes.py PHOTO... --models weights/translator ... \
        --smiles PHOTO... --out benchmarks/results/eyes.json

Of each photo, model and expression: height over width of the iris by MediaPipe's iris points, both
eyes, in the output over the same in the photo; and where teeth show, their L* and chroma (CIELAB)
less those of the whites of the eyes in the same picture. `--smiles` are photos of broad smiles, of
which the latter is measured too. One photo a person; intervals over people. MediaPipe's points end
where a lid covers the iris: where lids come together the figure falls, although the eyeball stays.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import mediapipe as mp
import numpy as np
from numpy.typing import NDArray

from ecgan.errors import EcganError
from ecgan.evaluation.bootstrap import mean_over_people
from ecgan.expressions import NEUTRAL
from ecgan.faces.photo import read_photo
from ecgan.files import write_json
from ecgan.inference.translator import Translator
from ecgan.provenance import provenance

IRISES = ((468, 469, 470, 471, 472), (473, 474, 475, 476, 477))
"""Centre, right, top, left, bottom of each."""
OPENINGS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
    (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
)
INNER_LIPS = (
    78,
    191,
    80,
    81,
    82,
    13,
    312,
    311,
    310,
    415,
    308,
    324,
    318,
    402,
    317,
    14,
    87,
    178,
    88,
    95,
)
SIDE = 768
"""Longest side of the pictures that are measured, in pixels."""
ROUND = (0.93, 1.07)
LEAST_TEETH = 60
"""Pixels that look like teeth, below which none show."""
Points = NDArray[np.float64]
Pixels = NDArray[np.uint8]


class Meter:
    """MediaPipe's mesh with irises, on whole photos of one face."""

    def __init__(self) -> None:
        self.mesh = mp.solutions.face_mesh.FaceMesh(
            static_image_mode=True, refine_landmarks=True, max_num_faces=1
        )

    def points(self, pixels: Pixels) -> Points | None:
        found = self.mesh.process(pixels).multi_face_landmarks
        if not found:
            return None
        height, width = pixels.shape[:2]
        return np.array([(p.x * width, p.y * height) for p in found[0].landmark])


def roundness(points: Points) -> float:
    """Height over width of the irises, mean of both eyes, in the face's own directions."""
    across = points[IRISES[1][0]] - points[IRISES[0][0]]
    across /= np.linalg.norm(across)
    down = np.array([-across[1], across[0]])
    ratios = []
    for _, right, top, left, bottom in IRISES:
        width = abs((points[right] - points[left]) @ across)
        ratios.append(abs((points[bottom] - points[top]) @ down) / width)
    return float(np.mean(ratios))


def teeth_and_whites(pixels: Pixels, points: Points) -> tuple[float, float] | None:
    """L* and chroma of teeth less those of the whites of the eyes; None where no teeth show."""
    lab = cv2.cvtColor(np.float32(pixels) / 255, cv2.COLOR_RGB2LAB)
    light, chroma = lab[..., 0], np.hypot(lab[..., 1], lab[..., 2])
    whites = np.zeros(light.shape, np.uint8)
    for opening, iris in zip(OPENINGS, IRISES, strict=True):
        eye = np.zeros_like(whites)
        cv2.fillPoly(eye, [np.int32(points[list(opening)])], 1)
        radius = np.linalg.norm(points[iris[1]] - points[iris[3]]) / 2
        cv2.circle(eye, np.int32(points[iris[0]]).tolist(), round(1.25 * radius), 0, -1)
        whites |= cv2.erode(eye, np.ones((3, 3), np.uint8))
    mouth = np.zeros_like(whites)
    cv2.fillPoly(mouth, [np.int32(points[list(INNER_LIPS)])], 1)
    mouth = cv2.erode(mouth, np.ones((3, 3), np.uint8))
    if not whites.any():
        return None
    bright = np.quantile(light[whites > 0], 0.7)
    teeth = (mouth > 0) & (light > 0.5 * bright) & (lab[..., 1] < 18)
    if teeth.sum() < LEAST_TEETH:
        return None
    white = (whites > 0) & (light >= np.quantile(light[whites > 0], 0.4))
    return (
        float(light[teeth].mean() - light[white].mean()),
        float(chroma[teeth].mean() - chroma[white].mean()),
    )


def at_side(pixels: Pixels) -> Pixels:
    scale = SIDE / max(pixels.shape[:2])
    size = (round(pixels.shape[1] * scale), round(pixels.shape[0] * scale))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(pixels, size, interpolation=way)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    parser.add_argument("--models", type=Path, nargs="+", required=True)
    parser.add_argument("--smiles", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    meter = Meter()
    result: dict[str, object] = {"smiles": of_smiles(meter, arguments.smiles)}
    for model in arguments.models:
        translator = Translator.load(model)
        result[translator.sha256] = figures = of_model(meter, translator, arguments.photos)
        print(model, {name: v["round"]["value"] for name, v in figures.items()})
    command = "python benchmarks/eyes.py PHOTOS --models MODELS --smiles PHOTOS"
    write_json(arguments.out, {**result, **provenance(), "command": command})


def of_smiles(meter: Meter, photos: list[Path]) -> dict[str, object]:
    """Mean and the middle nine tenths of the difference between teeth and whites."""
    rows = []
    for file in photos:
        pixels = at_side(read_photo(file).pixels)
        points = meter.points(pixels)
        row = None if points is None else teeth_and_whites(pixels, points)
        rows += [] if row is None else [row]
    if not rows:
        return {"people": 0}
    low, middle, high = np.quantile(np.array(rows), (0.05, 0.5, 0.95), axis=0)
    return {
        name: {"low": low[i], "median": middle[i], "high": high[i]}
        for i, name in enumerate(("teeth_lightness", "teeth_chroma"))
    } | {"people": len(rows)}


def of_model(meter: Meter, translator: Translator, photos: list[Path]) -> dict[str, dict]:
    rows = defaultdict(list)
    for file in photos:
        photo = read_photo(file)
        before = meter.points(at_side(photo.pixels))
        try:
            ready = translator.prepare(photo)
        except EcganError:
            continue
        for expression in translator.vocabulary.expressive:
            made = at_side(translator.render(ready, expression).pixels)
            after = meter.points(made)
            if before is not None and after is not None:
                ratio = roundness(after) / roundness(before)
                rows[expression].append((file.stem, ratio, teeth_and_whites(made, after)))
    figures = {}
    for expression, mine in rows.items():
        assert expression != NEUTRAL
        people = [person for person, *_ in mine]
        ratios = [ratio for _, ratio, _ in mine]
        inside = [float(ROUND[0] <= ratio <= ROUND[1]) for ratio in ratios]
        teeth = [(person, row) for person, _, row in mine if row is not None]
        figures[expression] = {
            "round": mean_over_people(inside, people).to_json(),
            "ratio": mean_over_people(ratios, people).to_json(),
            "with_teeth": len(teeth),
        }
        for i, name in enumerate(("teeth_lightness", "teeth_chroma") if len(teeth) > 1 else ()):
            values = [row[i] for _, row in teeth]
            figures[expression][name] = mean_over_people(values, [p for p, _ in teeth]).to_json()
    return figures


if __name__ == "__main__":
    main()
