"""The server: what it tells, what it keeps, what it refuses."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.tiny_study import post

from ecgan.errors import DataError, UsageError
from ecgan.lab.study.answers import ANSWERS_NAME
from ecgan.lab.study.design import STUDY_NAME, Study
from ecgan.lab.study.server import MAX_BODY, StudyServer, StudySite

CODE = "2A3B-4C5D"
POST = b"POST /api/answer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


class Running:
    """A server in a thread that can be stopped and started again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.start()

    def start(self) -> None:
        self.site = StudySite(self.root)
        self.server = StudyServer(self.site, "127.0.0.1", 0)
        self.port = self.server.port
        self._thread = threading.Thread(target=self.server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join()
        self.site.close()

    def post(self, address: str, **values: object):
        return post(self.port, address, values)

    def answer(self, trial: int, choice: str = "left", **more: object):
        values = {"trial": trial, "choice": choice, "reaction_ms": 700, "shown_ms": 500, **more}
        return self.post("/api/answer", **{"rater": CODE, **values})

    def raw(self, data: bytes, *, end: bool = False) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(data)
            if end:
                connection.shutdown(socket.SHUT_WR)
            return connection.recv(65536)


@pytest.fixture
def running(study: Study, root: Path) -> Iterator[Running]:
    server = Running(root)
    yield server
    server.stop()


@pytest.fixture
def joined(running: Running) -> Running:
    assert running.post("/api/join", rater=CODE, consent=True) == (
        200,
        {"rater": CODE, "answered": 0},
    )
    return running


def test_the_key_never_leaves(joined: Running, study: Study) -> None:
    """Neither a method, a person, a file name nor the kind of a trial; practice alone is told."""
    replies = [joined.post("/api/session", rater=CODE)[1]]
    replies += [joined.answer(number)[1] for number in range(len(study.items))]
    for address in ("/", "/page.js", "/api/welcome", f"/{STUDY_NAME}", f"/{ANSWERS_NAME}"):
        connection = http.client.HTTPConnection("127.0.0.1", joined.port, timeout=5)
        connection.request("GET", address)
        replies.append(connection.getresponse().read().decode())
        connection.close()
    secret = {*study.methods, "catch", "scrambled", "warped", "generated_side", "happy", "tiny"}
    secret |= {person for item in study.items for person in item.people}
    for reply in replies:
        text = json.dumps(reply)
        assert not [word for word in secret if f'"{word}' in text or f"{word}/" in text]
    assert set(replies[0]["trials"][0]) == {"left", "right", "practice"}
    told = [reply.get("correct") for reply in replies[1 : 1 + len(study.items)]]
    assert None not in told[: study.count("practice")]
    assert set(told[study.count("practice") :]) == {None}


def test_pictures_come_back_as_they_are(joined: Running, study: Study, root: Path) -> None:
    trial = joined.post("/api/session", rater=CODE)[1]["trials"][0]
    connection = http.client.HTTPConnection("127.0.0.1", joined.port, timeout=5)
    for side in ("left", "right"):
        connection.request("GET", trial[side])
        reply = connection.getresponse()
        assert reply.status == 200
        assert reply.headers["Content-Type"] == "image/jpeg"
        assert "Server" not in reply.headers or "Python" not in reply.headers["Server"]
        assert reply.read() == (root / "images" / Path(trial[side]).name).read_bytes()
    connection.close()


def test_an_answer_is_on_disk_before_it_is_acknowledged(joined: Running, root: Path) -> None:
    joined.answer(0, "right")
    last = json.loads((root / ANSWERS_NAME).read_text().splitlines()[-1])
    assert last == {
        "rater": CODE,
        "trial": 0,
        "choice": "right",
        "reaction_ms": 700,
        "shown_ms": 500,
    }


def test_nothing_is_lost_or_doubled_by_a_restart(joined: Running, root: Path) -> None:
    order = joined.post("/api/session", rater=CODE)[1]["trials"]
    assert joined.answer(0)[1]["answered"] == 1
    assert joined.answer(1, "left")[1]["answered"] == 2
    joined.stop()
    joined.start()
    assert joined.answer(1, "right")[0] == 200  # sent again: the first one counts
    session = joined.post("/api/session", rater=CODE)[1]
    assert (session["answered"], session["trials"]) == (2, order)
    assert joined.answer(2)[1]["answered"] == 3
    lines = [json.loads(line) for line in (root / ANSWERS_NAME).read_text().splitlines()]
    assert [line.get("trial") for line in lines] == [None, 0, 1, 2]
    assert lines[2]["choice"] == "left"


def test_a_line_that_a_crash_cut_short_does_not_count(joined: Running, root: Path) -> None:
    joined.answer(0)
    joined.stop()
    with (root / ANSWERS_NAME).open("a") as file:
        file.write('{"rater": "2A3B-4C5D", "tri')
    joined.start()
    assert joined.post("/api/session", rater=CODE)[1]["answered"] == 1
    assert joined.answer(1)[1]["answered"] == 2
    assert (root / ANSWERS_NAME).read_text().count("\n") == 3


def test_many_send_at_once(joined: Running, root: Path) -> None:
    """The same answers from several windows: each trial is kept once."""

    def rater() -> None:
        for trial in range(6):
            joined.answer(trial)

    threads = [threading.Thread(target=rater) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = [json.loads(line) for line in (root / ANSWERS_NAME).read_text().splitlines()]
    assert [line.get("trial") for line in lines] == [None, 0, 1, 2, 3, 4, 5]


def test_forms_fill_up_evenly(running: Running, root: Path) -> None:
    for letter in "ABCDEF":
        running.post("/api/join", rater=f"2222-222{letter}", consent=True)
        running.post("/api/join", rater=f"2222-222{letter}", consent=True)  # sent again
    lines = [json.loads(line) for line in (root / ANSWERS_NAME).read_text().splitlines()]
    assert [line["form"] for line in lines] == [0, 1, 0, 1, 0, 1]


def test_withdrawing(joined: Running) -> None:
    joined.answer(0)
    assert joined.post("/api/withdraw", rater=CODE)[0] == 200
    assert joined.answer(1)[0] == 409
    joined.stop()
    joined.start()
    assert joined.post("/api/session", rater=CODE)[0] == 409


def test_the_debriefing_comes_last(joined: Running, study: Study) -> None:
    assert joined.post("/api/debriefing", rater=CODE)[0] == 409
    for trial in range(len(study.items)):
        joined.answer(trial)
    status, told = joined.post("/api/debriefing", rater=CODE)
    assert (status, told["pairs"], told["contact"]) == (200, 12, "study@example.org")
    assert 0 <= told["found"] <= 12
    assert any("CC0-1.0" in line for line in told["credits"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"rater": "nobody"}, 409),
        ({"rater": None}, 400),
        ({"rater": "x" * 10_000}, 413),
        ({"trial": 5}, 409),
        ({"trial": -1}, 400),
        ({"trial": True}, 400),
        ({"trial": "0"}, 400),
        ({"trial": 10**30}, 409),
        ({"choice": "up"}, 400),
        ({"choice": None}, 400),
        ({"reaction_ms": 1.5}, 400),
        ({"reaction_ms": None}, 400),
        ({"shown_ms": []}, 400),
    ],
)
def test_answers_that_do_not_fit(
    joined: Running, root: Path, changes: dict[str, object], status: int
) -> None:
    before = (root / ANSWERS_NAME).read_bytes()
    assert joined.answer(changes.pop("trial", 0), **changes)[0] == status  # type: ignore[arg-type]
    assert (root / ANSWERS_NAME).read_bytes() == before
    assert joined.answer(0)[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 4000, b"NaN"])
