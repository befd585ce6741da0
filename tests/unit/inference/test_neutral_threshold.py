"""From which probability on a face counts as neutral and is translated as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_models import (
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.expressions import EXPRESSIONS
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator


@pytest.mark.parametrize(("neutral", "passes"), [(0.45, 1), (0.55, 0), (0.8, 0)])
def test_a_face_is_neutral_from_one_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, neutral: float, passes: int
) -> None:
    translator = Translator.load(
        translator_snapshot(tmp_path / "t"),
        recognizer=Recognizer.load(recognizer_snapshot(tmp_path / "r", "happy"), precision="fp32"),
        finder=KnownFaces(astronaut_face()),
    )
    seen = {**dict.fromkeys(EXPRESSIONS, 0.0), "neutral": neutral, "happy": 1 - neutral}
    monkeypatch.setattr(translator, "seen_in", lambda crops: [seen] * len(crops))
    (face,) = translator.prepare(astronaut_photo()).faces
    assert (face.passes, face.expressive) == (passes, passes > 0)
