"""How the page is laid out."""

from __future__ import annotations

from typing import Any, cast

import gradio as gr

from ecgan.apps.service.page.acting import Acting
from ecgan.apps.service.page.calls import Calls
from ecgan.apps.service.page.pictures import Comparison, Picture, Upload
from ecgan.faces.parts import PARTS
from ecgan.inference.strength import MAX_STRENGTH

UPLOAD_SECONDS = (15, 60)
"""How often uploads are looked through, and the age at which they are removed."""
_HEADER = """<header class="top">
<p class="brand">ECGAN</p>
<h1>The same person, the same picture, another expression</h1>
</header>"""
_FOOTER = """<footer class="care">
<p><strong>With care.</strong> Use photos of people who agree to it. Everything made here is marked
as synthetic, inside the file and in the .json beside it. It changes what a picture shows; it says
nothing of what a person feels.</p>
<p>Your photo stays in this server's memory, and is gone when you close the page or after half an
hour.</p>
</footer>"""


def lay_out(acting: Acting) -> gr.Blocks:
    with gr.Blocks(
        title="ECGAN", analytics_enabled=False, delete_cache=UPLOAD_SECONDS, fill_width=False
    ) as blocks:
        gr.HTML(_HEADER)
        with gr.Row(elem_id="stage"):
            with gr.Column(scale=3, min_width=320):
                with gr.Column() as empty:
                    photo = Upload(
                        type="filepath",
                        sources=["upload", "webcam", "clipboard"],
                        label="Photo",
                        show_label=False,
                        height=420,
                        buttons=[],
                        elem_id="photo",
                        placeholder="Drop a photo of a face here\nor click to choose one",
                    )
                with gr.Column(visible=False) as stage:
                    compare = Comparison(
                        interactive=False,
                        label="Before and after", show_label=False, buttons=["fullscreen"],
                        elem_id="compare", max_height=640, slider_position=12,
                    )  # fmt: skip
                note = gr.HTML("", elem_id="note", padding=False)
                with gr.Row(visible=False, elem_id="actions") as actions:
                    links = gr.HTML("", elem_id="links", padding=False)
                    again = gr.Button("Another photo", variant="secondary", size="sm")
            with gr.Column(scale=2, min_width=300, visible=False, elem_id="controls") as controls:
                sliders = [
                    gr.Slider(0, 100, 100 if i == 0 else 0, step=1, label=name.capitalize(),
                              elem_classes="expression", buttons=[])
                    for i, name in enumerate(acting.expressions)
                ]  # fmt: skip
                strength = gr.Slider(
                    0, round(100 * MAX_STRENGTH), 100, step=1, label="Strength of all, in per cent",
                    elem_id="strength", buttons=[],
                )  # fmt: skip
                parts = gr.CheckboxGroup(
                    [part.capitalize() for part in PARTS], label="Parts that change",
                    value=[part.capitalize() for part in PARTS],
                )  # fmt: skip
        with gr.Column(visible=False, elem_id="more") as more, gr.Tabs():
            with gr.Tab("Recogniser"):
                bars = gr.HTML("", padding=False)
            with gr.Tab("Faces"):
                boxes = Picture(
                    interactive=False,
                    label="Faces in the photo", show_label=False, buttons=[],
                    elem_id="boxes", height=420,
                )  # fmt: skip
                faces = gr.CheckboxGroup([], label="Faces that change")
            with gr.Tab("All expressions"):
                ask_sheet = gr.Button("Show all expressions", variant="primary")
                with gr.Column(visible=False) as sheet_place:
                    sheet = Picture(
                        interactive=False, show_label=False, buttons=["fullscreen"], elem_id="sheet"
                    )
                    sheet_links = gr.HTML("", padding=False)
            with gr.Tab("Growing"):
                ask_growing = gr.Button("Let the expression grow", variant="primary")
                with gr.Column(visible=False) as growing_place:
                    growing = Picture(
                        interactive=False, show_label=False, buttons=[], elem_id="growing"
                    )
                    growing_links = gr.HTML("", padding=False)
        gr.HTML(_FOOTER)

        asked = [*sliders, strength, parts, faces]
        seen = [compare, bars, note, links]
        private: dict[str, Any] = {"api_visibility": "private"}
        calls = Calls(acting, len(sliders))
        places = [empty, stage, actions, controls, more, sheet_place, growing_place]
        photo.change(
            calls.take, [photo, *asked], [photo, *places, boxes, faces, *sliders, *seen],
            show_progress="minimal", **private,
        )  # fmt: skip
        gr.on(
            [*(one.input for one in sliders), strength.input, parts.input, faces.input],
            calls.show, asked, seen, trigger_mode="always_last", show_progress="hidden", **private,
        )  # fmt: skip
        boxes.select(calls.pick, [faces], [faces], show_progress="hidden", **private).then(
            calls.show, asked, seen, show_progress="hidden", **private
        )
        faces.change(calls.draw_boxes, [faces], [boxes], show_progress="hidden", **private)
        ask_sheet.click(calls.sheet, asked, [sheet_place, sheet, sheet_links], **private)
        ask_growing.click(calls.growing, asked, [growing_place, growing, growing_links], **private)
        again.click(calls.leave, None, [*places, note], show_progress="hidden", **private)
        blocks.unload(calls.forget)
    return cast(gr.Blocks, blocks)
