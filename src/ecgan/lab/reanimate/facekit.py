"""The face model: ICT-FaceKit (Li et al. 2020, MIT) from its folder or packed into one .npz."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecgan.errors import UsageError
from ecgan.files import write_with

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

WHERE = (
    "ICT-FaceKit (USC Institute for Creative Technologies, MIT licence) is on GitHub: clone "
    "https://github.com/ICT-VGL/ICT-FaceKit and give its folder FaceXModel"
)
MODEL_FOLDER = "FaceXModel"
CREDIT = "Li et al. (2020), ICT-FaceKit, USC Institute for Creative Technologies (MIT)"
NUM_IDENTITY = 60
"""Identity modes that are read from a folder."""

PARTS = ("skin", "mouth", "teeth", "gums", "eyes")
"""What is drawn; the rest of the model (lashes, tear film, back of the head) is not."""
_PART_OF_MATERIAL = {
    "M_Face": "skin",
    "M_MouthSocket": "mouth",
    "M_Teeth": "teeth",
    "M_GumsTongue": "gums",
    "M_ScleraLeft": "eyes",
    "M_ScleraRight": "eyes",
    "M_IrisLeft": "eyes",
    "M_IrisRight": "eyes",
}
_MATERIAL_OF_PART = {part: material for material, part in _PART_OF_MATERIAL.items()}
_MOUTH_SOCKET = (11248, 13294)
"""Vertices of the mouth's inside in ICT-FaceKit, whose material is that of the back head."""

# Vertices of the 68 points of the iBUG 300-W scheme in ICT-FaceKit's topology.
# fmt: off
ICT_LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088,
    3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140,
    2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216,
    6207, 6470, 5517, 5966,
)
# fmt: on


@dataclass(frozen=True)
class FaceKit:
    """A morphable head in centimetres: x to its left, y up, z out of the face."""

    neutral: Floats
    """(vertices, 3)."""
    triangles: Ints
    """(triangles, 3)."""
    parts: NDArray[np.int8]
    """(triangles,): index into `PARTS`."""
    identity: Floats
    """(modes, vertices, 3), each scaled to one standard deviation."""
    shapes: dict[str, Floats]
    """Expression shapes by name (browDown_L, jawOpen, ...), (vertices, 3) each."""
    landmarks: Ints
    """(68,) vertices."""

    def of(self, *parts: str) -> Ints:
        """Triangles of the named parts."""
        return self.triangles[np.isin(self.parts, [PARTS.index(part) for part in parts])]


def read_facekit(path: Path) -> FaceKit:
    """Read the packed `.npz` or ICT-FaceKit's folder.

    The archive holds `V` vertices, `F` triangles, `M` the material of each, `ident`, `expr` and
    `ek` (the names of `expr`); `landmarks` (68 vertices) where the topology is another one.

    Raises:
        UsageError: missing or not such a model; the message says where to get it.
    """
    if path.is_dir():
        return _from_folder(path)
    if not path.is_file():
        raise UsageError(f"no face model at {path}; {WHERE}")
    try:
        with np.load(path, allow_pickle=False) as packed:
            return _facekit(dict(packed))
    except (OSError, ValueError, KeyError, IndexError, EOFError) as error:
        raise UsageError(f"{path} is not a packed face model ({error}); {WHERE}") from None


def write_facekit(kit: FaceKit, path: Path) -> None:
    """Pack a model, so that it is read fast."""
    materials = np.array([_MATERIAL_OF_PART[PARTS[part]] for part in kit.parts])
    arrays: dict[str, Any] = {
        "V": kit.neutral, "F": kit.triangles, "M": materials, "ident": kit.identity,
        "expr": np.stack(list(kit.shapes.values())), "ek": np.array(list(kit.shapes)),
        "landmarks": kit.landmarks,
    }  # fmt: skip
    write_with(path, lambda file: np.savez(file, **arrays))


def _facekit(arrays: Mapping[str, NDArray[Any]]) -> FaceKit:
    """From the arrays of an archive, under their names there."""
    vertices, triangles, materials = arrays["V"], arrays["F"], arrays["M"].astype("<U16")
    names, shapes = arrays["ek"], np.asarray(arrays["expr"], dtype=np.float32)
    if len(materials) != len(triangles) or len(names) != len(shapes):
        raise ValueError("its arrays do not fit together")
    landmarks = np.asarray(arrays.get("landmarks", ICT_LANDMARKS), dtype=np.int64)
    if landmarks.shape != (68,) or max(landmarks.max(), triangles.max()) >= len(vertices):
        raise ValueError("its vertices are not those that the landmarks and triangles name")
    first, end = _MOUTH_SOCKET
    socket = ((triangles >= first) & (triangles < end)).all(axis=1)
    materials[(materials == "M_BackHead") & socket] = "M_MouthSocket"
    kept = np.isin(materials, list(_PART_OF_MATERIAL))
    parts = [PARTS.index(_PART_OF_MATERIAL[name]) for name in materials[kept]]
    return FaceKit(
        neutral=np.asarray(vertices, dtype=np.float32),
        triangles=np.asarray(triangles[kept], dtype=np.int64),
        parts=np.array(parts, dtype=np.int8),
        identity=np.asarray(arrays["ident"], dtype=np.float32),
        shapes={str(name): shape for name, shape in zip(names, shapes, strict=True)},
        landmarks=landmarks,
    )


def _from_folder(folder: Path) -> FaceKit:
    if (folder / MODEL_FOLDER).is_dir():  # the whole clone was given
        folder /= MODEL_FOLDER
    neutral = folder / "generic_neutral_mesh.obj"
    if not neutral.is_file():
        raise UsageError(f"{folder} holds no generic_neutral_mesh.obj; {WHERE}")
    vertices, triangles, materials = _read_mesh(neutral)
    modes = sorted(folder.glob("identity[0-9]*.obj"))[:NUM_IDENTITY]
    others = sorted(
        path
        for path in folder.glob("*.obj")
        if path != neutral and not path.stem.startswith(("identity", "generic"))
    )
    if not modes or not others:
        raise UsageError(f"{folder} holds no identity or expression shapes; {WHERE}")
    try:
        identity, shapes = (
            np.stack([_read_vertices(path) - vertices for path in some]) for some in (modes, others)
        )
        names = np.array([path.stem for path in others])
        return _facekit({"V": vertices, "F": triangles, "M": materials, "ident": identity,
                         "expr": shapes, "ek": names})  # fmt: skip
    except (OSError, ValueError, IndexError) as error:
        raise UsageError(f"{folder} is not ICT-FaceKit's model ({error}); {WHERE}") from None


def _read_vertices(path: Path) -> NDArray[np.float64]:
    lines = path.read_text().splitlines()
    return np.array([line.split()[1:4] for line in lines if line.startswith("v ")], dtype=float)


def _read_mesh(path: Path) -> tuple[NDArray[np.float64], Ints, NDArray[np.str_]]:
    """Vertices, triangles (polygons are cut into fans) and materials of a Wavefront file."""
    triangles: list[tuple[int, int, int]] = []
    materials: list[str] = []
    material = ""
    for line in path.read_text().splitlines():
        if line.startswith("usemtl "):
            material = line.split()[1].rpartition(":")[2]
        elif line.startswith("f "):
            corners = [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
            for second, third in itertools.pairwise(corners[1:]):
                triangles.append((corners[0], second, third))
                materials.append(material)
    return _read_vertices(path), np.array(triangles, dtype=np.int64), np.array(materials)
