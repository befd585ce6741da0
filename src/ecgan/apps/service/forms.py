"""Forms with a photo, read into memory: nothing of them is ever written to a disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData
from starlette.formparsers import MultiPartException, MultiPartParser

from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import MAX_BYTES

MAX_BODY = MAX_BYTES + 65_536
"""Bytes of a request with a photo."""
_MAX_FIELDS, _MAX_FIELD = 16, 1024


class _InMemory(MultiPartParser):
    spool_max_size = 2 * MAX_BODY  # never reached: the body is shorter


class _FormRequest(Request):
    async def _get_form(self, **_: Any) -> FormData:
        if self._form is None:
            kind, options = parse_options_header(self.headers.get("Content-Type"))
            if kind != b"multipart/form-data" or not options.get(b"boundary"):
                raise Problem(415, "expected a multipart/form-data body with its boundary")
            try:
                self._form = await self._parsed(options[b"boundary"])
            except MultiPartException as error:
                raise Problem(400, f"the form cannot be read: {error.message}") from None
        return self._form

    async def _parsed(self, boundary: bytes) -> FormData:
        end = b""

        async def watched() -> Any:
            nonlocal end
            async with aclosing(self.stream()) as stream:
                async for chunk in stream:
                    end = (end + chunk)[-len(boundary) - 1024 :]
                    yield chunk

        parser = _InMemory(
            self.headers,
            watched(),
            max_files=1,
            max_fields=_MAX_FIELDS,
            max_part_size=_MAX_FIELD,
        )
        form = await parser.parse()
        if b"--" + boundary + b"--" not in end:
            raise Problem(400, "the form lacks its end: it was cut on its way")
        return form


class FormRoute(APIRoute):
    """A route whose form is read into memory, and which takes no field that it does not know."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        known = {field.alias for field in self.dependant.body_params}

        async def read(request: Request) -> Response:
            form_request = _FormRequest(request.scope, request.receive)
            if known:
                names = Counter(name for name, _ in (await form_request.form()).multi_items())
                for name, count in names.items():
                    if name not in known:
                        raise Problem(
                            422, f"unknown field {name[:40]!r}, expected {', '.join(sorted(known))}"
                        )
                    if count > 1:
                        raise Problem(422, f"the field {name!r} is given {count} times")
            return await handle(form_request)

        return read
