"""The translator changes the face as asked and nothing else."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from support.tiny_models import (
    SIZE,
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    astronaut_points,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.errors import FaceError, SnapshotError, UsageError
from ecgan.expressions import EXPRESSIONS
from ecgan.faces.alignment import JAW_ROOM, face_mask
from ecgan.faces.change import photo_mask
from ecgan.faces.face import given_face
from ecgan.faces.finder import MAX_CROP_PX
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.strength import NEUTRAL_PASSES, Route, parse_route
from ecgan.inference.translator import Translator
from ecgan.window import Window

ZOOM = 1.375
HAPPY = [0, 1, 0, 0, 0, 0, 0]
OTHERS = dict.fromkeys(EXPRESSIONS[2:], 0.9)
FULL = {
    "full 0.8": 0.8,
    "full 0.5": 0.5,
    "full 1.1 of happy": {"happy": 1.1, **OTHERS},
    "full of others": OTHERS,
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("snapshots")
    made = {name: recognizer_snapshot(root / name, name) for name in ("happy", "neutral")}
    made["warp"] = translator_snapshot(root / "warp")
    made["plain"] = translator_snapshot(root / "plain", intensity=False)
    made["pixels"] = translator_snapshot(root / "pixels", output="pixels", intensity=False)
    made["direct"] = translator_snapshot(root / "direct", route="direct")
    for output in ("warp", "pixels"):
        name = f"zoomed {output}"
        made[name] = translator_snapshot(root / name, output=output, intensity=False, zoom=ZOOM)
    made["round"] = translator_snapshot(root / "round", route="round")
    for name, full in FULL.items():
        made[name] = translator_snapshot(root / name, route="direct", full_intensity=full)
    return made


def load(
    folders: dict[str, Path],
    kind: str = "warp",
    sees: str = "neutral",
    route: Route | None = None,
) -> Translator:
    recognizer = Recognizer.load(folders[sees], precision="fp32")
    finder = KnownFaces(astronaut_face())
    return Translator.load(folders[kind], route=route, recognizer=recognizer, finder=finder)


def calls(translator: Translator) -> list[tuple[str, list[float]]]:
    """Grows by each generator's name and z as they are called."""
    seen: list[tuple[str, list[float]]] = []
    for name in ("to_expression", "to_neutral"):
        generator = getattr(translator, f"_{name}").network
        inner = generator.forward

        def spy(source, code, name=name, inner=inner):
            seen.append((name, code[0].tolist()))
            return inner(source, code)

        generator.forward = spy
    return seen


@pytest.mark.parametrize("kind", ["warp", "plain", "pixels"])
def test_only_the_face_changes(folders: dict[str, Path], kind: str) -> None:
    photo = astronaut_photo()
    before = photo.pixels.copy()
    made = load(folders, kind).translate(photo, "sad")
    aligned = made.faces[0].aligned
    mask = face_mask(aligned.points, aligned.alignment.size, JAW_ROOM)
    inside = photo_mask(photo.pixels.shape, aligned.alignment, mask) > 0
    assert made.pixels.shape == photo.pixels.shape
    assert (made.pixels[~inside] == before[~inside]).all()
    assert np.abs(made.pixels[inside].astype(int) - before[inside]).mean() > 0.5
    np.testing.assert_array_equal(photo.pixels, before)


@pytest.mark.parametrize("kind", ["zoomed warp", "zoomed pixels"])
def test_a_zoomed_translator_sees_the_window_and_changes_it_alone(
    folders: dict[str, Path], kind: str
) -> None:
    translator = load(folders, kind)
    assert translator.window == Window(ZOOM)
    sizes: list[int] = []
    generator = translator._to_expression.network
    inner = generator.forward
    generator.forward = lambda source, code: (sizes.append(source.shape[-1]), inner(source, code))[
        1
    ]
    ready = translator.prepare(astronaut_photo())
    crop = ready.faces[0].source.pixels
    changed = translator._translated(ready.faces[0], "sad", 1.0)
    assert changed.change is not None
    made = changed.change.of(crop)
    assert set(sizes) == {SIZE}
    inside = torch.zeros(crop.shape[:2], dtype=torch.bool)
    Window(ZOOM).cut(inside)[:] = True
    inside = inside.numpy()
    np.testing.assert_array_equal(made[~inside], crop[~inside])
    assert np.abs(made.astype(int) - crop)[inside].mean() > 0.005 * 127.5


