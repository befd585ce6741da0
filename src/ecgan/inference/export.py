"""Networks of a snapshot as files for ONNX Runtime or OpenVINO."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from ecgan.errors import EcganError, MissingExtra, UsageError, one_line
from ecgan.inference.parity import Precision, codes
from ecgan.inference.recognizer import resize
from ecgan.networks.output import Translation
from ecgan.networks.vgg import VGGRecognizer
from ecgan.shapes import Codes, Images

Format = Literal["onnx", "openvino"]
FORMATS: tuple[Format, ...] = get_args(Format)
PRECISIONS: dict[Format, tuple[Precision, ...]] = {
    "onnx": ("fp32", "int8"),
    "openvino": ("fp32", "bf16", "int8"),
}
SUFFIX: dict[Format, str] = {"onnx": ".onnx", "openvino": ".xml"}
INPUTS = {"generator": ("source", "code"), "recognizer": ("images",)}
_OPSET = 20
_QUANTISED = ["Conv", "ConvTranspose"]
_PROBE = 2
"""Images of the example that is traced; 1 would be taken for a fixed batch."""


class _Fields(nn.Module):
    """A generator with its `Translation` as a tuple, what is None left out."""

    def __init__(self, generator: nn.Module) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, source: Images, code: Codes) -> tuple[Tensor, ...]:
        made: Translation = self.generator(source, code)
        values = (getattr(made, field.name) for field in fields(Translation))
        return tuple(value for value in values if value is not None)


class _Seen(nn.Module):
    """A recogniser with its logits and fc7."""

    def __init__(self, recognizer: VGGRecognizer) -> None:
        super().__init__()
        self.recognizer = recognizer

    def forward(self, images: Images) -> tuple[Tensor, Tensor]:
        features = self.recognizer.features(images)
        return self.recognizer.logits(features), features


def export_network(
    network: nn.Module,
    path: Path,
    file_format: Format,
    precision: Precision,
    *,
    size: int,
    entries: int,
    faces: Images | None = None,
) -> tuple[str, ...]:
    """Write one network, with any number of images in a batch.

    bf16 keeps weights in fp32: OpenVINO rounds them when it loads the network.

    Args:
        network: a generator or a recogniser, in evaluation mode.
        path: of the file; OpenVINO puts a `.bin` beside its `.xml`.
        file_format: of the file.
        precision: of the arithmetic.
        size: side of the images in pixels.
        entries: of z.
        faces: on which int8 is calibrated, in [-1, 1].

    Returns:
        The names of the outputs, in their order.

    Raises:
        MissingExtra: a package that this takes is not installed.
        EcganError: the network cannot be converted.
    """
    require(file_format)
    with tempfile.TemporaryDirectory() as folder:
        plain = path if (file_format, precision) == ("onnx", "fp32") else Path(folder) / "f.onnx"
        outputs = _write_onnx(network, plain, size, entries)
        if precision == "int8":
            assert faces is not None
            whole = path if file_format == "onnx" else Path(folder) / "q.onnx"
            _quantise(plain, whole, resize(faces, size), entries, INPUTS[_kind(network)])
            plain = whole
        if file_format == "openvino":
            _write_openvino(plain, path)
    return outputs


def require(file_format: Format) -> None:
    """Raises MissingExtra where the packages of a format are not installed."""
    packages = ["onnx", "onnxscript", "onnxruntime", *(["openvino"] * (file_format == "openvino"))]
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError:
            raise MissingExtra(
                f"{file_format} needs the package {package}: pip install 'ecgan[{file_format}]'"
            ) from None


def parse_format(text: str) -> Format:
    """Raises UsageError for what is none of `FORMATS`."""
    for file_format in FORMATS:
        if text.strip().lower() == file_format:
            return file_format
    raise UsageError(f"--format takes {' or '.join(FORMATS)}, got {text!r}")


def parse_precision(text: str, file_format: Format) -> Precision:
    """Raises UsageError for what a format has not."""
    for precision in PRECISIONS[file_format]:
        if text.strip().lower() == precision:
            return precision
    known = ", ".join(PRECISIONS[file_format])
    raise UsageError(f"--precision of {file_format} takes {known}, got {text!r}")


def _kind(network: nn.Module) -> str:
    return "recognizer" if isinstance(network, VGGRecognizer) else "generator"


def _write_onnx(network: nn.Module, path: Path, size: int, entries: int) -> tuple[str, ...]:
    images = torch.linspace(-1, 1, size).expand(_PROBE, 3, size, size).clone()
    batch = torch.export.Dim("batch")
    if isinstance(network, VGGRecognizer):
        module: nn.Module = _Seen(network)
        example: tuple[Tensor, ...] = (images,)
        outputs: tuple[str, ...] = ("logits", "features")
    else:
        module, example = _Fields(network), (images, codes(_PROBE, entries))
        with torch.inference_mode():
            made = network(*example)
        names = (field.name for field in fields(Translation))
        outputs = tuple(name for name in names if getattr(made, name) is not None)
    with _quietly():
        try:
            program = torch.onnx.export(
                module.eval(),
                example,
                dynamo=True,
                input_names=list(INPUTS[_kind(network)]),
                output_names=list(outputs),
                dynamic_shapes=tuple({0: batch} for _ in example),
                opset_version=_OPSET,
                verbose=False,
            )
            assert program is not None
            program.save(str(path))
        except Exception as error:  # the converter has no base of its errors
            raise EcganError(f"the network does not convert to ONNX: {one_line(error)}") from error
    return outputs


def _quantise(
    plain: Path, whole: Path, images: Images, entries: int, inputs: tuple[str, ...]
) -> None:
    """Weights and activations of convolutions as int8; the rest, and the scales, stay fp32."""
    from onnxruntime.quantization import (
        CalibrationDataReader,
        QuantFormat,
        QuantType,
        quantize_static,
    )

    z = codes(len(images), entries)
    batches = [
        dict(zip(inputs, (images[i : i + 1].numpy(), z[i : i + 1].numpy()), strict=False))
        for i in range(len(images))
    ]

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(batches)

        def get_next(self) -> Mapping[str, Any] | None:
            return next(self.left, None)

    with _quietly():
        quantize_static(
            str(plain),
            str(whole),
            Reader(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_QUANTISED,
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )


def _write_openvino(plain: Path, path: Path) -> None:
    import openvino

    # read_model, not convert_model, which reports its use over the net.
    model = openvino.Core().read_model(str(plain))
    openvino.save_model(model, str(path), compress_to_fp16=False)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Without what the converters say of themselves."""
    root = logging.getLogger()
    level = root.level
    with warnings.catch_warnings(), Path(os.devnull).open("w") as sink:
        warnings.simplefilter("ignore")
        root.setLevel(logging.ERROR)
        try:
            with contextlib.redirect_stdout(sink):
                yield
        finally:
            root.setLevel(level)
