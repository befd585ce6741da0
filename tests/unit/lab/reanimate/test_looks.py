"""Looks: reproducible, exact in geometry, the same for all pictures of a look."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.tiny_facekit import photo_of_nobody, points_in_photo

from ecgan.data.layouts import list_source
from ecgan.errors import UsageError
from ecgan.lab.reanimate.background import Matte, backdrop, grab_cut, refine
from ecgan.lab.reanimate.flow import face_outline, inside
from ecgan.lab.reanimate.looks import PITCH, ROLL, YAW, Camera, KeyLight, Look, look_of, take
from ecgan.lab.reanimate.people import ReanimationOptions, plan_pictures
from ecgan.lab.reanimate.portrait import Portrait
from ecgan.lab.reanimate.render import render
from ecgan.lab.reanimate.run import reanimate
from ecgan.lab.reanimate.sitting import FINER, Sitting, lamp_ratio, portrait_in, scene_normals
from ecgan.lab.reanimate.turning import head_of, reshaped, turn_head, turn_matrix

PLAIN = Camera(0.0, 1.0, (1.0, 1.0, 1.0), 1.0, 0.0, 0.0, 0.0, 100)
NO_LAMP = KeyLight(30.0, 20.0, 0.0, 0.0)
STILL = Look(1, (0.0, 0.0, 0.0), NO_LAMP, PLAIN, backdrop=False, seed=1)


def sitting(portrait: Portrait, matte: Matte | None = None) -> Sitting:
    photo = np.repeat(np.repeat(portrait.image, FINER, axis=0), FINER, axis=1)
    return Sitting(portrait, photo, matte)


def test_a_look_is_the_persons_and_the_seeds() -> None:
    assert look_of("ann", 1) == look_of("ann", 1)
    assert len({look_of("ann", 1), look_of("ann", 2), look_of("bob", 1), look_of("ann", 1, 5)}) == 4
    turns = np.array([look_of("ann", number).turn for number in range(1, 200)])
    assert (np.abs(turns) <= [YAW, PITCH, ROLL]).all()
    assert (np.abs(turns).max(axis=0) > [0.9 * YAW, 0.9 * PITCH, 0.9 * ROLL]).all()


def test_a_look_that_changes_nothing_is_the_photo(portrait: Portrait) -> None:
    made = portrait_in(sitting(portrait), STILL)
    np.testing.assert_allclose(made.image, portrait.image, atol=1e-3)
    np.testing.assert_allclose(made.rest, portrait.rest, atol=1e-4)


def test_another_shape_is_another_face_of_the_same_size_and_place(portrait: Portrait) -> None:
    assert look_of("ann", 1).shape == ()
    look = look_of("ann", 1, reshape=0.5)
    assert replace(look, shape=()) == look_of("ann", 1), "nothing else of the look changes"
    assert 0.1 < np.std(look.shape) < 1
    places = portrait.kit.landmarks
    before = portrait.fit.vertices
    after = reshaped(portrait.kit, before, look.shape)
    np.testing.assert_allclose(after[places].mean(axis=0), before[places].mean(axis=0), atol=1e-4)
    sizes = [np.linalg.norm(v[places] - v[places].mean(axis=0)) for v in (before, after)]
    assert sizes[0] == pytest.approx(sizes[1], rel=1e-4)
    assert np.abs(after - before).max() > 0.01
    turned = turn_head(portrait, (0, 0, 0), look.shape)
    moved = turned.fit.project(turned.fit.vertices) - portrait.rest
    assert np.abs(moved[places, :2]).max() > 0.5, "pixels"


@pytest.mark.parametrize(
    ("turn", "way"), [((8, 0, 0), (1, 0)), ((0, 5, 0), (0, 1)), ((0, 0, 4), (1, 0))]
)
def test_signs_of_the_turn(
    portrait: Portrait, turn: tuple[float, float, float], way: tuple[int, int]
) -> None:
    """Yaw to the person's left is to the right in the picture; pitch is down; roll clockwise."""
    between_eyes = portrait.kit.landmarks[27]
    turned = turn_head(portrait, turn)
    moved = (turned.fit.project(turned.fit.vertices) - portrait.rest)[between_eyes, :2]
    assert moved @ way > 0.5


