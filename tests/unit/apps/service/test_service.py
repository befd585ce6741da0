"""The service as a client sees it."""

import asyncio
import base64
import functools
import hashlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from support.tiny_service import photo_bytes, shade_of

from ecgan.apps.service.app import Service
from ecgan.apps.service.gate import Gate
from ecgan.apps.service.problems import SHA256_HEADER
from ecgan.inference.translator import Translator
from ecgan.inference.verifying import embedded_marks

LOCAL = "http://127.0.0.1"
TOKEN = "a-token-that-nobody-guesses"
JPEG = photo_bytes()


def translate(client: TestClient, data: bytes = JPEG, accept: str = "*/*", **form: Any) -> Any:
    fields = {"to": "surprise", **form}
    return client.post(
        "/v1/translate", files={"photo": data}, data=fields, headers={"Accept": accept}
    )


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_one_target_gives_the_picture_itself_marked(
    client: TestClient, tmp_path: Path, kind: str
) -> None:
    data = photo_bytes(kind)
    reply = translate(client, data)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == f"image/{kind.lower()}"
    assert reply.headers[SHA256_HEADER] == sha256(data)
    assert reply.headers["X-Ecgan-Before"].startswith("neutral ")
    assert reply.headers["X-Ecgan-Faces"] == "1"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "no-store"
    picture = Image.open(io.BytesIO(reply.content))
    assert (picture.format, picture.size) == (kind, (512, 512))
    path = tmp_path / "made"
    path.write_bytes(reply.content)
    marks = embedded_marks(path)
    assert {mark.source_sha256 for mark in marks} >= {sha256(data)}


def test_several_targets_or_accept_give_json(client: TestClient) -> None:
    for reply, targets in (
        (translate(client, to="happy,happy*0.5+sad*0.5", format="png"), 2),
        (translate(client, accept="application/json"), 1),
    ):
        assert reply.headers[SHA256_HEADER] == sha256(JPEG)
        found = reply.json()
        assert found["source"] == {"sha256": sha256(JPEG), "width": 512, "height": 512}
        assert len(found["pictures"]) == targets
        for one in found["pictures"]:
            data = base64.b64decode(one["picture"])
            assert one["sidecar"]["output"]["sha256"] == sha256(data)
            assert one["sidecar"]["source"] == {"file": "photo", "sha256": sha256(JPEG)}
            assert one["faces"][0]["face"] == 1
            assert Image.open(io.BytesIO(data)).size == (512, 512)


def test_what_is_asked_reaches_the_mark(client: TestClient) -> None:
    reply = translate(
        client, accept="application/json", strength="0.5", part="mouth", face="left", quality="70"
    )
    settings = reply.json()["pictures"][0]["sidecar"]["settings"]
    assert (settings["strength"], settings["part"], settings["face"]) == (0.5, "mouth", "left")


def test_faces_are_recognised(client: TestClient) -> None:
    reply = client.post("/v1/recognize", files={"photo": JPEG})
    face = reply.json()["faces"][0]
    assert reply.headers[SHA256_HEADER] == sha256(JPEG)
    assert face["expression"] == "neutral"
    assert len(face["box"]) == 4
    assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-3)


def test_what_may_be_asked_for(client: TestClient) -> None:
    found = client.get("/v1/expressions").json()
    assert "happy" in found["expressions"]
    assert found["parts"] == ["brows", "eyes", "mouth"]
    assert found["strength"] == [0.0, 1.5]


@pytest.mark.parametrize(
    ("form", "status", "says"),
    [
        ({"to": "hapy"}, 422, "did you mean 'happy'"),
        ({"to": ""}, 422, "to: "),
        ({"to": "happy*2"}, 422, "share"),
        ({"strength": "2"}, 422, "strength: "),
        ({"strength": "nan"}, 422, "strength: "),
        ({"face": "best"}, 422, "^face takes"),
        ({"part": "nose"}, 422, "^part takes"),
        ({"format": "gif"}, 422, "format: "),
        ({"format": "png", "quality": "50"}, 422, "lossless"),
        ({"quality": "0"}, 422, "quality: "),
        ({"strenght": "1"}, 422, "unknown field 'strenght'"),
        ({"to": "x" * 2000}, 400, "maximum size"),
        ({f"field{i}": "1" for i in range(1001)}, 400, "Too many fields"),
        ({"face": "7"}, 422, "face 7 was asked for"),
    ],
)
def test_wrong_fields(client: TestClient, form: dict[str, str], status: int, says: str) -> None:
    reply = translate(client, **form)
    assert reply.status_code == status
    assert reply.headers["Content-Type"] == "application/problem+json"
    problem = reply.json()
    assert problem["status"] == status
    assert re.search(says, problem["detail"])
    assert "\n" not in problem["detail"]


