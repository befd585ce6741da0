"""The networks of mediapipe: shared, spoiled by nothing, quiet, and gone when closed."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ecgan.errors import EcganError, MissingExtra
from ecgan.faces import graphs
from ecgan.faces.landmarks import LandmarkDetector

astronaut = pytest.importorskip("skimage.data").astronaut
pytest.importorskip("mediapipe")


def _python(code: str, **more: object) -> subprocess.CompletedProcess[str]:
    """A script in a process of its own: what fails here can end one, or hang."""
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        **more,  # type: ignore[call-overload]
    )


def test_a_failed_network_is_loaded_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = astronaut()[0:220, 120:340]
    with LandmarkDetector() as detector:
        before = detector.detect(pixels)[0].points
        with pytest.raises(EcganError, match="mediapipe failed on a picture of 0 x 0 px"):
            graphs.meshes(np.zeros((0, 0, 3), np.uint8))
        with pytest.raises(EcganError, match="mediapipe failed"):
            graphs.detections(np.zeros((0, 0, 3), np.uint8))
        np.testing.assert_array_equal(detector.detect(pixels)[0].points, before)


def test_detectors_share_networks_until_the_last_is_closed() -> None:
    for left_open in list(LandmarkDetector._open):
        left_open.close()
    first, second = LandmarkDetector(), LandmarkDetector()
    pixels = astronaut()[0:220, 120:340]
    first.detect(pixels)
    mesh = graphs._graphs.loaded["mesh"]
    second.detect(pixels)
    assert graphs._graphs.loaded["mesh"] is mesh
    first.close()
    assert graphs._graphs.loaded["mesh"] is mesh
    second.close()
    assert not graphs._graphs.loaded
    assert len(second.detect(pixels)) == 1, "a closed one loads them again"
    second.close()


def test_threads_share_a_detector() -> None:
    pixels = astronaut()
    parts = [pixels[0:220, 120:340], pixels, np.zeros((64, 64, 3), np.uint8)] * 3
    with LandmarkDetector() as detector:
        expected = [[face.points for face in detector.detect(part)] for part in parts]
        with ThreadPoolExecutor(6) as pool:
            found = list(pool.map(detector.detect, parts))
    for faces, points in zip(found, expected, strict=True):
        np.testing.assert_array_equal([face.points for face in faces], points)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_finds_the_same_face() -> None:
    done = _python(
        "import os, signal, numpy as np\n"
        "from skimage.data import astronaut\n"
        "from ecgan.faces.landmarks import LandmarkDetector\n"
        "detector, pixels = LandmarkDetector(), astronaut()[0:220, 120:340]\n"
        "points = detector.detect(pixels)[0].points\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    signal.alarm(90)\n"
        "    same = np.array_equal(detector.detect(pixels)[0].points, points)\n"
        "    same = same and not detector.confirms(pixels, points)\n"
        "    raise SystemExit(0 if same else 3)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), len(detector.detect(pixels)))\n"
    )
    assert done.stdout.split() == ["0", "1"], done.stderr


def test_standard_error_may_be_closed() -> None:
    done = _python(
        "import os, sys\n"
        "os.close(2); sys.stderr = None\n"
        "from skimage.data import astronaut\n"
        "from ecgan.faces.landmarks import LandmarkDetector\n"
        "print(len(LandmarkDetector().detect(astronaut())))\n"
    )
    assert (done.returncode, done.stdout.strip()) == (0, "1")


def test_nothing_is_printed() -> None:
    done = _python(
        "from skimage.data import astronaut\n"
        "from ecgan.faces.landmarks import LandmarkDetector\n"
        "LandmarkDetector().detect(astronaut())\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_standard_error_comes_back_after_threads_were_quiet(
    capfd: pytest.CaptureFixture[str],
) -> None:
    start, both_in = threading.Barrier(2), threading.Barrier(2)

    def silent() -> None:
        start.wait()
        with graphs.quiet():
            both_in.wait()
            os.write(2, b"hidden")

    threads = [threading.Thread(target=silent) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"seen")
    assert capfd.readouterr().err == "seen"


def test_without_mediapipe_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    graphs.release()
    monkeypatch.setitem(sys.modules, "mediapipe.python.solutions", None)
    with pytest.raises(MissingExtra, match=r"pip install 'ecgan\[faces\]'"):
        LandmarkDetector().detect(np.zeros((64, 64, 3), np.uint8))
