"""Where a figure comes from: machine, versions, date and command, written beside every result."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ecgan import __version__

PACKAGES = (
    *("torch", "torchvision", "numpy", "scipy", "pillow", "mediapipe", "scikit-image"),
    *("onnx", "onnxscript", "onnxruntime", "openvino"),
)


def machine() -> dict[str, str | int | float | None]:
    """Processor, usable CPUs, memory in GiB, GPU and system, without any host or user name."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": _processor(),
        "cpus": num_cpus(),
        "memory_gib": _memory_gib(),
        "gpu": gpu,
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Python, this package, and the libraries that results depend on, where installed."""
    found = {"python": platform.python_version(), "ecgan": __version__}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def today() -> str:
    """The date in UTC, YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()


def command() -> str:
    """The command line of this process, quoted as a shell takes it."""
    program = "ecgan" if Path(sys.argv[0]).stem in ("ecgan", "__main__") else Path(sys.argv[0]).name
    return shlex.join([program, *sys.argv[1:]])


def provenance() -> dict[str, object]:
    """All of these as JSON values."""
    return {
        "date": today(),
        "command": command(),
        "machine": machine(),
        "versions": versions(),
    }


def num_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _memory_gib() -> float | None:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
    return round(total / 2**30, 1)
