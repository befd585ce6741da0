"""Things that hide the mouth or the eyes of a face, drawn at random: see `spoiling.py`."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Points = NDArray[np.floating]
Random = np.random.Generator
Spoil = Callable[[Image, Points, Random], Image]


def unit_of(points: Points) -> float:
    """The eye distance in pixels."""
    return float(np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0)))


def to_bytes(values: NDArray[np.floating]) -> Image:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def axes_of(points: Points) -> tuple[NDArray[np.floating], NDArray[np.floating], float]:
    """To the right and down along the face, and the eye distance."""
    across = points[42:48].mean(0) - points[36:42].mean(0)
    unit = float(np.linalg.norm(across))
    right = across / max(unit, 1e-6)
    return right, np.array([-right[1], right[0]]), unit


def fill(image: Image, outline: Points) -> NDArray[np.float32]:
    """The share of each pixel inside a polygon."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    return mask.astype(np.float32)[..., None] / 255


def lay(image: Image, cover: NDArray[np.floating], mask: NDArray[np.floating]) -> Image:
    """`cover` over the picture where `mask` is 1."""
    return to_bytes(image * (1 - mask) + cover * mask)


def _soft(image: Image, random: Random, cells: float, depth: float) -> NDArray[np.float32]:
    """Smooth random gain around 1, `cells` bumps across the picture."""
    side = max(2, round(cells))
    bumps = random.normal(1, depth, (side, side)).astype(np.float32)
    return cv2.resize(bumps, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)[..., None]


def _skin(image: Image, points: Points) -> NDArray[np.floating]:
    """The colour of the cheeks and the bridge of the nose."""
    places = [points[28], points[29], (points[2] + points[31]) / 2, (points[14] + points[35]) / 2]
    height, width = image.shape[:2]
    at = [(min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)) for x, y in places]
    return np.median([image[y, x] for y, x in at], axis=0).astype(float)


def _colour(random: Random) -> NDArray[np.floating]:
    """Of cloth and paint: white, black, medical blue or green, or any."""
    common = [(235, 235, 235), (20, 20, 24), (120, 175, 205), (130, 190, 175), (240, 200, 210)]
    if random.random() < 0.5:
        return np.array(common[random.integers(len(common))], float) * random.uniform(0.75, 1.05)
    return random.uniform(10, 245, 3)


def _cloth(image: Image, points: Points, random: Random, kind: str = "plain") -> NDArray:
    """A picture-filling cloth: plain, with folds or pleats, or patterned."""
    height, width = image.shape[:2]
    unit = unit_of(points)
    y, x = np.mgrid[:height, :width].astype(np.float32) / unit
    angle = random.uniform(0, np.pi) if kind != "pleats" else np.pi / 2 + random.normal(0, 0.08)
    along = x * np.cos(angle) + y * np.sin(angle)
    cloth = np.broadcast_to(_colour(random), image.shape).astype(np.float32)
    if kind == "pattern":
        other, step = _colour(random), random.uniform(0.08, 0.35)
        cells = np.floor(along / step) + random.integers(2) * np.floor(
            (x * np.sin(angle) - y * np.cos(angle)) / step
        )
        cloth = np.where((cells % 2 == 0)[..., None], cloth, other.astype(np.float32))
    shade = _soft(image, random, 3 * width / unit / 2, random.uniform(0.03, 0.15))
    if kind in ("folds", "pleats"):
        waves = along * random.uniform(1.5, 5) + 0.3 * _soft(image, random, 5, 1.0)[..., 0]
        depth = random.uniform(0.04, 0.2)
        shade = shade * (1 + depth * (np.abs((waves % 1) * 2 - 1)[..., None] - 0.5))
    grain = random.normal(0, random.uniform(0, 5), image.shape)
    return cloth * shade + grain


def _texture(image: Image, points: Points, random: Random) -> NDArray:
    """A piece of the picture itself (hair, background, cheek), enlarged and mirrored at random."""
    height, width = image.shape[:2]
    side = int(min(height, width, max(8, random.uniform(0.4, 1.2) * unit_of(points))))
    top, left = random.integers(height - side + 1), random.integers(width - side + 1)
    part = image[top : top + side, left : left + side]
    part = part[:: random.choice([-1, 1]), :: random.choice([-1, 1])]
    big = cv2.resize(np.ascontiguousarray(part), (width, height), interpolation=cv2.INTER_CUBIC)
    return big * random.uniform(0.6, 1.3)


