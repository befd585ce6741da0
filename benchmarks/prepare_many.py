"""Memory, speed and kills of `ecgan prepare` on many drawn faces (on Linux).

    python benchmarks/prepare_many.py --images 100000 --kills 10 --scratch DIR --out RESULTS

Draws the faces into DIR (once; 19 a person), prepares a tenth of them and all of them while the
memory is sampled, then prepares all of them again while SIGKILL ends it at random moments and the
same command goes on. The manifest must come out the same, no unfinished file may be left, and one
more run must change no byte. Exit status 1 if anything differs.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ecgan.files import sha256_file, write_json
from ecgan.provenance import provenance

SIZE = 64
IMAGES_A_PERSON = 19
INTERVAL_SECONDS = 0.05
MIB = 1 << 10
"""In the KiB of /proc."""


@dataclass(frozen=True)
class Run:
    """One call of `ecgan prepare`; MiB are peaks of resident memory."""

    images: int
    seconds: float
    images_per_second: float
    seconds_to_first: float
    """Until the first image lay in its place: listing and planning come before."""
    parent_mib: float
    parent_and_workers_mib: float
    """Sum over processes; pages that they share count in each."""


def main() -> int:
    options = _parse()
    random.seed(options.seed)
    options.scratch.mkdir(parents=True, exist_ok=True)
    few = _measure(options, max(options.images // 10, IMAGES_A_PERSON))
    many = _measure(options, options.images)
    growth = (many.parent_mib - few.parent_mib) * MIB * 1024 / max(many.images - few.images, 1)
    survived = _kill_again_and_again(options, many)
    whole, killed = (_folder(options, name, options.images) for name in ("whole", "killed"))
    hashes = [sha256_file(folder / "manifest.jsonl") for folder in (whole, killed)]
    before = _top_files(killed)
    _prepare(options, options.images, "killed").wait()
    result = {
        "few": asdict(few),
        "many": asdict(many),
        "peak_ratio": round(many.parent_mib / few.parent_mib, 3),
        "peak_ratio_with_workers": round(
            many.parent_and_workers_mib / few.parent_and_workers_mib, 3
        ),
        "growth_bytes_per_image": round(growth, 1),
        "kills": len(survived),
        "outputs_after_kills": survived,
        "manifest_sha256": hashes[0],
        "same_manifest": hashes[0] == hashes[1],
        "unfinished_files": len(list(killed.rglob("*.part"))),
        "second_run_changes_nothing": _top_files(killed) == before,
        "workers": options.workers,
        **provenance(),
    }
    print(json.dumps(result, indent=2))
    if options.out is not None:
        write_json(options.out, result)
    same = result["same_manifest"] and result["second_run_changes_nothing"]
    return 0 if same and not result["unfinished_files"] else 1


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1, help="1: no process beside the parent")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


def _measure(options: argparse.Namespace, images: int) -> Run:
    """Prepare into a new folder, undisturbed."""
    _draw(options, images)
    shutil.rmtree(_folder(options, "whole", images), ignore_errors=True)
    started = time.perf_counter()
    process = _prepare(options, images, "whole")
    parent = everybody = 0
    first = 0.0
    images_folder = _folder(options, "whole", images) / "images"
    while process.poll() is None:
        parent = max(parent, _memory(process.pid, "VmHWM"))
        workers = sum(_memory(child, "VmRSS") for child in _children(process.pid))
        everybody = max(everybody, _memory(process.pid, "VmRSS") + workers)
        if not first and images_folder.exists():
            first = time.perf_counter() - started
        time.sleep(INTERVAL_SECONDS)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError("prepare failed without a kill")
    report = json.loads((_folder(options, "whole", images) / "report.json").read_text())
    return Run(
        images=report["found"],
        seconds=round(seconds, 1),
        images_per_second=round(report["found"] / seconds, 1),
        seconds_to_first=round(first, 1),
        parent_mib=round(parent / MIB, 1),
        parent_and_workers_mib=round(max(everybody, parent) / MIB, 1),
    )


def _kill_again_and_again(options: argparse.Namespace, whole: Run) -> list[int]:
    """Prepare into a new folder with kills, one in four while it lists and plans, the others
    spread over the work; gives the output images after each of them.
    """
    working = (whole.seconds - whole.seconds_to_first) / (options.kills + 1)
    out = _folder(options, "killed", options.images)
    shutil.rmtree(out, ignore_errors=True)
    survived = []
    for number in range(options.kills):
        moment = random.uniform(0, 1) * whole.seconds_to_first
        if number % 4:
            moment = whole.seconds_to_first + random.uniform(0.1, 1.9) * working
        process = _prepare(options, options.images, "killed")
        try:
            process.wait(moment)
            break  # it came to its end first
        except subprocess.TimeoutExpired:
            workers = _children(process.pid)
            process.kill()
            process.wait()
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            time.sleep(INTERVAL_SECONDS)
        survived.append(sum(1 for _ in (out / "images").rglob("*.jpg")))
    if _prepare(options, options.images, "killed").wait():
        raise RuntimeError("prepare failed after a kill")
    return survived


def _draw(options: argparse.Namespace, images: int) -> None:
    drawn = _folder(options, "drawn", images)
    if not drawn.exists():
        people = str(math.ceil(images / IMAGES_A_PERSON))
        arguments = ("--people", people, "--size", str(SIZE), "--workers", str(options.workers))
        subprocess.run(_ecgan("draw", "--out", str(drawn), *arguments), check=True)


def _prepare(options: argparse.Namespace, images: int, name: str) -> subprocess.Popen[bytes]:
    source, out = _folder(options, "drawn", images), _folder(options, name, images)
    arguments = ("--out", str(out), "--size", str(SIZE), "--workers", str(options.workers))
    command = _ecgan("prepare", str(source), *arguments)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _ecgan(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "ecgan", *arguments]


def _folder(options: argparse.Namespace, name: str, images: int) -> Path:
    return Path(options.scratch) / f"{name}-{images}"


def _top_files(folder: Path) -> dict[str, Any]:
    return {path.name: sha256_file(path) for path in folder.iterdir() if path.is_file()}


def _memory(pid: int, key: str) -> int:
    """KiB of a process; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(key + ":")), 0)


def _children(pid: int) -> list[int]:
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    sys.exit(main())
