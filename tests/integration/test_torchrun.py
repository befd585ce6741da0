"""Two processes under torchrun give the gradients of one process with the joined batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch

SCRIPT = Path(__file__).parents[1] / "support" / "gradient_run.py"


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize("pairs", ["ignore", "use"])
def test_gradients_equal_those_of_the_joined_batch(
    pairs: str, tiny_data: Path, tmp_path: Path
) -> None:
    two, one = tmp_path / "two.safetensors", tmp_path / "one.safetensors"
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    run([*torchrun, str(SCRIPT), str(tiny_data), str(two), pairs], tmp_path)
    run([str(SCRIPT), str(tiny_data), str(one), pairs], tmp_path)
    first, second = (safetensors.torch.load_file(file) for file in (one, two))
    assert first.keys() == second.keys()
    # The first update of G and D: the same weights, so the same gradients.
    for name in ("0.0", "0.1"):
        scale = first[name].norm()
        assert scale > 0
        assert (first[name] - second[name]).norm() / scale <= 1e-5
    # Later ones (Adam enlarges rounding): the pool and the data go on alike.
    for name in first:
        assert (first[name] - second[name]).norm() / first[name].norm() <= 1e-2