def test_bodies_that_are_no_object(joined: Running, body: bytes) -> None:
    assert post(joined.port, "/api/answer", body)[0] == 400


def test_no_consent_no_rater(running: Running, root: Path) -> None:
    for consent in (False, None, "true", 1):
        assert running.post("/api/join", rater=CODE, consent=consent)[0] == 400
    assert running.post("/api/join", rater="../../etc", consent=True)[0] == 409
    assert (root / ANSWERS_NAME).read_bytes() == b""


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /images/../study.json HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET /images/%2e%2e/study.json HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"GET //etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", b"404"),
        (b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"POST /api/answer HTTP/1.1\r\nHost: x\r\n\r\n{}", b"415"),
        (POST + b"\r\n{}", b"411"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"411"),
        (POST + b"Content-Length: -5\r\n\r\n{}", b"400"),
        (POST + b"Content-Length: 999999999999\r\n\r\n{}", b"413"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", b"400"),
    ],
)
def test_requests_that_are_malformed(joined: Running, request_bytes: bytes, status: bytes) -> None:
    reply = joined.raw(request_bytes)
    assert status in reply.split(b"\r\n", 1)[0]
    assert b"Traceback" not in reply
    assert joined.answer(0)[0] == 200


def test_a_body_that_is_cut_short_is_not_kept(joined: Running, root: Path) -> None:
    before = (root / ANSWERS_NAME).read_bytes()
    body = b'{"rater": "2A3B-4C5D", "trial": 0, "choice": "left", "reaction_ms": 1, "shown_ms": 1}'
    request = POST + b"Content-Length: 999\r\n\r\n" + body
    assert joined.raw(request, end=True) == b""
    assert (root / ANSWERS_NAME).read_bytes() == before
    assert joined.answer(0)[1]["answered"] == 1


