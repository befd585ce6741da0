"""Checkpoints: one safetensors file with all state and its own SHA-256; whole files or none.

The header's `__metadata__.state` is a JSON text: step, configuration and what is no tensor. It
begins with `sha256`, the digest of the whole file with the 64 digits of this field set to zero.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor
from torch.optim import Optimizer

from ecgan.errors import CheckpointError, EcganWarning
from ecgan.files import write_bytes

_FORMAT = 1
_ZEROS = "0" * 64
_DIGEST = re.compile(rb'"state":"\{\\"sha256\\":\\"([0-9a-f]{64})\\"')
_NAME = re.compile(r"step-(\d{8})\.safetensors")


@dataclass(frozen=True)
class Checkpoint:
    """State after `step` updates: tensors by dotted name, everything else as JSON values."""

    step: int
    tensors: dict[str, Tensor]
    values: dict[str, Any] = field(default_factory=dict)

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors named `prefix.*`, without the prefix."""
        start = prefix + "."
        return {k.removeprefix(start): v for k, v in self.tensors.items() if k.startswith(start)}


def encode(checkpoint: Checkpoint) -> bytes:
    """The file's content."""
    values = {"format": _FORMAT, "step": checkpoint.step, "values": checkpoint.values}
    # No spaces and sorted keys: equal states give equal files.
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    state = f'{{"sha256":"{_ZEROS}",{text[1:]}'
    tensors = {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in sorted(checkpoint.tensors.items())
    }
    data = bytearray(safetensors.torch.save(tensors, {"state": state}))
    digest = hashlib.sha256(data).hexdigest().encode()
    start, end = _digest_span(data)
    data[start:end] = digest
    return bytes(data)


def decode(data: bytes, name: str) -> Checkpoint:
    """The state in a file's content.

    Raises:
        CheckpointError: cut, altered, or of another format.
    """
    try:
        start, end = _digest_span(data)
        # Hashed in pieces: no second copy of a file of gigabytes.
        digest = hashlib.sha256(memoryview(data)[:start])
        digest.update(_ZEROS.encode())
        digest.update(memoryview(data)[end:])
        if digest.hexdigest().encode() != data[start:end]:
            raise ValueError("its SHA-256 does not match")
        (length,) = struct.unpack("<Q", data[:8])
        state = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["state"])
        tensors = {_present(name): v for name, v in safetensors.torch.load(data).items()}
    except (ValueError, KeyError, struct.error, safetensors.SafetensorError) as error:
        raise CheckpointError(f"damaged checkpoint {name}: {error}") from None
    if state["format"] != _FORMAT:
        raise CheckpointError(f"{name} has checkpoint format {state['format']}, expected {_FORMAT}")
    return Checkpoint(state["step"], tensors, state["values"])


def load_checkpoint(file: Path) -> Checkpoint:
    """Read and verify one checkpoint.

    Raises:
        CheckpointError: missing, unreadable or damaged.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read the checkpoint {file}: {error.strerror}") from None
    return decode(data, str(file))


class CheckpointFolder:
    """`step-<number>.safetensors` files: the last `keep`, and the best one besides."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder = folder
        self.keep = keep

    def file(self, step: int) -> Path:
        return self.folder / f"step-{step:08d}.safetensors"

    def steps(self) -> list[int]:
        """Steps that have a file, ascending; the files may be damaged."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(path.name) for path in self.folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def save(self, checkpoint: Checkpoint, best_step: int | None = None) -> Path:
        """Write durably, then delete what is neither among the last `keep` nor the best."""
        file = self.file(checkpoint.step)
        write_bytes(file, encode(checkpoint))
        # Files of later steps are damaged ones that loading skipped: they do not count.
        older = [step for step in self.steps() if step <= checkpoint.step]
        for step in older[: -self.keep]:
            if step != best_step:
                self.file(step).unlink(missing_ok=True)
        return file

    def load_newest(self) -> Checkpoint | None:
        """The newest checkpoint that verifies; damaged ones are skipped with a warning.

        Raises:
            CheckpointError: there are checkpoints, but every one is damaged.
        """
        steps = self.steps()
        for step in reversed(steps):
            try:
                return load_checkpoint(self.file(step))
            except CheckpointError as error:
                warnings.warn(f"{error}; trying an older one", EcganWarning, stacklevel=2)
        if steps:
            raise CheckpointError(
                f"all {len(steps)} checkpoints in {self.folder} are damaged; restore one from a "
                "backup, or delete the folder to start anew"
            )
        return None

    def clean(self) -> None:
        """Remove what a killed process left of a save."""
        for part in self.folder.glob(".step-*.part"):
            part.unlink(missing_ok=True)


def flatten(prefix: str, state: Mapping[Any, Any]) -> dict[str, Tensor]:
    """Nested dictionaries of tensors as dotted names under `prefix`."""
    flat: dict[str, Tensor] = {}
    for key, value in state.items():
        name = f"{prefix}.{key}"
        flat |= flatten(name, value) if isinstance(value, Mapping) else {name: value}
    return flat


def restore_optimizer(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimiser its state again, `flatten`ed as `<parameter>.<value>`."""
    states: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        states.setdefault(int(index), {})[key] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": states, "param_groups": groups})


def _present(name: str) -> str:
    """The present name of a tensor: up to 0.1.0, discriminators were called judges."""
    return re.sub(r"(?<=\.)judge(?=s?\.|_)", "discriminator", name)


def _digest_span(data: bytes | bytearray) -> tuple[int, int]:
    if len(data) < 8:
        raise ValueError(f"expected a safetensors file, got {len(data)} bytes")
    (length,) = struct.unpack("<Q", data[:8])
    match = _DIGEST.search(bytes(data[8 : 8 + min(length, len(data))]))
    if match is None:
        raise ValueError("its header has no SHA-256")
    return 8 + match.start(1), 8 + match.end(1)
