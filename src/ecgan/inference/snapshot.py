"""Snapshots: a model as a folder of safetensors, config, card and checksums."""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from ecgan.errors import EcganError, SnapshotError, one_line
from ecgan.files import sha256_bytes, sync_folder, write_bytes, write_json, write_text

Kind = Literal["translator", "recognizer"]
FORMAT = 1
SUMS = "SHA256SUMS"
CARD = "README.md"
_HUB_ID = re.compile(r"[\w][\w.-]*/[\w][\w.-]*(@[\w./-]+)?")
_PATTERNS = ["config.json", "*.safetensors", CARD, SUMS]


@dataclass(frozen=True)
class Snapshot:
    """A verified model folder, read into memory."""

    folder: Path
    kind: str
    config: dict[str, Any]
    """config.json without `format` and `kind`."""
    states: dict[str, dict[str, Tensor]]
    """float32 tensors of `<name>.safetensors` by `name`."""
    sha256: str
    """Of SHA256SUMS without the line of its card: what sidecars and scores call the model by; it
    stays when scores are written into the card. Of an export: its snapshot's."""

    @property
    def export(self) -> Mapping[str, Any] | None:
        """What `ecgan export` says of its networks, which are no safetensors; None: a snapshot."""
        found = self.config.get("export")
        return found if isinstance(found, Mapping) else None

    @property
    def credit(self) -> str:
        """Attribution and licence lines: `credit` of config.json, or else those of the card."""
        if self.config.get("credit"):
            return str(self.config["credit"])
        card = self.folder / CARD
        lines = card.read_text(encoding="utf-8").splitlines() if card.is_file() else []
        keys = ("- attribution:", "- licence:", "- license:")
        return "; ".join(line[2:].strip() for line in lines if line.lower().startswith(keys))

    @contextlib.contextmanager
    def reading_config(self) -> Iterator[None]:
        """What goes wrong in the block is the fault of config.json.

        Raises:
            SnapshotError: for a value that is missing or wrong.
        """
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            fault = "lacks" if isinstance(error, KeyError) else "misstates a value:"
            raise SnapshotError(f"{self.folder}/config.json {fault} {error}") from None
        except EcganError as error:
            raise SnapshotError(f"{self.folder}/config.json: {error}") from None

    def load_into(self, name: str, module: nn.Module) -> None:
        """Fill a module.

        Raises:
            SnapshotError: no such part, or it does not fit what config.json describes.
        """
        if name not in self.states:
            raise SnapshotError(f"{self.folder} has no {name}.safetensors")
        try:
            module.load_state_dict(self.states[name])
        except RuntimeError as error:
            raise SnapshotError(
                f"{self.folder / name}.safetensors does not fit its config.json: {one_line(error)}"
            ) from None


def save_snapshot(
    folder: Path,
    kind: Kind,
    modules: Mapping[str, nn.Module],
    config: Mapping[str, Any],
    card: str,
    *,
    half: bool = False,
) -> str:
    """Write a snapshot and return its `sha256`; an old one is replaced, whole or not at all.

    Args:
        folder: where it appears once complete.
        kind: what it holds.
        modules: their state becomes `<name>.safetensors`.
        config: what it takes to build the modules again; plain JSON values.
        card: the model card, README.md.
        half: matrices and kernels as float16; vectors (norms, biases) stay float32.
    """
    with new_folder(folder) as new:
        write_json(new / "config.json", {"format": FORMAT, "kind": kind, **config})
        write_text(new / CARD, card if card.endswith("\n") else card + "\n")
        for name, module in modules.items():
            tensors = {key: _stored(value, half) for key, value in module.state_dict().items()}
            write_bytes(new / f"{name}.safetensors", safetensors.torch.save(tensors))
    return verify_snapshot(folder)


def copy_snapshot(source: Path, folder: Path, card: str) -> str:
    """Write the same model with another card; returns its `sha256`, which the card does not change.

    Raises:
        SnapshotError: `source` is missing, incomplete or damaged.
    """
    files, _ = _verified_files(source)
    with new_folder(folder) as new:
        for name, data in {**files, CARD: card.encode()}.items():
            write_bytes(new / name, data)
    return verify_snapshot(folder)