@pytest.mark.parametrize("kind", ["warp", "plain", "pixels"])
def test_strength_zero_is_the_photo_and_more_changes_more(
    folders: dict[str, Path], kind: str
) -> None:
    photo, translator = astronaut_photo(), load(folders, kind)
    ready = translator.prepare(photo)
    made = [translator.render(ready, "happy", s).pixels.astype(int) for s in (0, 0.5, 1, 1.5)]
    assert (made[0] == photo.pixels).all()
    changes = [np.abs(pixels - photo.pixels).mean() for pixels in made]
    assert changes[3] > changes[2] > 0
    if kind != "warp":  # with intensity in z, an untrained network need not be monotonic
        assert changes[2] > changes[1] > 0
    assert len({pixels.tobytes() for pixels in made}) == 4


def test_intensity_goes_into_the_code(folders: dict[str, Path]) -> None:
    translator = load(folders)
    seen = calls(translator)
    ready = translator.prepare(astronaut_photo())
    for strength in (0.25, 1.0, 1.5):
        translator.render(ready, "happy", strength)
    # Labelled data go up to 1.2; what that gives is exaggerated to reach 1.5.
    wanted = [[0.75, 0.25, 0, 0, 0, 0, 0], HAPPY, [-0.2, 1.2, 0, 0, 0, 0, 0]]
    np.testing.assert_allclose([code for _, code in seen], wanted, atol=1e-6)


def test_expressions_differ(folders: dict[str, Path]) -> None:
    translator = load(folders)
    ready = translator.prepare(astronaut_photo())
    made = {translator.render(ready, e).pixels.tobytes() for e in translator.vocabulary.names}
    assert len(made) == 7


def test_the_recogniser_decides_whether_to_neutralise(folders: dict[str, Path]) -> None:
    photo = astronaut_photo()
    neutral = load(folders, sees="neutral").translate(photo, "sad")
    smiling = load(folders, sees="happy").translate(photo, "sad")
    taken = load(folders, sees="happy").translate(photo, "sad", assume_neutral=True)
    assert neutral.faces[0].passes == 0
    assert smiling.faces[0].passes == 1
    assert smiling.faces[0].probabilities["happy"] > 0.9
    assert taken.faces[0].probabilities is None
    np.testing.assert_array_equal(neutral.pixels, taken.pixels)
    assert (neutral.pixels != smiling.pixels).any()


def test_strength_zero_of_a_smiling_face_is_its_neutral_one(folders: dict[str, Path]) -> None:
    translator = load(folders, sees="happy")
    ready = translator.prepare(astronaut_photo())
    zero = translator.render(ready, "sad", 0).pixels
    np.testing.assert_array_equal(zero, translator.render(ready, "neutral").pixels)


def test_snapshots_that_name_no_route_neutralise_first(folders: dict[str, Path]) -> None:
    photo, translator = astronaut_photo(), load(folders, sees="happy")
    seen = calls(translator)
    made = translator.translate(photo, "happy")
    # A recogniser that sees no change keeps the first pass.
    assert [name for name, _ in seen] == ["to_neutral", "to_neutral", "to_expression"]
    assert made.faces[0].passes == 1
    asked = load(folders, "direct", sees="happy", route="neutral-first").translate(photo, "happy")
    np.testing.assert_array_equal(made.pixels, asked.pixels)


@pytest.mark.parametrize("kind", ["warp", "plain", "pixels"])
def test_direct_starts_from_the_photo(folders: dict[str, Path], kind: str) -> None:
    photo, translator = astronaut_photo(), load(folders, kind, sees="happy", route="direct")
    seen = calls(translator)
    ready = translator.prepare(photo)
    strengths = (0, 0.01, 0.25, 0.5, 0.75, 1, 1.25, 1.5)
    made = [translator.render(ready, "happy", s).pixels for s in strengths]
    asked = (0.5, 0.5, 0.5, 0.75, 1, 1.2, 1.2) if kind == "warp" else (1,) * 7
    assert {name for name, _ in seen} == {"to_expression"}
    codes = [[1 - z, z, 0, 0, 0, 0, 0] for z in asked]
    np.testing.assert_allclose([code for _, code in seen], codes, atol=1e-6)
    assert (made[0] == photo.pixels).all()
    changes = [np.abs(pixels.astype(int) - photo.pixels).mean() for pixels in made]
    # With intensity in z, an untrained network need not be monotonic between 0.5 and 1.
    steps = [changes[:4], changes[5:]] if kind == "warp" else [changes]
    assert all(more > less for part in steps for less, more in pairwise(part)), changes
    assert changes[1] < 0.1 * changes[3], "no jump where the strength leaves 0"
    assert ready.faces[0].passes == 0 and ready.faces[0].expressive


