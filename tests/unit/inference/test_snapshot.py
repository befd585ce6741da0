"""Snapshots: round trip, atomic replacement, and one line for everything that can be wrong."""

import json

import pytest
import torch
from torch import nn

from ecgan.errors import SnapshotError
from ecgan.files import sha256_bytes, sha256_file
from ecgan.inference import snapshot as module
from ecgan.inference.snapshot import (
    SUMS,
    copy_snapshot,
    default_snapshot,
    load_snapshot,
    save_snapshot,
    verify_snapshot,
)


def network() -> nn.Module:
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2))


def save(folder, half=False, config=None):
    return save_snapshot(
        folder, "recognizer", {"net": network()}, config or {"size": 64}, "# Card", half=half
    )


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def sign(folder) -> None:
    """Make the checksums fit what is in the folder."""
    files = sorted(path for path in folder.iterdir() if path.name != SUMS)
    text = "".join(f"{sha256_file(path)}  {path.name}\n" for path in files)
    (folder / SUMS).write_text(text)


def test_round_trip_gives_equal_tensors_config_and_identity(tmp_path):
    sha256 = save(tmp_path / "model")
    loaded = load_snapshot(tmp_path / "model", "recognizer")
    lines = (tmp_path / "model" / SUMS).read_text().splitlines(keepends=True)
    of_model = "".join(line for line in lines if "README.md" not in line)
    assert loaded.sha256 == sha256 == sha256_bytes(of_model.encode())
    assert (loaded.kind, loaded.config) == ("recognizer", {"size": 64})
    fresh = network()
    nn.init.zeros_(fresh[0].weight)
    loaded.load_into("net", fresh)
    for name, value in network().state_dict().items():
        assert torch.equal(fresh.state_dict()[name], value)
    assert names_in(tmp_path) == ["model"]
    names = ["README.md", SUMS, "config.json", "net.safetensors"]
    assert names_in(tmp_path / "model") == sorted(names)
    assert json.loads((tmp_path / "model/config.json").read_text())["format"] == 1


def test_another_card_is_the_same_model(tmp_path):
    sha256 = save(tmp_path / "model")
    assert copy_snapshot(tmp_path / "model", tmp_path / "shipped", "# Scores\n") == sha256
    assert verify_snapshot(tmp_path / "shipped") == sha256
    assert (tmp_path / "shipped" / "README.md").read_text() == "# Scores\n"
    assert names_in(tmp_path / "shipped") == names_in(tmp_path / "model")
    one, other = (load_snapshot(tmp_path / name) for name in ("model", "shipped"))
    assert one.config == other.config
    assert save(tmp_path / "third", config={"size": 32}) != sha256
    (tmp_path / "shipped" / "README.md").write_text("# Other scores\n")
    with pytest.raises(SnapshotError, match="damaged"):
        verify_snapshot(tmp_path / "shipped")


def test_half_narrows_kernels_and_keeps_vectors_exact(tmp_path):
    save(tmp_path / "full")
    save(tmp_path / "half", half=True)
    full, half = load_snapshot(tmp_path / "full"), load_snapshot(tmp_path / "half")
    for name, value in full.states["net"].items():
        narrowed = half.states["net"][name]
        assert narrowed.dtype == value.dtype
        if value.dim() > 1:
            assert torch.equal(narrowed, value.half().float())
            assert not torch.equal(narrowed, value)
        else:
            assert torch.equal(narrowed, value)


def test_half_keeps_what_float16_cannot_hold(tmp_path):
    layer = nn.Linear(2, 2)
    nn.init.constant_(layer.weight, 1e6)
    save_snapshot(tmp_path / "m", "translator", {"g": layer}, {}, "card", half=True)
    assert (load_snapshot(tmp_path / "m").states["g"]["weight"] == 1e6).all()


def test_saving_is_deterministic_and_replaces_the_whole_folder(tmp_path):
    first = save(tmp_path / "a")
    (tmp_path / "a" / "stale.safetensors").write_bytes(b"old")
    assert save(tmp_path / "a") == first == save(tmp_path / "b")
    assert not (tmp_path / "a" / "stale.safetensors").exists()
    assert save(tmp_path / "a", config={"size": 65}) != first
    assert names_in(tmp_path) == ["a", "b"]


def test_a_failing_save_leaves_the_old_snapshot_and_no_rest(tmp_path, monkeypatch):
    sha256 = save(tmp_path / "a")
    with pytest.raises(TypeError):
        save(tmp_path / "a", config={"size": object()})

    def no_rename(self, target):
        if self.name == "new":
            raise OSError("disk")
        return rename(self, target)

    rename = module.Path.rename
    monkeypatch.setattr(module.Path, "rename", no_rename)
    with pytest.raises(OSError, match="disk"):
        save(tmp_path / "a", config={"size": 1})
    monkeypatch.undo()
    assert verify_snapshot(tmp_path / "a") == sha256
    assert load_snapshot(tmp_path / "a").config == {"size": 64}
    assert not [name for name in names_in(tmp_path) if name.endswith(".part")]


