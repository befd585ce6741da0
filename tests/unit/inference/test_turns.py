"""One translator and recogniser for many threads, and in forked processes."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from support.tiny_models import (
    KnownFaces,
    astronaut_face,
    astronaut_photo,
    recognizer_snapshot,
    translator_snapshot,
)

from ecgan.inference.recognizer import Recognizer
from ecgan.inference.translator import Translator


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Translator:
    root = tmp_path_factory.mktemp("weights")
    recognizer = Recognizer.load(recognizer_snapshot(root / "recognizer"))
    return Translator.load(
        translator_snapshot(root / "translator"),
        recognizer=recognizer,
        finder=KnownFaces(astronaut_face()),
    )


def test_threads_get_what_one_gets(translator: Translator) -> None:
    targets = ["happy", "sad", "angry", "fear"]
    photo = astronaut_photo()
    expected = [translator.translate(photo, target).pixels for target in targets]
    with ThreadPoolExecutor(16) as pool:
        made = list(pool.map(lambda name: translator.translate(photo, name).pixels, 4 * targets))
    for index, pixels in enumerate(made):
        np.testing.assert_array_equal(pixels, expected[index % len(targets)])


@pytest.mark.parametrize("photo", ["me.jpg", Path("me.jpg"), np.zeros((8, 8, 3), np.uint8), None])
def test_prepare_names_what_is_not_opened(translator: Translator, photo) -> None:
    with pytest.raises(TypeError, match="expected a Photo, got") as caught:
        translator.prepare(photo)
    assert isinstance(photo, str | Path) == ("read_photo" in str(caught.value))


def test_threads_load_the_packaged_recogniser_once(
    translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    loads = []
    known = translator.recognizer
    monkeypatch.setattr(Recognizer, "load", lambda **_: loads.append(1) or known)
    monkeypatch.setattr(translator, "_recognizer", None)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: translator.recognizer, range(8))) == {known}
    assert len(loads) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_translates(translator: Translator) -> None:
    photo = astronaut_photo()
    before = torch.get_num_threads()
    torch.set_num_threads(2)  # with one, OpenMP has no threads that the child could wait for
    try:
        expected = translator.translate(photo, "happy").pixels
        child = os.fork()
        if not child:
            signal.alarm(60)
            code = 3
            try:
                made = translator.translate(photo, "happy").pixels
                difference = np.abs(made.astype(int) - expected).max()
                code = 0 if difference <= 1 and torch.get_num_threads() == 1 else 4
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        torch.set_num_threads(before)
