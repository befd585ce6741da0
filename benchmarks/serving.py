"""What `ecgan serve` does under four times the load that it can take (on Linux).

    python benchmarks/serving.py --out benchmarks/results/serving.json

Starts the service, measures its capacity, then sends photos at four times that rate, for 60 s and
1,000 requests at least, as eight clients, all different. Each must get exactly one of 200, 429 and
503, each 200 the hash and the picture of its own photo; the memory of the process is compared
before and after. Then it sends 32 at once, SIGTERM behind them, and counts the answers. Exit status
1 if one is lost, swapped or something else, or the memory grows by more than 100 MiB.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import io
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from PIL import Image

from ecgan.apps.demo import demo_photo
from ecgan.files import write_json
from ecgan.provenance import provenance

CLIENTS = 8
AT_ONCE = 4
"""Requests in flight while the capacity is measured."""
STOPPED = 32
MOST_GROWTH_MIB = 100
_SHADES = 64


@dataclass
class Tally:
    """What came back."""

    statuses: Counter[str] = field(default_factory=Counter)
    swapped: int = 0
    seconds: list[float] = field(default_factory=list)
    """Of each 200."""

    def as_json(self) -> dict[str, Any]:
        took = sorted(self.seconds) or [0.0]
        return {
            "requests": self.statuses.total(),
            "statuses": dict(sorted(self.statuses.items())),
            "swapped": self.swapped,
            "seconds_median": round(took[len(took) // 2], 3),
            "seconds_95th": round(took[int(0.95 * (len(took) - 1))], 3),
        }


def photos() -> list[bytes]:
    """The demo photo, each time with a corner of another grey."""
    made = []
    for shade in range(_SHADES):
        pixels = demo_photo().pixels.copy()
        pixels[:32, :32] = 4 * shade
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=92)
        made.append(file.getvalue())
    return made


async def send(client: httpx.AsyncClient, number: int, photo: bytes, tally: Tally) -> None:
    """One request, as one of the clients; its reply is compared with what it must be."""
    began = time.perf_counter()
    try:
        reply = await client.post(
            "/v1/translate",
            files={"photo": photo},
            data={"to": ("surprise", "sad", "angry")[number % 3]},
            headers={"X-Forwarded-For": f"10.0.0.{number % CLIENTS}"},
        )
    except httpx.HTTPError as error:
        tally.statuses[type(error).__name__] += 1
        return
    tally.statuses[str(reply.status_code)] += 1
    if reply.status_code != 200:
        return
    tally.seconds.append(time.perf_counter() - began)
    right = reply.headers["X-Ecgan-Source-Sha256"] == hashlib.sha256(photo).hexdigest()
    corners = [_corner(data) for data in (photo, reply.content)]
    tally.swapped += not (right and abs(corners[0] - corners[1]) < 1.5)


def _corner(data: bytes) -> float:
    with Image.open(io.BytesIO(data)) as image:
        return float(np.asarray(image.convert("L"))[4:28, 4:28].mean())


async def closed_loop(
    client: httpx.AsyncClient, pictures: Sequence[bytes], seconds: float
) -> float:
    """Replies a second, with `AT_ONCE` requests in flight."""
    tally, end = Tally(), time.perf_counter() + seconds

    async def one(number: int) -> None:
        while time.perf_counter() < end:
            await send(client, number, pictures[tally.statuses.total() % len(pictures)], tally)

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(AT_ONCE)))
    if set(tally.statuses) != {"200"}:
        raise SystemExit(f"the service cannot be measured: {dict(tally.statuses)}")
    return tally.statuses.total() / (time.perf_counter() - began)


async def open_loop(
    client: httpx.AsyncClient, pictures: Sequence[bytes], rate: float, count: int
) -> Tally:
    """Requests at fixed times, whether or not the ones before are answered."""
    tally, began = Tally(), time.perf_counter()
    sent: list[Awaitable[None]] = []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
        photo = pictures[number % len(pictures)]
        sent.append(asyncio.create_task(send(client, number, photo, tally)))
    await asyncio.gather(*sent)
    return tally


async def stopped(
    client: httpx.AsyncClient, pictures: Sequence[bytes], process: subprocess.Popen[str]
) -> Tally:
    """SIGTERM with `STOPPED` requests in flight."""
    tally = Tally()
    sent = [
        asyncio.create_task(send(client, number, pictures[number], tally))
        for number in range(STOPPED)
    ]
    while "\necgan_in_flight 32.0" not in (await client.get("/metrics")).text:
        if tally.statuses:
            raise SystemExit("the requests were answered before all had come: send larger photos")
        await asyncio.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    await asyncio.gather(*sent)
    return tally


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024


async def measure(options: argparse.Namespace, process: subprocess.Popen[str]) -> dict[str, Any]:
    """All of it."""
    assert process.stdout is not None
    address = re.findall(r"http://\S+", process.stdout.readline())[0]
    pictures = photos()
    limits = httpx.Limits(max_connections=400)
    async with httpx.AsyncClient(base_url=address, timeout=180, limits=limits) as client:
        await closed_loop(client, pictures, options.capacity_seconds / 4)  # warm
        capacity = await closed_loop(client, pictures, options.capacity_seconds)
        before = rss_mib(process.pid)
        count = max(options.least, round(4 * capacity * options.seconds))
        rate = max(4 * capacity, options.least / options.seconds)
        load = await open_loop(client, pictures, rate, count)
        after = rss_mib(process.pid)
        last = await stopped(client, pictures, process)
    code = process.wait(timeout=60)
    return {
        "capacity_per_second": round(capacity, 2),
        "rate_per_second": round(rate, 2),
        "load": load.as_json(),
        "rss_mib_before": round(before, 1),
        "rss_mib_after": round(after, 1),
        "sigterm": {"in_flight": STOPPED, **last.as_json(), "exit_code": code},
    }


def is_right(found: dict[str, Any]) -> bool:
    """Whether nothing was lost or swapped, and the memory stayed."""
    load, last = found["load"], found["sigterm"]
    return (
        set(load["statuses"]) <= {"200", "429", "503"}
        and not load["swapped"]
        and not last["swapped"]
        and last["statuses"] == {"200": STOPPED}
        and last["exit_code"] == 0
        and found["rss_mib_after"] - found["rss_mib_before"] <= MOST_GROWTH_MIB
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60, help="of the load")
    parser.add_argument("--least", type=int, default=1000, help="requests of it")
    parser.add_argument("--capacity-seconds", type=float, default=20)
    options = parser.parse_args()
    process = subprocess.Popen(
        [sys.executable, "-m", "ecgan", "serve", "--no-page", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        found = asyncio.run(measure(options, process))
    finally:
        process.kill()
    right = is_right(found)
    write_json(options.out, {"provenance": provenance(), **found, "right": right})
    print(f"{options.out}: {found['load']['statuses']}, right: {right}")
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