def test_a_photo_without_a_face_says_why(
    client: TestClient, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translator.finder, "faces", [])
    for path, form in (("/v1/translate", {"to": "happy"}), ("/v1/recognize", {})):
        reply = client.post(path, files={"photo": JPEG}, data=form)
        assert reply.status_code == 422
        assert reply.json()["reason"] == "no-face"
        assert reply.headers[SHA256_HEADER] == sha256(JPEG)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "multipart/form-data; boundary=x", 400),
        (b"hello", "text/plain", 415),
        (b"{}", "application/json", 415),
        (b"to=happy", "application/x-www-form-urlencoded", 415),
        (b"--x\r\n", "multipart/form-data", 415),
        (b"--y\r\n", "multipart/form-data; boundary=x", 400),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
         "multipart/form-data; boundary=x", 400),
        (b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a"\r\n\r\n' + JPEG,
         "multipart/form-data; boundary=x", 400),
        (b'--x\r\nContent-Disposition: form-data; name="to"\r\n\r\nhappy\r\n--x--\r\n',
         "multipart/form-data; boundary=x", 422),
    ],
)  # fmt: skip
def test_wrong_bodies(client: TestClient, body: bytes, kind: str, status: int) -> None:
    reply = client.post("/v1/translate", content=body, headers={"Content-Type": kind})
    assert reply.status_code == status, reply.text
    assert reply.headers["Content-Type"] == "application/problem+json"


def test_two_photos_in_one_form(client: TestClient) -> None:
    files = [("photo", JPEG), ("photo", JPEG)]
    assert client.post("/v1/recognize", files=files).status_code == 400


def test_too_many_bytes_are_refused_unread_and_as_they_come(client: TestClient) -> None:
    assert translate(client, JPEG + bytes(11_000_000)).status_code == 413

    def chunks() -> Any:
        for _ in range(200):
            yield bytes(100_000)

    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    reply = client.post("/v1/translate", content=chunks(), headers=kind)
    assert reply.status_code == 413


def test_nothing_is_written_to_a_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was opened for writing")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", refuse)
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    large = photo_bytes("PNG", compress_level=0)
    large += bytes(3_000_000)
    assert translate(client, large).status_code == 200


