"""What runs the networks: torch, ONNX Runtime or OpenVINO; and which is the fastest here that
agrees with torch."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import nn

from ecgan.errors import EcganError, UsageError, one_line
from ecgan.files import write_json
from ecgan.inference import export as exporting
from ecgan.inference.engines import (
    CPU,
    TORCH,
    Engine,
    Running,
    cache_folder,
    check,
    network_shape,
    opened_export,
    run_with,
    seen_by_networks,
    worst_fault,
)
from ecgan.inference.parity import codes, drawn_faces
from ecgan.inference.snapshot import Snapshot
from ecgan.precision import has_hardware_bf16
from ecgan.shapes import Images

Backend = Literal["auto", "torch", "onnx", "openvino"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
QUICK_FACES = 10
"""Faces of the check before a backend is chosen; an export is checked on all."""
_TIMES = 7


def parse_backend(text: str) -> Backend:
    """One of `BACKENDS`.

    Raises:
        UsageError: anything else.
    """
    for backend in BACKENDS:
        if text.strip().lower() == backend:
            return backend
    raise UsageError(f"a backend is {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}, got {text!r}")


def in_backend(
    modules: Mapping[str, nn.Module],
    snapshot: Snapshot,
    backend: Backend | None,
    device: torch.device,
) -> Running:
    """The networks of a snapshot, or of an export of one, as a backend runs them.

    Args:
        modules: as `snapshot` describes them; its weights are loaded into them here.
        snapshot: whose networks they are.
        backend: None: an export's own, or else torch. Of the precisions of `openvino`, and of all
            backends with `auto`, the fastest on this machine that agrees with torch: measured once
            for a snapshot and kept in the user's cache folder.
        device: of torch. The others run on the CPU; with a GPU, `auto` is torch.

    Raises:
        SnapshotError: weights that do not fit.
        UsageError: another backend than the one that an export was made for.
        MissingExtra: the backend is not installed.
        EcganError: the backend does not agree with torch.
    """
    if snapshot.export is not None:
        return _exported(snapshot, backend)
    for name, module in modules.items():
        snapshot.load_into(name, module)
        module.eval().requires_grad_(False)
    plain = Running(dict(modules), TORCH)
    if backend in (None, "torch") or (backend == "auto" and device.type != "cpu"):
        return plain
    if backend != "auto":
        exporting.require(exporting.parse_format(str(backend)))
    rows = measured(plain.modules, snapshot, candidates(backend))
    good = [row for row in rows if row["fault"] is None]
    if not good:
        faults = "; ".join(f"{row['engine']}: {row['fault']}" for row in rows)
        raise EcganError(f"{backend} cannot be used here ({faults}); use --backend torch")
    fastest = min(good, key=lambda row: row["ms"])
    engine = Engine(fastest["backend"], fastest["precision"])
    return run_with(engine, plain.modules, snapshot)


def candidates(backend: Backend | None) -> list[Engine]:
    """What to choose from; None: all. int8, which takes prepared data, is `ecgan export`'s."""
    bf16 = has_hardware_bf16(CPU)
    engines = [Engine("torch", "fp32"), Engine("onnx", "fp32"), Engine("openvino", "fp32")]
    if bf16:
        engines += [Engine("torch", "bf16"), Engine("openvino", "bf16")]
    return [engine for engine in engines if backend in (None, "auto", engine.backend)]


def measured(
    modules: Mapping[str, nn.Module], snapshot: Snapshot, engines: Sequence[Engine]
) -> list[dict[str, Any]]:
    """By engine: `ms` a face, `parity` and `fault` (None: it is as torch); from the cache, or else
    measured and kept there."""
    path = cache_folder(snapshot) / "measured.json"
    kept = _read(path)
    missing = [engine for engine in engines if str(engine) not in kept]
    if missing:
        kept.update({row["engine"]: row for row in measure(modules, snapshot, missing)})
        write_json(path, kept, durable=False)
    return [kept[str(engine)] for engine in engines]


def measure(
    modules: Mapping[str, nn.Module],
    snapshot: Snapshot,
    engines: Sequence[Engine],
    *,
    faces: Images | None = None,
    calibration: Images | None = None,
) -> list[dict[str, Any]]:
    """As `measured`, without the cache. The engines take turns, and the least time counts: other
    programs make all of them slower.

    Args:
        modules: the networks in torch.
        snapshot: whose they are.
        engines: what to run them with.
        faces: canonical crops on which they are compared with torch; None: a few drawn ones.
        calibration: the same, for int8.
    """
    faces = drawn_faces(QUICK_FACES) if faces is None else faces
    rows: list[dict[str, Any]] = []
    works: list[tuple[dict[str, Any], Callable[[], object]]] = []
    for engine in engines:
        row: dict[str, Any] = {"engine": str(engine), "backend": engine.backend}
        row |= {"precision": engine.precision, "ms": None, "parity": None, "fault": None}
        rows.append(row)
        try:
            running = run_with(engine, modules, snapshot, calibration)
            found = check(modules, running.modules, snapshot, faces)
            row["parity"] = {name: parity.to_json() for name, parity in found.items()}
            row["fault"] = worst_fault(found, engine.precision)
            works.append((row, _work(next(iter(running.modules.values())), snapshot)))
        except (EcganError, RuntimeError) as error:
            row["fault"] = one_line(error)
    seconds: dict[str, list[float]] = {row["engine"]: [] for row, _ in works}
    for _ in range(_TIMES):
        for row, work in works:
            work()
            start = time.perf_counter()
            work()
            seconds[row["engine"]].append(time.perf_counter() - start)
    for row, _ in works:
        row["ms"] = round(1e3 * min(seconds[row["engine"]]), 2)
        row["median_ms"] = round(1e3 * statistics.median(seconds[row["engine"]]), 2)
    return rows


def _exported(snapshot: Snapshot, backend: Backend | None) -> Running:
    assert snapshot.export is not None
    with snapshot.reading_config():
        file_format = exporting.parse_format(str(snapshot.export["format"]))
        precision = exporting.parse_precision(str(snapshot.export["precision"]), file_format)
    if backend not in (None, "auto", file_format):
        raise UsageError(
            f"{snapshot.folder} is an export for {file_format}, got --backend {backend}; "
            "give the snapshot that it was made from"
        )
    exporting.require(file_format)
    engine = Engine(file_format, precision)
    return Running(opened_export(snapshot, engine), engine, is_export=True)


def _work(network: nn.Module, snapshot: Snapshot) -> Callable[[], object]:
    """One face through a network."""
    _, entries = network_shape(snapshot)
    given = [seen_by_networks(drawn_faces(1), snapshot)]
    if snapshot.kind == "translator":
        given.append(codes(1, entries))

    def work() -> object:
        with torch.inference_mode():
            return network(*given)

    return work


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