def _hand(image: Image, points: Points, random: Random, centre: Points, reach: float) -> Image:
    """Fingers and palm of skin colour over `centre`; `reach` in eye distances."""
    right, down, unit = axes_of(points)
    skin = _skin(image, points) * random.uniform(0.75, 1.25) + random.normal(0, 6, 3)
    turn = random.uniform(-0.9, 0.9) + random.choice([0.0, np.pi / 2, -np.pi / 2, np.pi])
    along = right * np.sin(turn) - down * np.cos(turn)
    across = np.array([-along[1], along[0]])
    thick = unit * random.uniform(0.26, 0.38) * reach
    length = unit * random.uniform(1.1, 1.7) * reach
    spread = random.uniform(-0.04, 0.12)
    base = centre - along * length * random.uniform(0.35, 0.6)
    palm = base - along * 1.2 * length, base + along * 0.1 * length
    image = _capsule(image, palm, 4.2 * thick, skin, random)
    for offset in (-1.5, -0.5, 0.5, 1.5):
        start = base + across * offset * thick
        end = start + (along + across * offset * spread) * length * (1 - 0.08 * abs(offset - 0.3))
        image = _capsule(image, (start, end), 1.04 * thick, skin, random)
    return image


def _capsule(
    image: Image, ends: tuple[Points, Points], width: float, skin: NDArray, random: Random
) -> Image:
    """One finger: brightest along a line, darker at both edges, with a shadow beside it."""
    start, end = ends
    light = random.uniform(-0.6, 0.6)
    height, wide = image.shape[:2]
    y, x = np.mgrid[:height, :wide].astype(np.float32)
    axis = end - start
    length = float(np.hypot(*axis))
    way = ((x - start[0]) * axis[0] + (y - start[1]) * axis[1]) / length**2
    way = np.clip(way, 0, 1)
    dx, dy = x - start[0] - way * axis[0], y - start[1] - way * axis[1]
    side = (dx * -axis[1] + dy * axis[0]) / length / (width / 2)
    far = np.hypot(dx, dy) / (width / 2)
    soft = max(0.02, 1.5 / width)
    mask = np.clip((1 - far) / soft, 0, 1)[..., None]
    round_ = np.sqrt(np.clip(1 - np.clip(np.abs(side - 0.3 * light), 0, 1) ** 2, 0, 1))
    shade = (0.62 + 0.42 * round_)[..., None] * _soft(image, random, 6, 0.03)
    creases = 1 - 0.08 * (np.abs(np.sin(way * np.pi * 3)) < 0.08)[..., None]
    shadow = np.clip(1.25 - far, 0, 0.25)[..., None] * 1.2
    return lay(to_bytes(image * (1 - shadow * (1 - mask))), skin * shade * creases, mask)