def test_the_turned_landmarks_are_those_of_a_rotation(portrait: Portrait) -> None:
    turned = turn_head(portrait, (6, -3, 2)).fit
    np.testing.assert_allclose(turned.rotation @ turned.rotation.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(
        turned.rotation, turn_matrix((6, -3, 2)) @ portrait.fit.rotation, atol=1e-6
    )
    pivot = head_of(portrait.kit, portrait.fit).pivot
    np.testing.assert_allclose(head_of(portrait.kit, turned).pivot, pivot, atol=1e-3)


def test_the_face_follows_the_model_and_the_border_stays(portrait: Portrait) -> None:
    turned = turn_head(portrait, (5, 2, -2))
    after = turned.fit.project(turned.fit.vertices)
    for point in portrait.kit.landmarks[[27, 28, 33, 40, 48, 54]]:
        x, y = np.round(after[point, :2]).astype(int)
        expected = portrait.rest[point, :2] - after[point, :2]
        assert np.abs(turned.flow[y, x] - expected).max() < 0.7
    assert np.abs(turned.flow[-3:]).max() < 0.3


def test_the_turn_does_not_fold(portrait: Portrait) -> None:
    for turn in ((8, 5, 4), (-8, -5, -4)):
        flow = turn_head(portrait, turn).flow
        across = 1 + np.diff(flow[..., 0], axis=1)
        along = 1 + np.diff(flow[..., 1], axis=0)
        assert np.quantile(across, 0.002) > 0
        assert np.quantile(along, 0.002) > 0


def test_an_expression_in_a_look_leaves_the_rest_of_the_look(portrait: Portrait) -> None:
    made = portrait_in(sitting(portrait), replace(STILL, turn=(5.0, 2.0, -2.0)))
    neutral, open_mouth = render(made, {}), render(made, {"jawOpen": 0.6})
    for side in (slice(0, 10), slice(-10, None)):
        assert not open_mouth.flow[:, side].any()
        np.testing.assert_array_equal(neutral.pixels[:, side], open_mouth.pixels[:, side])
    assert open_mouth.landmarks[8, 1] > neutral.landmarks[8, 1] + 3


def test_the_lamp_lights_its_side(portrait: Portrait) -> None:
    size = portrait.size
    turned = turn_head(portrait, (0, 0, 0))
    values = turned.raster.interpolate(portrait.normals, portrait.face)
    known = turned.raster.covered & turned.face
    normals = scene_normals(values, known, turned.head)
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=1e-5)
    ratio = lamp_ratio(KeyLight(60, 10, 0.8, 1.0), normals, turned.face)
    right = turned.face & (np.arange(size) > portrait.rest[portrait.kit.landmarks[30], 0])
    left = turned.face & ~right
    assert ratio[right].mean() > 1.15 * ratio[left].mean()
    red_to_blue = ratio[..., 0] / ratio[..., 2]
    assert red_to_blue[right].mean() > red_to_blue[left].mean()
    assert ratio[turned.face].mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(lamp_ratio(NO_LAMP, normals, turned.face), 1, atol=1e-4)


def test_a_plain_camera_changes_nothing_and_each_setting_something() -> None:
    photo = photo_of_nobody(64)
    assert np.abs(take(photo, PLAIN, 0).astype(int) - photo).max() <= 30  # highlights, JPEG
    assert np.abs(take(photo, PLAIN, 0).astype(int) - photo).mean() < 3
    brighter = take(photo, replace(PLAIN, exposure=0.4), 0)
    assert brighter.mean() > take(photo, PLAIN, 0).mean() + 3
    warm = take(photo, replace(PLAIN, gains=(1.1, 1.0, 0.9)), 0).astype(float)
    assert (warm[..., 0] - warm[..., 2]).mean() > (
        photo[..., 0] - photo[..., 2].astype(float)
    ).mean()
    grey = take(photo, replace(PLAIN, saturation=0.0), 0).astype(int)
    assert np.ptp(grey, axis=2).mean() < 4
    dark = take(photo, replace(PLAIN, vignette=0.3), 0).astype(int)
    assert dark[0, 0].sum() < photo[0, 0].sum()
    noisy = replace(PLAIN, noise=0.02)
    np.testing.assert_array_equal(take(photo, noisy, 3), take(photo, noisy, 3))
    assert (take(photo, noisy, 3) != take(photo, noisy, 4)).any()


def disc(size: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size] - size / 2
    return np.clip(radius - np.hypot(rows, columns) + 0.5, 0, 1).astype(np.float32)


def test_the_matte_finds_share_and_colour() -> None:
    alpha = disc(160, 50)[..., None]
    person, wall = np.float32([0.5, 0.2, 0.1]), np.float32([0.8, 0.85, 0.9])
    image = (alpha * person + (1 - alpha) * wall).astype(np.float32)
    rough = disc(160, 52)
    found, coloured = refine(image, rough)
    assert np.abs(found - alpha[..., 0]).mean() < 0.01
    edge = (alpha[..., 0] > 0.4) & (alpha[..., 0] < 0.9)
    assert np.abs(coloured[edge] - person).max() < 0.12


