"""Every data set's layout on a tree in its true naming: labels file by file, folders and zips."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.layout_trees import (
    PIXELS,
    TREES,
    WRONG_NAMES,
    Expected,
    LayoutTree,
    hostile_members,
    table_bytes,
    write_tree,
    write_zip,
)
from support.mutated import mutated

from ecgan.data.layouts import (
    LAYOUTS,
    ListedSource,
    ListOptions,
    SourceImage,
    SubjectRule,
    list_source,
)
from ecgan.data.layouts import tree as tree_module
from ecgan.data.layouts.tables import MAX_ROW_BYTES
from ecgan.data.reading import PLANES_BYTES, SourceReader, planes, row_pixels
from ecgan.data.sources import check_variants, left_out_for, parse_variants, tags_of
from ecgan.data.splits import split_of
from ecgan.errors import DataError, ImageError, UsageError

WHOLE = {"yale": 165, "jaffe": 213, "bu3dfe": 2500, "kdef": 4900, "rafd": 8040}
"""Images of the published sets, where the tree is the whole."""
PEOPLE = {"yale": 15, "jaffe": 10, "bu3dfe": 100, "kdef": 70, "rafd": 67, "ferg": 6}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, LayoutTree]]:
    """Each layout's tree in a zip of another name than the layout's: 16,000 files in folders would
    keep the disk busy for long."""
    root = tmp_path_factory.mktemp("layouts")
    made = {name: make() for name, make in TREES.items()}
    return {name: (write_zip(root / f"{name}-copy.zip", tree), tree) for name, tree in made.items()}


@pytest.fixture(scope="module")
def sources(trees: dict[str, tuple[Path, LayoutTree]]) -> dict[str, ListedSource]:
    """Each layout's tree, listed by `auto`."""
    return {name: list_source(root) for name, (root, _) in trees.items()}


def _said(image: SourceImage) -> Expected:
    return Expected(
        image.subject,
        image.expression,
        image.intensity,
        image.session,
        image.variant,
        image.partition,
    )


def _check(source: ListedSource, tree: LayoutTree) -> None:
    listing, name = source.listing, source.name
    assert {image.name: _said(image) for image in listing.images} == tree.images
    assert len(listing.images) == len(tree.images)
    assert {image.source for image in listing.images} == {name}
    found = {rejection.file: rejection.reason for rejection in listing.rejected}
    assert found == {f"{name}/{file}": reason for file, reason in tree.rejected.items()}


@pytest.mark.parametrize("name", sorted(TREES))
def test_auto_finds_the_layout_and_every_label(
    name: str, trees: dict[str, tuple[Path, LayoutTree]], sources: dict[str, ListedSource]
) -> None:
    source, tree = sources[name], trees[name][1]
    assert source.layout is LAYOUTS[name]
    assert source.why
    assert "\n" not in source.why
    _check(source, tree)
    total = len(source.listing.images) + len(source.listing.rejected)
    assert total == WHOLE.get(name, total)
    people = {image.subject for image in source.listing.images}
    assert len(people) == PEOPLE.get(name, len(people))


def test_every_layout_has_a_tree_terms_and_a_citation() -> None:
    assert set(TREES) == set(LAYOUTS)
    for layout in LAYOUTS.values():
        assert bool(layout.terms) == bool(layout.citation) == (layout.name != "folders")
        assert layout.naming


def test_the_documentation_has_every_layout_its_terms_and_citation() -> None:
    text = (Path(__file__).parents[3] / "docs/data.md").read_text()
    flat = " ".join(text.split())
    for layout in LAYOUTS.values():
        assert f"| `{layout.name}` |" in text
        if layout.citation is not None:
            assert f"| {layout.terms} |" in text
            assert f"{layout.title}: {layout.citation}." in flat


