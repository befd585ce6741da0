"""What the controls of the page call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from ecgan.apps.service.page.acting import Acting, Asked, found, said
from ecgan.apps.service.page.looks import as_address, faces_picture
from ecgan.apps.service.page.sessions import Made, Visit
from ecgan.apps.service.problems import Problem
from ecgan.faces.parts import PARTS

_GONE = "This page was left for too long, and the photo is forgotten. Choose it again."


class Calls:
    """What events call; each gives the new state of its outputs."""

    def __init__(self, acting: Acting, num_sliders: int) -> None:
        self._acting, self._num_sliders = acting, num_sliders

    def take(self, request: gr.Request, path: str | None, *controls: Any) -> Any:
        """A photo came: show it, or say why it cannot be used."""
        if path is None:
            return [gr.skip()] * (14 + self._num_sliders)
        try:
            visit = self._acting.take(_session(request), Path(path).read_bytes())
        except Exception as error:  # all end up as a sentence on the page
            unchanged = [gr.skip()] * (11 + self._num_sliders)
            return [None, *unchanged, said(error), gr.skip()]
        numbers = [face.aligned.number for face in visit.ready.faces]
        chosen = numbers[:1]
        begin = self._acting.beginning(visit)
        sliders = [100 * (name == begin) for name in self._acting.expressions]
        strength, parts = controls[self._num_sliders : -1]
        controls = (*sliders, strength, parts, _names(chosen))
        compare, bars, note, links = self._seen(visit, controls)
        faces = gr.update(choices=_names(numbers), value=_names(chosen))
        boxes = faces_picture(visit.ready, chosen)[0]
        note = found(visit) + note
        return [None, *_places(True), boxes, faces, *sliders, compare, bars, note, links]

    def show(self, request: gr.Request, *controls: Any) -> Any:
        """A control has moved."""
        visit = self._acting.visits.get(_session(request))
        if visit is None:
            return [gr.skip(), gr.skip(), said(Problem(410, _GONE)), gr.skip()]
        try:
            return self._seen(visit, controls)
        except Exception as error:
            return [gr.skip(), gr.skip(), said(error), gr.skip()]

    def pick(self, request: gr.Request, event: gr.SelectData, chosen: list[str]) -> Any:
        """A click into the photo turns the face there on or off."""
        visit = self._acting.visits.get(_session(request))
        if visit is None:
            return gr.skip()
        numbers = _numbers(chosen)
        scale = faces_picture(visit.ready, numbers)[1]
        x, y = (value / scale for value in event.index)
        for face in visit.ready.faces:
            x0, y0, x1, y1 = face.aligned.face.box
            if x0 <= x <= x1 and y0 <= y <= y1:
                numbers = sorted({*numbers} ^ {face.aligned.number})
                break
        return _names(numbers)

    def draw_boxes(self, request: gr.Request, chosen: list[str]) -> Any:
        """The photo with its faces, the chosen ones marked."""
        visit = self._acting.visits.get(_session(request))
        return gr.skip() if visit is None else faces_picture(visit.ready, _numbers(chosen))[0]

    def sheet(self, request: gr.Request, *controls: Any) -> Any:
        """All expressions side by side."""
        return self._extra(request, self._acting.sheet, "sheet", controls)

    def growing(self, request: gr.Request, *controls: Any) -> Any:
        """An animation."""
        return self._extra(request, self._acting.growing, "growing", controls)

    def _extra(
        self,
        request: gr.Request,
        make: Callable[[Visit, Asked], Made],
        what: str,
        controls: tuple[Any, ...],
    ) -> Any:
        visit = self._acting.visits.get(_session(request))
        if visit is None:
            return [gr.update(visible=True), None, said(Problem(410, _GONE))]
        try:
            made = make(visit, self._asked(controls))
        except Exception as error:
            return [gr.update(visible=True), None, said(error)]
        picture = as_address(made.data, made.media_type)
        return [gr.update(visible=True), picture, _links(visit, what)]

    def leave(self, request: gr.Request) -> Any:
        """Another photo is wanted."""
        self._acting.visits.forget(_session(request))
        return [*_places(False), ""]

    def forget(self, request: gr.Request) -> None:
        """The page is closed."""
        self._acting.visits.forget(_session(request))

    def _seen(self, visit: Visit, controls: tuple[Any, ...]) -> list[Any]:
        view = self._acting.view(visit, self._asked(controls))
        links = _links(visit, "picture") if view.has_picture else ""
        return [(view.before, view.after), view.bars, view.note, links]

    def _asked(self, controls: tuple[Any, ...]) -> Asked:
        count = self._num_sliders
        strength, parts, faces = controls[count:]
        shares = zip(self._acting.expressions, controls[:count], strict=True)
        return Asked(
            {name: value / 100 for name, value in shares},
            strength / 100,
            tuple(part for part in PARTS if part.capitalize() in parts),
            tuple(_numbers(faces)),
        )


def _places(photo: bool) -> list[Any]:
    """Which parts of the page are shown, with a photo or without; what is asked for later, not."""
    shown = (not photo, *[photo] * 4, False, False)
    return [gr.update(visible=one) for one in shown]


def _session(request: gr.Request) -> str:
    return str(request.session_hash)


def _names(numbers: list[int]) -> list[str]:
    return [f"Face {number}" for number in numbers]


def _numbers(names: list[str]) -> list[int]:
    return [int(name.removeprefix("Face ")) for name in names]


def _links(visit: Visit, what: str) -> str:
    made = visit.files[what]
    where = f"/made/{visit.key}/{what}"
    return (
        f'<a class="download" href="{where}" download="{made.name}">Download</a> '
        f'<a class="download quiet" href="{where}.json" download="{made.name}.json">'
        "How it was made (.json)</a>"
    )
