"""Networks that ONNX Runtime or OpenVINO runs, in the place of those in torch; on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ecgan.errors import SnapshotError, one_line
from ecgan.inference.parity import Precision
from ecgan.networks.output import Translation
from ecgan.shapes import Codes, Images

Arrays = Sequence[NDArray[np.float32]]
Run = Callable[[Mapping[str, NDArray[np.float32]]], Arrays]
"""Arrays by name of the input to arrays in the order of the outputs; threads may share it."""


def open_session(path: Path, precision: Precision, outputs: Sequence[str]) -> Run:
    """A network of a file, `.onnx` for ONNX Runtime or `.xml` for OpenVINO.

    Raises:
        SnapshotError: the file does not load.
    """
    opened = _onnx_session if path.suffix == ".onnx" else _openvino_session
    try:
        return opened(path, precision, outputs)
    except Exception as error:  # neither library says which errors it has
        raise SnapshotError(f"{path} cannot be loaded: {one_line(error)}") from error


def _onnx_session(path: Path, precision: Precision, outputs: Sequence[str]) -> Run:
    del precision  # the file has it
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    # Threads that spin between two calls would take the cores from torch.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = list(outputs)

    def run(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        found: Arrays = session.run(names, dict(inputs))
        return found

    return run


def _openvino_session(path: Path, precision: Precision, outputs: Sequence[str]) -> Run:
    import openvino

    settings = {
        # Without it, it rounds to bf16 wherever the processor can.
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)
    request, lock = compiled.create_infer_request(), threading.Lock()

    def run(inputs: Mapping[str, NDArray[np.float32]]) -> Arrays:
        with lock:
            found = request.infer(dict(inputs))
            return [np.array(found[name], np.float32) for name in outputs]

    return run


class ExportedGenerator(nn.Module):
    """A generator that another library runs; takes and gives what the one in torch does."""

    def __init__(self, run: Run, outputs: Sequence[str]) -> None:
        super().__init__()
        self._run, self._outputs = run, tuple(outputs)

    def forward(self, source: Images, code: Codes) -> Translation:
        made = self._run({"source": _array(source), "code": _array(code)})
        values = (torch.from_numpy(value).to(source.device) for value in made)
        return Translation(**dict(zip(self._outputs, values, strict=True)))


class ExportedRecognizer(nn.Module):
    """As `ExportedGenerator`, of a recogniser: logits, and `features`."""

    def __init__(self, run: Run, outputs: Sequence[str]) -> None:
        super().__init__()
        self._run, self._outputs = run, tuple(outputs)

    def forward(self, images: Images) -> Tensor:
        return self._output(images, "logits")

    def features(self, images: Images) -> Tensor:
        """fc7."""
        return self._output(images, "features")

    def _output(self, images: Images, name: str) -> Tensor:
        found = self._run({"images": _array(images)})[self._outputs.index(name)]
        return torch.from_numpy(found).to(images.device)


def _array(values: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(values.detach().float().cpu().numpy())
