"""A run that is killed and resumed ends with the same weights as one that was left alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "support" / "kill_run.py"


@pytest.mark.parametrize(
    ("kills", "inside_save"),
    [(4, 2), pytest.param(20, 5, marks=pytest.mark.slow)],
)
def test_sigkill_at_random_moments_changes_nothing(kills: int, inside_save: int) -> None:
    done = subprocess.run(
        [
            sys.executable,
            str(SCRIPT),
            f"--kills={kills}",
            f"--inside-save={inside_save}",
            f"--steps={10 * kills}",
        ],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report["same_weights"]
    assert report["kills"] >= kills - 1
    assert any(report["steps_after_kills"]), "no kill came after a checkpoint"