def test_a_relative_folder_works(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(module.Path("run/snapshot"))
    assert load_snapshot("run/snapshot").config == {"size": 64}


def corrupt_weights(folder):
    data = bytearray((folder / "net.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "net.safetensors").write_bytes(data)


def set_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    sign(folder)


def replace(folder, name, data):
    (folder / name).write_bytes(data)
    sign(folder)


def without(folder, name):
    (folder / name).unlink()
    sign(folder)


DAMAGE = {
    "sha256 differs": corrupt_weights,
    "net.safetensors is missing": lambda f: (f / "net.safetensors").unlink(),
    "has no SHA256SUMS": lambda f: (f / SUMS).unlink(),
    "lists no config.json": lambda f: without(f, "config.json"),
    "holds no weights": lambda f: without(f, "net.safetensors"),
    "not JSON": lambda f: replace(f, "config.json", b"{"),
    "expected an object": lambda f: replace(f, "config.json", b"[]"),
    "not safetensors": lambda f: replace(f, "net.safetensors", b"\x00" * 16),
    "update ecgan": lambda f: set_config(f, format=2),
    "expected a recognizer": lambda f: set_config(f, kind="translator"),
    "SHA256SUMS is damaged": lambda f: (f / SUMS).write_bytes(b"\xff nonsense"),
}


@pytest.mark.parametrize("message", DAMAGE)
def test_damage_is_one_line(tmp_path, message):
    save(tmp_path / "model")
    DAMAGE[message](tmp_path / "model")
    with pytest.raises(SnapshotError, match=message) as error:
        load_snapshot(tmp_path / "model", "recognizer")
    assert "\n" not in str(error.value)
    assert "model" in str(error.value)


def test_names_outside_the_folder_are_refused(tmp_path):
    save(tmp_path / "model")
    secret = tmp_path / "secret"
    secret.write_text("x")
    with (tmp_path / "model" / SUMS).open("a") as file:
        file.write(f"{sha256_file(secret)}  ../secret\n")
    with pytest.raises(SnapshotError, match="is damaged"):
        load_snapshot(tmp_path / "model")


def test_weights_that_do_not_fit_are_one_line(tmp_path):
    save(tmp_path / "model")
    loaded = load_snapshot(tmp_path / "model")
    with pytest.raises(SnapshotError, match="does not fit") as error:
        loaded.load_into("net", nn.Linear(2, 2))
    assert "\n" not in str(error.value)
    with pytest.raises(SnapshotError, match=r"no other\.safetensors"):
        loaded.load_into("other", nn.Linear(2, 2))


def test_a_missing_folder_a_file_and_missing_package_weights(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    with pytest.raises(SnapshotError, match="is a file"):
        load_snapshot(tmp_path / "file")
    for source in (tmp_path / "none", str(tmp_path / "none"), "none"):
        with pytest.raises(SnapshotError, match="no snapshot folder"):
            load_snapshot(source)
    monkeypatch.setattr(module.resources, "files", lambda name: tmp_path)
    with pytest.raises(SnapshotError, match="no translator weights"):
        default_snapshot("translator")
    save(tmp_path / "weights" / "translator")
    assert default_snapshot("translator") == tmp_path / "weights" / "translator"


def hub(monkeypatch, answers):
    """Replace the hub: `answers` maps local_files_only to a folder or an exception."""
    calls = []

    def download(name, **options):
        calls.append((name, options["revision"], options["local_files_only"]))
        answer = answers[options["local_files_only"]]
        if isinstance(answer, Exception):
            raise answer
        return str(answer)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    return calls


def test_a_hub_id_is_looked_up_offline_first(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "cached")
    calls = hub(monkeypatch, {True: tmp_path / "cached"})
    assert load_snapshot("owner/model@v1").config == {"size": 64}
    assert calls == [("owner/model", "v1", True)]


def test_a_hub_id_that_is_not_cached_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save(tmp_path / "fetched")
    calls = hub(monkeypatch, {True: FileNotFoundError("no"), False: tmp_path / "fetched"})
    assert load_snapshot("owner/model").config == {"size": 64}
    assert [offline for _, _, offline in calls] == [True, False]


def test_a_hub_id_that_is_nowhere_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hub(monkeypatch, {True: FileNotFoundError("no"), False: OSError("off\nline")})
    with pytest.raises(SnapshotError, match=r"owner/model.*off line"):
        load_snapshot("owner/model")
    hub(monkeypatch, {True: tmp_path, False: tmp_path})
    with pytest.raises(SnapshotError, match="no ecgan snapshot"):
        load_snapshot("owner/model")


def test_a_path_into_an_existing_folder_never_asks_the_hub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    calls = hub(monkeypatch, {})
    for source in ("runs/missing", module.Path("owner/model")):
        with pytest.raises(SnapshotError, match="no snapshot folder"):
            load_snapshot(source)
    assert not calls