def test_expressions_of_the_whole_sets(sources: dict[str, ListedSource]) -> None:
    counts = {
        name: Counter(image.expression for image in sources[name].listing.images)
        for name in ("jaffe", "bu3dfe", "rafd", "kdef")
    }
    assert counts["jaffe"] == {
        "angry": 30,
        "disgust": 29,
        "fear": 32,
        "happy": 31,
        "neutral": 30,
        "sad": 31,
        "surprise": 30,
    }
    assert counts["bu3dfe"].pop("neutral") == 100
    assert set(counts["bu3dfe"].values()) == {400}
    assert set(counts["rafd"].values()) == {1005}
    assert set(counts["kdef"].values()) == {700}


@pytest.mark.parametrize("name", sorted(TREES))
def test_a_folder_gives_the_same_listing_as_a_zip(
    name: str, trees: dict[str, tuple[Path, LayoutTree]], tmp_path: Path
) -> None:
    tree = trees[name][1]
    if len(tree.files) > 1000:
        tree = LayoutTree(dict(list(tree.files.items())[:200]), {}, {})
    packed = list_source(write_zip(tmp_path / "packed/set.zip", tree))
    unpacked = list_source(write_tree(tmp_path / "set", tree))
    assert unpacked.listing.images
    assert (packed.layout, packed.why) == (unpacked.layout, unpacked.why)
    assert packed.listing.rejected == unpacked.listing.rejected
    assert [(i.name, _said(i), i.stem) for i in packed.listing.images] == [
        (i.name, _said(i), i.stem) for i in unpacked.listing.images
    ]
    reader = SourceReader()
    for i, j in list(zip(packed.listing.images, unpacked.listing.images, strict=True))[:3]:
        assert reader.read(i.place) == SourceReader().read(j.place) != b""


@pytest.mark.parametrize("name", sorted(WRONG_NAMES))
def test_each_wrong_name_is_reported_with_what_was_expected(
    name: str, trees: dict[str, tuple[Path, LayoutTree]], tmp_path: Path
) -> None:
    wrong = WRONG_NAMES[name]
    assert len(set(wrong)) == 10
    tree = trees[name][1]
    some = dict(list(tree.images.items())[:40]) if name != "ckplus" else tree.images
    files = {file: data for file, data in tree.files.items() if file in some or name == "ckplus"}
    broken = write_tree(
        tmp_path / "set",
        LayoutTree({**files, **{f"stray/{file}": file.encode() for file in wrong}}, {}, {}),
    )
    source = list_source(broken)
    assert source.layout.name == name
    assert {image.name for image in source.listing.images} == set(some)
    reported = {r.file: r.message for r in source.listing.rejected if r.reason == "naming"}
    assert set(reported) == {f"set/stray/{file}" for file in wrong}
    assert all(source.layout.naming in message for message in reported.values())


@pytest.mark.parametrize("name", ["affectnet", "rafdb", "folders"])
def test_each_image_without_a_label_is_reported(
    name: str, trees: dict[str, tuple[Path, LayoutTree]], tmp_path: Path
) -> None:
    tree = trees[name][1]
    stray = {f"stray{i}.jpg": b"x" for i in range(10)}
    broken = write_tree(tmp_path / "set", LayoutTree({**tree.files, **stray}, {}, {}))
    source = list_source(broken)
    assert source.layout.name == name
    assert {image.name for image in source.listing.images} == set(tree.images)
    reported = {r.file for r in source.listing.rejected if r.reason == "no-label"}
    assert {f"set/{file}" for file in stray} <= reported


def test_a_set_sorted_into_class_folders_is_class_folders(tmp_path: Path) -> None:
    tree = LayoutTree({f"HA/KA.HA{i}.2{i}.tiff": b"x" for i in range(3)}, {}, {})
    source = list_source(write_tree(tmp_path / "s", tree))
    assert source.layout.name == "folders"
    assert {image.expression for image in source.listing.images} == {"happy"}


