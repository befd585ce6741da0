"""The report of a reproduction in a real browser: on a desk, on a phone, and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.tiny_reproduction import make_reproduction

from ecgan.lab.reproduce.page import write_report

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("browser") / "out"
    return write_report(make_reproduction(out, methods=("cyclegan", "default"), people=2))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_and_asks_for_nothing(report: Path, browser: Any, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 844})
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert not said
    images = page.locator("img")
    for index in range(images.count()):
        assert images.nth(index).evaluate("image => image.naturalWidth") > 800
    page.get_by_role("link", name="Table 2").click()
    assert page.evaluate("location.hash") == "#table-2"
    folded = page.get_by_text("ECGAN default: every score by expression")
    folded.click()
    opened = page.locator("details[open]")
    assert opened.get_by_text("Neutral to every expression, translations").is_visible()
    page.close()


def test_it_prints(report: Path, browser: Any, tmp_path: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.get_by_text("are not in this print").is_visible()
    page.pdf(path=str(tmp_path / "report.pdf"), prefer_css_page_size=True)
    assert (tmp_path / "report.pdf").stat().st_size > 100_000
    page.close()
