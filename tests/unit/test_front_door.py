"""`from ecgan import Translator, Recognizer`: quick to import, typed, and part of the wheel."""

import subprocess
import sys
from pathlib import Path

import pytest

import ecgan
from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator

# Types of libraries beside our own, which take long to read.
SETTINGS = """
[mypy]
strict = True
follow_imports = silent
[mypy-torch.*,torchvision.*,scipy.*,cv2.*,pydantic.*,huggingface_hub.*,jaxtyping.*,safetensors.*]
follow_imports = skip
ignore_missing_imports = True
"""
EXAMPLE = """
from pathlib import Path

import numpy as np
from PIL import Image

from ecgan import Recognizer, Translator

translator = Translator.load(precision="auto")
happy = translator.translate("me.jpg", "happy")
happy.save("happy.jpg")
reveal_type(happy.image)
x0, y0, x1, y1 = happy.faces[0].box
after: dict[str, float] | None = happy.faces[0].after
picture = Image.new("RGB", (8, 8))
reveal_type(translator.translate(picture, ["happy", "sad"])["sad"].pixels)
for one in translator.translate(["a.jpg", Path("b.png"), np.zeros((8, 8, 3), np.uint8)], "sad"):
    if not isinstance(one, Exception):
        one.save(Path("out.png"), quality=None)
reveal_type(translator.translate([Path("a.jpg")], ["happy"]))
reveal_type(Recognizer.load().recognize(picture)[0].expression)
reveal_type(Recognizer.load().recognize([picture]))
"""
REVEALED = (
    "PIL.Image.Image",
    "numpy.ndarray[",
    "list[dict[str, ecgan.inference.results.Translated] | Exception]",
    "str",
    "list[list[ecgan.inference.recognition.RecognisedFace] | Exception]",
)


def test_the_names_load_what_they_need_and_nothing_before() -> None:
    code = (
        "import sys, ecgan; assert not {'torch', 'numpy', 'PIL'} & set(sys.modules); "
        "assert {'Translator', 'Recognizer'} <= set(dir(ecgan))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    assert ecgan.Translator is Translator and ecgan.Recognizer is Recognizer
    with pytest.raises(AttributeError, match="'ecgan' has no attribute 'Translater'"):
        ecgan.Translater


def test_a_type_checker_knows_what_comes_back(tmp_path: Path) -> None:
    example, wrong = tmp_path / "example.py", tmp_path / "wrong.py"
    example.write_text(EXAMPLE)
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    wrong.write_text("from ecgan import Translator\nTranslator.load().translate(3, 'happy')\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=mypy.ini", example, wrong],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"MYPYPATH": str(Path(ecgan.__file__).parents[1]), "PATH": ""},
        check=False,
    )
    lines = done.stdout.splitlines()
    shown = [line for line in lines if "Revealed type" in line]
    assert [line for line in lines if "example.py" in line and "error" in line] == []
    assert len(shown) == len(REVEALED), done.stdout + done.stderr
    for line, name in zip(shown, REVEALED, strict=True):
        assert name in line
    assert any("wrong.py" in line and "No overload variant" in line for line in lines)


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(ecgan.__file__).with_name("py.typed").is_file()
