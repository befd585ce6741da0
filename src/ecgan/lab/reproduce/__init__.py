"""Section 4 of the paper on any prepared data: train, generate, score, report. To resume, call it
again with the same arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ecgan.data.manifest import load_manifest
from ecgan.errors import UsageError
from ecgan.lab.reproduce.measurements import Measurements
from ecgan.lab.reproduce.page import REPORT_NAME, write_report
from ecgan.lab.reproduce.parts import Parts, Say
from ecgan.lab.reproduce.plan import make_plan, write_plan
from ecgan.lab.reproduce.translators import Translators


@dataclass(frozen=True)
class Reproduced:
    """The end of a reproduction."""

    report: Path
    parts: int
    """Those that were done now; the others were done before, or not asked for."""


def reproduce(
    data: Path,
    out: Path,
    *,
    methods: Sequence[str] | None = None,
    budget: str = "cpu",
    size: int | None = None,
    seeds: int | None = None,
    only: str | None = None,
    progress: bool = True,
    say: Say = print,
) -> Reproduced:
    """Train the methods under one budget, generate, score, and write `out/report.html`.

    Nobody of the validation and test people is trained on, neither as they are nor as generated.
    Parts that are done are not done again, as long as data, budget and settings are the same.

    Args:
        data: prepared data.
        out: folder of all results.
        methods: keys of `METHODS`; None: all that the data allow.
        budget: `smoke`, `cpu`, `full`, a number of updates, or a YAML file.
        size: training size in pixels; None: the budget's, or that of smaller images.
        seeds: recognisers of each row of Table 2; None: the budget's.
        only: name of one part, to do that and what it needs.
        progress: show how far a training is.
        say: takes lines of progress.

    Raises:
        UsageError: a method, part, size or budget that does not exist or does not go with the data.
        DataError: no prepared data, or too few of them.
        Interrupted: SIGTERM or Ctrl-C; the same call goes on.
    """
    if out.is_file() or out.resolve() == data.resolve():
        raise UsageError(
            f"--out {out} is a file or the data themselves, expected a folder of its own"
        )
    plan = make_plan(load_manifest(data), out, methods, budget, size, seeds)
    measurements, translators = Measurements(plan, say), Translators(plan, progress, say)
    found = measurements.recognizer_parts()
    for method in plan.methods:
        found += translators.parts(method)
    parts = Parts(out, [*found, *measurements.parts()], plan.command, say, only)
    for key, reason in plan.skipped.items():
        say(f"without {key}: {reason}")
    write_plan(plan)
    done = parts.run()
    report = out / REPORT_NAME
    if done or not report.exists():
        report = write_report(out)
    return Reproduced(report, done)
