"""The README's picture: photos translated to every expression, marked as synthetic.

python benchmarks/picture.py PHOTO... --out docs/images/translated.jpg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from ecgan.faces.photo import Photo, read_photo
from ecgan.files import sha256_bytes
from ecgan.inference.grid import Tile, contact_grid, square_around
from ecgan.inference.marking import NOTICE, Mark, source_sha256, write_marked
from ecgan.inference.translator import Translator

TILE_PX = 230
FACE_SIDES = 1.7
"""Side of the shown square, in sides of the face's box."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--model", help="translator snapshot; default: the packaged one")
    options = parser.parse_args()

    translator = Translator.load(options.model)
    targets = translator.vocabulary.expressive
    photos = [read_photo(path) for path in options.photos]
    tiles = [tile for photo in photos for tile in _row(translator, photo, targets)]
    grid = contact_grid(tiles, columns=len(targets), tile_px=TILE_PX, footer=NOTICE)
    mark = Mark(
        source=", ".join(path.name for path in options.photos),
        source_sha256=sha256_bytes("".join(map(source_sha256, photos)).encode()),
        model_sha256=translator.sha256,
        settings={"expression": ", ".join(targets), "strength": 1.0, "face": "largest"},
        credit=translator.credit,
    )
    sheet = Photo(grid, icc=None, exif=None, alpha=None, path=None, format="JPEG")
    write_marked(options.out, grid, sheet, mark)


def _row(translator: Translator, photo: Photo, targets: tuple[str, ...]) -> list[Tile]:
    ready = translator.prepare(photo)
    x0, y0, x1, y1 = ready.faces[0].aligned.face.box
    height, width = photo.pixels.shape[:2]
    side = FACE_SIDES * max(x1 - x0, y1 - y0)
    left, top, right, bottom = square_around(((x0 + x1) / 2, (y0 + y1) / 2), side, width, height)
    made = [translator.render(ready, target).pixels for target in targets]
    return [
        Tile(target, np.ascontiguousarray(pixels[top:bottom, left:right]))
        for target, pixels in zip(targets, made, strict=True)
    ]


if __name__ == "__main__":
    main()
