"""Faces in a photo: all that mediapipe's networks find, each as it really lies."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import ClassVar, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ecgan.faces import graphs
from ecgan.faces.alignment import align, crop
from ecgan.faces.face import (
    MIN_SCORE,
    Box,
    Face,
    eye_centres,
    face_of_mesh,
    middle,
    unmirrored,
    within,
)
from ecgan.faces.graphs import Detection
from ecgan.faces.photo import as_rgb

SURE_SCORE = 0.7
"""Confidence of the face detector from which a face without a mesh, mostly a profile, is tried
harder."""

LEAST_SIDE = 16
"""Pixels; smaller pictures show no face."""
TILE = 640
"""Side of the smallest squares: mediapipe's full-range detector sees 192 x 192 px, so a face of
45 px, with eyes 20 px apart, is just visible in one."""
LEAST_TILE = 160
"""Side of the smallest squares where faces are small or many."""
SMALL, SMALL_ALONE = 0.25, 0.1
"""Shares of a tile's side: where faces of a group, or the only one, are smaller, there are more."""
MOST_TILES, FEW_TILES = 300, 64
"""So many smaller tiles are worth their time (10 ms each) for a group, and where at most one face
was seen."""
UPRIGHT_SCORE, UPRIGHT_SCORE_NEAR = 0.9, 0.88
"""From this confidence of the face detector, or of that for near faces, a face is upright: no face
upside down got as much (of 3,634 and of 325)."""
MOST_MISTURNED = 20.0
"""Degrees by which the mesh's roll may differ from the eyes that the face detector sees."""
LOOK_SIDE, NEAR_SIDE = 192, 768
"""Pixels to which a face is brought to be looked at once more, and to be measured."""
BORDER = 0.25
"""Room around a picture that a face fills to the edges, in its longer side."""
SAME_EYES = 0.12
"""Distance, in eye distances, from given eye centres to those that the detector for near faces
sees: nine of ten right ones are nearer, and none of a picture a tenth larger or smaller."""

Seen = TypeVar("Seen", Face, Detection)
_score = attrgetter("score")


class LandmarkDetector:
    """Finds faces of any size, largest first.

    All detectors of a process share the networks, one call at a time; threads may share a detector.
    In a process that was forked after the networks ran, a fresh Python answers, more slowly: the
    start method `spawn` is better there.
    """

    _open: ClassVar[weakref.WeakSet[LandmarkDetector]] = weakref.WeakSet()

    def __enter__(self) -> LandmarkDetector:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Free the networks unless another detector uses them; `detect` loads them again."""
        self._open.discard(self)
        if not self._open:
            _helper.end()
            graphs.release()

    def detect(self, pixels: NDArray[np.uint8]) -> list[Face]:
        """All faces of an (height, width, 3) uint8 RGB image; empty if there is none.

        Gray arrays and those with opacity do as well.

        Raises:
            TypeError, ValueError: another kind of array, or none; see `as_rgb`.
            MissingExtra: mediapipe is not installed.
            EcganError: mediapipe failed.
        """
        image = as_rgb(pixels)
        self._open.add(self)
        if graphs.forked():
            answer: list[Face] = _helper.ask(image)
            return answer
        if min(image.shape[:2]) < LEAST_SIDE:
            return []
        faces = _righted(image, _upright(image)) or _turned(image)
        largest_first = _once(faces, attrgetter("eye_distance"))
        return [within(face, image.shape) for face in largest_first]

    def confirms(self, pixels: NDArray[np.uint8], points: NDArray[np.float32]) -> bool:
        """Whether one look at the place of 68 given points finds the eyes there, in a fraction of
        the time of `detect`. False does not say that there is no face. Raises what `detect` raises.
        """
        self._open.add(self)
        if graphs.forked():
            return False
        alignment = align(points, LOOK_SIDE)
        eyes = np.stack(eye_centres(alignment.to_aligned(points)))
        near = SAME_EYES * np.linalg.norm(eyes[1] - eyes[0])
        seen = graphs.detections(crop(pixels, alignment), near=True)
        return any(np.linalg.norm(one.eyes - eyes, axis=1).max() < near for one in seen)


_helper = graphs.Helper(
    "from ecgan.faces import graphs, landmarks; graphs.serve(landmarks.LandmarkDetector().detect)"
)


def _upright(pixels: NDArray[np.uint8]) -> list[Face]:
    """Faces as they are in the picture: those of the mesh, and those that the face detector alone
    sees."""
    faces = _faces(pixels)
    for seen in _detections(pixels, [face.box for face in faces]):
        for i, face in enumerate(faces):
            if _covered(seen, [face]):
                faces[i] = replace(face, score=max(seen.score, face.score))
                break
        else:
            found = _closer(pixels, seen)
            if found and not _covered(found, faces):
                faces.append(found)
    return faces


def _faces(
    pixels: NDArray[np.uint8], back: NDArray[np.float64] | None = None, *, patient: bool = False
) -> list[Face]:
    """Those that the mesh finds in a part of the photo; `back`: the (2, 3) similarity from its
    pixels to the photo's."""
    meshes = graphs.meshes(pixels, patient=patient)
    if back is not None:
        turn, shift, scale = back[:, :2].T, back[:, 2], np.hypot(back[0, 0], back[1, 0])
        meshes = [
            np.hstack([m[:, :2] @ turn + shift, m[:, 2:] * scale], dtype="f4") for m in meshes
        ]
    return [face_of_mesh(mesh) for mesh in meshes]


