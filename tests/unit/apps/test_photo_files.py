"""Which files a command takes, and where outputs go."""

import tempfile
from pathlib import Path

import pytest
from PIL import Image

from ecgan.apps.photo_files import (
    PhotoFile,
    check_folder,
    check_outputs,
    parse_format,
    photo_files,
)
from ecgan.errors import EcganError, ImageError, UsageError
from ecgan.faces.photo import read_photo
from ecgan.inference.marking import Mark, write_marked

Capture = pytest.CaptureFixture[str]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_folders_give_their_photos_in_order_without_outputs(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "a/c.PNG", "notes.txt", ".hidden.jpg", ".cache/d.jpg")
    touch(tmp_path, "b.happy.jpg")
    (tmp_path / "b.happy.jpg.json").write_text('{"tool": "ecgan"}')
    found = photo_files([tmp_path])
    assert [file.path for file in found] == [tmp_path / "a/c.PNG", tmp_path / "b.jpg"]
    assert [file.below for file in found] == [Path("a"), Path()]


def test_only_own_outputs_are_left_out_and_said(tmp_path: Path, capsys: Capture) -> None:
    """Google Takeout has a .json beside each photo."""
    touch(tmp_path, "IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg", "a.happy.jpg")
    (tmp_path / "IMG_1.jpg.json").write_text('{"title": "IMG_1.jpg"}')
    (tmp_path / "IMG_2.jpg.json").write_text("[1, 2]")
    (tmp_path / "IMG_3.jpg.json").write_text("no json")
    (tmp_path / "a.happy.jpg.json").write_text('{"tool": "ecgan"}')
    names = [file.path.name for file in photo_files([tmp_path])]
    assert names == ["IMG_1.jpg", "IMG_2.jpg", "IMG_3.jpg"]
    said = capsys.readouterr().err
    assert "left out 1 output (a.happy.jpg) of ecgan; name them as files to use them" in said
    assert "passed over 3 .json (IMG_1.jpg.json, IMG_2.jpg.json, IMG_3.jpg.json)" in said
    assert [file.path.name for file in photo_files([tmp_path / "a.happy.jpg"])] == ["a.happy.jpg"]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_an_output_without_its_sidecar_is_known_by_its_mark(tmp_path: Path, suffix: str) -> None:
    photo, output = tmp_path / f"anna{suffix}", tmp_path / f"anna.happy{suffix}"
    Image.new("RGB", (64, 64), "red").save(photo)
    source = read_photo(photo)
    mark = Mark("anna", "0" * 64, "1" * 64, {"expression": "happy"}, credit="CC BY")
    write_marked(output, source.pixels, source, mark)
    output.with_name(output.name + ".json").unlink()
    assert [file.path for file in photo_files([tmp_path])] == [photo]


def test_recognize_takes_outputs_and_says_so(tmp_path: Path, capsys: Capture) -> None:
    touch(tmp_path, "a.happy.jpg")
    (tmp_path / "a.happy.jpg.json").write_text('{"tool": "ecgan"}')
    assert len(photo_files([tmp_path], True)) == 1
    assert "1 output (a.happy.jpg) of ecgan among the photos" in capsys.readouterr().err
    with pytest.raises(ImageError, match="that are no outputs of ecgan"):
        photo_files([tmp_path])


def test_what_is_passed_over_is_counted_and_named(tmp_path: Path, capsys: Capture) -> None:
    touch(tmp_path, "a.jpg", "a.pts", "b/c.MOV", "b/d.cr2", "e.mov", "notes", "Thumbs.db", ".x.jpg")
    touch(tmp_path, *(f"{n}.psd" for n in range(5)))
    (tmp_path / "gone.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "again").symlink_to(tmp_path / "b")
    assert len(photo_files([tmp_path])) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ecgan: warning: {tmp_path}: passed over ")
    for words in (
        "1 .cr2 (d.cr2)",
        "2 .mov (c.MOV, e.mov)",
        "5 .psd (0.psd, 1.psd, 2.psd, ...)",
        "1 without suffix (notes)",
        "1 broken link (gone.jpg)",
        "1 linked folder (again)",
    ):
        assert words in line
    assert "a.pts" not in line  # landmarks


def test_every_ending_of_an_image_is_taken(tmp_path: Path) -> None:
    endings = ("jfif", "JPE", "pjpeg", "avif", "HEIC", "heif", "Jpeg", "TIFF", "pgm")
    touch(tmp_path, *(f"a.{ending}" for ending in endings))
    assert len(photo_files([tmp_path])) == len(endings)


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
        ("phone.heic", "phone.happy.png"),
        ("old.JFIF", "old.happy.jpg"),
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


def test_a_folder_that_cannot_be_written_to_is_found_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_folder(tmp_path / "new/sub")
    assert list(tmp_path.iterdir()) == []
    touch(tmp_path, "file")
    for folder in (tmp_path / "file", tmp_path / "file/sub"):
        with pytest.raises(UsageError, match="is a file, expected a folder"):
            check_folder(folder)
    with pytest.raises(EcganError, match="File name too long"):
        check_folder(tmp_path / ("x" * 300))

    def full(**options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(EcganError, match=r"cannot write to --out .*: No space left"):
        check_folder(tmp_path / "new")


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
