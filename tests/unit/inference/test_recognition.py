"""Recognition of the faces in a photo."""

from dataclasses import replace
from pathlib import Path

from support.tiny_models import astronaut_face, astronaut_photo, recognizer_snapshot

from ecgan.inference.recognition import recognise_faces
from ecgan.inference.recognizer import Recognizer


def test_each_face_gets_probabilities_and_bad_ones_a_doubt(tmp_path: Path) -> None:
    recognizer = Recognizer.load(recognizer_snapshot(tmp_path / "r", "fear"), precision="fp32")
    faces = [astronaut_face(), replace(astronaut_face(), yaw=70.0)]
    first, second = recognise_faces(astronaut_photo(), faces, recognizer)
    assert first.expression == "fear"
    assert abs(sum(first.probabilities.values()) - 1) < 1e-5
    assert (first.number, first.doubt) == (1, None)
    assert (second.number, second.doubt) == (2, "profile")
    assert first.box == faces[0].box
