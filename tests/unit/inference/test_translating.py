"""Many photos and many targets in one call: in order, equal to single calls, errors in place."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_models import (
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.errors import FaceError, ImageError, UsageError
from ecgan.faces.face import Face
from ecgan.inference import translator as translator_module
from ecgan.inference.marking import is_output
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.results import Translated
from ecgan.inference.translator import Translator
from ecgan.precision import choose_precision

TARGETS = ["happy", "sad", "fear"]


class Finder(KnownFaces):
    """Sees the astronaut and a smaller one, and nobody in a black picture."""

    def find(self, photo) -> list[Face]:
        if not photo.pixels.any():
            raise FaceError("no-face", "no face found")
        if photo.pixels.shape[0] == 500:
            return [replace(astronaut_face(), yaw=70.0), astronaut_face()]
        return [astronaut_face()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("weights")
    translator_snapshot(root / "translator")
    recognizer_snapshot(root / "happy", "happy")
    recognizer_snapshot(root / "neutral", "neutral")
    return root


def load(folder: Path, sees: str = "neutral", **options) -> Translator:
    recognizer = Recognizer.load(folder / sees, precision="fp32")
    return Translator.load(folder / "translator", recognizer=recognizer, finder=Finder(), **options)


PIXELS = astronaut_photo().pixels
PHOTOS = [PIXELS, Image.fromarray(PIXELS - PIXELS // 8), np.roll(PIXELS, 1, axis=0)]


@pytest.mark.parametrize("route", ["neutral-first", "direct", "auto"])
@pytest.mark.parametrize("sees", ["neutral", "happy"])
@pytest.mark.parametrize("strength", [0.7, 1])
def test_many_are_what_each_is_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sees: str, route, strength: float
) -> None:
    monkeypatch.setattr(translator_module, "MOST_PHOTOS", 2)
    translator = load(folder, sees, route=route)
    together = translator.translate(PHOTOS, ["neutral", *TARGETS], strength)
    assert len(together) == len(PHOTOS)
    for photo, made in zip(PHOTOS, together, strict=True):
        assert isinstance(made, dict) and list(made) == ["neutral", *TARGETS]
        for target, one in made.items():
            alone = translator.translate(photo, target, strength)
            np.testing.assert_array_equal(one.pixels, alone.pixels)
            assert one.faces[0].after == pytest.approx(alone.faces[0].after, abs=1e-5)
            assert (one.target, one.faces[0].passes) == (target, alone.faces[0].passes)


def test_what_goes_in_says_what_comes_out(folder: Path) -> None:
    translator = load(folder)
    one = translator.translate(PIXELS, "happy")
    assert isinstance(one, Translated)
    assert list(translator.translate(PIXELS, ("sad", "HA", "sad"))) == ["sad", "HA"]
    (listed,) = translator.translate([PIXELS], "happy")
    np.testing.assert_array_equal(listed.pixels, one.pixels)
    assert translator.translate([], "happy") == []
    lazily = translator.translate((photo for photo in PHOTOS[:2]), "happy")
    assert [type(made) for made in lazily] == [Translated, Translated]


def test_errors_stand_in_the_place_of_what_failed(folder: Path, tmp_path: Path) -> None:
    translator = load(folder)
    (tmp_path / "notes.jpg").write_text("not an image")
    black = np.zeros_like(PIXELS)
    photos = [black, PIXELS, tmp_path / "notes.jpg", PIXELS / 255, PHOTOS[1], "missing.jpg"]
    made = translator.translate(photos, "happy")
    kinds = [FaceError, Translated, ImageError, TypeError, Translated, ImageError]
    assert [type(one) for one in made] == kinds
    np.testing.assert_array_equal(made[4].pixels, translator.translate(PHOTOS[1], "happy").pixels)
    several = translator.translate(photos, TARGETS)
    assert [isinstance(one, dict) for one in several] == [kind is Translated for kind in kinds]
    for photo, kind in zip(photos, kinds, strict=True):
        if kind is not Translated:
            with pytest.raises(kind):
                translator.translate(photo, "happy")
            with pytest.raises(kind):
                translator.translate(photo, TARGETS)
    for target in ("joyous", ["happy", "joyous"]):
        with pytest.raises(UsageError, match="unknown expression 'joyous'"):
            translator.translate(photos, target)


def test_a_result_tells_of_its_faces(folder: Path) -> None:
    made = load(folder, "happy", route="auto").translate(PIXELS[:500], "sad", face="all")
    (face,) = made.faces
    assert (face.number, face.box, face.route) == (2, astronaut_face().box, "neutral-first")
    np.testing.assert_array_equal(face.landmarks, astronaut_face().points)
    assert max(face.probabilities, key=lambda name: face.probabilities[name]) == "happy"
    assert sum(face.after.values()) == pytest.approx(1, abs=1e-5)
    assert face.doubt.startswith("looks happy (")
    assert [(one.number, one.reason) for one in made.refused] == [(1, "profile")]
    assert made.image.size == (512, 500)
    np.testing.assert_array_equal(np.asarray(made.image), made.pixels)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_what_is_saved_is_marked(folder: Path, tmp_path: Path, suffix: str) -> None:
    translator = load(folder)
    source = tmp_path / "anna.png"
    Image.fromarray(PIXELS).save(source)
    made = translator.translate(source, "sad", 0.8)
    output = made.save(tmp_path / f"sad.{suffix}")
    assert output == tmp_path / f"sad.{suffix}"
    assert is_output(output)
    about = json.loads((tmp_path / f"sad.{suffix}.json").read_text())
    assert about["synthetic"] and about["source"]["file"] == "anna.png"
    assert about["model"]["sha256"] == translator.sha256
    assert about["settings"]["expression"] == "sad" and about["settings"]["strength"] == 0.8
    assert about["settings"]["route"] == translator.route
    assert about["faces"][0]["face"] == 1
    (tmp_path / f"sad.{suffix}.json").unlink()
    assert is_output(output), "the mark inside"
    with pytest.raises(UsageError, match="is the photo itself"):
        made.save(source)
    with pytest.raises(UsageError, match=r"ends in \.jpg, \.png or \.webp"):
        made.save(tmp_path / "sad.gif")
    of_array = translator.translate(PIXELS, "sad").save(str(tmp_path / f"array.{suffix}"))
    about = json.loads(of_array.with_name(of_array.name + ".json").read_text())
    assert about["source"]["file"] == "picture in memory"


@pytest.mark.parametrize("at_once", [1, 4, 64])
def test_each_start_is_translated_once_and_several_in_a_call(folder: Path, at_once: int) -> None:
    translator = load(folder, "happy", route="auto")
    ready = translator.prepare(astronaut_photo())
    alone = [translator.render(ready, target) for target in TARGETS]
    translator._to_expression = replace(translator._to_expression, at_once=at_once)
    rows: list[int] = []
    network = translator._to_expression.network
    inner = network.forward
    network.forward = lambda source, code: (rows.append(len(source)), inner(source, code))[1]
    made = translator.render_all([(ready, target) for target in TARGETS])
    assert rows == {1: [1] * 6, 4: [4, 2], 64: [6]}[at_once]
    for one, same in zip(made, alone, strict=True):
        assert np.mean(one.pixels != same.pixels) < (1e-4 if at_once > 1 else 1e-9)
    assert made[0].faces[0].aligned.mask is made[1].faces[0].aligned.mask


def test_the_recogniser_takes_one_photo_or_many(folder: Path, tmp_path: Path) -> None:
    recognizer = Recognizer.load(folder / "happy", precision="fp32")
    two = recognizer.recognize(PIXELS[:500], Finder())
    assert [(face.number, face.expression, face.doubt) for face in two] == [
        (1, "happy", "profile"),
        (2, "happy", None),
    ]
    assert two[0].landmarks.shape == (68, 2)
    photos = [np.zeros_like(PIXELS), Image.fromarray(PIXELS), PIXELS.astype(float)]
    none, one, wrong = recognizer.recognize(photos, Finder())
    assert isinstance(none, FaceError) and isinstance(wrong, TypeError)
    assert one[0].expression == "happy"
    with pytest.raises(FaceError, match="no face found"):
        recognizer.recognize(photos[0], Finder())


def test_threads_share_a_translator(folder: Path) -> None:
    translator = load(folder, "happy", route="auto")
    jobs = [(photo, target) for photo in PHOTOS for target in TARGETS]
    expected = [translator.translate(photo, target).pixels for photo, target in jobs]
    equal: list[bool] = []

    def work(start: int) -> None:
        for i in range(3):
            place = (start + i) % len(jobs)
            made = translator.translate(*jobs[place])
            equal.append(np.array_equal(made.pixels, expected[place]))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert equal == [True] * 24


def test_precision_is_full_unless_asked_for(folder: Path) -> None:
    exact, coarse = load(folder), load(folder, precision="bf16")
    assert exact._to_expression.precision == "fp32"
    automatic = load(folder, precision="auto")
    assert automatic._to_expression.precision == choose_precision("auto", exact.device)
    apart = np.abs(
        exact.translate(PIXELS, "sad").pixels.astype(int) - coarse.translate(PIXELS, "sad").pixels
    )
    assert 0 < apart.mean() < 1
