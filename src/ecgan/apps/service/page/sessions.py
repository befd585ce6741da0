"""What the page remembers of each visitor for a while: a photo with its faces prepared."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import Any

from ecgan.apps.service.uploads import Upload
from ecgan.inference.crops import ReadyPhoto

MOST_VISITORS = 12
MOST_PIXELS = 100_000_000
"""Of all photos that are remembered."""
REMEMBERED_SECONDS = 1800.0


@dataclass(frozen=True)
class Made:
    """A file that can be downloaded."""

    name: str
    data: bytes
    media_type: str
    sidecar: dict[str, Any]


@dataclass
class Visit:
    """One visitor's photo."""

    upload: Upload
    ready: ReadyPhoto
    """With all faces that can be used."""
    key: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    """In the addresses of its downloads; nobody else knows it."""
    files: dict[str, Made] = field(default_factory=dict)
    """By what they show: `picture`, `sheet`, `growing`."""
    used: float = field(default_factory=time.monotonic)

    def with_faces(self, numbers: list[int]) -> ReadyPhoto:
        """The prepared photo with some of its faces; all where none is named."""
        faces = tuple(face for face in self.ready.faces if face.aligned.number in numbers)
        return replace(self.ready, faces=faces) if faces else self.ready


class Visits:
    """By session of the page, the least recently used ones forgotten."""

    def __init__(self) -> None:
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, session: str, visit: Visit) -> None:
        """Remember, and forget what is old or too much."""
        with self._lock:
            self._visits[session] = visit
            self._visits.move_to_end(session)
            self._forget_some()

    def get(self, session: str) -> Visit | None:
        """The photo of a session; None: there is none, or it is forgotten."""
        with self._lock:
            self._forget_some()
            visit = self._visits.get(session)
            if visit is not None:
                visit.used = time.monotonic()
                self._visits.move_to_end(session)
            return visit

    def of_key(self, key: str) -> Visit | None:
        """The one whose downloads have this key."""
        with self._lock:
            return next((one for one in self._visits.values() if one.key == key), None)

    def forget(self, session: str) -> None:
        """The visitor has left."""
        with self._lock:
            self._visits.pop(session, None)

    def _forget_some(self) -> None:
        late = time.monotonic() - REMEMBERED_SECONDS
        while self._visits:
            oldest = next(iter(self._visits.values()))
            pixels = sum(visit.upload.pixels for visit in self._visits.values())
            many = len(self._visits) > MOST_VISITORS or pixels > MOST_PIXELS
            if not (many and len(self._visits) > 1) and oldest.used > late:
                return
            self._visits.popitem(last=False)
