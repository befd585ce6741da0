"""Faces of a photo: given or detected, chosen, checked and cropped."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import astronaut_face, astronaut_photo, astronaut_points

from ecgan.errors import EcganWarning, FaceError, MissingExtra, UsageError
from ecgan.faces.face import NOSE_DEPTH, Face, given_face
from ecgan.faces.finder import (
    MAX_CROP_PX,
    FaceFinder,
    align_face,
    choose_faces,
    parse_face_choice,
)
from ecgan.faces.photo import read_photo


class Detector:
    """Stands for the landmark model."""

    def __init__(self, *faces) -> None:
        self.faces = list(faces)

    def detect(self, pixels):
        return self.faces

    def confirms(self, pixels, points):
        return False


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("all", "all"),
        ("Largest", "largest"),
        ("1", 1),
        (" 3 ", 3),
        ("1, 3", (1, 3)),
        ("2,2", (2,)),
        ("Left", "left"),
        ("rightmost", "right"),
        ("centre", "center"),
        ("1,left", (1, "left")),
    ],
)
def test_face_choice(text: str, choice) -> None:
    assert parse_face_choice(text) == choice


@pytest.mark.parametrize("text", ["0", "-1", "biggest", "", "1.5", "1,", "1;2", "all,1", "top"])
def test_wrong_face_choice_names_the_right_ones(text: str) -> None:
    with pytest.raises(UsageError, match="all, largest or a number"):
        parse_face_choice(text)


def test_given_landmarks_come_before_detection(tmp_path: Path) -> None:
    Image.fromarray(astronaut_photo().pixels).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", astronaut_points())
    found = FaceFinder(Detector()).find(read_photo(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0].points, astronaut_points())


def test_given_landmarks_that_one_look_confirms_cost_no_detection(tmp_path: Path) -> None:
    class Looks(Detector):
        def confirms(self, pixels, points):
            return np.array_equal(points, astronaut_points())

        def detect(self, pixels):
            raise AssertionError("the whole photo was searched")

    Image.fromarray(astronaut_photo().pixels).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", astronaut_points())
    found = FaceFinder(Looks()).find(read_photo(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0].points, astronaut_points())


def test_given_landmarks_are_taken_where_no_detector_is_installed(tmp_path: Path) -> None:
    class Missing(Detector):
        def confirms(self, pixels, points):
            raise MissingExtra("mediapipe")

    Image.fromarray(astronaut_photo().pixels).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", astronaut_points())
    found = FaceFinder(Missing()).find(read_photo(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0].points, astronaut_points())


def test_a_file_without_landmarks_is_said_and_faces_are_detected(tmp_path: Path) -> None:
    Image.fromarray(astronaut_photo().pixels).save(tmp_path / "a.png")
    (tmp_path / "a.pts").write_text("version: 1\nn_points: 68\n{\n1 2\n}\n")
    with pytest.warns(EcganWarning, match=r"a\.pts.*; faces are detected"):
        found = FaceFinder(Detector(astronaut_face())).find(read_photo(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0].points, astronaut_points())


def test_landmarks_of_a_larger_copy_give_way_to_detected_ones(tmp_path: Path) -> None:
    Image.fromarray(astronaut_photo().pixels).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", 1.5 * astronaut_points())
    with pytest.warns(EcganWarning, match="for another size"):
        found = FaceFinder(Detector(astronaut_face())).find(read_photo(tmp_path / "a.png"))
    np.testing.assert_allclose(found[0].points, astronaut_points())


def test_no_face() -> None:
    with pytest.raises(FaceError) as caught:
        FaceFinder(Detector()).find(astronaut_photo())
    assert caught.value.reason == "no-face"


@pytest.mark.parametrize("yaw", [-50.0, -20.0, 0.0, 30.0, 50.0])
def test_yaw_of_a_given_face_is_that_of_its_nose(yaw: float) -> None:
    """Eyes in a plane, the tip of the nose NOSE_DEPTH eye distances before it, turned by yaw."""
    points = np.zeros((68, 3))
    points[36:42, 0], points[42:48, 0] = -50, 50
    points[30, 2] = 100 * NOSE_DEPTH
    angle = np.radians(yaw)
    flat = np.stack([points[:, 0] * np.cos(angle) + points[:, 2] * np.sin(angle), points[:, 1]], 1)
    assert given_face(flat.astype(np.float32)).yaw == pytest.approx(yaw, abs=0.01)


def test_given_face_has_box_and_roll() -> None:
    points = astronaut_points()
    angle = np.radians(30)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    straight, turned = given_face(points), given_face((points @ turn).astype(np.float32))
    assert straight.box == (179.0, 87.0, 271.0, 177.0)
    assert turned.roll - straight.roll == pytest.approx(30, abs=0.01)


def test_given_face_upside_down_is_turned() -> None:
    points = astronaut_points()
    upside_down = (512 - points).astype(np.float32)
    assert abs(given_face(upside_down).roll) == pytest.approx(180, abs=6)
    # As a detector names them that takes such a face for an upright one: left is left.
    mirrored = (points * [1, -1] + [0, 512]).astype(np.float32)
    assert abs(given_face(mirrored).roll) == pytest.approx(180, abs=6)
    with pytest.raises(FaceError, match=r"turned by 1\d\d degrees"):
        choose_faces(astronaut_photo(), [given_face(upside_down)], "all", least_px=64)


def test_box_of_a_given_face_ends_at_the_border(tmp_path: Path) -> None:
    Image.fromarray(astronaut_photo().pixels[:, 190:]).save(tmp_path / "a.png")
    np.save(tmp_path / "a.npy", astronaut_points() - [190, 0])
    (found,) = FaceFinder(Detector()).find(read_photo(tmp_path / "a.png"))
    assert found.box[0] == 0


def test_crop_has_the_resolution_of_the_photo() -> None:
    photo, face = astronaut_photo(), astronaut_face()
    aligned = align_face(photo, face, least_px=64)
    assert aligned.pixels.shape == (aligned.alignment.size,) * 2 + (3,)
    assert aligned.alignment.scale == pytest.approx(1, abs=0.01)
    eyes = aligned.points[36:42].mean(0), aligned.points[42:48].mean(0)
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(44.5, abs=1.5)


def test_crop_is_at_least_the_network_size_and_at_most_the_limit() -> None:
    photo, face = astronaut_photo(), astronaut_face()
    assert align_face(photo, face, least_px=512).alignment.size == 512
    large = replace(photo, pixels=np.zeros((4096, 4096, 3), np.uint8))
    huge = given_face(astronaut_points() * 8)
    assert align_face(large, huge, least_px=64).alignment.size == MAX_CROP_PX


def test_faces_are_chosen_by_number_and_refused_with_a_reason() -> None:
    photo = astronaut_photo()
    good, profile = astronaut_face(), replace(astronaut_face(), yaw=80.0)
    both = choose_faces(photo, [profile, good], "all", least_px=64)
    assert [face.number for face in both.aligned] == [2]
    assert [(face.number, face.reason) for face in both.refused] == [(1, "profile")]
    assert choose_faces(photo, [profile, good], 2, least_px=64).aligned[0].number == 2
    with pytest.raises(FaceError) as caught:
        choose_faces(photo, [profile, good], "largest", least_px=64)
    assert caught.value.reason == "profile"


def test_a_number_beyond_the_faces_is_refused() -> None:
    with pytest.raises(FaceError, match="face 3 was asked for, the photo has 1"):
        choose_faces(astronaut_photo(), [astronaut_face()], 3, least_px=64)


def test_faces_are_chosen_by_place_and_list() -> None:
    photo = astronaut_photo()
    face = astronaut_face()

    def moved(across: float) -> Face:
        x0, y0, x1, y1 = face.box
        return replace(face, box=(x0 + across, y0, x1 + across, y1))

    faces = [moved(0), moved(200), moved(-100)]  # the middle of the picture is at 256

    def chosen(text: str) -> list[int]:
        found = choose_faces(photo, faces, parse_face_choice(text), least_px=64)
        return [one.number for one in found.aligned]

    assert chosen("left") == [3]
    assert chosen("right") == [2]
    assert chosen("center") == [1]
    assert chosen("3,1") == [3, 1]
    assert chosen("left,3,2") == [3, 2]
    with pytest.raises(FaceError, match="face 4 was asked for, the photo has 3"):
        chosen("1,4")
