"""The page in a real browser: a photo, sliders, faces, sheet, animation, downloads."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.tiny_service import photo_bytes

from ecgan.inference.verifying import verify_file

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytest.importorskip("gradio", reason="the page needs Gradio")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

SCRIPT = Path(__file__).parents[1] / "support" / "tiny_service.py"
WAIT_MS = 60_000


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    models = tmp_path_factory.mktemp("page") / "models"
    process = subprocess.Popen(
        [sys.executable, str(SCRIPT), str(models), "page"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield f"http://127.0.0.1:{process.stdout.readline().strip()}/"
    process.terminate()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "light"), (390, "dark")], ids=["desk", "phone"]
)
def test_a_visit(address: str, browser: Any, tmp_path: Path, width: int, scheme: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    page.set_default_timeout(WAIT_MS)
    outside: list[str] = []
    errors: list[str] = []
    page.on("request", lambda it: outside.append(it.url) if not own(it.url, address) else None)
    page.on("response", lambda it: errors.append(it.url) if it.status >= 400 else None)
    page.on("console", lambda it: errors.append(it.text) if it.type == "error" else None)
    page.on("pageerror", lambda it: errors.append(str(it)))
    page.goto(address)

    wrong = tmp_path / "wrong.jpg"
    wrong.write_bytes(b"hello")
    page.set_input_files("#photo input[type=file]", wrong)
    page.get_by_text("Expected a JPEG, PNG or WebP picture").wait_for()
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(photo_bytes())
    page.set_input_files("#photo input[type=file]", photo)
    page.get_by_text("1 face found").wait_for()
    page.locator("#links a.download").first.wait_for()
    assert page.locator("#compare img").count() >= 2
    shown = page.locator("#compare img").last.get_attribute("src")
    before = page.locator("#compare img").first.get_attribute("src")
    assert shown != before

    slider = page.get_by_role("slider", name="Sad")
    slider.focus()
    page.keyboard.press("End")  # by keyboard alone
    page.wait_for_function(changed("#compare img", shown))
    assert "sad" in page.locator("#links a.download").first.get_attribute("download")

    page.get_by_role("tab", name="All expressions").click()
    page.get_by_role("button", name="Show all expressions").click()
    page.locator("#sheet img").wait_for()
    page.get_by_role("tab", name="Growing").click()
    page.get_by_role("button", name="Let the expression grow").click()
    page.locator("#growing img").wait_for()
    page.get_by_role("tab", name="Faces").click()
    page.locator("#boxes img").wait_for()
    assert page.get_by_label("Face 1").is_checked()

    for link in page.locator("a.download:not(.quiet)").all():
        address_of, name = link.get_attribute("href"), link.get_attribute("download")
        for suffix in ("", ".json"):
            reply = page.request.get(address.rstrip("/") + address_of + suffix)
            (tmp_path / (name + suffix)).write_bytes(reply.body())
        verified = verify_file(tmp_path / name)
        assert (verified.verdict, verified.unchanged) == ("synthetic", True)
        assert not verified.disagreements
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width
    assert outside == []
    assert errors == []
    page.close()


def own(url: str, address: str) -> bool:
    return url.startswith((address, "data:", "blob:"))


def changed(where: str, source: str | None) -> str:
    """JavaScript: whether the last picture there is another one."""
    return f"[...document.querySelectorAll({where!r})].at(-1).src !== {source!r}"