def test_a_rule_for_people_means_class_folders(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "s", LayoutTree({"posed/KA.HA1.29.tiff": b"x"}, {}, {}))
    rule = ListOptions(SubjectRule(r"/(?P<subject>[A-Z]{2})\."))
    source = list_source(root, options=rule)
    assert (source.layout.name, source.listing.images[0].subject) == ("folders", "KA")
    with pytest.raises(UsageError, match="go with --layout folders"):
        list_source(root, "jaffe", rule)


def test_what_fits_nothing_is_listed_as_folders_as_ever(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "s", LayoutTree({"posed/a_1.jpg": b"x"}, {}, {}))
    source = list_source(root)
    assert (source.layout.name, source.why) == ("folders", "its files fit no other layout")
    assert source.listing.images[0].expression == "posed"


@pytest.mark.parametrize("name", sorted(set(LAYOUTS) - {"folders"}))
def test_a_folder_of_another_set_is_refused_or_reported_in_whole(name: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "s", LayoutTree({"a.jpg": b"x", "b/c.txt": b""}, {}, {}))
    try:
        listing = list_source(root, name).listing
    except DataError as error:
        assert "expected" in str(error)
    else:
        assert not listing.images
        assert [rejection.file for rejection in listing.rejected] == ["s/a.jpg"]


def test_neither_folder_nor_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"not packed")
    (tmp_path / "a.tar").write_bytes(b"")
    for name, words in (
        ("a.zip", "no zip file"),
        ("a.tar", "not a folder"),
        ("b.zip", "not a folder"),
    ):
        with pytest.raises(DataError, match=words):
            list_source(tmp_path / name)


@pytest.mark.parametrize("name", ["training.csv", "fer2013.csv", "a.csv"])
def test_a_table_of_something_else_does_not_disturb(name: str, tmp_path: Path) -> None:
    tree = LayoutTree({name: b"\xff\xfe\x00", "KA.AN1.39.tiff": b"x"}, {}, {})
    assert list_source(write_tree(tmp_path / "s", tree)).layout.name == "jaffe"


def test_a_zip_of_class_folders_may_have_one_folder_around_them(tmp_path: Path) -> None:
    row = b'{"file": "happy/b_1.jpg", "subject": "ann", "intensity": 0.5}'
    names = ("faces/happy/a_1.jpg", "faces/happy/b_1.jpg", "__MACOSX/faces/happy/._a_1.jpg")
    files = {**dict.fromkeys(names, b"x"), "faces/labels.jsonl": row}
    inner = list_source(write_zip(tmp_path / "s.zip", LayoutTree(files, {}, {}))).listing
    assert [(i.name, i.subject, i.intensity) for i in inner.images] == [
        ("happy/a_1.jpg", "a", None),
        ("happy/b_1.jpg", "ann", 0.5),
    ]
    assert not inner.rejected
    plain = LayoutTree({"happy/day 1/a_1.jpg": b"x"}, {}, {})
    (image,) = list_source(write_zip(tmp_path / "p.zip", plain)).listing.images
    assert (image.name, image.expression) == ("happy/day 1/a_1.jpg", "happy")


# --- one layout each


def test_yale_keeps_a_sad_face_that_is_no_copy(tmp_path: Path) -> None:
    tree = LayoutTree({f"subject04.{name}": name.encode() for name in ("sad", "normal")}, {}, {})
    listing = list_source(write_tree(tmp_path / "s", tree)).listing
    assert {image.expression for image in listing.images} == {"sad", "neutral"}
    assert not listing.rejected


def test_copies_of_yale_with_a_suffix(tmp_path: Path) -> None:
    tree = LayoutTree({"subject01.happy.gif": b"a", "subject15.leftlight.pgm": b"b"}, {}, {})
    listing = list_source(write_tree(tmp_path / "s", tree)).listing
    assert [(i.subject, i.stem) for i in listing.images] == [
        ("yale-01", "subject01.happy"),
        ("yale-15", "subject15.leftlight"),
    ]