def _detections(pixels: NDArray[np.uint8], known: list[Box]) -> list[Detection]:
    """What the face detector sees in the photo and its tiles, the surest first, each face once.

    Where there are several faces and small ones, or none, not even the `known`, the tiles get
    smaller: the face detector misses every second face that is an eighth of the tile.
    """
    height, width = pixels.shape[:2]
    seen = _in_tiles(pixels, tiles(height, width))
    side = min(TILE, height, width)
    while side > LEAST_TILE and _may_miss([one.box for one in seen] or known, side):
        side = max(LEAST_TILE, side // 2)
        squares = tiles_of(side, height, width)
        if len(squares) > (MOST_TILES if len(seen) > 1 else FEW_TILES):
            break
        seen = _once(seen + _in_tiles(pixels, squares), _score)
    return seen


def tiles(height: int, width: int) -> list[tuple[int, int, int]]:
    """Squares (left, top, side) that show each face of a photo large enough to be found.

    The whole photo, then squares of `TILE`, twice `TILE` and so on, each sharing a third with its
    neighbour; the photo's border may cut them. Photos of up to 1.25 `TILE` are not divided.
    """
    squares = [(0, 0, max(height, width))]
    side = TILE
    while more := tiles_of(side, height, width):
        squares += more
        side *= 2
    return squares


def tiles_of(side: int, height: int, width: int) -> list[tuple[int, int, int]]:
    """The squares of one side; none where the whole photo is hardly larger."""
    if max(height, width) <= 1.25 * side:
        return []
    return [(x, y, side) for y in _starts(height, side) for x in _starts(width, side)]


def _starts(length: int, side: int) -> list[int]:
    steps = max(0, -(-3 * (length - side) // (2 * side)))
    return [round((length - side) * i / steps) for i in range(steps + 1)] if steps else [0]


def _in_tiles(pixels: NDArray[np.uint8], squares: list[tuple[int, int, int]]) -> list[Detection]:
    seen = []
    for left, top, side in squares:
        for one in graphs.detections(pixels[top : top + side, left : left + side]):
            x0, y0, x1, y1 = one.box
            box = (x0 + left, y0 + top, x1 + left, y1 + top)
            seen.append(replace(one, box=box, eyes=one.eyes + np.array([left, top])))
    return _once(seen, _score)


def _may_miss(boxes: list[Box], side: int) -> bool:
    """Whether a photo may show faces that are too small for tiles of this side."""
    smallest = min((box[2] - box[0] for box in boxes), default=0.0)
    return smallest < side * (SMALL if len(boxes) != 1 else SMALL_ALONE)


def _closer(pixels: NDArray[np.uint8], seen: Detection) -> Face | None:
    """The mesh of a face that was missed in the whole photo."""
    attempts = [(1.0, False, False)]
    if seen.score >= SURE_SCORE:  # a profile gets a mesh on one of its two sides only
        attempts += [(0.75, True, False), (0.75, True, True)]
    (x, y), (x0, y0, x1, y1) = middle(seen.box), seen.box
    for reach, patient, mirrored in attempts:
        side = reach * max(x1 - x0, y1 - y0)
        left, top = max(0, int(x - side)), max(0, int(y - side))
        part = pixels[top : max(0, int(y + side)), left : max(0, int(x + side))]
        if min(part.shape[:2]) < LEAST_SIDE:
            continue
        if mirrored:
            found = _faces(part[:, ::-1], patient=patient)
            faces = [unmirrored(face, part.shape[1], left, top) for face in found]
        else:
            faces = _faces(part, np.array([[1.0, 0, left], [0, 1, top]]), patient=patient)
        if faces:
            return replace(_nearest(faces, seen.box), score=seen.score)
    return None


def _righted(pixels: NDArray[np.uint8], faces: list[Face]) -> list[Face]:
    """The faces as they really lie, without those that only the mesh sees."""
    return [right for face in faces if (right := _righted_one(pixels, face)) is not None]


def _righted_one(pixels: NDArray[np.uint8], face: Face) -> Face | None:
    """The mesh of a face upside down comes out upright, with the mouth for eyes. The detector for
    near faces is surer of an upright face, and says where its eyes are."""
    if face.score >= UPRIGHT_SCORE:
        return face
    views = [(0.0, _best_near(pixels, face, 0.0))]
    if views[0][1] is None or views[0][1].score < UPRIGHT_SCORE_NEAR:
        views.append((180.0, _best_near(pixels, face, 180.0)))
    turn, seen = max(views, key=lambda view: view[1].score if view[1] else 0.0)
    if seen is None:
        return face if face.score > MIN_SCORE else None
    turn += seen.roll
    if abs((turn + 180) % 360 - 180) < MOST_MISTURNED:
        return face
    part, back = _cut_upright(pixels, face, turn, NEAR_SIDE)
    found = _faces(part, back)
    if not found:
        return replace(face, roll=(face.roll + turn + 180) % 360 - 180)
    return replace(_nearest(found, face.box), score=face.score)


def _best_near(pixels: NDArray[np.uint8], face: Face, turn: float) -> Detection | None:
    part, _ = _cut_upright(pixels, face, turn, LOOK_SIDE)
    return max(graphs.detections(part, near=True), key=lambda seen: seen.score, default=None)


def _cut_upright(
    pixels: NDArray[np.uint8], face: Face, turn: float, side: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A square around the face, turned by its roll and `turn` degrees more; and the (2, 3) way from
    its pixels back to the photo's."""
    (x, y), (x0, y0, x1, y1) = middle(face.box), face.box
    scale = side / (2 * max(x1 - x0, y1 - y0))
    matrix = cv2.getRotationMatrix2D((x, y), face.roll + turn, scale)
    matrix[:, 2] += (side / 2 - x, side / 2 - y)
    part = cv2.warpAffine(pixels, matrix, (side, side), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(part, np.uint8), np.asarray(cv2.invertAffineTransform(matrix), np.float64)


def _turned(pixels: NDArray[np.uint8]) -> list[Face]:
    """Faces where none was found: the picture may show one to its edges, or lie on a side."""
    height, width = pixels.shape[:2]
    scale = min(1.0, NEAR_SIDE / max(height, width))
    small = pixels if scale == 1 else cv2.resize(pixels, None, fx=scale, fy=scale)
    room = round(BORDER * max(small.shape[:2]))
    framed = cv2.copyMakeBorder(small, room, room, room, room, cv2.BORDER_REPLICATE)
    for quarters in (0, 2, 1, 3):
        turned = np.ascontiguousarray(np.rot90(framed, quarters), dtype=np.uint8)
        x, y = (turned.shape[1] - 1) / 2, (turned.shape[0] - 1) / 2
        way = np.array(cv2.getRotationMatrix2D((x, y), -90.0 * quarters, 1.0), dtype=np.float64)
        way[:, 2] += (framed.shape[1] - 1) / 2 - x, (framed.shape[0] - 1) / 2 - y
        way = (way - [[0, 0, room]] * 2) / scale
        if faces := _righted(pixels, _faces(turned, way)):
            return faces
    return []


def _nearest(faces: list[Face], box: Box) -> Face:
    return min(faces, key=lambda face: np.hypot(*(middle(face.box) - middle(box))))


def _covered(one: Face | Detection, others: Sequence[Face | Detection]) -> bool:
    """Whether its middle lies in the box of one of the others."""
    x, y = middle(one.box)
    boxes = (other.box for other in others)
    return any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in boxes)


def _once(seen: Sequence[Seen], rank: Callable[[Seen], float]) -> list[Seen]:
    """The highest first, without those whose middle lies in a higher one."""
    once: list[Seen] = []
    for one in sorted(seen, key=rank, reverse=True):
        if not _covered(one, once):
            once.append(one)
    return once
