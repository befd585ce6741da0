"""How often each method is taken for real: rates with intervals, from the raters who looked."""

from __future__ import annotations

import csv
import io
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scipy.stats import binom, binomtest, norm

from ecgan.evaluation.bootstrap import CONFIDENCE, as_json, mean_over_people
from ecgan.files import sha256_file
from ecgan.lab.study.answers import Answer, Rater, read_raters
from ecgan.lab.study.design import STUDY_NAME, Study, Trial, load_study, trials

FORMAT = 1
CATCH_SHARE = 0.8
"""A rater counts who found the real picture in at least this share of the catch trials."""
CSV_COLUMNS = (
    *("rater", "form", "dropped", "trial", "kind", "method", "expression", "people"),
    *("generated_side", "choice", "judged_real", "reaction_ms", "shown_ms"),
)


@dataclass(frozen=True)
class Judgement:
    """One answer, and what was to be seen."""

    rater: str
    trial: Trial
    answer: Answer

    @property
    def fooled(self) -> bool:
        """Whether the generated picture was taken for the real one."""
        return self.answer.choice == self.trial.generated_side


@dataclass(frozen=True)
class Session:
    """A rater's answers, and whether they count."""

    rater: str
    form: int
    judgements: tuple[Judgement, ...]
    dropped: str | None
    """None where the rater counts; else `withdrawn`, `unfinished` or `catch`."""


@dataclass(frozen=True)
class Rate:
    """A share of judgements, between 0 and 1."""

    value: float
    low: float
    """Of the Wilson interval, which takes the judgements for independent."""
    high: float
    raters_low: float | None
    """Of the bootstrap over raters; None with fewer than two."""
    raters_high: float | None
    judged_real: int
    judgements: int
    raters: int
    d_prime: float
    """Sensitivity of the raters: 0 is guessing."""
    median_reaction_ms: float


@dataclass(frozen=True)
class Results:
    """Table 1: rates by method, then `all` and each expression."""

    sessions: tuple[Session, ...]
    rates: dict[str, dict[str, Rate]]
    facts: dict[str, Any]

    @property
    def counted(self) -> tuple[Session, ...]:
        """Sessions of the raters who count."""
        return tuple(session for session in self.sessions if session.dropped is None)

    def to_json(self) -> dict[str, Any]:
        dropped = [session.dropped for session in self.sessions if session.dropped]
        return {
            "format": FORMAT,
            **self.facts,
            "raters": len(self.sessions),
            "counted": len(self.counted),
            "dropped": {reason: dropped.count(reason) for reason in sorted(set(dropped))},
            "methods": as_json(self.rates),
        }


def results(
    root: Path, *, min_catch: float = CATCH_SHARE, unfinished: bool = False, seed: int = 0
) -> Results:
    """Read a study and its answers; a server may be running.

    Args:
        root: the study's folder.
        min_catch: share of catch trials, of those seen, that a rater must have right to count.
        unfinished: count also raters who stopped, by the catch trials that they saw.
        seed: of the bootstrap.

    Raises:
        DataError: no study there, or a damaged file.
    """
    study = load_study(root)
    raters = read_raters(root).values()
    sessions = tuple(_session(study, rater, min_catch, unfinished) for rater in raters)
    counted = [j for session in sessions if not session.dropped for j in session.judgements]
    pairs = [judgement for judgement in counted if judgement.trial.item.kind == "pair"]
    facts = {
        "study": {"sha256": sha256_file(root / STUDY_NAME), "built": study.facts.get("date")},
        "confidence": CONFIDENCE,
        "catch": {
            "trials": study.count("catch"),
            "min_share": min_catch,
            "passed_by_guessing": round(passed_by_guessing(study.count("catch"), min_catch), 6),
        },
        "unfinished_counted": unfinished,
        "show_ms": study.settings.show_ms,
    }
    return Results(sessions, _rates(pairs, study, seed), facts)


def wilson(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Score interval of a share (Wilson 1927): with p = k / n and z the normal quantile,
    (p + z^2 / 2n +- z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).

    Raises:
        ValueError: not 0 <= successes <= trials with trials >= 1.
    """
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(f"expected 0 to {trials} successes of at least 1 trial, got {successes}")
    found = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)


def d_prime(fooled: int, trials: int) -> float:
    """Sensitivity in a choice of two, sqrt(2) z(share correct) (Macmillan & Creelman 2005, ch. 7);
    half a trial is added to either side, so that a perfect rater's is finite."""
    correct = (trials - fooled + 0.5) / (trials + 1)
    return math.sqrt(2) * float(norm.ppf(correct))


def needed(catch_seen: int, min_catch: float) -> int:
    """Catch trials that a rater must have right."""
    return math.ceil(round(min_catch * catch_seen, 9))


def passed_by_guessing(catch_seen: int, min_catch: float) -> float:
    """Probability that somebody who only guesses counts."""
    return float(binom.sf(needed(catch_seen, min_catch) - 1, catch_seen, 0.5))


def answers_csv(found: Results) -> str:
    """One row an answer, of all raters; those of a rater who does not count say why."""
    rows = [
        {
            "rater": session.rater,
            "form": session.form,
            "dropped": session.dropped or "",
            "kind": judgement.trial.item.kind,
            "method": judgement.trial.method,
            "expression": judgement.trial.item.expression,
            "people": "+".join(judgement.trial.item.people),
            "generated_side": judgement.trial.generated_side,
            "judged_real": int(judgement.fooled),
            **asdict(judgement.answer),
        }
        for session in found.sessions
        if session.dropped != "withdrawn"
        for judgement in session.judgements
    ]
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, CSV_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _session(study: Study, rater: Rater, min_catch: float, unfinished: bool) -> Session:
    order = trials(study, rater.code, rater.form)
    shown = [Judgement(rater.code, order[a.trial], a) for a in rater.answers[: len(order)]]
    catch = [judgement for judgement in shown if judgement.trial.item.kind == "catch"]
    right = sum(not judgement.fooled for judgement in catch)
    dropped = None
    if rater.withdrawn:
        dropped = "withdrawn"
    elif len(shown) < len(order) and not unfinished:
        dropped = "unfinished"
    elif right < needed(len(catch), min_catch) or (study.count("catch") and not catch):
        dropped = "catch"
    return Session(rater.code, rater.form, tuple(shown), dropped)


def _rates(judgements: Sequence[Judgement], study: Study, seed: int) -> dict[str, dict[str, Rate]]:
    groups = ["all", *dict.fromkeys(item.expression for item in study.items)]
    rates: dict[str, dict[str, Rate]] = {method: {} for method in study.methods}
    for method, of_method in rates.items():
        for name in groups:
            members = [
                judgement
                for judgement in judgements
                if judgement.trial.method == method
                and name in ("all", judgement.trial.item.expression)
            ]
            if members:
                of_method[name] = _rate(members, seed)
    return rates


def _rate(judgements: Sequence[Judgement], seed: int) -> Rate:
    fooled = [judgement.fooled for judgement in judgements]
    count, number = sum(fooled), len(fooled)
    over_raters = mean_over_people(fooled, [j.rater for j in judgements], seed=seed)
    low, high = wilson(count, number)
    return Rate(
        value=over_raters.value,
        low=low,
        high=high,
        raters_low=over_raters.low,
        raters_high=over_raters.high,
        judged_real=count,
        judgements=number,
        raters=over_raters.people,
        d_prime=d_prime(count, number),
        median_reaction_ms=float(statistics.median(j.answer.reaction_ms for j in judgements)),
    )
