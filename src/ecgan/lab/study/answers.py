"""What raters answered: one line each, on disk before it is acknowledged, and never twice."""

from __future__ import annotations

import re
import threading
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ecgan.errors import AnswerError, DataError
from ecgan.lab.study.design import SIDES, Side
from ecgan.ledger import Ledger, read_ledger

ANSWERS_NAME = "answers.jsonl"
MAX_MS = 24 * 3600 * 1000
"""Times are cut to a day: whoever comes back tomorrow was not thinking all night."""
_CODE = re.compile("[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}")
"""What the page makes: without 0, 1, I and O, which people mistake for one another."""


@dataclass(frozen=True)
class Answer:
    """What a rater took for the real picture in one trial."""

    trial: int
    choice: Side
    reaction_ms: int
    """From the moment when the pair was to be seen."""
    shown_ms: int
    """How long it was to be seen, as the page measured it."""


@dataclass
class Rater:
    """Somebody who agreed to take part."""

    code: str
    form: int
    answers: list[Answer] = field(default_factory=list)
    """In the order of the trials, without a gap."""
    withdrawn: bool = False


class Journal:
    """`answers.jsonl`: raters and their answers. Safe between threads, one server at a time.

    No names, addresses or times of day: a code, trials, choices and milliseconds. To open it raises
    DataError where another server has it open, or it is damaged.
    """

    def __init__(self, root: Path, num_forms: int) -> None:
        self._num_forms = num_forms
        self._lock = threading.Lock()
        self._ledger = Ledger(root / ANSWERS_NAME, "ecgan study serve")
        try:
            self.raters = read_raters(root)
        except DataError:
            self._ledger.close()
            raise

    def close(self) -> None:
        """Let go of the file, after what is being written."""
        with self._lock:
            self._ledger.close()

    def join(self, code: str) -> Rater:
        """A new rater, in the form that has the fewest; who asks again with the same code is the
        same rater.

        Raises:
            AnswerError: the code is none that the page gives.
        """
        if not _CODE.fullmatch(code):
            raise AnswerError("expected a code such as 2A3B-4C5D")
        with self._lock:
            rater = self.raters.get(code)
            if rater is None:
                forms = [rater.form for rater in self.raters.values() if not rater.withdrawn]
                rater = Rater(code, min(range(self._num_forms), key=forms.count))
                self._ledger.add({"rater": code, "form": rater.form})
                self.raters[code] = rater
            return rater

    def rater(self, code: str) -> Rater:
        """Raises AnswerError where nobody has this code, or who had it has withdrawn."""
        rater = self.raters.get(code)
        if rater is None or rater.withdrawn:
            raise AnswerError("no rater has this code; check it, or start anew")
        return rater

    def add(self, code: str, answer: Answer, num_trials: int) -> Answer:
        """Keep an answer. The first one to a trial counts: sent again, that one comes back.

        Raises:
            AnswerError: no such rater, or the trial is not the next one.
            OSError: the disk did not take it; nothing was kept.
        """
        with self._lock:
            rater = self.rater(code)
            if 0 <= answer.trial < len(rater.answers):
                return rater.answers[answer.trial]
            if answer.trial != len(rater.answers) or answer.trial >= num_trials:
                raise AnswerError(
                    f"trial {answer.trial} is not the next one, {len(rater.answers)} is"
                )
            self._ledger.add({"rater": code, **asdict(answer)})
            rater.answers.append(answer)
            return answer

    def withdraw(self, code: str) -> None:
        """Take a rater's answers out of all results."""
        with self._lock:
            rater = self.rater(code)
            self._ledger.add({"rater": code, "withdrawn": True})
            rater.withdrawn = True


def read_raters(root: Path) -> dict[str, Rater]:
    """All raters by code; a last line that a crash cut short was never acknowledged, and is not
    counted.

    Raises:
        DataError: another line is damaged.
    """
    raters: dict[str, Rater] = {}
    read_ledger(root / ANSWERS_NAME, partial(_take, raters))
    return raters


def _take(raters: dict[str, Rater], values: dict[str, Any]) -> None:
    code = values.pop("rater")
    if "form" in values:
        raters.setdefault(code, Rater(str(code), int(values["form"])))
    elif "withdrawn" in values:
        raters[code].withdrawn = True
    else:
        answer = Answer(**values)
        if answer.trial != len(raters[code].answers) or answer.choice not in SIDES:
            raise ValueError(f"trial {answer.trial}, choice {answer.choice!r}")
        raters[code].answers.append(answer)
