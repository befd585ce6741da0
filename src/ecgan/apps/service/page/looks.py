"""Pictures and bars of the page; every picture that a model made carries its mark."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ecgan.apps.service.page.sessions import Made
from ecgan.apps.service.translating import MEDIA_TYPES, SOURCE_NAME
from ecgan.apps.service.uploads import SUFFIXES
from ecgan.expressions import target_in_file_names
from ecgan.faces.photo import Photo
from ecgan.files import sha256_bytes
from ecgan.inference.crops import ReadyPhoto
from ecgan.inference.grid import Tile, contact_grid, fitted, square_of_face
from ecgan.inference.marking import NOTICE, Mark, encode_marked
from ecgan.inference.results import Translated

SHOWN_PX = 1280
"""Longer side of pictures on the page."""
GIF_PX, GIF_MS = 400, 110
ACCENT = (13, 148, 136)
_QUALITY = 90


def shown(pixels: NDArray[np.uint8], mark: Mark | None) -> str:
    """A picture at the size of the page, as an address that holds it."""
    small = np.asarray(fitted(pixels, min(SHOWN_PX, max(pixels.shape[:2]))))
    if mark is None:
        file = io.BytesIO()
        Image.fromarray(small).save(file, "JPEG", quality=_QUALITY)
        return as_address(file.getvalue(), "image/jpeg")
    plain = _plain(small)
    data, _ = encode_marked(Path("shown.jpg"), small, plain, mark, quality=_QUALITY)
    return as_address(data, "image/jpeg")


def as_address(data: bytes, media_type: str) -> str:
    """A file as a data: address, so that none lies on a disk."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def picture_file(made: Translated, sha256: str) -> Made:
    """The whole photo at its own size, in its own format."""
    suffix = SUFFIXES[made.photo.format]
    mark = made.mark(SOURCE_NAME, sha256)
    data, sidecar = encode_marked(
        Path(SOURCE_NAME + suffix), made.pixels, made.photo, mark, face_area=made.face_area()
    )
    name = target_in_file_names(made.target) + suffix
    return Made(name, data, MEDIA_TYPES[suffix], sidecar)


def faces_picture(ready: ReadyPhoto, chosen: Sequence[int]) -> tuple[str, float]:
    """The photo with a numbered box around each face; and the scale from photo to picture."""
    pixels = ready.photo.pixels
    picture = fitted(pixels, min(SHOWN_PX // 2, max(pixels.shape[:2])))
    scale = picture.width / pixels.shape[1]
    draw = ImageDraw.Draw(picture)
    wide = max(2, round(max(picture.size) / 160))
    boxes: list[tuple[int, Any, tuple[int, int, int]]] = [
        (face.aligned.number, face.aligned.face.box,
         ACCENT if face.aligned.number in chosen else (240, 240, 240))
        for face in ready.faces
    ]  # fmt: skip
    boxes += [(one.number, one.box, (150, 150, 150)) for one in ready.refused]
    font = ImageFont.load_default(max(14, round(max(picture.size) / 28)))
    for number, box, colour in boxes:
        x0, y0, x1, y1 = (value * scale for value in box)
        draw.rectangle((x0, y0, x1, y1), outline=(20, 20, 20), width=wide + 2)
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=wide)
        bounds = draw.textbbox((x0 + 4, y0 + 2), str(number), font=font)
        draw.rectangle((x0, y0, bounds[2] + 6, bounds[3] + 4), fill=colour)
        dark = colour != ACCENT
        draw.text((x0 + 4, y0 + 2), str(number), font=font, fill=(20, 20, 20) if dark else "white")
    return shown(np.asarray(picture, dtype=np.uint8), None), scale


def sheet_file(ready: ReadyPhoto, made: Sequence[Translated], sha256: str) -> Made:
    """The photo and each expression side by side."""
    box = square_of_face(ready.faces[0].aligned.alignment, ready.photo.pixels.shape)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    tiles = [Tile("photo", ready.photo.pixels[rows, columns], _best(ready.faces[0].probabilities))]
    tiles += [
        Tile(one.target, one.pixels[rows, columns], _best(one.faces[0].after)) for one in made
    ]
    grid = contact_grid(tiles, footer=NOTICE)
    mark = made[0].mark(SOURCE_NAME, sha256)
    targets = ", ".join(one.target for one in made)
    mark = replace(mark, settings={**mark.settings, "expression": targets})
    data, sidecar = encode_marked(
        Path("sheet.png"), grid, replace(_plain(grid), icc=ready.photo.icc), mark
    )
    return Made("expressions.png", data, "image/png", sidecar)


def growing_file(ready: ReadyPhoto, made: Sequence[Translated], sha256: str) -> Made:
    """An animation of the face as the expression grows, and back."""
    box = square_of_face(ready.faces[0].aligned.alignment, ready.photo.pixels.shape)
    frames = [
        fitted(np.ascontiguousarray(one.pixels[box[1] : box[3], box[0] : box[2]]), GIF_PX)
        for one in made
    ]
    mark = made[-1].mark(SOURCE_NAME, sha256)
    strengths = ", ".join(f"{one.strength:g}" for one in made)
    mark = replace(mark, settings={**mark.settings, "strength": strengths})
    comment = "\n".join(f"{key}: {value}" for key, value in mark.metadata().items())
    small = [frame.quantize(256, Image.Quantize.MEDIANCUT) for frame in frames]
    loop = [*small, *small[-2:0:-1]]
    times = [GIF_MS] * len(loop)
    times[0] = times[len(small) - 1] = 6 * GIF_MS
    file = io.BytesIO()
    loop[0].save(
        file, "GIF", save_all=True, append_images=loop[1:], duration=times, loop=0,
        comment=comment.encode(),
    )  # fmt: skip
    data = file.getvalue()
    sidecar = {**mark.sidecar(), "output": {"sha256": sha256_bytes(data)}}
    return Made(f"{target_in_file_names(made[-1].target)}.gif", data, "image/gif", sidecar)


def bars(before: dict[str, float] | None, after: dict[str, float] | None) -> str:
    """What the recogniser sees, as a table with a pair of bars for each expression."""
    if before is None:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        f"<td>{_bar(before[name], 'before')}{_bar((after or {}).get(name), 'after')}</td></tr>"
        for name in before
    )
    return (
        '<table class="bars"><caption>What the recogniser sees '
        '<span class="key before">in the photo</span> <span class="key after">in the result</span>'
        f"</caption><tbody>{rows}</tbody></table>"
    )


def _bar(value: float | None, kind: str) -> str:
    if value is None:
        return ""
    share = 100 * value
    return (
        f'<span class="bar {kind}"><i style="width:{max(share, 0.5):.1f}%"></i>'
        f"<b>{share:.0f}%</b></span>"
    )


def _best(seen: dict[str, float] | None) -> str:
    if not seen:
        return ""
    name = max(seen, key=lambda key: seen[key])
    return f"recognised: {name} {seen[name]:.0%}"


def _plain(pixels: NDArray[np.uint8]) -> Photo:
    return Photo(pixels, icc=None, exif=None, alpha=None, path=None, format="PNG")
