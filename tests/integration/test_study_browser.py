"""The study in a real browser: a scripted rater, a server that is killed, no answer lost."""

from __future__ import annotations

import csv
import io
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.tiny_data import make_tiny_data
from support.tiny_study import make_methods

from ecgan.lab.study.answers import read_raters
from ecgan.lab.study.build import Plan, build
from ecgan.lab.study.design import Study, Trial, trials
from ecgan.lab.study.results import answers_csv, results

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

PLAN = Plan(pairs=40, catch=4, practice=2, show_ms=60, fixation_ms=20, break_every=22, seed=5)
WAIT_MS = 60_000


class Server:
    """`ecgan study serve` as a process of its own."""

    def __init__(self, root: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.root = root
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "ecgan", "study", "serve", str(self.root)]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        assert "serving" in self._process.stdout.readline()

    def end(self, how: signal.Signals) -> int:
        self._process.send_signal(how)
        code = self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Study]:
    folder = tmp_path_factory.mktemp("browser")
    data = make_tiny_data(folder / "data", people={"train": 1, "val": 1, "test": 14})
    root = folder / "study"
    return root, build(data, make_methods(data, folder / "methods"), root, PLAN)


@pytest.fixture
def server(study: tuple[Path, Study]) -> Iterator[Server]:
    server = Server(study[0])
    yield server
    assert server.end(signal.SIGTERM) == 0


@pytest.fixture
def page() -> Iterator[Any]:
    """A phone with a keyboard."""
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
        page.set_default_timeout(WAIT_MS)
        yield page
        browser.close()


def fooled(trial: Trial) -> bool:
    """The script: looks in catch trials, and takes each third of the rest for real."""
    return trial.item.kind != "catch" and int(trial.item.real[:6], 16) % 3 == 0


def choose(page: Any, trial: Trial) -> None:
    """Wait for this pair, check that it is the one, and answer by key, letter, click or tap."""
    for side, name in (("left", trial.left), ("right", trial.right)):
        page.locator(f'.over #{side} img[src="/images/{name}.jpg"]').wait_for(state="attached")
    assert page.locator("#left img").is_hidden()
    page.wait_for_timeout(100)  # a person is no quicker than the page allows
    other = "left" if trial.generated_side == "right" else "right"
    side = trial.generated_side if fooled(trial) else other
    how: tuple[Callable[[], None], ...] = (
        lambda: page.keyboard.press("ArrowLeft" if side == "left" else "ArrowRight"),
        lambda: page.keyboard.press("f" if side == "left" else "J"),
        lambda: page.locator(f"#{side}").click(),
        lambda: page.locator(f"#{side}").tap(),
    )
    how[trial.number % 4]()


def test_a_rater_with_a_server_that_dies(
    study: tuple[Path, Study], server: Server, page: Any
) -> None:
    root, key = study
    errors: list[str] = []
    hosts: set[str] = set()
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))

    page.goto(server.url)
    assert page.locator("#welcome").is_visible()
    page.locator("#consent").check()
    page.get_by_role("button", name="Begin").click()
    page.locator("#start").wait_for()
    (rater,) = read_raters(root).values()
    assert page.locator("#instructions .rater").inner_text() == rater.code
    order = trials(key, rater.code, rater.form)
    page.locator("#start").click()

    for trial in order:
        if trial.number == 15:  # killed while an answer is on its way
            server.end(signal.SIGKILL)
            choose(page, trial)
            page.get_by_text("Nothing is lost").wait_for()
            server.start()
            continue
        if trial.number == 24:  # the break
            page.get_by_text("Rest your eyes").wait_for()
            page.locator("#resume").click()
        if trial.number == 30:  # stops here, and goes on in a new window by the code
            page.get_by_text("Pair 29 of 44").wait_for()
            page.evaluate("localStorage.clear()")
            page.reload()
            page.get_by_text("I began before").click()
            page.locator("#code").fill("2222-2222")
            page.get_by_role("button", name="Go on").click()
            page.get_by_text("no rater has this code").wait_for()
            page.locator("#code").fill(rater.code.lower().replace("-", " "))
            page.get_by_role("button", name="Go on").click()
            page.get_by_text(f"{len(order) - 30} pairs are left").wait_for()
            page.locator("#resume").click()
        if trial.number == 35:  # a reload keeps the code by itself
            page.get_by_text("Pair 34 of 44").wait_for()
            page.reload()
            page.locator("#resume").click()
        choose(page, trial)
        if trial.item.kind == "practice":
            verdict = page.locator("#verdict")
            verdict.wait_for()
            assert verdict.inner_text().startswith("Wrong" if fooled(trial) else "Correct")
            page.keyboard.press("Enter")
            if trial.number == 1:
                page.get_by_text("Practice is over").wait_for()
                page.locator("#resume").click()

    page.get_by_text("Thank you").wait_for()
    shown = [trial for trial in order if trial.item.kind == "pair"]
    found = sum(not fooled(trial) for trial in shown)
    assert f"in {found} of 40 pairs" in page.locator("#found").inner_text()
    assert "synthetic" in page.locator("#debriefing").inner_text()
    assert not errors
    assert hosts == {f"127.0.0.1:{server.port}"}

    made = results(root)
    assert [session.dropped for session in made.sessions] == [None]
    for method in ("dark", "red"):
        rate = made.rates[method]["all"]
        scripted = [fooled(trial) for trial in shown if trial.method == method]
        assert (rate.judged_real, rate.judgements) == (sum(scripted), len(scripted))
        assert 0 < rate.judged_real < rate.judgements
    rows = list(csv.DictReader(io.StringIO(answers_csv(made))))
    assert [int(row["trial"]) for row in rows] == list(range(len(order)))
    assert [row["judged_real"] == "1" for row in rows] == [fooled(trial) for trial in order]
    for row in rows:
        assert 60 <= int(row["shown_ms"]) < int(row["reaction_ms"])


def test_what_a_browser_is_sent_keeps_it_to_this_site(server: Server) -> None:
    with urllib.request.urlopen(server.url) as reply:
        policy = reply.headers["Content-Security-Policy"]
        text = reply.read().decode()
    assert "default-src 'none'" in policy
    assert "http" not in text.replace("http-equiv", "")