@pytest.mark.parametrize("frames", [1, 5, 100])
def test_ck_takes_as_many_peak_frames_as_asked_and_never_the_first(
    frames: int, trees: dict[str, tuple[Path, LayoutTree]]
) -> None:
    listing = list_source(trees["ckplus"][0], options=ListOptions(peak_frames=frames)).listing
    counts = Counter((i.subject, i.session, i.expression == "neutral") for i in listing.images)
    for number in range(1, 8):
        person, sequence = f"ckplus-S{5 + number // 2:03d}", f"{1 + number % 2:03d}"
        assert counts[person, sequence, True] == 1
        assert counts[person, sequence, False] == min(frames, 8 + number)


def test_ck_labels_that_say_nothing(tmp_path: Path) -> None:
    files = {}
    for number, text in enumerate(("8", "3.5", "", "happy", "nan")):
        stem = f"S{number:03d}/001/S{number:03d}_001_0000000"
        files |= {f"i/{stem}{frame}.png": b"x" for frame in (1, 2)}
        files[f"Emotion/{stem}2_emotion.txt"] = text.encode()
    files["i/S009/001/S009_001_00000001.png"] = b"x"
    files["Emotion/S009/001/S009_001_00000001_emotion.txt"] = b"3.0"
    files["Emotion/S010/001/S010_001_00000001_emotion.txt"] = b"3.0"
    listing = list_source(write_tree(tmp_path / "s", LayoutTree(files, {}, {}))).listing
    assert not listing.images
    assert Counter(r.reason for r in listing.rejected) == {"no-label": 6, "missing": 1}
    assert any("expected a number from 0 to 7" in r.message for r in listing.rejected)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (["7", PIXELS, "Training"], "emotion is '7'"),
        (["", PIXELS, "Training"], "emotion is ''"),
        (["1.5", PIXELS, "Training"], "emotion is '1.5'"),
        (["3", PIXELS + " 1", "Training"], "2305 pixels"),
        (["3", "1 2 3", "Training"], "3 pixels"),
        (["3", "", "Training"], "1 pixels"),
        (["3", PIXELS, "Test"], "Usage is 'Test'"),
        (["3"], "1 pixels"),
        (["wink", PIXELS, "Training"], "emotion is 'wink'"),
        (["3", PIXELS, ""], "Usage is ''"),
    ],
)
def test_fer_rows_that_do_not_fit(tmp_path: Path, row: list[str], words: str) -> None:
    good = ["3", PIXELS, "Training"]
    table = table_bytes([["emotion", "pixels", "Usage"], good, row, good])
    root = write_tree(tmp_path / "s", LayoutTree({"fer2013.csv": table}, {}, {}))
    listing = list_source(root).listing
    assert [image.stem for image in listing.images] == ["fer0000000", "fer0000002"]
    (rejection,) = listing.rejected
    assert rejection.file == "s/fer2013.csv/fer0000001"
    assert words in rejection.message


def test_fer_with_columns_in_another_order(tmp_path: Path) -> None:
    table = table_bytes([["emotion", " Usage", " pixels"], ["5", "PublicTest", PIXELS]])
    root = write_tree(tmp_path / "s", LayoutTree({"icml_face_data.csv": table}, {}, {}))
    (image,) = list_source(root).listing.images
    assert (image.expression, image.partition) == ("surprise", "PublicTest")
    assert row_pixels(SourceReader().read(image.place)).shape == (384, 384, 3)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("emotion", "usage"),
    [("3.0", "training"), ("happy", "TRAINING"), ("Happiness", "Training"), (" 3 ", "training ")],
)
def test_fer_in_other_hands(sign: str, emotion: str, usage: str, tmp_path: Path) -> None:
    lines = (sign.join(("Emotion", "Pixels", "usage")), sign.join((emotion, PIXELS, usage)))
    tree = LayoutTree({"fer2013.csv": "\n".join(lines).encode()}, {}, {})
    source = list_source(write_tree(tmp_path / "s", tree))
    assert source.layout.name == "fer2013"
    (image,) = source.listing.images
    assert (image.expression, image.partition) == ("happy", "Training")
    assert row_pixels(SourceReader().read(image.place)).shape == (384, 384, 3)