def rough_outline(centre: Points, axes: Points, random: Random, rough: float = 0.12) -> Points:
    """A blob: an ellipse whose radius varies; `axes` (2, 2) are its half axes as vectors."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radius = np.ones(40)
    for wave in range(1, 5):
        radius += rough * random.normal() / wave * np.sin(wave * angles + random.uniform(0, 6.3))
    return centre + radius[:, None] * (
        np.cos(angles)[:, None] * axes[0] + np.sin(angles)[:, None] * axes[1]
    )


def _mouth(points: Points) -> Points:
    return points[48:68].mean(0)


def _eyes(points: Points) -> Points:
    return points[36:48].mean(0)


def _mouth_area(points: Points, random: Random, more: float = 0.0) -> Points:
    """Half axes of an ellipse that hides the mouth."""
    right, down, unit = axes_of(points)
    wide = max(float(np.ptp((points[48:68] - _mouth(points)) @ right)) / 2, 0.35 * unit)
    tall = max(float(np.ptp((points[48:68] - _mouth(points)) @ down)) / 2, 0.16 * unit)
    grow = random.uniform(1.2, 1.9) + more
    return np.stack([right * wide * grow, down * tall * (grow + 0.3)])


# Covered mouths.


def _mask_outline(points: Points, random: Random) -> Points:
    right, down, unit = axes_of(points)
    top = points[28] + (points[30] - points[28]) * random.uniform(0.0, 0.9)
    low = unit * random.uniform(0.05, 0.35)
    first, last = random.integers(1, 4), random.integers(13, 16)
    jaw = points[first : last + 1] + down * low * random.uniform(0.3, 1)
    bend = unit * random.uniform(0.0, 0.2)
    left_in = top - right * unit * random.uniform(0.3, 0.5) + down * bend
    right_in = top + right * unit * random.uniform(0.3, 0.5) + down * bend
    return np.concatenate([jaw, [right_in, top, left_in]])


def masked(kind: str) -> Spoil:
    """Over nose, mouth and chin, with straps; darker to the sides."""

    def spoil(image: Image, points: Points, random: Random) -> Image:
        right, down, unit = axes_of(points)
        outline = _mask_outline(points, random)
        cloth = _cloth(image, points, random, kind)
        middle = points[30:31].mean(0) + down * 0.35 * unit
        y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
        side = np.abs((x - middle[0]) * right[0] + (y - middle[1]) * right[1]) / unit
        cloth = cloth * np.clip(1.08 - random.uniform(0.1, 0.35) * side**2, 0.3, 1.2)[..., None]
        if random.random() < 0.7:
            thick = max(1, round(unit * random.uniform(0.03, 0.08)))
            strap = image.copy()
            tone = [float(v) for v in np.clip(cloth.mean(axis=(0, 1)), 0, 255)]
            for start, end in ((outline[0], points[0] - right * 0.2 * unit),
                               (outline[-4], points[16] + right * 0.2 * unit)):  # fmt: skip
                ends = [tuple(int(v) for v in place) for place in (start, end)]
                cv2.line(strap, ends[0], ends[1], tone, thick, cv2.LINE_AA)
            image = strap
        return lay(image, cloth, fill(image, outline))

    return spoil


def scarf(kind: str) -> Spoil:
    """Over all below the nose."""

    def spoil(image: Image, points: Points, random: Random) -> Image:
        right, down, unit = axes_of(points)
        top = _mouth(points) - down * unit * random.uniform(0.3, 0.75)
        steps = np.linspace(-3, 3, 13)[:, None]
        edge = top + right * unit * steps + down * unit * random.normal(0, 0.06, (13, 1))
        outline = np.concatenate([edge, [edge[-1] + down * 8 * unit, edge[0] + down * 8 * unit]])
        return lay(image, _cloth(image, points, random, kind), fill(image, outline))

    return spoil


def blob_mouth(image: Image, points: Points, random: Random) -> Image:
    outline = rough_outline(_mouth(points), _mouth_area(points, random, 0.2), random)
    cover = _texture(image, points, random)
    if random.random() < 0.5:
        cover = _cloth(image, points, random, str(random.choice(["plain", "folds"])))
    return lay(image, cover, fill(image, outline))


def skin_mouth(image: Image, points: Points, random: Random) -> Image:
    """A thing of skin colour without fingers: a fist, the back of a hand, an arm."""
    unit = unit_of(points)
    outline = rough_outline(_mouth(points), _mouth_area(points, random, 0.5), random, 0.2)
    tone = _skin(image, points) * random.uniform(0.75, 1.2)
    shade = _soft(image, random, 8 * image.shape[1] / unit / 6, 0.1)
    soft = max(0.6, random.uniform(0.01, 0.12) * unit)
    mask = cv2.GaussianBlur(fill(image, outline), (0, 0), soft)[..., None]
    return lay(image, tone * shade + random.normal(0, 2, image.shape), mask)


def hand_mouth(image: Image, points: Points, random: Random) -> Image:
    right, down, unit = axes_of(points)
    centre = _mouth(points) + unit * (right * random.normal(0, 0.1) + down * random.normal(0, 0.06))
    return _hand(image, points, random, centre, random.uniform(0.9, 1.35))


def _box(points: Points, centre: Points, random: Random, wide: float, tall: float) -> Points:
    right, down, unit = axes_of(points)
    x, y = right * unit * wide, down * unit * tall
    tilt = random.normal(0, 0.04)
    return np.array([centre - x - y + x * tilt, centre + x - y, centre + x + y, centre - x + y])


def bar_mouth(image: Image, points: Points, random: Random) -> Image:
    wide, tall = _mouth_area(points, random, 0.1)
    unit = unit_of(points)
    size = float(np.hypot(*wide)) / unit, float(np.hypot(*tall)) / unit
    outline = _box(points, _mouth(points), random, *size)
    tone = np.zeros(3) if random.random() < 0.5 else random.uniform(0, 255, 3)
    return lay(image, np.broadcast_to(tone, image.shape), fill(image, outline))


def mosaic(image: Image, cell: float) -> Image:
    """Cells of `cell` pixels, each of one colour."""
    height, width = image.shape[:2]
    small = (max(1, round(width / cell)), max(1, round(height / cell)))
    coarse = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST)


def mosaic_mouth(image: Image, points: Points, random: Random) -> Image:
    wide, tall = _mouth_area(points, random, 0.3)
    unit = unit_of(points)
    size = float(np.hypot(*wide)) / unit, float(np.hypot(*tall)) / unit
    outline = _box(points, _mouth(points), random, *size)
    coarse = mosaic(image, unit * random.uniform(0.25, 0.5))
    return lay(image, coarse, fill(image, outline))


# Covered eyes.


def sunglasses(image: Image, points: Points, random: Random, mirrored: bool = False) -> Image:
    right, down, unit = axes_of(points)
    tone = random.uniform(0, 45, 3) if random.random() < 0.7 else random.uniform(10, 130, 3)
    wide, tall = random.uniform(0.36, 0.47), random.uniform(0.25, 0.42)
    square = random.uniform(2, 5)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    c, s = np.cos(angles), np.sin(angles)
    x = np.sign(c) * np.abs(c) ** (2 / square) * wide * unit
    y = np.sign(s) * np.abs(s) ** (2 / square) * tall * unit
    frame = tone * random.uniform(0.2, 1.0)
    thick = max(1, round(unit * random.uniform(0.03, 0.09)))
    line = [float(v) for v in frame]
    out = image.copy()
    eyes = [points[36:42].mean(0), points[42:48].mean(0)]
    inner = [eyes[0] + right * (wide * unit), eyes[1] - right * (wide * unit)]
    outer = [eyes[0] - right * wide * unit, eyes[1] + right * wide * unit]
    bars = [(inner[0], inner[1]), (outer[0], points[0]), (outer[1], points[16])]
    for start, end in bars:
        ends = [tuple(int(v) for v in place) for place in (start, end)]
        cv2.line(out, ends[0], ends[1], line, thick, cv2.LINE_AA)
    grid_y = np.mgrid[: image.shape[0], : image.shape[1]][0].astype(np.float32)
    for eye in eyes:
        outline = eye + right * x[:, None] + down * (y[:, None] + 0.06 * unit)
        rim = eye + right * x[:, None] * 1.1 + down * (y[:, None] * 1.12 + 0.06 * unit)
        fade = np.clip((grid_y - eye[1]) / unit / (2 * tall) + 0.5, 0, 1)[..., None]
        if mirrored:
            ends_ = random.uniform(0, 255, (2, 3))
            lens = ends_[0] * fade + ends_[1] * (1 - fade)
            lens = lens * _soft(image, random, 8, 0.15)
        else:
            lens = tone * (1 + random.uniform(0, 0.8) * fade) * _soft(image, random, 4, 0.1)
        seen = random.uniform(0, 0.12)
        out = lay(out, np.broadcast_to(frame, image.shape), fill(image, rim))
        out = lay(out, lens * (1 - seen) + image * seen, fill(image, outline))
        if random.random() < 0.5:
            shine = eye + unit * (right * random.normal(0, 0.15) - down * 0.1)
            size = unit * random.uniform(0.05, 0.18)
            spot = rough_outline(shine, np.stack([right * size, down * size * 0.6]), random)
            glow = fill(image, spot) * random.uniform(0.2, 0.7)
            out = lay(out, np.full(image.shape, 255.0), glow)
    return out


def mirror_glasses(image: Image, points: Points, random: Random) -> Image:
    return sunglasses(image, points, random, mirrored=True)


def bar_eyes(image: Image, points: Points, random: Random) -> Image:
    size = random.uniform(0.95, 1.5), random.uniform(0.2, 0.4)
    outline = _box(points, _eyes(points), random, *size)
    tone = np.zeros(3) if random.random() < 0.6 else random.uniform(0, 255, 3)
    return lay(image, np.broadcast_to(tone, image.shape), fill(image, outline))


def mosaic_eyes(image: Image, points: Points, random: Random) -> Image:
    outline = _box(points, _eyes(points), random, random.uniform(0.95, 1.3), 0.4)
    coarse = mosaic(image, unit_of(points) * random.uniform(0.28, 0.5))
    return lay(image, coarse, fill(image, outline))


def cloth_eyes(image: Image, points: Points, random: Random) -> Image:
    """A blindfold, or hair."""
    outline = _box(points, _eyes(points), random, 1.6, random.uniform(0.28, 0.45))
    cover = _texture(image, points, random)
    if random.random() < 0.6:
        cover = _cloth(image, points, random, str(random.choice(["plain", "folds"])))
    return lay(image, cover, fill(image, outline))


def hand_eyes(image: Image, points: Points, random: Random) -> Image:
    for eye in (points[36:42].mean(0), points[42:48].mean(0)):
        image = _hand(image, points, random, eye, random.uniform(0.7, 0.9))
    return image