def test_who_stays_silent_is_cut_off(joined: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecgan.lab.serving.IDLE_SECONDS", 0.2)
    for begun in (b"GET / HT", POST + b"Content-Length: 99\r\n\r\n{"):
        assert joined.raw(begun) == b""
    assert joined.answer(0)[0] == 200


def test_who_comes_when_all_places_are_taken_is_turned_away(
    study: Study, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ecgan.lab.study.server.MAX_CONNECTIONS", 1)
    running = Running(root)
    try:
        asked = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as first:
            first.sendall(asked)
            assert first.recv(65536).startswith(b"HTTP/1.1 200")
            assert running.raw(asked).startswith(b"HTTP/1.1 503")
    finally:
        running.stop()


def test_a_body_that_is_too_long_is_not_read(joined: Running) -> None:
    assert post(joined.port, "/api/answer", b"x" * (MAX_BODY + 1))[0] == 413


def test_one_server_a_study(running: Running, root: Path) -> None:
    with pytest.raises(DataError, match="in use by another"):
        StudySite(root)


def test_addresses_that_cannot_be_listened_on(running: Running) -> None:
    with pytest.raises(UsageError, match="cannot listen"):
        StudyServer(running.site, "127.0.0.1", running.port)
    with pytest.raises(UsageError, match="cannot listen"):
        StudyServer(running.site, "no.such.host.invalid", 0)


def test_damage_and_missing_pictures_are_named(study: Study, root: Path) -> None:
    (root / ANSWERS_NAME).write_text('{"rater": "A", "form": 0}\nnonsense\n')
    with pytest.raises(DataError, match=r"answers.jsonl:2 is damaged"):
        StudySite(root)
    (root / ANSWERS_NAME).unlink()
    next((root / "images").iterdir()).unlink()
    with pytest.raises(DataError, match="build the study again"):
        StudySite(root)


def test_a_full_disk_is_told_and_loses_nothing(
    joined: Running, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (root / ANSWERS_NAME).read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("ecgan.lab.ledger.os.fsync", full)
        assert joined.answer(0)[0] == 503
    assert (root / ANSWERS_NAME).read_bytes() == before
    assert joined.answer(0)[1]["answered"] == 1


def test_the_command_serves_until_it_is_stopped(study: Study, root: Path) -> None:
    command = [sys.executable, "-m", "ecgan", "study", "serve", str(root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(":")[-1].split()[0])
        status, told = post(port, "/api/join", {"rater": CODE, "consent": True})
        assert (status, told["answered"]) == (200, 0)
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read().startswith("stopped; next")
    assert process.returncode == 0