def test_ferplus_needs_the_pixels_and_rows_that_match(
    tmp_path: Path, trees: dict[str, tuple[Path, LayoutTree]]
) -> None:
    files = trees["ferplus"][1].files
    votes = {"fer2013new.csv": files["fer2013new.csv"]}
    with pytest.raises(DataError, match=r"has no fer2013\.csv"):
        list_source(write_tree(tmp_path / "a", LayoutTree(votes, {}, {})))
    lines = files["fer2013new.csv"].splitlines(keepends=True)
    shifted = {**files, "fer2013new.csv": b"".join([lines[0], *lines[2:]])}
    listing = list_source(write_tree(tmp_path / "b", LayoutTree(shifted, {}, {}))).listing
    reasons = Counter(r.message for r in listing.rejected)
    assert reasons["the Usage differs between the tables of pixels and of votes"] == 29
    assert reasons["the tables of pixels and of votes differ in length"] == 1


def test_lists_and_images_that_do_not_match(tmp_path: Path) -> None:
    header = ["subDirectory_filePath", "expression"]
    rows = [header, ["1/a.jpg", "1"], ["1/a.jpg", "2"], ["1/b.jpg", "3"], ["1/c.jpg", "11"]]
    files = {
        "training.csv": table_bytes(rows),
        "Manually_Annotated_Images/1/a.jpg": b"x",
        "Manually_Annotated_Images/1/c.jpg": b"x",
        "Manually_Annotated_Images/2/a.jpg": b"x",
    }
    listing = list_source(write_tree(tmp_path / "an", LayoutTree(files, {}, {}))).listing
    assert [image.expression for image in listing.images] == ["happy"]
    assert Counter(r.reason for r in listing.rejected) == {"row": 2, "missing": 1, "no-label": 1}
    lines = b"train_00001.jpg 5\ntrain_00001.jpg 5\ntrain_00002.jpg 1\ntrain_00003.jpg 8\n\n"
    files = {
        "EmoLabel/list_patition_label.txt": lines,
        "Image/original/train_00001.jpg": b"x",
        "Image/original/train_00009.jpg": b"x",
    }
    listing = list_source(write_tree(tmp_path / "raf", LayoutTree(files, {}, {}))).listing
    assert [(i.expression, i.subject) for i in listing.images] == [("sad", "rafdb-train_00001")]
    assert Counter(r.reason for r in listing.rejected) == {"row": 2, "missing": 1, "no-label": 1}


# --- people and selection


def test_a_person_is_in_one_split_over_all_sessions(sources: dict[str, ListedSource]) -> None:
    sessions = {(i.subject, i.session) for i in sources["kdef"].listing.images}
    assert len(sessions) == 140
    for name in ("ar", "kdef"):
        splits: dict[str, set[str]] = {}
        for image in sources[name].listing.images:
            splits.setdefault(image.subject, set()).add(split_of(image.subject))
        assert all(len(found) == 1 for found in splits.values())


@pytest.mark.parametrize(
    ("name", "variants", "basic", "count"),
    [
        ("yale", "none", False, 89),
        ("yale", "none", True, 59),
        ("yale", "all", False, 164),
        ("yale", "glasses,left-light", True, 89),
        ("ar", "none", False, 48),
        ("ar", "none", True, 36),
        ("ar", "scarf", True, 48),
        ("ar", "scarf, LEFT-LIGHT", True, 72),
        ("kdef", "none", True, 980),
        ("kdef", "half-left,half-right", True, 2940),
        ("rafd", "none", False, 536),
        ("rafd", "none", True, 469),
        ("rafd", "gaze-left,pose-045", False, 2144),
        ("bu3dfe", "none", True, 2500),
    ],
)
def test_variants_and_expressions_are_selected(
    name: str,
    variants: str,
    basic: bool,
    count: int,
    sources: dict[str, ListedSource],
) -> None:
    images = sources[name].listing.images
    kept = parse_variants(variants)
    check_variants(kept, frozenset().union(*map(tags_of, images)))
    assert sum(not left_out_for(image, kept, basic) for image in images) == count