@contextlib.contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder that appears, with its checksums, once the block has filled it; an old one of that
    name is replaced."""
    folder = Path.cwd() / folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(
        ".part", f".{folder.name}.", folder.parent, ignore_cleanup_errors=True
    ) as part:
        new, old = Path(part) / "new", Path(part) / "old"
        new.mkdir()
        yield new
        files = sorted(path for path in new.iterdir() if path.name != SUMS)
        sums = "".join(f"{sha256_bytes(path.read_bytes())}  {path.name}\n" for path in files)
        write_text(new / SUMS, sums)
        new.chmod(0o755)
        if folder.exists():
            folder.rename(old)
        try:
            new.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        sync_folder(folder.parent)


def load_snapshot(source: str | Path, kind: Kind | None = None) -> Snapshot:
    """Read and verify a snapshot: a folder, or a Hugging Face id `owner/name[@revision]`.

    Raises:
        SnapshotError: missing, incomplete, damaged, of a newer format or of another kind.
    """
    folder = _find(source)
    files, sha256 = _verified_files(folder)
    config = _read_config(folder, files)
    found = config.pop("kind", None)
    if config.pop("format", None) != FORMAT:
        raise SnapshotError(f"{folder}/config.json: expected format {FORMAT}; update ecgan")
    if kind is not None and found != kind:
        raise SnapshotError(f"{folder} is a {found} snapshot, expected a {kind} snapshot")
    states = {}
    for name, data in files.items():
        if name.endswith(".safetensors"):
            try:
                tensors = safetensors.torch.load(data)
            except (SafetensorError, ValueError, KeyError) as error:
                raise SnapshotError(
                    f"{folder / name} is not safetensors: {one_line(error)}"
                ) from None
            states[Path(name).stem] = {
                key: value.float() if value.is_floating_point() else value
                for key, value in tensors.items()
            }
    export = config.get("export")
    if isinstance(export, dict):
        sha256 = str(export.get("snapshot_sha256"))
    elif not states:
        raise SnapshotError(f"{folder} holds no weights (*.safetensors)")
    return Snapshot(folder, str(found), config, states, sha256)


def verify_snapshot(folder: Path) -> str:
    """Check every file against SHA256SUMS and return the snapshot's `sha256`.

    Raises:
        SnapshotError: missing, incomplete or damaged.
    """
    return _verified_files(_find(folder))[1]


def default_snapshot(kind: Kind) -> Path:
    """The snapshot that comes with the package.

    Raises:
        SnapshotError: this installation has none.
    """
    folder = Path(str(resources.files("ecgan"))) / "weights" / kind
    if not (folder / SUMS).is_file():
        raise SnapshotError(
            f"this installation has no {kind} weights ({folder}); give a snapshot folder"
        )
    return folder


def _find(source: str | Path) -> Path:
    path = Path(source).expanduser()
    if path.is_dir():
        return path
    if path.exists():
        raise SnapshotError(f"expected a snapshot folder, {path} is a file")
    if isinstance(source, str) and _HUB_ID.fullmatch(source) and not Path(source).parent.exists():
        return _find_on_hub(source)
    raise SnapshotError(
        f"no snapshot folder {path}; expected config.json, weights and {SUMS} there"
    )


def _find_on_hub(hub_id: str) -> Path:
    from huggingface_hub import snapshot_download

    name, _, revision = hub_id.partition("@")
    error: Exception | None = None
    for offline in (True, False):
        try:
            folder = snapshot_download(
                name,
                revision=revision or None,
                local_files_only=offline,
                allow_patterns=_PATTERNS,
                etag_timeout=5,
            )
        except Exception as reason:  # network, HTTP, name and cache errors share no base
            error = reason
            continue
        if (Path(folder) / SUMS).is_file():  # the cache may hold other files of the model only
            return Path(folder)
        error = None
    why = (
        f": {one_line(error)}"
        if error
        else f": the model has no {SUMS}, so it is no ecgan snapshot"
    )
    raise SnapshotError(f"no folder {hub_id} here, and none on the Hugging Face hub{why}")


def _verified_files(folder: Path) -> tuple[dict[str, bytes], str]:
    """Content of every listed file by name, and the sha256 of the list without the card's line."""
    try:
        sums = (folder / SUMS).read_bytes()
    except OSError:
        raise SnapshotError(
            f"{folder} has no {SUMS}; expected a snapshot folder of ecgan"
        ) from None
    files = {}
    for line in sums.decode(errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or not name or name != Path(name).name:
            raise SnapshotError(f"{folder / SUMS} is damaged: expected `<sha256>  <file>` lines")
        try:
            files[name] = (folder / name).read_bytes()
        except OSError:
            raise SnapshotError(
                f"{folder} is incomplete: {name} is missing; copy it again"
            ) from None
        if sha256_bytes(files[name]) != digest:
            raise SnapshotError(f"{folder / name} is damaged: its sha256 differs from {SUMS}")
    model = [line for line in sums.decode().splitlines(True) if line.split("  ")[1].strip() != CARD]
    return files, sha256_bytes("".join(model).encode())


def _read_config(folder: Path, files: Mapping[str, bytes]) -> dict[str, Any]:
    try:
        config = json.loads(files["config.json"])
    except KeyError:
        raise SnapshotError(f"{folder} is incomplete: {SUMS} lists no config.json") from None
    except ValueError:
        raise SnapshotError(f"{folder}/config.json is not JSON") from None
    if not isinstance(config, dict):
        raise SnapshotError(f"{folder}/config.json: expected an object")
    return config


def _stored(value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu().contiguous()
    narrow = half and value.dtype == torch.float32 and value.dim() > 1
    if narrow and float(value.abs().max()) < torch.finfo(torch.float16).max:
        return value.half()
    return value.clone()
