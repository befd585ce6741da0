"""A tiny prepared data set of drawn faces: ellipses whose mouth and brows show the expression."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ecgan.data.manifest import Manifest, Record, Split, write_manifest

EXPRESSIONS = ("neutral", "happy", "sad", "surprise")
PEOPLE: dict[Split, int] = {"train": 4, "val": 2, "test": 2}


def make_tiny_data(
    root: Path,
    *,
    size: int = 64,
    people: dict[Split, int] | None = None,
    expressions: tuple[str, ...] = EXPRESSIONS,
    paired: bool = True,
    moving: bool = False,
) -> Path:
    """Write a prepared data folder and return it.

    Every person of a split has one image of each expression; with `paired` these match pixel for
    pixel but for mouth and brows, and share a pair key. The landmarks are those of a neutral face
    in all, unless they are `moving` with the mouth. Equal arguments give equal files.
    """
    records = []
    for split, count in (people or PEOPLE).items():
        for number in range(count):
            subject = f"{split}-{number:03d}"
            for expression in expressions:
                key = f"{expression}/{subject}"
                face = draw_face(subject, expression, size)
                data = _write(root / f"images/{key}.png", face)
                _write(root / f"masks/{key}.png", draw_mask(size))
                records.append(
                    Record(
                        image=f"images/{key}.png",
                        mask=f"masks/{key}.png",
                        subject=subject,
                        expression=expression,
                        intensity=None if expression == "neutral" else 1.0,
                        split=split,
                        source="tiny",
                        sha256=hashlib.sha256(data).hexdigest(),
                        landmarks=landmarks(size, expression if moving else "neutral"),
                        pair=f"tiny:{subject}" if paired else None,
                    )
                )
    card = {"name": "tiny drawn faces", "licence": "CC0-1.0", "expressions": list(expressions)}
    write_manifest(Manifest(root, tuple(records), card))
    return root


def draw_face(subject: str, expression: str, size: int) -> Image.Image:
    """One drawn face, RGB; the person decides the colours, the expression mouth and brows."""
    random = np.random.default_rng(list(subject.encode()))
    skin = tuple(int(v) for v in random.integers(120, 230, 3))
    background = tuple(int(v) for v in random.integers(0, 120, 3))
    scale = 4  # drawn large, then reduced: smooth edges
    image = Image.new("RGB", (size * scale, size * scale), background)
    draw = ImageDraw.Draw(image)

    def box(x: float, y: float, rx: float, ry: float) -> tuple[float, float, float, float]:
        side = size * scale
        return ((x - rx) * side, (y - ry) * side, (x + rx) * side, (y + ry) * side)

    draw.ellipse(box(0.5, 0.53, 0.34, 0.42), fill=skin)
    lift = {"surprise": -0.05, "sad": -0.01, "angry": 0.03}.get(expression, 0.0)
    for x in (0.38, 0.62):
        draw.ellipse(box(x, 0.42, 0.06, 0.035), fill="white")
        draw.ellipse(box(x, 0.42, 0.03, 0.03), fill="black")
        draw.rectangle(box(x, 0.34 + lift, 0.07, 0.012), fill="black")
    width = 3 * scale * size // 64
    if expression == "happy":
        draw.arc(box(0.5, 0.66, 0.16, 0.1), 20, 160, fill="red", width=width)
    elif expression == "sad":
        draw.arc(box(0.5, 0.78, 0.14, 0.08), 200, 340, fill="red", width=width)
    elif expression == "surprise":
        draw.ellipse(box(0.5, 0.73, 0.07, 0.09), fill="darkred")
    else:
        draw.rectangle(box(0.5, 0.73, 0.12, 0.012), fill="red")
    return image.resize((size, size), Image.Resampling.LANCZOS)


def draw_mask(size: int) -> Image.Image:
    """Mask of the face, 8 bit, 0 or 255."""
    mask = Image.new("L", (size, size), 0)
    box = (0.16 * size, 0.11 * size, 0.84 * size, 0.95 * size)
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return mask


def landmarks(size: int, expression: str = "neutral") -> tuple[tuple[float, float], ...]:
    """68 points x, y: the jaw on the face's outline, eyes and mouth where they are drawn."""
    mouth_y = {"happy": 0.7, "sad": 0.76}.get(expression, 0.73)

    def ring(x: float, y: float, rx: float, ry: float, angles: list[float]) -> list[list[float]]:
        return [[x + rx * float(np.cos(a)), y + ry * float(np.sin(a))] for a in angles]

    def turn(count: int) -> list[float]:
        return [float(a) for a in np.pi + np.linspace(0, 2 * np.pi, count, endpoint=False)]

    points = ring(0.5, 0.53, 0.34, 0.42, [float(a) for a in np.linspace(np.pi, 0, 17)])
    for x in (0.38, 0.62):
        points += [[x + dx, 0.34] for dx in np.linspace(-0.07, 0.07, 5)]
    points += [[0.5, y] for y in np.linspace(0.44, 0.56, 4)]
    points += [[x, 0.58] for x in np.linspace(0.45, 0.55, 5)]
    for x in (0.38, 0.62):
        points += ring(x, 0.42, 0.06, 0.035, turn(6))
    points += ring(0.5, mouth_y, 0.12, 0.05, turn(12))
    points += ring(0.5, mouth_y, 0.08, 0.02, turn(8))
    return tuple((float(x) * (size - 1), float(y) * (size - 1)) for x, y in points)


def _write(path: Path, image: Image.Image) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())
    return buffer.getvalue()
