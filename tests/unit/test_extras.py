"""What an extra installs and is not there is named with the command that installs it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from PIL import Image

from ecgan.errors import EXTRAS, MissingExtra, extras_named
from ecgan.inference.export import Format, require

ROOT = Path(__file__).parents[2]
RUN = """
import contextlib, io, json, sys
for name in json.loads(sys.argv[1]):
    sys.modules[name] = None
from ecgan.apps.cli import main
said = []
for words in json.loads(sys.argv[2]):
    with contextlib.redirect_stderr(io.StringIO()) as text:
        main(words)
    said.append(text.getvalue().splitlines()[-1])
import ecgan
for name in ("Translator", "Recognizer"):
    try:
        made = getattr(ecgan, name)
        if name == "Recognizer":
            made.recognize(made, sys.argv[3])
    except Exception as error:
        said.append(f"{type(error).__name__}: {error}")
print(json.dumps(said))
"""


def said_without(modules: list[str], commands: list[list[str]], photo: Path) -> list[str]:
    """The last line of each command, and what the front door says, in a process of its own."""
    words = [json.dumps(modules), json.dumps(commands), str(photo)]
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words], capture_output=True, text=True, check=True
    )
    said: list[str] = json.loads(done.stdout.splitlines()[-1])
    return said


def test_extras_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    known = project["optional-dependencies"]
    assert set(EXTRAS.values()) == set(known), "an extra without a module to know it by"


@pytest.mark.parametrize("module", EXTRAS)
def test_a_module_that_is_not_there_is_named_with_its_extra(module: str) -> None:
    command = f"pip install 'ecgan\\[{EXTRAS[module]}\\]'"
    with pytest.raises(MissingExtra, match=f"{module}: {command}"), extras_named():
        raise ModuleNotFoundError(f"No module named {module}.part", name=f"{module}.part")


def test_other_modules_are_no_extra() -> None:
    with pytest.raises(ModuleNotFoundError), extras_named():
        raise ModuleNotFoundError("No module named torch", name="torch")


def test_without_any_extra_each_command_says_what_installs_it(tmp_path: Path) -> None:
    photo = tmp_path / "a.png"
    Image.new("RGB", (64, 64)).save(photo)
    clip = tmp_path / "a.mp4"
    clip.write_bytes(b"film")
    faces = "pip install 'ecgan[faces]'"
    asked = {
        "demo": "pip install 'ecgan[demo]'",
        f"translate {photo} --to happy": faces,
        f"recognize {photo}": faces,
        f"profile {photo}": faces,
        f"stimuli {photo} --to happy --out {tmp_path / 'set'}": faces,
        f"draw --out {tmp_path / 'drawn'} --people 2": faces,
        f"prepare {tmp_path} --out {tmp_path / 'data'}": faces,
        "camera": faces,
        "serve": "pip install 'ecgan[web]'",
        f"verify {clip}": "pip install 'ecgan[video]'",
        f"export {tmp_path} --format onnx --out {tmp_path / 'e'}": "pip install 'ecgan[onnx]'",
        f"export {tmp_path} --format openvino --out {tmp_path / 'e'}": "ecgan[",
    }
    *said, translator, recognizer = said_without(
        list(EXTRAS), [words.split() for words in asked], photo
    )
    for words, line, expected in zip(asked, said, asked.values(), strict=True):
        assert line.startswith("ecgan: error: ") and expected in line, f"{words}: {line}"
    for line in (translator, recognizer):
        assert line == f"MissingExtra: this needs the package cv2: {faces}"


@pytest.mark.parametrize(
    ("file_format", "module"), [("onnx", "onnxscript"), ("openvino", "openvino")]
)
def test_without_one_package_of_a_format_its_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, file_format: Format, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=f"{module}: pip install 'ecgan\\[{file_format}\\]'"):
        require(file_format)
