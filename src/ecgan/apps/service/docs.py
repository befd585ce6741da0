"""`/docs`: Swagger UI from files of a package, since its usual place is another host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib import resources

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse

_FILES = {
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ECGAN: API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" href="data:,">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({ url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true,
  validatorUrl: null, tryItOutEnabled: true });
"""


def add_docs(app: FastAPI) -> None:
    """Serve the page and its two files."""

    @app.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(_PAGE)

    @app.get("/docs/start.js", include_in_schema=False)
    async def start() -> Response:
        return Response(_START, media_type="text/javascript; charset=utf-8")

    folder = resources.files("fastapi_offline").joinpath("static")
    for name, kind in _FILES.items():
        data = folder.joinpath(name).read_bytes()
        app.add_api_route(f"/docs/{name}", _served(data, kind), include_in_schema=False)


def _served(data: bytes, kind: str) -> Callable[[], Awaitable[Response]]:
    async def file() -> Response:
        return Response(data, media_type=kind, headers={"Cache-Control": "max-age=86400"})

    return file