@pytest.mark.parametrize(
    ("kind", "sees", "full"),
    [
        ("full 0.8", "neutral", 0.8),
        ("full 0.8", "happy", 1),
        ("full 1.1 of happy", "neutral", 1.1),
        ("full 1.1 of happy", "happy", 1.1),
    ],
)
def test_strength_one_is_the_full_intensity(
    folders: dict[str, Path], kind: str, sees: str, full: float
) -> None:
    photo, translator = astronaut_photo(), load(folders, kind, sees)
    seen, plain = calls(translator), load(folders, "direct", sees)
    for strength in (0.75, 1, 1.5 if full <= 1 else 1.3):  # `plain` goes to 1.5
        intensity = min(1.2, strength * full)
        made = translator.translate(photo, "happy", strength).pixels
        name, code = seen.pop()
        assert name == "to_expression"
        assert code == pytest.approx([1 - intensity, intensity, 0, 0, 0, 0, 0])
        same = plain.translate(photo, "happy", strength * full).pixels
        np.testing.assert_allclose(made, same, atol=1)


def test_strength_can_always_reach_the_strongest_labels(folders: dict[str, Path]) -> None:
    for kind, got in (("full 0.5", 0.5), ("full of others", None)):
        message = rf"full_intensity lies in \[0.8, 1.2\], got {got} for happy"
        with pytest.raises(SnapshotError, match=message):
            load(folders, kind)


def test_each_expression_has_a_full_intensity_of_its_own(folders: dict[str, Path]) -> None:
    translator = load(folders, "full 1.1 of happy")
    asked = ("HA", "sad", "neutral")
    assert [translator.full(name) for name in asked] == [1.1, 0.9, 1]
    assert {load(folders, "full 0.8").full(name) for name in EXPRESSIONS[1:]} == {0.8}
    with pytest.raises(UsageError, match="unknown expression 'joyous'"):
        translator.full("joyous")


def test_both_routes_neutralise_alike(folders: dict[str, Path]) -> None:
    photo = astronaut_photo()
    first, direct = (load(folders, kind, sees="happy") for kind in ("warp", "direct"))
    assert (first.route, direct.route) == ("neutral-first", "direct")
    for strength in (0, 0.5, 1):
        one, other = (t.translate(photo, "neutral", strength) for t in (first, direct))
        np.testing.assert_array_equal(one.pixels, other.pixels)
    assert (first.translate(photo, "sad").pixels != direct.translate(photo, "sad").pixels).any()


@pytest.mark.parametrize("strength", [0, 0.5, 1, 1.5])
def test_a_neutral_face_goes_one_way(folders: dict[str, Path], strength: float) -> None:
    photo = astronaut_photo()
    for assume_neutral, sees in ((True, "happy"), (False, "neutral")):
        one, other = (
            load(folders, kind, sees).translate(
                photo, "fear", strength, assume_neutral=assume_neutral
            )
            for kind in ("warp", "direct")
        )
        np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(
    ("better", "seen"),
    [
        ("neutral-first", [{"sad": 0.6}, {"sad": 0.4}]),
        ("direct", [{"sad": 0.4}, {"sad": 0.6}]),
        ("neutral-first", [{"sad": 0.2}, {"sad": 0.4, "fear": 0.5}]),
    ],
)
def test_auto_goes_directly_where_that_shows_the_expression_better(
    folders: dict[str, Path], better: str, seen: list[dict[str, float]]
) -> None:
    photo, translator = astronaut_photo(), load(folders, sees="happy", route="auto")
    made = {
        route: load(folders, sees="happy", route=parse_route(route)).translate(photo, "sad", 0.7)
        for route in ("neutral-first", "direct")
    }
    ready = translator.prepare(photo)
    answers = iter([*seen, {"sad": 0.5}])
    translator.seen_in = lambda crops: [next(answers) for _ in crops]
    result = translator.render(ready, "sad", 0.7)
    np.testing.assert_array_equal(result.pixels, made[better].pixels)
    assert (result.faces[0].passes > 0) == (better == "neutral-first")
    assert result.faces[0].after == {"sad": 0.5}
    assert next(answers, None) is None, "both routes and the result were looked at once"


def test_auto_keeps_a_photo_that_shows_more_of_it(folders: dict[str, Path]) -> None:
    photo, translator = astronaut_photo(), load(folders, sees="happy", route="auto")
    ready = translator.prepare(photo)
    seen = ready.faces[0].probabilities
    assert seen is not None
    translator.seen_in = lambda crops: [{"happy": seen["happy"] - 0.1, "sad": 0.0}] * len(crops)
    first = load(folders, sees="happy", route="neutral-first")
    for strength in (1, 1.5):
        kept = translator.render(ready, "happy", strength)
        assert kept.faces[0].kept
        np.testing.assert_array_equal(kept.pixels, photo.pixels)
    np.testing.assert_array_equal(
        translator.render(ready, "happy", 0.6).pixels, first.translate(photo, "happy", 0.6).pixels
    )


