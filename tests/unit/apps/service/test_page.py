"""The page without a browser: what it serves, what its controls do, what it remembers."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient
from support.tiny_models import KnownFaces
from support.tiny_service import photo_bytes

pytest.importorskip("gradio", reason="the page needs Gradio")

from ecgan.apps.service.app import Service
from ecgan.apps.service.page import sessions
from ecgan.apps.service.page.acting import Acting, Asked, said
from ecgan.apps.service.page.calls import Calls
from ecgan.apps.service.page.sessions import Visit, Visits
from ecgan.apps.service.problems import Problem
from ecgan.apps.service.uploads import check_upload
from ecgan.faces.parts import PARTS
from ecgan.inference.translator import Translator
from ecgan.inference.verifying import embedded_marks

LOCAL = "http://127.0.0.1"
JPEG = photo_bytes()


@pytest.fixture(scope="module")
def paged(translator: Translator) -> Iterator[Service]:
    service = Service(translator, page=True)
    yield service
    service.close()


@pytest.fixture
def web(paged: Service) -> Iterator[TestClient]:
    with TestClient(paged.asgi, base_url=LOCAL) as client:
        yield client


@pytest.fixture
def acting(paged: Service) -> Acting:
    return Acting(paged)


@pytest.fixture
def visit(acting: Acting) -> Visit:
    return acting.take("me", JPEG)


def asked(strength: float = 1.0, **shares: float) -> Asked:
    return Asked(shares, strength, PARTS, (1,))


def marked(data: bytes, tmp_path: Path) -> bool:
    path = tmp_path / "made"
    path.write_bytes(data)
    return bool(embedded_marks(path))


def test_the_page_asks_nothing_of_other_hosts(web: TestClient) -> None:
    page = web.get("/")
    assert page.status_code == 200
    outside = re.findall(
        r'(?:src|href|content|url)\s*[=(]\s*["\']?(https?://[^"\')\s]+)', page.text
    )
    assert [address for address in outside if "127.0.0.1" not in address] == []
    assert "fonts.googleapis" not in page.text + web.get("/theme.css").text
    policy = page.headers["Content-Security-Policy"]
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    config = web.get("/config").json()
    assert config["analytics_enabled"] is False
    assert all(one["api_visibility"] == "private" for one in config["dependencies"])


@pytest.mark.parametrize(
    "address",
    [
        "/gradio_api/file=http://127.0.0.1/x",
        "/gradio_api/proxy=http://127.0.0.1/x",
        "/gradio_api/run/take",
        "/gradio_api/openapi.json",
        "/gradio_api/vibe-code/",
        "/monitoring",
        "/api/x",
    ],
)
def test_what_the_page_does_not_use_is_not_there(web: TestClient, address: str) -> None:
    assert web.get(address).status_code == 404


def test_addresses_of_the_service_know_their_methods(web: TestClient) -> None:
    reply = web.get("/v1/translate")
    assert (reply.status_code, reply.headers["Allow"]) == (405, "POST")
    assert web.post("/health/live").status_code == 405


def test_no_address_is_fetched(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photo named by an address is not looked up, by whatever way it comes."""
    config = web.get("/config").json()
    take = config["dependencies"][0]
    picture = {"path": "http://127.0.0.1:9/x.jpg", "meta": {"_type": "gradio.FileData"}}
    data = [picture, *[0] * (len(take["inputs"]) - 1)]
    asked_for: list[str] = []

    async def note(url: str, **_: object) -> str:
        asked_for.append(url)
        raise OSError

    monkeypatch.setattr("gradio.processing_utils.async_ssrf_protected_download", note)
    reply = web.post(
        "/gradio_api/queue/join",
        json={"data": data, "fn_index": take["id"], "session_hash": "x"},
    )
    assert reply.status_code == 400
    assert asked_for == []


def test_an_expression_beside_the_photo(acting: Acting, visit: Visit, tmp_path: Path) -> None:
    view = acting.view(visit, asked(surprise=1.0))
    assert view.before != view.after
    assert view.has_picture
    assert "surprise" in view.bars
    made = visit.files["picture"]
    assert made.name == "surprise.jpg"
    assert Image.open(io.BytesIO(made.data)).size == (512, 512)
    assert marked(made.data, tmp_path)
    assert made.sidecar["source"]["sha256"] == visit.upload.sha256


def test_controls_say_what_is_asked() -> None:
    assert asked(happy=1.0, sad=0.0).target == "happy"
    assert asked(happy=0.5).target == "happy*0.5"
    assert asked(happy=1.0, sad=1.0).target == "happy*0.5+sad*0.5"
    assert asked(happy=0.2, sad=0.3).target == "happy*0.2+sad*0.3"
    assert asked(happy=0.0).target is None


