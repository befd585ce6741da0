"""The processes of a run: several under `torchrun` share each step by one flat all_reduce; SIGTERM
and Ctrl-C are requests to save and leave at the next step."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from ecgan.errors import UsageError
from ecgan.precision import default_device

T = TypeVar("T")


@dataclass(frozen=True)
class World:
    """This process among all: `rank` of `size`, and its device."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """The process that writes files and reports."""
        return self.rank == 0


@contextlib.contextmanager
def join_world() -> Iterator[World]:
    """Join the process group that torchrun's environment names; alone without one.

    CUDA with nccl where there is a GPU, otherwise CPU with gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    rank = int(os.environ.get("RANK", "0"))
    device = default_device()
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(device)
    if size == 1:
        yield World(rank, size, device)
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield World(rank, size, device)
    finally:
        dist.destroy_process_group()


def share_of_batch(batch: int, world: World) -> int:
    """Examples of one process: `config.batch` counts those of all.

    Raises:
        UsageError: the batch cannot be split evenly.
    """
    if batch % world.size:
        raise UsageError(
            f"a batch of {batch} cannot be split evenly between {world.size} processes; "
            f"set batch to a multiple of {world.size}"
        )
    return batch // world.size


def average(tensors: Sequence[Tensor], world: World) -> None:
    """Replace each tensor by its mean over the processes, in place, with one all_reduce."""
    if world.size == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().reshape(-1).float() for tensor in tensors])
    dist.all_reduce(flat)
    flat /= world.size
    parts = torch.split(flat, [tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts, strict=True):
        tensor.detach().copy_(part.view_as(tensor))


def broadcast(tensors: Sequence[Tensor], world: World) -> None:
    """Give every process the tensors of the first, in place."""
    if world.size > 1:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), src=0)


def gather(tensor: Tensor, world: World) -> Tensor:
    """The batches of all processes joined in order of rank, shape (size * batch, ...)."""
    if world.size == 1:
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(world.size)]
    dist.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


def gather_lists(values: list[T], world: World) -> list[T]:
    """The lists of all processes joined in order of rank."""
    if world.size == 1:
        return values
    parts: list[list[T]] = [[] for _ in range(world.size)]
    dist.all_gather_object(parts, values)
    return [value for part in parts for value in part]


def any_process(flag: bool, world: World) -> bool:
    """Whether the flag is set on at least one process; every process gets the same answer."""
    if world.size == 1:
        return flag
    votes = torch.tensor([float(flag)], device=world.device)
    dist.all_reduce(votes, op=dist.ReduceOp.MAX)
    return bool(votes.item())


class StopRequest:
    """Which signal asked for the end of training, if one did."""

    def __init__(self) -> None:
        self.signal_name: str | None = None

    def __bool__(self) -> bool:
        return self.signal_name is not None


@contextlib.contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Collect SIGTERM and SIGINT within the block; a second SIGINT interrupts at once.

    Outside the main thread, where Python allows no handlers, nothing is caught.
    """
    request = StopRequest()

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if request and number == signal.SIGINT:
            raise KeyboardInterrupt
        request.signal_name = signal.Signals(number).name

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