def test_auto_asks_nothing_where_there_is_no_choice(folders: dict[str, Path]) -> None:
    photo = astronaut_photo()
    for sees, target in (("happy", "neutral"), ("neutral", "sad")):
        one, other = (
            load(folders, sees=sees, route=parse_route(route)).translate(photo, target)
            for route in ("auto", "neutral-first")
        )
        np.testing.assert_array_equal(one.pixels, other.pixels)


@pytest.mark.parametrize(
    ("after", "passes"),
    [([0.6], 1), ([0.2, 0.6], 2), ([0.1, 0.2, 0.3], NEUTRAL_PASSES), ([0.3, 0.2], 1)],
)
def test_neutralising_goes_on_while_it_helps(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, after: list[float], passes: int
) -> None:
    translator = load(folders)
    answers = iter([0.1, *after])
    monkeypatch.setattr(
        translator, "seen_in", lambda crops: [{"neutral": next(answers)} for _ in crops]
    )
    (face,) = translator.prepare(astronaut_photo()).faces
    assert face.passes == passes
    assert next(answers, None) is None


def test_routes_have_names(folders: dict[str, Path]) -> None:
    assert parse_route(" Direct ") == "direct"
    with pytest.raises(UsageError, match="neutral-first, direct or auto, got 'round'"):
        parse_route("round")
    with pytest.raises(SnapshotError, match="got 'round'"):
        load(folders, "round")


def test_the_same_call_gives_the_same_pixels(folders: dict[str, Path]) -> None:
    once = load(folders).translate(astronaut_photo(), "fear").pixels
    np.testing.assert_array_equal(once, load(folders).translate(astronaut_photo(), "AF").pixels)


def test_large_faces_keep_their_resolution(folders: dict[str, Path]) -> None:
    aligned = load(folders).prepare(astronaut_photo()).faces[0].aligned
    assert aligned.alignment.size > 2 * SIZE


@pytest.mark.parametrize("times", [1, 6])
@pytest.mark.parametrize("sees", ["neutral", "happy"])
def test_grain_stays_at_any_size(folders: dict[str, Path], times: int, sees: str) -> None:
    """Of a crop beyond `MAX_CROP_PX` too, and where a face was neutralised first."""
    side, random = 256 * times, np.random.default_rng(0)
    around = astronaut_photo().pixels[:256, 96:352]
    smooth = cv2.resize(around, (side, side), interpolation=cv2.INTER_CUBIC)
    pixels = 60 + smooth // 2 + random.normal(0, 10, smooth.shape)
    photo = replace(astronaut_photo(), pixels=np.clip(pixels, 0, 255).astype(np.uint8))
    translator = load(folders, sees=sees)
    for crops in (translator._to_expression, translator._to_neutral):
        generator = crops.network
        generator.trunk.last.weight.zero_()  # they move the face a little and paint nothing
        generator.trunk.last.bias[0] = -20
        generator.trunk.flow.weight.mul_(0.2)
    translator.finder = KnownFaces(given_face((astronaut_points() - (96, 0)) * times))
    made = translator.translate(photo, "sad")
    assert (made.faces[0].aligned.alignment.size == MAX_CROP_PX) == (times == 6)
    area = cv2.erode(made.face_area().astype(np.uint8), np.ones((9, 9))) > 0
    assert (made.pixels != photo.pixels)[area].mean() > 0.8
    before, after = (fine(picture, area) for picture in (photo.pixels, made.pixels))
    assert 0.85 < after / before < 1.15


def fine(pixels: np.ndarray, where: np.ndarray) -> float:
    pixels = pixels.astype(np.float32)
    return float((pixels - cv2.GaussianBlur(pixels, (0, 0), 1.2))[where].std())


@pytest.mark.parametrize("kind", ["warp", "pixels"])
def test_a_grey_face_gets_no_colour(folders: dict[str, Path], kind: str) -> None:
    """Even where something else in the photo has some."""
    photo, translator = astronaut_photo(), load(folders, kind)
    grey = np.repeat(photo.pixels[..., 1:2], 3, axis=2)
    grey[400:] = photo.pixels[400:]
    made = translator.translate(replace(photo, pixels=grey), "happy")
    face = made.face_area()
    assert (made.pixels != grey)[face].mean() > 0.5
    assert np.ptp(made.pixels[face], axis=1).max() == 0
    coloured = translator.translate(photo, "happy").pixels.astype(int)
    change = (coloured - photo.pixels)[face]
    assert np.ptp(change, axis=1).max() > 0, "the generator paints colour"


