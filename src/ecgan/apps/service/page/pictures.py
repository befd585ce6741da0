"""Components of Gradio that take a file as it came, and show pictures that lie on no disk."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio import component_meta
from gradio.components.imageslider import SliderData
from gradio.data_classes import ImageData

# Gradio would write a .pyi beside this file, for each class below.
component_meta.create_or_modify_pyi = lambda *_: None


class Upload(gr.Image):
    """Gives the path of the file as it came."""

    is_template = True  # to a browser it is what it is made from

    def preprocess(self, payload: ImageData | None) -> Any:
        return None if payload is None else payload.path


class Picture(gr.Image):
    """Shows an address."""

    is_template = True

    def postprocess(self, value: Any) -> Any:
        return _at(value)


class Comparison(gr.ImageSlider):
    """Shows two addresses."""

    is_template = True

    def postprocess(self, value: Any) -> Any:
        return None if value is None else SliderData(root=(_at(value[0]), _at(value[1])))


def _at(address: str | None) -> ImageData | None:
    return None if address is None else ImageData(url=address, meta={})
