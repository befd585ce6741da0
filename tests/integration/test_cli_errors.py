"""What goes wrong at the command line: one line, the right exit code, nothing half-written."""

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from PIL import Image
from support.tiny_models import astronaut_photo, recognizer_snapshot, translator_snapshot

from ecgan.apps.cli import main

Capture = pytest.CaptureFixture[str]


def fails(capsys: Capture, code: int, *arguments: object) -> str:
    """The one line that a command line complains with, warnings before it left aside."""
    assert main([str(argument) for argument in arguments]) == code
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    said = err.splitlines(keepends=True)
    err = "".join(line for line in said if not line.startswith("ecgan: warning: "))
    assert err.startswith("ecgan: error: ")
    assert err.count("\n") == 1, err
    assert "unexpected" not in err
    return err


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return translator_snapshot(tmp_path_factory.mktemp("snapshot") / "translator")


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(astronaut_photo().pixels).save(buffer, "JPEG")
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises many pixels and holds none."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body))
    end = struct.pack(">I", 0) + b"IEND" + struct.pack(">I", zlib.crc32(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + chunk + end


BAD_FILES = {
    "truncated.jpg": (jpeg()[:20_000], "damaged"),
    "text.jpg": (b"dear diary", "is not an image"),
    "huge.png": (png_header(50_000, 50_000), "million pixels"),
    "empty.png": (b"", "is not an image"),
}


@pytest.mark.parametrize("name", list(BAD_FILES))
@pytest.mark.parametrize("command", ["translate", "demo"])
def test_files_that_are_no_photos(
    snapshot: Path, tmp_path: Path, capsys: Capture, name: str, command: str
) -> None:
    data, words = BAD_FILES[name]
    photo, out = tmp_path / name, tmp_path / "out"
    photo.write_bytes(data)
    arguments = {
        "translate": ("translate", photo, "--to", "happy", "--model", snapshot),
        "demo": ("demo", "--photo", photo),
    }[command]
    line = fails(capsys, 1, *arguments, "--out", out)
    assert words in line
    assert line.count(str(photo)) == 1
    assert not out.exists()
    assert list(tmp_path.iterdir()) == [photo]


@pytest.mark.parametrize("name", list(BAD_FILES))
def test_recognize_files_that_are_no_photos(tmp_path: Path, capsys: Capture, name: str) -> None:
    data, words = BAD_FILES[name]
    (tmp_path / name).write_bytes(data)
    model = recognizer_snapshot(tmp_path / "r")
    assert words in fails(capsys, 1, "recognize", tmp_path / name, "--model", model)


def test_empty_folders(snapshot: Path, tmp_path: Path, capsys: Capture) -> None:
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    for arguments in (
        ("translate", empty, "--to", "happy", "--model", snapshot),
        ("prepare", empty),
        ("train", empty, "--preset", "smoke"),
        ("train-recognizer", empty),
        ("evaluate", snapshot, empty),
    ):
        line = fails(capsys, 1, *arguments, "--out", out)
        assert str(empty) in line
        assert not out.exists(), arguments
    assert "no photos" in fails(capsys, 1, "recognize", empty)


def test_missing_paths(snapshot: Path, tmp_path: Path, capsys: Capture) -> None:
    gone, out = tmp_path / "gone", tmp_path / "out"
    translate = ("translate", gone, "--to", "happy", "--model", snapshot)
    assert "no file or folder" in fails(capsys, 2, *translate, "--out", out)
    assert "prepare" in fails(capsys, 1, "train", gone, "--preset", "smoke", "--out", out)
    assert not out.exists()


def test_missing_and_wrong_snapshots(snapshot: Path, tmp_path: Path, capsys: Capture) -> None:
    photo, out = tmp_path / "a.jpg", tmp_path / "out"
    photo.write_bytes(jpeg())
    translate = ("translate", photo, "--to", "happy", "--out", out, "--model")
    assert "no snapshot folder" in fails(capsys, 1, *translate, tmp_path / "gone")
    other = recognizer_snapshot(tmp_path / "recognizer")
    assert "expected a translator" in fails(capsys, 1, *translate, other)
    assert "expected a recognizer" in fails(capsys, 1, "recognize", photo, "--model", snapshot)
    weights = other / "recognizer.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    assert "is damaged" in fails(capsys, 1, "recognize", photo, "--model", other)
    assert not out.exists()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("optimiser.beta1=0.9", "did you mean 'optimizer'"),
        ("optimizer.learningrate=1", "did you mean 'optimizer.learning_rate'"),
        ("objective.cylce=1", "did you mean 'objective.cycle'"),
        ("batch=many", "batch"),
        ("batch", "key=value"),
    ],
)
def test_misspelt_settings_name_the_nearest(
    tiny_data: Path, tmp_path: Path, capsys: Capture, setting: str, words: str
) -> None:
    out = tmp_path / "run"
    line = fails(capsys, 2, "train", tiny_data, "--preset", "smoke", "--set", setting, "--out", out)
    assert words in line
    assert not out.exists()


def test_misspelt_preset_and_recogniser_key(
    tiny_data: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "run"
    train = ("train", tiny_data, "--out", out)
    assert "did you mean 'smoke'" in fails(capsys, 2, *train, "--preset", "smok")
    line = fails(capsys, 2, "train-recognizer", tiny_data, "--set", "epoch=3", "--out", out)
    assert "did you mean 'epochs'" in line
    config = tmp_path / "c.yaml"
    config.write_text("generator: {widht: 3}\n")
    assert "did you mean 'generator.width'" in fails(capsys, 2, *train, "--config", config)
    assert not out.exists()


def test_an_output_that_cannot_be_written(snapshot: Path, tmp_path: Path, capsys: Capture) -> None:
    photo, out = tmp_path / "a.jpg", tmp_path / "out"
    photo.write_bytes(jpeg())
    out.write_text("a file")
    before = contents(tmp_path)
    translate = ("translate", photo, "--to", "happy", "--model", snapshot, "--out", out)
    assert "expected a folder" in fails(capsys, 2, *translate)
    assert contents(tmp_path) == before


def test_prepare_rejects_bad_files_by_name_and_goes_on(tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "set" / "happy"
    source.mkdir(parents=True)
    for name, (data, _) in BAD_FILES.items():
        (source / name).write_bytes(data)
    line = fails(capsys, 1, "prepare", source.parent, "--out", tmp_path / "D", "--workers", "1")
    assert "report.json" in line
    assert not (tmp_path / "D" / "manifest.jsonl").exists()


def test_the_installed_command_has_the_exit_code(tmp_path: Path) -> None:
    arguments = ["translate", str(tmp_path / "gone.jpg"), "--to", "happy"]
    done = subprocess.run(
        [sys.executable, "-m", "ecgan", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("ecgan: error: no file or folder")
    assert done.stderr.count("\n") == 1
