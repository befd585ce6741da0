"""Puts the page into the service: its place, its downloads, where uploads lie for a minute."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import gradio as gr
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.routing import Mount, Route

from ecgan.apps.service.page.acting import Acting
from ecgan.apps.service.page.guard import Used
from ecgan.apps.service.page.layout import lay_out
from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import MAX_BYTES

if TYPE_CHECKING:
    from ecgan.apps.service.app import Service

_FRAME = """<style>
.gradio-container { max-width: 1120px !important; margin: 0 auto !important; }
@media (max-width: 640px) {
  .gradio-container { padding: 0 !important; max-width: 100vw !important;
    box-sizing: border-box; }
  .gradio-container .main { padding: 0 !important; }
  .gradio-container .main > .wrap { padding: 1.1rem !important; max-width: 100vw; }
}
</style>"""
"""Around what page.css reaches."""
_SYSTEM = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif")


def mount_page(app: FastAPI, service: Service) -> None:
    """Put the page at `/`, and its downloads below `/made/`."""
    folder = uploads_folder()
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    acting = Acting(service)
    _add_downloads(app, acting)
    blocks = lay_out(acting)
    blocks.queue(max_size=64, default_concurrency_limit=2, api_open=False)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        footer_links=[],
        run_history=False,
        max_file_size=MAX_BYTES,
        ssr_mode=False,
        enable_monitoring=False,
        show_error=False,
        theme=_theme(),
        css=resources.files("ecgan.apps.service.page").joinpath("page.css").read_text("utf-8"),
        head=_FRAME,
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
    )
    others = {
        route.path: ", ".join(sorted(route.methods or ()))
        for route in app.routes
        if isinstance(route, Route)
    }
    mount = app.routes[-1]
    assert isinstance(mount, Mount)
    mount.app = Used(mount.app, folder, others)


def uploads_folder() -> Path:
    """A private folder for uploads, in memory where the system has such; gone in the end."""
    memory = Path("/dev/shm")
    try:
        folder = tempfile.mkdtemp(prefix="ecgan-", dir=memory if memory.is_dir() else None)
    except OSError:
        folder = tempfile.mkdtemp(prefix="ecgan-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder).resolve()


def _theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue="teal",
        neutral_hue="stone",
        font=_SYSTEM,
        font_mono=("ui-monospace", "monospace"),
        radius_size="lg",
        spacing_size="lg",
    )


def _add_downloads(app: FastAPI, acting: Acting) -> None:
    @app.get("/made/{key}/{what}", include_in_schema=False)
    async def made(key: str, what: str) -> Response:
        visit = acting.visits.of_key(key)
        file = visit.files.get(what.removesuffix(".json")) if visit else None
        if file is None:
            raise Problem(404, "this picture is forgotten: make it again")
        if what.endswith(".json"):
            name, reply = f"{file.name}.json", Response()
            reply = JSONResponse(file.sidecar)
        else:
            name, reply = file.name, Response(file.data, media_type=file.media_type)
        reply.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return reply