def test_the_face_area_is_where_pixels_may_change(folders: dict[str, Path]) -> None:
    photo = astronaut_photo()
    translator = load(folders)
    other = given_face(astronaut_points() * 0.9 + (180, 150))
    translator.finder = KnownFaces(astronaut_face(), other)
    made = translator.translate(photo, "happy", face="all")
    area = made.face_area()
    assert not (made.pixels != photo.pixels).any(axis=2)[~area].any()
    for face in made.faces:
        x, y = face.aligned.face.points[30].astype(int)
        assert area[y, x]


def test_refused_faces_are_reported_and_others_done(folders: dict[str, Path]) -> None:
    translator = load(folders)
    translator.finder = KnownFaces(replace(astronaut_face(), yaw=80.0), astronaut_face())
    made = translator.translate(astronaut_photo(), "happy", face="all")
    assert [face.aligned.number for face in made.faces] == [2]
    assert [face.reason for face in made.refused] == ["profile"]
    with pytest.raises(FaceError):
        translator.translate(astronaut_photo(), "happy", face="largest")


@pytest.mark.parametrize("strength", [-0.1, 1.6, float("nan")])
def test_strength_out_of_range(folders: dict[str, Path], strength: float) -> None:
    with pytest.raises(UsageError, match="strength goes from 0 to"):
        load(folders).translate(astronaut_photo(), "happy", strength)


def test_unknown_expression(folders: dict[str, Path]) -> None:
    with pytest.raises(UsageError, match="did you mean 'happy'"):
        load(folders).translate(astronaut_photo(), "hapy")


def test_snapshot_of_the_other_kind(folders: dict[str, Path]) -> None:
    with pytest.raises(SnapshotError, match="expected a translator"):
        Translator.load(folders["happy"])


def test_snapshot_gives_identity_and_credit(folders: dict[str, Path]) -> None:
    translator = load(folders)
    assert len(translator.sha256) == 64
    assert translator.credit == "licence: CC BY 4.0; attribution: nobody"


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_a_blend_asks_for_its_shares(folders: dict[str, Path], strength: float) -> None:
    translator = load(folders, "full 1.1 of happy")
    seen = calls(translator)
    translator.translate(astronaut_photo(), "happy*0.75+sad*0.25", strength)
    full = 0.75 * 1.1 + 0.25 * 0.9
    asked = [0.75 * strength * full, 0.25 * strength * full]
    assert seen[-1][0] == "to_expression"
    np.testing.assert_allclose(seen[-1][1][1:3], asked, rtol=1e-5)
    assert sum(seen[-1][1]) == pytest.approx(1)


def test_a_share_is_a_strength(folders: dict[str, Path]) -> None:
    translator = load(folders, sees="happy", route="neutral-first")
    ready = translator.prepare(astronaut_photo())
    whole = translator.render(ready, "sad", 0.5).pixels
    np.testing.assert_array_equal(translator.render(ready, "sad*0.5").pixels, whole)
    blend = translator.render(ready, "sad*0.5+neutral*0.5").pixels
    np.testing.assert_array_equal(blend, whole)
    with pytest.raises(UsageError, match="unknown expression 'hapy'"):
        translator.render(ready, "hapy*0.5+sad*0.5")


@pytest.mark.parametrize("sees", ["neutral", "happy"])
def test_a_part_leaves_the_rest_of_the_photo(folders: dict[str, Path], sees: str) -> None:
    translator = load(folders, sees=sees)
    photo = astronaut_photo()
    ready = translator.prepare(photo)
    whole = translator.render(ready, "sad")
    mouth = translator.render(ready, "sad", parts=("mouth",))
    points = astronaut_points()
    apart = np.abs(mouth.pixels.astype(int) - photo.pixels).sum(2)
    changed = np.abs(whole.pixels.astype(int) - photo.pixels).sum(2)

    def around(shown: np.ndarray, places: slice) -> float:
        return float(np.mean([shown[int(y), int(x)] for x, y in points[places]]))

    assert around(apart, slice(48, 68)) > 0.5 * around(changed, slice(48, 68))
    assert around(apart, slice(17, 27)) < 0.1 * around(changed, slice(17, 27))
    every = translator.render(ready, "sad", parts=("brows", "eyes", "mouth"))
    np.testing.assert_array_equal(every.pixels, whole.pixels)