def test_grab_cut_finds_a_head_without_a_network() -> None:
    size = 160
    head = disc(size, 45) > 0.5
    image = np.where(head[..., None], np.uint8([150, 90, 60]), np.uint8([210, 215, 225]))
    image[120:] = [40, 60, 120]
    found = grab_cut(image.astype(np.uint8), disc(size, 30) > 0.5)
    assert found is not None
    assert found[head].mean() > 0.9
    assert found[:100, :20].mean() < 0.1
    assert grab_cut(image, np.zeros((size, size), bool)) is None


def test_a_new_background_is_behind_the_person_alone(portrait: Portrait) -> None:
    side = FINER * portrait.size
    landmarks = FINER * portrait.rest[portrait.kit.landmarks, :2]
    alpha = inside(face_outline(landmarks), side).astype(np.float32)
    photo = sitting(portrait).photo
    seated = sitting(portrait, Matte(alpha, photo * alpha[..., None]))
    made = portrait_in(seated, replace(STILL, backdrop=True)).image
    x, y = portrait.rest[portrait.kit.landmarks[30], :2].astype(int)
    np.testing.assert_allclose(made[y, x], portrait.image[y, x], atol=1e-3)
    np.testing.assert_allclose(made[:4], backdrop(portrait.size, STILL.seed)[:4], atol=1e-3)


def test_backdrops_differ_and_come_again() -> None:
    pictures = [backdrop(48, seed) for seed in range(40)]
    np.testing.assert_array_equal(pictures[7], backdrop(48, 7))
    for picture in pictures:
        assert picture.shape == (48, 48, 3)
        assert picture.min() >= 0
        assert picture.max() <= 1
    assert len({picture.tobytes() for picture in pictures}) == 40


def test_the_plan_of_the_first_look_does_not_depend_on_the_others() -> None:
    one, three = (
        plan_pictures("ann", ReanimationOptions(pictures=2, looks=looks)) for looks in (1, 3)
    )
    assert three[: len(one)] == one
    assert len(three) == 3 * len(one)
    assert len({picture.file for picture in three}) == len(three)
    assert [p.file for p in three if p.expression == "neutral"] == [
        "neutral/ann_0.jpg", "neutral/ann_1.jpg", "neutral/ann_2.jpg",
    ]  # fmt: skip
    angry = [picture for picture in three if picture.expression == "angry"]
    assert [picture.file for picture in angry] == [f"angry/ann_{n}.jpg" for n in range(1, 7)]
    assert len({picture.intensity for picture in angry}) == 6
    assert len({picture.variant for picture in angry}) == 3
    with pytest.raises(UsageError, match="looks"):
        ReanimationOptions(looks=0)


def test_looks_become_pairs_of_their_own(kit_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(photo_of_nobody(160, 1)).save(folder / "ann_1.png")
    np.save(folder / "ann_1.npy", points_in_photo(160))
    options = ReanimationOptions(("happy",), pictures=1, size=64, landmarks="given")
    reanimate([folder], kit_file, tmp_path / "one", options, workers=1)
    out = tmp_path / "out"
    report = reanimate([folder], kit_file, out, replace(options, looks=2), workers=1)
    assert (report.pictures, report.by_expression) == (4, {"neutral": 2, "happy": 2})
    for file in (tmp_path / "one").glob("*/*.jpg"):
        assert (out / file.relative_to(tmp_path / "one")).read_bytes() == file.read_bytes()
    rows = [json.loads(line) for line in (out / "labels.jsonl").read_text().splitlines()]
    assert [row["look"] for row in rows] == [0, 0, 1, 1]
    turns = [[0.0, 0.0, 0.0], list(look_of("ann", 1).turn)]
    assert [row["turn"] for row in rows[::2]] == turns
    listing = list_source(out).listing
    pairs: dict[str | None, set[str]] = {}
    for image in listing.images:
        pairs.setdefault(image.pair, set()).add(image.name)
    assert pairs == {
        "out:ann": {"neutral/ann_0.jpg", "happy/ann_1.jpg"},
        "out:ann look 1": {"neutral/ann_1.jpg", "happy/ann_2.jpg"},
    }
    again = reanimate([folder], kit_file, out, replace(options, looks=2), workers=1)
    assert again.pictures_made == 0
