"""Which files a command takes, and where outputs go."""

from pathlib import Path

import pytest
from PIL import Image

from ecgan.apps.photo_files import PhotoFile, check_outputs, parse_format, photo_files
from ecgan.errors import ImageError, UsageError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_give_their_photos_in_order_without_outputs(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "a/c.PNG", "notes.txt", ".hidden.jpg", ".cache/d.jpg")
    touch(tmp_path, "b.happy.jpg", "b.happy.jpg.json")
    found = photo_files([tmp_path])
    assert [file.path for file in found] == [tmp_path / "a/c.PNG", tmp_path / "b.jpg"]
    assert [file.below for file in found] == [Path("a"), Path()]


def test_a_named_file_is_taken_whatever_its_suffix_and_once(tmp_path: Path) -> None:
    touch(tmp_path, "photo.xyz", "a.jpg")
    found = photo_files([tmp_path / "photo.xyz", tmp_path / "a.jpg", tmp_path])
    assert [file.path.name for file in found] == ["photo.xyz", "a.jpg"]


def test_missing_path_and_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        photo_files([tmp_path / "nothing"])
    with pytest.raises(ImageError, match="no photos in the folder"):
        photo_files([tmp_path])


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("anna.jpg", "anna.happy.jpg"),
        ("anna.x.JPEG", "anna.x.happy.JPEG"),
        ("a.webp", "a.happy.webp"),
        ("scan.tif", "scan.happy.png"),
        ("bare", "bare.happy.png"),
    ],
)
def test_output_names(name: str, output: str) -> None:
    file = PhotoFile(Path("somewhere") / name, Path("sub"))
    assert file.output(Path("out"), "happy") == Path("out/sub") / output


def test_outputs_must_not_meet(tmp_path: Path) -> None:
    touch(tmp_path, "x/a.tif", "x/a.png", "y/a.png")
    in_folder = photo_files([tmp_path / "x"])
    with pytest.raises(UsageError, match=r"a\.png and .*a\.tif would both be written"):
        check_outputs(in_folder, tmp_path / "out", ["happy"])
    named = photo_files([tmp_path / "x/a.png", tmp_path / "y/a.png"])
    with pytest.raises(UsageError, match="would both be written"):
        check_outputs(named, tmp_path / "out", ["happy"])
    check_outputs(photo_files([tmp_path / "x/a.png"]), tmp_path / "out", ["happy", "sad"])


def test_outputs_must_not_replace_photos(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.happy.jpg")
    files = photo_files([tmp_path])
    with pytest.raises(UsageError, match="is one of the photos"):
        check_outputs(files, tmp_path, ["happy"])
    with pytest.raises(UsageError, match="is a file, expected a folder"):
        check_outputs(files, tmp_path / "a.jpg", ["happy"])


@pytest.mark.parametrize(
    ("name", "kind", "output"),
    [
        ("a.jpg", "PNG", "a.sad.png"),
        ("a.PNG", "JPEG", "a.sad.jpg"),
        ("a.JPEG", "JPEG", "a.sad.JPEG"),
        ("a.png", "WEBP", "a.sad.webp"),
        ("a", "JPEG", "a.sad.jpg"),
        ("a.tif", "TIFF", "a.sad.png"),
    ],
)
def test_what_is_inside_counts(tmp_path: Path, name: str, kind: str, output: str) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / name, kind)
    file = PhotoFile(tmp_path / name, Path())
    assert file.output(Path(), "sad").name == output
    assert file.output(Path(), "sad", "webp").name == "a.sad.webp"


def test_formats_have_names() -> None:
    assert [parse_format(text) for text in ("keep", "JPG", ".jpeg", "webp")] == [
        *("keep", "jpg", "jpg", "webp")
    ]
    with pytest.raises(UsageError, match="keep, jpg, png or webp, got 'tiff'"):
        parse_format("tiff")


def test_two_photos_of_one_name_meet_in_one_format(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "a.png")
    files = photo_files([tmp_path])
    check_outputs(files, tmp_path / "out", ["happy"])
    with pytest.raises(UsageError, match="both be written"):
        check_outputs(files, tmp_path / "out", ["happy"], "webp")