def test_a_fault_is_a_reply(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(service.translator, "prepare_all", fail)
    reply = translate(client)
    assert reply.status_code == 500
    assert "secret" not in reply.text
    assert reply.headers[SHA256_HEADER] == sha256(JPEG)


def test_replies_are_not_swapped(service: Service) -> None:
    """Many photos at once: each reply has the hash and the shade of its own."""

    photos = {shade: photo_bytes("PNG", shade) for shade in (8 * i + i % 2 for i in range(16))}

    async def ask() -> None:
        transport = httpx.ASGITransport(service.asgi)
        async with httpx.AsyncClient(transport=transport, base_url=LOCAL, timeout=60) as client:

            async def one(shade: int, data: bytes) -> None:
                form = {"to": "happy", "strength": "1" if shade % 2 else "0.5"}
                reply = await client.post("/v1/translate", files={"photo": data}, data=form)
                assert reply.status_code == 200
                assert reply.headers[SHA256_HEADER] == sha256(data)
                assert shade_of(reply.content) == shade

            await asyncio.gather(*(one(shade, data) for shade, data in photos.items()))

    asyncio.run(ask())
    sizes = {s.labels["le"]: s.value for s in service.metrics.batch.collect()[0].samples
             if "le" in s.labels}  # fmt: skip
    assert sizes["4.0"] > sizes["1.0"]  # some went together


def test_too_many_at_once(translator: Translator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one client: 429; of all: 503; what was admitted is answered."""
    gate = functools.partial(Gate, most=3, most_per_client=2)
    service = Service(translator, gate=gate)  # type: ignore[arg-type]

    async def ask() -> list[list[int]]:
        async def of(client: str) -> list[int]:
            transport = httpx.ASGITransport(service.asgi, client=(client, 1))
            async with httpx.AsyncClient(transport=transport, base_url=LOCAL, timeout=60) as one:
                sent = [
                    one.post("/v1/translate", files={"photo": JPEG}, data={"to": "happy"})
                    for _ in range(4)
                ]
                replies = await asyncio.gather(*sent)
            for reply in replies:
                assert reply.status_code == 200 or "Retry-After" in reply.headers
            return sorted(reply.status_code for reply in replies)

        return list(await asyncio.gather(of("10.0.0.1"), of("10.0.0.2")))

    first, second = asyncio.run(ask())
    service.close()
    assert sorted(first + second).count(200) == 3
    assert first == [200, 200, 429, 429]
    assert second == [200, 503, 503, 503]
    assert service.gate.in_flight == 0


def test_going_down(translator: Translator) -> None:
    service = Service(translator)
    client = TestClient(service.asgi, base_url=LOCAL)
    assert client.get("/health/ready").json() == {"status": "ready"}
    service.gate.closing = True
    assert client.get("/health/ready").status_code == 503
    assert client.get("/health/live").status_code == 200
    assert translate(client).status_code == 503
    service.close()


def test_metrics_count_replies_and_name_nobody(client: TestClient) -> None:
    translate(client)
    text = client.get("/metrics").text
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    key = ("ecgan_requests_total", (("route", "/v1/translate"), ("status", "200")))
    assert samples[key] >= 1
    assert samples[("ecgan_in_flight", ())] == 0
    assert samples[("ecgan_pictures_total", ())] >= 1
    client.get("/../../etc/passwd?x=1")
    assert "passwd" not in client.get("/metrics").text


def test_the_api_is_described_without_other_hosts(client: TestClient) -> None:
    found = client.get("/openapi.json").json()
    assert found["openapi"].startswith("3.")
    paths = {"/v1/translate", "/v1/recognize", "/v1/expressions", "/health/live"}
    assert paths | {"/health/ready", "/metrics"} == set(found["paths"])
    form = found["paths"]["/v1/translate"]["post"]["requestBody"]["content"]
    assert list(form) == ["multipart/form-data"]
    page = client.get("/docs")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for text in (page.text, client.get("/docs/start.js").text):
        assert "http" not in text.replace("<!doctype html>", "")
    for name in re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text):
        assert client.get(f"/{name}").status_code == 200


@pytest.fixture(scope="module")
def locked(translator: Translator) -> Iterator[TestClient]:
    service = Service(translator, token=TOKEN)
    yield TestClient(service.asgi, base_url="http://faces.example", follow_redirects=False)
    service.close()


class TestToken:
    @pytest.mark.parametrize("value", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer é"])
    def test_without_it_nothing_is_answered(self, locked: TestClient, value: str) -> None:
        headers = {"Authorization": value.encode()} if value else {}
        for path in ("/v1/expressions", "/"):
            reply = locked.get(path, headers=headers)
            assert reply.status_code == 401
            assert reply.headers["WWW-Authenticate"] == "Bearer"

    def test_with_it_all_is(self, locked: TestClient) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert locked.get("/v1/expressions", headers=headers).status_code == 200
        assert locked.get("/health/live").status_code == 200

    def test_a_browser_asks_for_it_once(self, locked: TestClient) -> None:
        reply = locked.get("/docs", headers={"Accept": "text/html"})
        assert (reply.status_code, reply.headers["Location"]) == (303, "/login")
        assert "password" in locked.get("/login").text
        assert locked.post("/login", data={"token": "wrong"}).status_code == 401
        reply = locked.post("/login", data={"token": TOKEN})
        assert reply.status_code == 303
        cookie = reply.headers["Set-Cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert locked.get("/docs").status_code == 200
        locked.cookies.clear()


def test_other_sites_cannot_use_a_local_service(client: TestClient) -> None:
    assert client.get("/v1/expressions", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/v1/expressions", headers={"Host": "localhost:8000"}).status_code == 200
    assert client.get("/v1/expressions", headers={"Host": "[::1]:8000"}).status_code == 200
    reply = client.post(
        "/v1/recognize", files={"photo": JPEG}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert reply.status_code == 403
