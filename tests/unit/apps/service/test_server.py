"""The server: who is slow is let go, and who waits is answered when it is told to end."""

import hashlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.tiny_service import photo_bytes, shade_of

from ecgan.apps.service import gate
from ecgan.apps.service.app import Service
from ecgan.apps.service.problems import SHA256_HEADER
from ecgan.apps.service.server import ServiceServer
from ecgan.inference.translator import Translator

SCRIPT = Path(__file__).parents[3] / "support" / "tiny_service.py"


@pytest.fixture
def running(translator: Translator) -> Iterator[ServiceServer]:
    service = Service(translator)
    server = ServiceServer(service, "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join()
    service.close()


def form(photo: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a form."""
    boundary = uuid.uuid4().hex
    parts = [f'name="{key}"\r\n\r\n{value}'.encode() for key, value in fields.items()]
    parts.append(b'name="photo"; filename="../../etc/x.jpg"\r\n\r\n' + photo)
    lead = f"--{boundary}\r\nContent-Disposition: form-data; ".encode()
    body = b"".join(lead + part + b"\r\n" for part in parts) + f"--{boundary}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={boundary}"}


def post(port: int, shade: int = 0) -> tuple[int, int | None]:
    """Status, and the shade of the picture; the hash is checked."""
    photo = photo_bytes("PNG", shade)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body, headers = form(photo, to="happy")
    connection.request("POST", "/v1/translate", body, headers)
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    if reply.status != 200:
        assert json.loads(data)["status"] == reply.status
        return reply.status, None
    assert reply.headers[SHA256_HEADER] == hashlib.sha256(photo).hexdigest()
    return 200, shade_of(data)


def test_a_photo_over_the_wire(running: ServiceServer) -> None:
    assert post(running.port, 40) == (200, 40)


def test_a_slow_body_is_refused(running: ServiceServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "BODY_SECONDS", 0.3)
    head = b"POST /v1/recognize HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
    head += b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x"
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 408 ")


def test_who_sends_no_request_is_let_go(
    running: ServiceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgan.lab.serving.IDLE_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
        for byte in b"GET / HTTP/1.1\r\nHost":
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                return  # closed, although something came all the time
            time.sleep(0.05)
        assert connection.recv(10) == b""


def test_a_long_answer_is_waited_for(
    running: ServiceServer, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection's own patience does not end what is being answered."""
    monkeypatch.setattr("ecgan.lab.serving.IDLE_SECONDS", 0.2)
    prepare_all = translator.prepare_all
    monkeypatch.setattr(
        translator, "prepare_all", lambda *args: (time.sleep(1), prepare_all(*args))[1]
    )
    assert post(running.port, 90) == (200, 90)


def test_a_client_that_leaves_is_no_fault(running: ServiceServer) -> None:
    body, headers = form(photo_bytes(), to="happy")
    lines = [f"{key}: {value}" for key, value in headers.items()]
    head = ["POST /v1/translate HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    for share in (len(body) // 2, len(body)):
        with socket.create_connection(("127.0.0.1", running.port), timeout=10) as connection:
            connection.sendall("\r\n".join([*head, *lines, "", ""]).encode() + body[:share])
    assert post(running.port, 50) == (200, 50)


def test_sigterm_answers_all_that_is_in_flight(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(tmp_path / "models"), "plain"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    port = int(process.stdout.readline())
    shades = [8 * i for i in range(16)]
    with ThreadPoolExecutor(len(shades)) as pool:
        replies = [pool.submit(post, port, shade) for shade in shades]
        deadline = time.monotonic() + 30
        while in_flight(port) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        found = [reply.result() for reply in replies if not refused_connection(reply)]
    statuses = {status for status, _ in found}
    assert statuses <= {200, 503}
    assert 200 in statuses
    assert all(shade in shades for status, shade in found if status == 200)
    assert process.wait(timeout=30) == 0
    assert process.stdout.read().strip() == "stopped"
    process.stdout.close()


def refused_connection(reply) -> bool:
    """Whether a request came after all was over, and so never was one."""
    return isinstance(reply.exception(), ConnectionRefusedError)


def in_flight(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return float(text.split("\necgan_in_flight ")[1].split()[0])
