"""Checkpoints: exact round trip, damage found, old ones deleted, the best one kept."""

from pathlib import Path

import pytest
import safetensors.torch
import torch
from torch import Tensor

from ecgan.errors import CheckpointError, EcganWarning
from ecgan.training.checkpoint import (
    Checkpoint,
    CheckpointFolder,
    decode,
    encode,
    flatten,
    load_checkpoint,
)


def example(step: int = 3) -> Checkpoint:
    tensors = {
        "network.a.weight": torch.randn(4, 3, generator=torch.Generator().manual_seed(step)),
        "optimizer.b.0.step": torch.tensor(7.0),
        "random.torch": torch.arange(9, dtype=torch.uint8),
        "network.c": torch.randn(3, 4).t().to(torch.bfloat16),
    }
    return Checkpoint(step, tensors, {"best_score": -0.25, "text": 'a "sha256":"b"'})


def test_round_trip_is_exact() -> None:
    before = example()
    after = decode(encode(before), "x")
    assert after.step == 3
    assert after.values == before.values
    assert after.tensors.keys() == before.tensors.keys()
    for name, tensor in before.tensors.items():
        assert after.tensors[name].dtype == tensor.dtype
        assert torch.equal(after.tensors[name], tensor), name
    assert after.part("network.a").keys() == {"weight"}


def test_is_plain_safetensors_and_no_pickle() -> None:
    data = encode(example())
    assert safetensors.torch.load(data).keys() == example().tensors.keys()


def test_equal_states_give_equal_files() -> None:
    first = example()
    second = Checkpoint(
        3, dict(reversed(first.tensors.items())), dict(reversed(first.values.items()))
    )
    assert encode(first) == encode(second)


@pytest.mark.parametrize("where", [0, 9, 200, -1, -40])
def test_one_changed_bit_is_found(where: int) -> None:
    data = bytearray(encode(example()))
    data[where] ^= 1
    with pytest.raises(CheckpointError, match="damaged"):
        decode(bytes(data), "x")


@pytest.mark.parametrize("length", [0, 5, 8, 100, -1])
def test_a_cut_file_is_found(length: int) -> None:
    with pytest.raises(CheckpointError, match="damaged"):
        decode(encode(example())[:length], "x")


def test_a_file_without_digest_is_refused() -> None:
    with pytest.raises(CheckpointError, match="SHA-256"):
        decode(safetensors.torch.save({"a": torch.zeros(2)}), "x")


def test_keeps_the_last_ones_and_the_best(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path / "c", keep=2)
    for step in (10, 20, 30, 40, 50):
        folder.save(example(step), best_step=20 if step >= 20 else None)
    assert folder.steps() == [20, 40, 50]


def test_loads_the_newest_that_verifies(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, keep=3)
    assert folder.load_newest() is None
    for step in (10, 20, 30):
        folder.save(example(step))
    folder.file(30).write_bytes(folder.file(30).read_bytes()[:-7])
    with pytest.warns(EcganWarning, match="step-00000030"):
        loaded = folder.load_newest()
    assert loaded is not None
    assert loaded.step == 20
    # Going on from 20, the damaged file of a later step must not push out good ones.
    folder.save(example(25))
    assert folder.steps() == [10, 20, 25, 30]


def test_all_damaged_is_an_error(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, keep=3)
    folder.file(5).write_bytes(b"")
    with pytest.raises(CheckpointError, match="all 1 checkpoints"):
        folder.load_newest()


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = CheckpointFolder(tmp_path, keep=3)
    folder.save(example(5))
    before = folder.file(5).read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.save(Checkpoint(5, {"a": torch.zeros(9)}))
    assert folder.file(5).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000005.safetensors"]


def test_clean_removes_only_left_overs(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, keep=3)
    folder.save(example(5))
    (tmp_path / ".step-00000006.safetensors.abc.part").write_bytes(b"half")
    folder.clean()
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000005.safetensors"]


def test_names_of_former_versions_become_the_present_ones() -> None:
    former = (
        "network.judge_expression.judges.0.last.bias",
        "network.judge_neutral.judge.last.bias",
    )
    tensors = {name: torch.zeros(1) for name in (*former, "optimizer.discriminators.0.step")}
    loaded = decode(encode(Checkpoint(1, tensors)), "run")
    assert sorted(loaded.tensors) == [
        "network.discriminator_expression.discriminators.0.last.bias",
        "network.discriminator_neutral.discriminator.last.bias",
        "optimizer.discriminators.0.step",
    ]


def test_missing_file() -> None:
    with pytest.raises(CheckpointError, match="No such file"):
        load_checkpoint(Path("nowhere.safetensors"))


def test_flatten_names_nested_tensors() -> None:
    a, b = torch.zeros(1), torch.ones(1)
    flat: dict[str, Tensor] = flatten("x", {"0": {"step": a}, "b": b})
    assert flat.keys() == {"x.0.step", "x.b"}
