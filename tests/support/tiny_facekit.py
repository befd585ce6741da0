"""A head of a few hundred vertices with the landmarks of a face, and photos of nobody."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import Delaunay

from ecgan.lab.reanimate.facekit import FaceKit, read_facekit
from ecgan.lab.reanimate.recipes import ACTION_UNITS
from support.tiny_models import astronaut_points

UNSIDED = {"jawOpen", "jawForward", "mouthFunnel", "mouthRollLower", "mouthRollUpper",
           "mouthShrugLower", "mouthClose"}  # fmt: skip

HALF_GAP = np.array([0, 0.03])


def landmark_places() -> np.ndarray:
    """(68, 3) centimetres, lips closed; y up."""
    points = astronaut_points().astype(np.float64)
    eyes = points[36:48].mean(axis=0)
    unit = np.linalg.norm(points[36:42].mean(0) - points[42:48].mean(0)) / 6.2
    flat = (points - eyes) / unit * [1, -1]
    for upper, lower in ((61, 67), (62, 66), (63, 65)):
        middle = (flat[upper] + flat[lower]) / 2
        flat[upper], flat[lower] = middle + HALF_GAP, middle - HALF_GAP
    return np.column_stack([flat, dome(flat)])


def dome(flat: np.ndarray) -> np.ndarray:
    return 9 - 0.07 * flat[:, 0] ** 2 - 0.035 * (flat[:, 1] + 3) ** 2


def inside(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    contour = polygon.astype(np.float32)
    return np.array([cv2.pointPolygonTest(contour, (float(x), float(y)), True) > -1e-6
                     for x, y in points])  # fmt: skip


def arrays() -> dict[str, np.ndarray]:
    """What a packed face model holds."""
    marks = landmark_places()
    grid = np.stack(np.meshgrid(np.linspace(-9, 9, 19), np.linspace(-14, 7, 22)), -1).reshape(-1, 2)
    far = np.linalg.norm(grid[:, None] - marks[None, :, :2], axis=2).min(axis=1) > 0.45
    flat = np.concatenate([marks[:, :2], grid[far]])
    skin = Delaunay(flat).simplices
    middles = flat[skin].mean(axis=1)
    holes = [marks[36:42, :2], marks[42:48, :2], marks[60:68, :2]]
    hidden = np.any([inside(middles, hole) for hole in holes], axis=0)
    skin = skin[~hidden]
    a, b, c = (flat[skin[:, k]] for k in range(3))
    turned = (b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0] < 0
    skin[turned] = skin[turned][:, [0, 2, 1]]
    vertices = np.column_stack([flat, dome(flat)])
    triangles, materials = [skin], ["M_Face"] * len(skin)
    panels = (
        ("M_ScleraLeft", holes[1].mean(0), 2.2, 1.4, 6.5),
        ("M_ScleraRight", holes[0].mean(0), 2.2, 1.4, 6.5),
        ("M_Teeth", holes[2].mean(0) + np.array([0, 0.5]), 2.5, 0.7, 7.4),
        ("M_MouthSocket", holes[2].mean(0) - [0, 1.5], 4.0, 3.5, 5.0),
    )
    for material, centre, half_width, half_height, depth in panels:
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [half_width, half_height]
        first = len(vertices)
        vertices = np.vstack([vertices, np.column_stack([centre + corners, np.full(4, depth)])])
        triangles.append(np.array([[0, 1, 2], [0, 2, 3]]) + first)
        materials += [material] * 2
    names, shapes = expression_shapes(vertices, len(flat), marks)
    random = np.random.default_rng(0)
    wide = vertices * [0.04, 0, 0]
    long = vertices * [0, 0.04, 0]
    deep = np.column_stack([np.zeros((len(vertices), 2)), 0.05 * vertices[:, 1]])
    identity = np.stack([wide, long, deep]) + random.normal(0, 1e-4, (3, len(vertices), 3))
    return {
        "V": vertices.astype(np.float32),
        "F": np.concatenate(triangles).astype(np.int32),
        "M": np.array(materials),
        "ident": identity.astype(np.float16),
        "expr": shapes.astype(np.float16),
        "ek": np.array(names),
        "landmarks": np.arange(68),
    }


def expression_shapes(
    vertices: np.ndarray, num_skin: int, marks: np.ndarray
) -> tuple[list[str], np.ndarray]:
    """The jaw moves down what lies below the lips; every other shape is a bump of its own."""
    names, shapes = [], []
    below = (vertices[:, 1] < marks[[60, 64], 1].mean()) & (vertices[:, 1] > marks[8, 1] - 1)
    below[60:68] = [False] * 5 + [True] * 3
    below[num_skin:] = False
    below &= np.abs(vertices[:, 0]) < 6
    for unit, (_, parts) in enumerate(ACTION_UNITS.values()):
        for name in parts:
            for side, where in (("_L", 1), ("_R", -1)) if name not in UNSIDED else (("", 0),):
                if name + side in names:
                    continue
                delta = np.zeros_like(vertices)
                if name == "jawOpen":
                    delta[below, 1] = -2.0
                else:
                    centre = np.array([2.5 * where, -9 + 11 * unit / len(ACTION_UNITS)])
                    near = np.exp(-((vertices[:, :2] - centre) ** 2).sum(1) / 4)
                    near[num_skin:] = 0
                    delta[:, 1] = 0.3 * near
                names.append(name + side)
                shapes.append(delta)
    return names, np.array(shapes)


def write_facekit(path: Path) -> Path:
    """The model, packed."""
    np.savez(path, **arrays())
    return path


def facekit_folder(folder: Path, shapes: int | None = None) -> Path:
    """The model as ICT-FaceKit's Wavefront files, with the first shapes."""
    packed = arrays()
    faces = ""
    for material in dict.fromkeys(packed["M"]):
        faces += f"usemtl ICT:{material}\n"
        for corner in packed["F"][packed["M"] == material] + 1:
            faces += "f " + " ".join(f"{number}/{number}" for number in corner) + "\n"

    def write(name: str, vertices: np.ndarray) -> None:
        lines = "".join(f"v {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in vertices)
        (folder / f"{name}.obj").write_text(lines + faces)

    write("generic_neutral_mesh", packed["V"])
    for number, mode in enumerate(packed["ident"].astype(np.float64)):
        write(f"identity{number:03}", packed["V"] + mode)
    for name, shape in zip(packed["ek"][:shapes], packed["expr"].astype(np.float64), strict=False):
        write(str(name), packed["V"] + shape)
    return folder


def tiny_facekit(folder: Path) -> FaceKit:
    """The model, read."""
    return read_facekit(write_facekit(folder / "tiny.npz"))


def photo_of_nobody(size: int, seed: int = 0) -> np.ndarray:
    """(size, size, 3) uint8: smooth colours."""
    random = np.random.default_rng(seed)
    noise = random.uniform(60, 220, (size // 8 + 2, size // 8 + 2, 3)).astype(np.float32)
    return cv2.resize(noise, (size, size), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype("u1")


def points_in_photo(size: int, turn: float = 0.0) -> np.ndarray:
    """(68, 2) pixels: the landmarks at rest, seen with the head turned by some degrees."""
    angle = np.radians(turn)
    x, y, z = landmark_places().T
    turned = np.column_stack([np.cos(angle) * x + np.sin(angle) * z, y])
    scale = size / 24
    return turned * [scale, -scale] + [size / 2 - np.sin(angle) * 6 * scale, size * 0.36]
