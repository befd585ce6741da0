"""Detection on a photo that a library ships, and what is refused."""

import dataclasses
import re

import cv2
import numpy as np
import pytest
from support.tiny_models import astronaut_points

from ecgan.errors import FaceError
from ecgan.faces import graphs, landmarks
from ecgan.faces.face import (
    MAX_PITCH,
    MAX_ROLL,
    MAX_YAW,
    MIN_EYE_DISTANCE,
    Face,
    check_translatable,
    unmirrored,
)
from ecgan.faces.landmarks import LandmarkDetector

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


def test_one_look_confirms_points_where_they_are_alone(
    detector: LandmarkDetector,
    astronaut: np.ndarray,
    face: Face,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def search(*_: object, **__: object) -> None:
        raise AssertionError("the whole photo was searched")

    monkeypatch.setattr(graphs, "meshes", search)
    assert detector.confirms(astronaut, face.points)
    assert detector.confirms(astronaut, astronaut_points()), "within what people set by hand"
    for factor in (0.5, 0.9, 1.1, 1.5):
        assert not detector.confirms(astronaut, factor * face.points), "of another size"
    assert not detector.confirms(astronaut, face.points + 150)


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


@pytest.mark.parametrize("degrees", [180, 150, -135, 90, -90])
def test_a_turned_face_is_refused_with_its_angle(
    detector: LandmarkDetector, astronaut: np.ndarray, face: Face, degrees: int
) -> None:
    head = np.full((600, 600, 3), astronaut[5, 5], np.uint8)
    head[190:410, 190:410] = astronaut[0:220, 120:340]
    matrix = cv2.getRotationMatrix2D((300, 300), -degrees, 1)
    photo = np.asarray(cv2.warpAffine(head, matrix, (600, 600), borderMode=cv2.BORDER_REPLICATE))
    (turned,) = detector.detect(photo)
    assert abs((turned.roll - face.roll - degrees + 180) % 360 - 180) < 15
    nose = matrix @ [*(face.points[30] + [70, 190]), 1]
    assert np.abs(turned.points[30] - nose).max() < 12, "the nose is where it is in the picture"
    with pytest.raises(
        FaceError, match=r"turned by \d+ degrees in the picture.*turn the"
    ) as caught:
        check_translatable(turned, photo.shape)
    assert caught.value.reason == "tilted"


def test_a_leaning_face_is_not_turned(
    detector: LandmarkDetector, astronaut: np.ndarray, face: Face
) -> None:
    for degrees in (-40, 40):
        matrix = cv2.getRotationMatrix2D((225, 120), -degrees, 1)
        photo = np.asarray(cv2.warpAffine(astronaut, matrix, (512, 512)))
        (leaning,) = detector.detect(photo)
        assert leaning.roll == pytest.approx(face.roll + degrees, abs=10)
        check_translatable(leaning, photo.shape)


def test_all_faces_of_a_group_are_found_once(
    detector: LandmarkDetector, astronaut: np.ndarray
) -> None:
    head = cv2.resize(astronaut[0:220, 120:340], (130, 130), interpolation=cv2.INTER_AREA)
    photo = np.full((4 * 150, 6 * 150, 3), 120, np.uint8)
    places = [(150 * column + 10, 150 * row + 10) for row in range(4) for column in range(6)]
    for left, top in places:
        photo[top : top + 130, left : left + 130] = head
    noses = np.array([face.points[30] for face in detector.detect(photo)])
    assert len(noses) == len(places)
    for left, top in places:
        assert (np.linalg.norm(noses - [left + 61, top + 74], axis=1) < 10).sum() == 1


def test_gray_pictures_of_48_px_are_read(detector: LandmarkDetector, astronaut: np.ndarray) -> None:
    """The face to the edges, as in FER2013."""
    crop = cv2.cvtColor(astronaut[70:190, 165:285], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(crop, (48, 48), interpolation=cv2.INTER_AREA)
    (face,) = detector.detect(small)
    assert 14 < face.eye_distance < 20
    check_translatable(face, small.shape)


def test_boxes_end_at_the_border(detector: LandmarkDetector, astronaut: np.ndarray) -> None:
    crop = astronaut[75:190, 165:265]
    (face,) = detector.detect(crop)
    x0, y0, x1, y1 = face.box
    assert 0 <= x0 < x1 <= crop.shape[1]
    assert 0 <= y0 < y1 <= crop.shape[0]


@pytest.mark.parametrize("off", [0.001, 0.04, 0.4])
def test_a_refusal_does_not_contradict_itself(
    face: Face, astronaut: np.ndarray, off: float
) -> None:
    scale = (MIN_EYE_DISTANCE - off) / face.eye_distance
    near = [
        dataclasses.replace(face, points=face.points * scale),
        dataclasses.replace(face, yaw=MAX_YAW + off),
        dataclasses.replace(face, pitch=-MAX_PITCH - off),
        dataclasses.replace(face, roll=MAX_ROLL + off),
    ]
    for refused in near:
        with pytest.raises(FaceError) as caught:
            check_translatable(refused, astronaut.shape)
        numbers = re.findall(r"[\d.]+", str(caught.value))
        assert len(set(numbers)) == 2, str(caught.value)