def test_variants_that_make_no_sense(sources: dict[str, ListedSource]) -> None:
    for text in ("", ",", "all,glasses", "none,all"):
        with pytest.raises(UsageError, match="the variants take"):
            parse_variants(text)
    images = sources["yale"].listing.images
    hat = parse_variants("hat")
    with pytest.raises(UsageError, match="have no variants"):
        check_variants(hat, ())
    assert not all(left_out_for(image, hat, only_basic=False) for image in images)
    with pytest.raises(UsageError, match="unknown variant 'hat', the images have center-light"):
        check_variants(hat, frozenset().union(*map(tags_of, images)))


# --- pixels


def test_ar_planes_come_one_after_the_other() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (576, 768, 3), dtype=np.uint8)
    assert np.array_equal(planes(pixels.transpose(2, 0, 1).tobytes()), pixels)
    with pytest.raises(ImageError, match=f"= {PLANES_BYTES} bytes, got 3"):
        planes(b"abc")


def test_a_row_is_enlarged_gray_with_a_margin() -> None:
    gray = np.add.outer(np.arange(48), 2 * np.arange(48)).astype(np.uint8)
    line = f"3,{' '.join(map(str, gray.ravel()))},Training\r\n"
    large = row_pixels(line.encode())
    assert large.shape == (384, 384, 3)
    assert np.all(large == large[..., :1])
    inner = large[96:-96, 96:-96, 0].reshape(48, 4, 48, 4).mean((1, 3))[2:-2, 2:-2]
    np.testing.assert_allclose(inner, gray[2:-2, 2:-2], atol=0.6)
    np.testing.assert_allclose(large[:48, :48, 0], gray[0, 0], atol=6)
    np.testing.assert_allclose(large[-48:, -48:, 0], gray[-1, -1], atol=6)


@pytest.mark.parametrize("pixels", ["", "1 2", PIXELS.replace("255", "256"), PIXELS[:-1] + "x"])
def test_damaged_rows(pixels: str) -> None:
    with pytest.raises(ImageError, match="48 x 48 whole numbers"):
        row_pixels(f"3,{pixels},Training".encode())


@pytest.mark.parametrize("packed", [False, True])
def test_rows_are_read_in_any_order(tmp_path: Path, packed: bool) -> None:
    rows = [["3", " ".join([str(i)] * 48 * 48), "Training"] for i in range(20)]
    tree = LayoutTree({"f.csv": table_bytes([["emotion", "pixels", "Usage"], *rows])}, {}, {})
    write = write_zip if packed else write_tree
    images = list_source(write(tmp_path / "s.zip", tree)).listing.images
    reader = SourceReader()
    for i in (0, 1, 2, 19, 5, 6, 0):
        assert np.all(row_pixels(reader.read(images[i].place)) == i)


def test_an_endless_line_is_cut_into_rows(tmp_path: Path) -> None:
    table = b"emotion,pixels,Usage\n3," + b"1 " * MAX_ROW_BYTES
    root = write_tree(tmp_path / "s", LayoutTree({"f.csv": table}, {}, {}))
    listing = list_source(root).listing
    assert not listing.images
    assert len(listing.rejected) == 3


# --- hostile zips


def _pack(path: Path, members: list[zipfile.ZipInfo], data: bytes = b"x") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, data)
        archive.writestr("happy/ann_1.jpg", b"good")
    return path