def test_nothing_asked_shows_the_photo_alone(acting: Acting, visit: Visit) -> None:
    view = acting.view(visit, asked(happy=0.0))
    assert view.before == view.after
    assert not view.has_picture
    assert "picture" not in visit.files


def test_sheet_and_animation_are_marked(acting: Acting, visit: Visit, tmp_path: Path) -> None:
    sheet = acting.sheet(visit, asked(happy=1.0))
    growing = acting.growing(visit, asked(happy=1.0))
    assert Image.open(io.BytesIO(sheet.data)).format == "PNG"
    animation = Image.open(io.BytesIO(growing.data))
    assert (animation.format, animation.n_frames > 4) == ("GIF", True)
    assert marked(sheet.data, tmp_path)
    assert marked(growing.data, tmp_path)


def test_downloads_have_an_address_that_nobody_guesses(
    web: TestClient, paged: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert web.get("/made/guess/picture").status_code == 404


def test_events_give_one_value_for_each_output(acting: Acting, tmp_path: Path) -> None:
    calls = Calls(acting, len(acting.expressions))
    request: Any = SimpleNamespace(session_hash="me")
    parts = [part.capitalize() for part in PARTS]
    controls = (*[0] * len(acting.expressions), 100, parts, [])
    path = tmp_path / "photo"
    path.write_bytes(JPEG)
    taken = calls.take(request, str(path), *controls)
    assert len(taken) == len(calls.take(request, None, *controls))
    assert taken[0] is None
    assert "1 face found" in taken[-2]
    assert f"/made/{acting.visits.get('me').key}/picture" in taken[-1]  # type: ignore[union-attr]
    path.write_bytes(b"hello")
    refused = calls.take(request, str(path), *controls)
    assert len(refused) == len(taken)
    assert "Expected a JPEG" in refused[-2]
    assert len(calls.show(request, 50, *controls[1:])) == 4
    assert len(calls.sheet(request, *controls)) == 3
    calls.forget(request)
    assert "left for too long" in calls.show(request, *controls)[2]


def test_without_a_face_it_says_so_in_words(
    acting: Acting, translator: Translator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translator, "finder", KnownFaces())
    with pytest.raises(Exception, match="no face") as caught:
        acting.take("me", JPEG)
    assert "No face found" in said(caught.value)
    assert "<p>Something" in said(RuntimeError("secret"))
    assert "&lt;b&gt;" in said(Problem(400, "<b>"))


def test_a_click_turns_a_face_on_and_off(acting: Acting, visit: Visit) -> None:
    calls = Calls(acting, len(acting.expressions))
    request: Any = SimpleNamespace(session_hash="me")
    x0, y0, x1, y1 = visit.ready.faces[0].aligned.face.box
    event: Any = SimpleNamespace(index=[(x0 + x1) / 2, (y0 + y1) / 2])
    assert calls.pick(request, event, []) == ["Face 1"]
    assert calls.pick(request, event, ["Face 1"]) == []
    event.index = [0, 0]
    assert calls.pick(request, event, ["Face 1"]) == ["Face 1"]


def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    def visit() -> Visit:
        return Visit(check_upload(JPEG), ready=None)  # type: ignore[arg-type]

    visits = Visits()
    monkeypatch.setattr(sessions, "MOST_VISITORS", 2)
    for name in "abc":
        visits.put(name, visit())
    assert visits.get("a") is None
    assert visits.get("b") is not None
    visits.put("d", visit())
    assert visits.get("c") is None  # b was used after it
    monkeypatch.setattr(sessions, "MOST_PIXELS", 512 * 512)
    visits.put("e", visit())
    assert [name for name in "bde" if visits.get(name)] == ["e"]
    monkeypatch.setattr(sessions, "REMEMBERED_SECONDS", -1.0)
    assert visits.get("e") is None
    visits.put("f", visit())
    visits.forget("f")
    assert visits.get("f") is None


def test_uploads_lie_in_a_private_folder(web: TestClient) -> None:
    reply = web.post("/gradio_api/upload", files={"files": ("x.jpg", JPEG)})
    path = Path(json.loads(reply.text)[0])
    folder = next(one for one in path.parents if one.name.startswith("ecgan-"))
    assert folder.stat().st_mode & 0o077 == 0
    assert web.post("/gradio_api/upload", files={"files": bytes(11_000_000)}).status_code == 413
