"""Detection on a photo that a library ships, and what is refused."""

import dataclasses
import sys

import numpy as np
import pytest

from ecgan.errors import EcganError, FaceError
from ecgan.faces import landmarks
from ecgan.faces.face import unmirrored
from ecgan.faces.landmarks import Face, LandmarkDetector, check_translatable

skimage_data = pytest.importorskip("skimage.data")
pytest.importorskip("mediapipe")


@pytest.fixture(scope="module")
def detector() -> LandmarkDetector:
    return LandmarkDetector()


@pytest.fixture(scope="module")
def astronaut() -> np.ndarray:
    return np.asarray(skimage_data.astronaut())


@pytest.fixture(scope="module")
def face(detector: LandmarkDetector, astronaut: np.ndarray) -> Face:
    faces = detector.detect(astronaut)
    assert len(faces) == 1
    return faces[0]


def test_points_are_where_the_face_is(face: Face) -> None:
    left, right = face.points[36:42].mean(0), face.points[42:48].mean(0)
    assert np.abs(left - [204, 101]).max() < 5, "eye on the left of the picture"
    assert np.abs(right - [246, 104]).max() < 8
    assert left[1] < face.points[30, 1] < face.points[48:68, 1].mean() < face.points[8, 1]
    assert abs(face.yaw) < 20
    assert abs(face.roll) < 12


def test_small_and_several_faces_are_found_largest_first(
    detector: LandmarkDetector, astronaut: np.ndarray
) -> None:
    head = astronaut[0:220, 120:340]
    photo = np.full((900, 1400, 3), 128, np.uint8)
    photo[300:520, 100:320] = head
    photo[200:640, 800:1240] = head.repeat(2, 0).repeat(2, 1)
    faces = detector.detect(photo)
    assert len(faces) == 2
    assert faces[0].eye_distance == pytest.approx(2 * faces[1].eye_distance, rel=0.1)
    assert faces[0].points[30, 0] > 800 > faces[1].points[30, 0]


def test_nothing_is_found_in_noise(detector: LandmarkDetector) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    assert detector.detect(noise) == []
    assert detector.detect(np.zeros((4, 4, 3), np.uint8)) == []


def test_a_good_face_is_accepted(face: Face, astronaut: np.ndarray) -> None:
    check_translatable(face, astronaut.shape)


@pytest.mark.parametrize(
    ("reason", "change"),
    [
        ("profile", {"yaw": 60.0}),
        ("profile", {"yaw": -45.0}),
        ("tilted", {"pitch": 30.0}),
        ("tilted", {"pitch": -30.0}),
        ("tilted", {"roll": 80.0}),
    ],
)
def test_turned_faces_are_refused(
    face: Face, astronaut: np.ndarray, reason: str, change: dict[str, float]
) -> None:
    with pytest.raises(FaceError) as caught:
        check_translatable(dataclasses.replace(face, **change), astronaut.shape)
    assert caught.value.reason == reason


def test_tiny_and_cut_faces_are_refused(face: Face, astronaut: np.ndarray) -> None:
    tiny = dataclasses.replace(face, points=face.points / 4)
    with pytest.raises(FaceError) as caught:
        check_translatable(tiny, astronaut.shape)
    assert caught.value.reason == "tiny"
    with pytest.raises(FaceError) as caught:
        check_translatable(face, (130, 512, 3))
    assert caught.value.reason == "outside"


def test_a_small_face_in_a_large_photo_is_found_once(
    detector: LandmarkDetector, astronaut: np.ndarray
) -> None:
    photo = np.full((1500, 2000, 3), 90, np.uint8)
    photo[1000:1220, 1300:1520] = astronaut[0:220, 120:340]
    faces = detector.detect(photo)
    assert len(faces) == 1
    assert np.abs(faces[0].points[36:42].mean(0) - [1384, 1101]).max() < 8
    assert landmarks.SURE_SCORE < faces[0].score <= 1
    check_translatable(faces[0], photo.shape)


def test_a_face_found_in_the_mirror_is_turned_back(
    detector: LandmarkDetector, astronaut: np.ndarray, face: Face
) -> None:
    left, top = 120, 10
    part = astronaut[top:230, left:350]
    (seen,) = detector.detect(np.ascontiguousarray(part[:, ::-1]))
    back = unmirrored(seen, part.shape[1], left, top)
    error = np.linalg.norm(back.points - face.points, axis=1)
    assert np.median(error) < 0.06 * face.eye_distance
    assert error.max() < 0.25 * face.eye_distance, "no two points change places"
    assert np.abs(np.subtract(back.box, face.box)).max() < 0.2 * face.eye_distance
    assert np.sign(back.roll) == np.sign(face.roll)
    assert back.yaw == pytest.approx(face.yaw, abs=6)


def test_without_mediapipe_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    with pytest.raises(EcganError, match=r"pip install 'ecgan\[faces\]'"):
        LandmarkDetector().detect(np.zeros((64, 64, 3), np.uint8))
