"""Small prepared data of drawn patterns: no photographs, no landmark detector."""

from __future__ import annotations

import pytest
from support.drawn_records import make_manifest, record

from ecgan.data.manifest import Manifest


@pytest.fixture(scope="session")
def people_manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Four people in train: two in pairs (happy at two strengths, sad), two with a happy image
    only; one more in val."""
    records = []
    for person in ("ann", "bob"):
        records.append(record(person, "neutral", intensity=0.0, pair=f"p:{person}"))
        records.append(record(person, "happy", intensity=0.6, pair=f"p:{person}", number=1))
        records.append(record(person, "happy", intensity=1.0, pair=f"p:{person}", number=2))
        records.append(record(person, "sad", intensity=1.0, pair=f"p:{person}", number=2))
    for person in ("cat", "dan"):
        records.append(record(person, "neutral"))
        records.append(record(person, "happy"))
    records += [record("eve", name, "val") for name in ("neutral", "happy", "sad")]
    return make_manifest(tmp_path_factory.mktemp("people"), records)
