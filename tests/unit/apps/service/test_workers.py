"""Workers: what waits is done together, nothing is lost, nothing hangs."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from ecgan.apps.service import workers as module
from ecgan.apps.service.problems import Problem
from ecgan.apps.service.workers import Workers

WAIT = 10


@pytest.fixture
def make() -> Iterator[Callable[..., Workers]]:
    made: list[Workers] = []

    def start(threads: int = 1, **more: Any) -> Workers:
        made.append(Workers(threads, **{"room": 8, "together": 4, "most_cost": 100, **more}))
        return made[-1]

    yield start
    for one in made:
        one.close()


class Held:
    """Occupies a worker until it is let go."""

    def __init__(self, workers: Workers) -> None:
        self._go, began = threading.Event(), threading.Event()

        def wait() -> str:
            began.set()
            assert self._go.wait(WAIT)
            return "held"

        self.future = workers.submit(lambda items: [one() for one in items], wait)
        assert began.wait(WAIT)

    def release(self) -> None:
        self._go.set()


def doubled(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def test_what_waits_is_done_together_and_answers_stay_apart(make: Callable[..., Workers]) -> None:
    sizes: list[int] = []
    workers = make(on_batch=sizes.append)
    held = Held(workers)
    futures = [workers.submit(doubled, i) for i in range(6)]
    held.release()
    assert [future.result(WAIT) for future in futures] == [0, 2, 4, 6, 8, 10]
    assert sizes == [1, 4, 2]


def test_only_like_jobs_that_are_not_too_much_go_together(make: Callable[..., Workers]) -> None:
    sizes: list[int] = []
    workers = make(on_batch=sizes.append)
    held = Held(workers)
    futures = [workers.submit(doubled, 1, cost) for cost in (60, 60, 30)]
    futures.append(workers.submit(list, 7))
    held.release()
    assert [future.result(WAIT) for future in futures] == [2, 2, 2, 7]
    assert sizes == [1, 2, 1, 1]


def test_a_full_queue_says_so(make: Callable[..., Workers]) -> None:
    workers = make(room=2)
    held = Held(workers)
    futures = [workers.submit(doubled, i) for i in range(2)]
    with pytest.raises(Problem, match="too many") as caught:
        workers.submit(doubled, 3)
    assert caught.value.status == 503
    assert "Retry-After" in caught.value.reply().headers
    held.release()
    assert [future.result(WAIT) for future in futures] == [0, 2]


def test_one_that_spoils_a_batch_fails_alone(make: Callable[..., Workers]) -> None:
    def picky(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise RuntimeError("three")
        return doubled(items)

    workers = make()
    held = Held(workers)
    futures = [workers.submit(picky, i) for i in (1, 3, 5)]
    held.release()
    assert futures[0].result(WAIT) == 2
    assert futures[2].result(WAIT) == 10
    with pytest.raises(RuntimeError, match="three"):
        futures[1].result(WAIT)


def test_a_worker_that_dies_answers_and_another_takes_its_place(
    make: Callable[..., Workers],
) -> None:
    deaths: list[int] = []
    workers = make(on_death=lambda: deaths.append(1))

    def dies(items: Sequence[int]) -> list[int]:
        raise SystemExit

    held = Held(workers)
    dead, later = workers.submit(dies, 1), workers.submit(doubled, 4)
    held.release()
    with pytest.raises(Problem) as caught:
        dead.result(WAIT)
    assert caught.value.status == 500
    assert later.result(WAIT) == 8
    assert deaths == [1]
    assert workers.alive


def test_nothing_is_done_for_who_has_gone_or_waits_too_long(
    make: Callable[..., Workers], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []

    def note(items: Sequence[int]) -> list[int]:
        done.extend(items)
        return list(items)

    workers = make()
    held = Held(workers)
    gone, late = workers.submit(note, 1), workers.submit(note, 2)
    assert gone.cancel()
    monkeypatch.setattr(module, "LONGEST_WAIT", 0.0)
    time.sleep(0.01)
    held.release()
    with pytest.raises(Problem) as caught:
        late.result(WAIT)
    assert caught.value.status == 503
    assert done == []


def test_closing_does_what_waits_and_takes_no_more(make: Callable[..., Workers]) -> None:
    workers = make(2)
    futures = [workers.submit(doubled, i) for i in range(6)]
    workers.close()
    assert [future.result(0) for future in futures] == [0, 2, 4, 6, 8, 10]
    assert not workers.alive
    with pytest.raises(Problem, match="going down"):
        workers.submit(doubled, 1)