def test_hostile_members_are_refused_by_name(tmp_path: Path) -> None:
    members = list(hostile_members())
    assert len(members) == 30
    path = _pack(tmp_path / "s.zip", members)
    before = sorted(tmp_path.rglob("*"))
    source = list_source(path)
    assert [image.name for image in source.listing.images] == ["happy/ann_1.jpg"]
    assert [rejection.reason for rejection in source.listing.rejected] == ["unsafe"] * 30
    assert all(r.file.isprintable() and r.message for r in source.listing.rejected)
    assert sorted(tmp_path.rglob("*")) == before


def test_members_of_one_name_are_both_refused(tmp_path: Path) -> None:
    members = [zipfile.ZipInfo("happy/a.jpg"), zipfile.ZipInfo("happy/A.JPG")]
    listing = list_source(_pack(tmp_path / "s.zip", members)).listing
    assert [image.name for image in listing.images] == ["happy/ann_1.jpg"]
    assert len(listing.rejected) == 2


def test_a_member_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree_module, "MAX_MEMBER_BYTES", 1000)
    member = zipfile.ZipInfo("happy/bomb.jpg")
    member.compress_type = zipfile.ZIP_DEFLATED
    listing = list_source(_pack(tmp_path / "s.zip", [member], bytes(1001))).listing
    assert [(r.file, r.reason) for r in listing.rejected] == [("s/happy/bomb.jpg", "unsafe")]
    assert "1001 bytes" in listing.rejected[0].message


def test_a_member_that_lies_about_its_size_is_not_unpacked_further(tmp_path: Path) -> None:
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("happy/a_1.jpg", bytes(5_000_000))
    data = bytearray(path.read_bytes())
    for signature, field in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(signature) + field
        data[start : start + 4] = (10).to_bytes(4, "little")
    path.write_bytes(data)
    (image,) = list_source(path).listing.images
    with pytest.raises(ImageError, match="cannot be read"):
        SourceReader().read(image.place)


def test_mutated_zips_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    tree = LayoutTree(
        {
            "jaffe/KA.AN1.39.tiff": bytes(range(200)),
            "s/subject04.sad": b"a copy",
            "s/subject04.normal": b"a copy",
            "fer2013.csv": table_bytes([["emotion", "pixels", "Usage"], ["3", PIXELS, "Training"]]),
            "i/S005/001/S005_001_00000001.png": b"first",
            "i/S005/001/S005_001_00000002.png": b"last",
            "Emotion/S005/001/S005_001_00000002_emotion.txt": b"3.0",
        },
        {},
        {},
    )
    whole = write_zip(tmp_path / "whole.zip", tree).read_bytes()
    random, path = np.random.default_rng(0), tmp_path / "s.zip"
    layouts = ("fer2013", "jaffe", "yale", "ckplus", "auto")
    outcomes = Counter[str]()
    for number in range(1500):
        path.write_bytes(mutated(whole, random, dense_end=900, cut=0.1))
        try:
            images = list_source(path, layouts[number % 5]).listing.images
        except DataError as error:
            assert "\n" not in str(error)
            outcomes["refused zip"] += 1
            continue
        for image in images:
            try:
                SourceReader().read(image.place)
                outcomes["read"] += 1
            except ImageError as error:
                assert "\n" not in str(error)
                outcomes["refused image"] += 1
    assert min(outcomes[what] for what in ("refused zip", "read", "refused image")) > 20, outcomes


def test_encrypted_and_damaged_members(tmp_path: Path) -> None:
    path = _pack(tmp_path / "s.zip", [zipfile.ZipInfo("happy/b_1.jpg")], b"some bytes")
    data = bytearray(path.read_bytes())
    data[data.index(b"some bytes")] ^= 1
    path.write_bytes(data)
    image = next(i for i in list_source(path).listing.images if i.subject == "b")
    with pytest.raises(ImageError, match="CRC"):
        SourceReader().read(image.place)
    for signature, field in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + field] |= 1
    path.write_bytes(data)
    (rejection,) = list_source(path).listing.rejected
    assert "encrypted" in rejection.message
