"""Draw the faces on which exported networks are compared with torch: a sheet of 50 people.

python benchmarks/drawn_sheet.py        # writes src/ecgan/inference/drawn_faces.webp
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from ecgan.expressions import EXPRESSIONS
from ecgan.inference.parity import SHEET, SHEET_COLUMNS, SHEET_FACE_PX
from ecgan.lab.drawn.people import perform, person, shot
from ecgan.lab.drawn.render import Sitting

PEOPLE, SEED = 50, 0
TARGET = Path(__file__).parents[1] / "src" / "ecgan" / "inference" / SHEET


def face(number: int) -> np.ndarray:
    """A person with an expression: every other one neutral, the others in turn."""
    expression = EXPRESSIONS[0 if number % 2 == 0 else 1 + number // 2 % (len(EXPRESSIONS) - 1)]
    action = perform(SEED, number, expression, 0.0 if number % 2 == 0 else 1.0)
    return Sitting(person(SEED, number), shot(SEED, number), SHEET_FACE_PX).draw(action).image


def main() -> None:
    faces = np.stack([face(number) for number in range(PEOPLE)])
    rows = faces.reshape(-1, SHEET_COLUMNS, *faces.shape[1:]).swapaxes(1, 2)
    sheet = rows.reshape(-1, SHEET_COLUMNS * SHEET_FACE_PX, 3)
    Image.fromarray(sheet).save(TARGET, quality=80, method=6)


if __name__ == "__main__":
    main()
