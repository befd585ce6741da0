"""Rates and their intervals, who is dropped, the csv and the command."""

import csv
import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from ecgan.apps.cli import main
from ecgan.lab.study.answers import Answer, Journal
from ecgan.lab.study.design import Study, Trial, trials
from ecgan.lab.study.results import (
    d_prime,
    needed,
    passed_by_guessing,
    results,
    wilson,
)

Capture = pytest.CaptureFixture[str]


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_is_the_formula(counts: tuple[int, int]) -> None:
    share, n, z = counts[0] / counts[1], counts[1], norm.ppf(0.975)
    centre = share + z**2 / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    expected = tuple((centre + sign * half) / (1 + z**2 / n) for sign in (-1, 1))
    assert wilson(*counts) == pytest.approx(expected, abs=1e-12)


def test_wilson_refuses_what_is_no_share() -> None:
    for counts in ((1, 0), (2, 1), (-1, 4)):
        with pytest.raises(ValueError, match="successes"):
            wilson(*counts)


def test_d_prime() -> None:
    assert d_prime(20, 40) == pytest.approx(0)
    assert d_prime(6, 40) == pytest.approx(math.sqrt(2) * 0.9947, abs=0.01)  # 84 % correct
    assert 0 < d_prime(0, 40) < 5
    assert d_prime(40, 40) == -d_prime(0, 40)


def test_what_guessing_passes() -> None:
    assert [needed(number, 0.8) for number in (0, 1, 4, 5, 6, 10)] == [0, 1, 4, 4, 5, 8]
    assert passed_by_guessing(6, 0.8) == pytest.approx(7 / 64)
    assert passed_by_guessing(0, 0.8) == 1


def answer(root: Path, study: Study, code: str, fooled, upto: int | None = None) -> None:
    journal = Journal(root, len(study.methods))
    rater = journal.join(code)
    order = trials(study, rater.code, rater.form)
    for trial in order[:upto]:
        other = "left" if trial.generated_side == "right" else "right"
        side = trial.generated_side if fooled(trial) else other
        journal.add(code, Answer(trial.number, side, 600 + trial.number, 500), len(order))
    journal.close()


def dark_fools(trial: Trial) -> bool:
    return trial.method == "dark"


def all_left(trial: Trial) -> bool:
    return trial.generated_side == "left"


@pytest.fixture
def answered(study: Study, root: Path) -> Path:
    answer(root, study, "2222-222A", dark_fools)
    answer(root, study, "2222-222B", lambda trial: False)
    answer(root, study, "2222-222C", all_left)  # half of the catch trials wrong
    answer(root, study, "2222-222D", dark_fools, upto=19)
    answer(root, study, "2222-222E", dark_fools)
    journal = Journal(root, 2)
    journal.withdraw("2222-222E")
    journal.close()
    return root


def test_rates_count_the_raters_who_looked(answered: Path, study: Study) -> None:
    found = results(answered)
    why = {session.rater[-1]: session.dropped for session in found.sessions}
    assert why == {"A": None, "B": None, "C": "catch", "D": "unfinished", "E": "withdrawn"}
    dark, red = found.rates["dark"]["all"], found.rates["red"]["all"]
    assert (dark.judged_real, dark.judgements, dark.raters) == (6, 12, 2)
    assert (red.judged_real, red.judgements) == (0, 12)
    assert (dark.low, dark.high) == wilson(6, 12)
    assert (dark.raters_low, dark.raters_high) == (0, 1)
    assert dark.d_prime == pytest.approx(0)
    assert set(found.rates["dark"]) == {"all", "neutral", "happy", "sad", "surprise"}
    parts = [rate for name, rate in found.rates["dark"].items() if name != "all"]
    assert sum(rate.judgements for rate in parts) == 12
    assert 600 < dark.median_reaction_ms < 600 + len(study.items)


def test_the_threshold_and_the_unfinished_can_be_chosen(answered: Path) -> None:
    lax = results(answered, min_catch=0.5, unfinished=True)
    assert sorted(session.rater[-1] for session in lax.counted) == ["A", "B", "C", "D"]
    assert lax.to_json()["dropped"] == {"withdrawn": 1}


def test_no_answers_are_no_rates(study: Study, root: Path, capsys: Capture) -> None:
    assert results(root).rates == {"dark": {}, "red": {}}
    assert main(["study", "results", str(root)]) == 0
    assert "no answers yet" in capsys.readouterr().out


def test_the_command(answered: Path, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "answers.csv"
    assert main(["study", "results", str(answered), "--csv", str(file)]) == 0
    out = capsys.readouterr().out
    assert "2 of 5 raters count (1 catch, 1 unfinished, 1 withdrawn)" in out
    assert "dark            50.0%  25.4% to 74.6%  [0.0%, 100.0%]  6/12" in out
    rows = list(csv.DictReader(file.open()))
    assert len(rows) == 3 * 20 + 19
    counted = [r for r in rows if not r["dropped"] and r["kind"] == "pair"]
    assert sum(int(row["judged_real"]) for row in counted) == 6
    assert main(["study", "results", str(answered), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["methods"]["dark"]["all"]["judged_real"] == 6
    assert values["catch"] == {"trials": 4, "min_share": 0.8, "passed_by_guessing": 0.0625}


def test_build_by_the_command(
    faces: Path, methods: dict[str, Path], root: Path, capsys: Capture
) -> None:
    named = [part for name, path in methods.items() for part in ("--method", f"{name}={path}")]
    numbers = ["--pairs", "8", "--catch", "2", "--practice", "2", "--seed", "1"]
    command = ["study", "build", "--real", str(faces), *named, "--out", str(root), *numbers]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "8 pairs, 2 catch trials and 2 for practice, of dark, red: 34 pictures" in out
    assert "no --contact given" in out
    assert main(command) == 2
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong",
    [
        (["build", "--real", "x", "--out", "y"], 2, "Missing option '--method'"),
        (["build", "--real", "x", "--method", "a", "--out", "y"], 2, "--method NAME=FOLDER"),
        (["build", "--real", "x", "--method", "real=b", "--out", "y"], 2, "none 'real'"),
        (["build", "--real", "x", "--method", "a=b", "--out", "y"], 1, "no prepared data in x"),
        (["serve", "nowhere"], 1, "no study in nowhere"),
        (["results", "nowhere"], 1, "no study in nowhere"),
        (["results", "nowhere", "--min-catch", "2"], 2, "--min-catch"),
        (["nothing"], 2, "nothing"),
    ],
)
def test_wrong_use_is_one_line(
    wrong: tuple[list[str], int, str],
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arguments, code, words = wrong
    monkeypatch.chdir(tmp_path)
    assert main(["study", *arguments]) == code
    err = capsys.readouterr().err
    assert words in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["build", "serve", "results"])
def test_every_help_has_an_example(command: str, capsys: Capture) -> None:
    assert main(["study", command, "--help"]) == 0
    assert f"Example: ecgan study {command}" in capsys.readouterr().out
