"""`ecgan serve`: the REST service and the page, one process."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from ecgan.apps.console import note, say, warn
from ecgan.apps.options import BackendName, Model, backend_of
from ecgan.errors import EcganError, MissingExtra, UsageError, extras_named

if TYPE_CHECKING:
    from ecgan.inference.translator import Translator

EXAMPLE = "Example: ecgan serve --port 8000 --backend auto"
LEAST_TOKEN = 16


def serve(
    *,
    host: Annotated[
        str, typer.Option(help="Address to listen on; others than this machine's need a token.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0: any free one.", min=0, max=65535)
    ] = 8000,
    model: Model = None,
    backend: BackendName = None,
    workers: Annotated[
        int,
        typer.Option(
            help="Threads that decode and encode photos. The networks take turns and use all cores "
            "each, so more than 2 help with large photos on many cores only.",
            min=1,
            max=16,
        ),
    ] = 2,
    token: Annotated[
        str | None,
        typer.Option(
            help="What clients must send as Authorization: Bearer TOKEN, and the page asks for. "
            "Better given as $ECGAN_TOKEN, which others on the machine do not see.",
            envvar="ECGAN_TOKEN",
            show_envvar=False,
            metavar="TOKEN",
        ),
    ] = None,
    no_page: Annotated[bool, typer.Option("--no-page", help="The API alone.")] = False,
) -> None:
    """Serve the API and the page until Ctrl-C or SIGTERM; both answer what they have taken on.

    Page at /, API under /v1/, its description at /docs, figures at /metrics. Photos stay in
    memory and go with the reply. TLS is a reverse proxy's work.
    """
    token = token.strip() if token else None
    _check(host, token)
    with extras_named():
        import fastapi_offline  # noqa: F401  these first: their extra brings what the others need
        import prometheus_client  # noqa: F401
        import python_multipart  # noqa: F401

        if not no_page:
            import gradio  # noqa: F401

        from ecgan.apps.service.app import Service
        from ecgan.apps.service.server import ServiceServer
    from ecgan.inference.translator import Translator

    translator = Translator.load(model, backend=backend_of(backend))
    _warm_up(translator)
    service = Service(translator, token=token, threads=workers, page=not no_page)
    with contextlib.closing(service), contextlib.suppress(KeyboardInterrupt):
        server = ServiceServer(service, host, port)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        where = f"[{host}]" if ":" in host else host
        say(f"serving on http://{where}:{server.port} (API: /docs; Ctrl-C stops)")
        if backend:
            note(f"{translator.engine} translates, {translator.recognizer.engine} recognises")
        server.serve_forever()
    say("stopped")


def _check(host: str, token: str | None) -> None:
    from ecgan.apps.service.access import is_loopback

    if token is None and not is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached from other machines: give --token or $ECGAN_TOKEN, such "
            'as what python -c "import secrets; print(secrets.token_urlsafe())" prints'
        )
    if token is not None and not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError("--token: expected printable ASCII characters without spaces")
    if token is not None and len(token) < LEAST_TOKEN:
        warn(f"the token has {len(token)} characters: {LEAST_TOKEN} or more cannot be guessed")


def _warm_up(translator: Translator) -> None:
    """Load what the first photo would wait for.

    Raises:
        MissingExtra: no face can be found.
    """
    import numpy as np

    from ecgan.faces.photo import Photo

    grey = Photo(np.full((256, 256, 3), 128, np.uint8), None, None, None, None, "PNG")
    try:
        translator.finder.find(grey)
    except MissingExtra:
        raise
    except EcganError:
        pass  # there is none, as expected
    translator.probabilities(grey.pixels)
