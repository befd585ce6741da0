"""The snapshot that fine-tuning starts from."""

from __future__ import annotations

from ecgan.errors import SnapshotError
from ecgan.expressions import Vocabulary
from ecgan.inference.snapshot import Kind, Snapshot, load_snapshot


def initial_snapshot(source: str, kind: Kind, vocabulary: Vocabulary) -> Snapshot:
    """The snapshot of a run's `init`.

    Raises:
        SnapshotError: it is missing, of another kind, or for other expressions than the data's.
    """
    snapshot = load_snapshot(source, kind)
    if (names := snapshot.config.get("vocabulary")) != list(vocabulary.names):
        raise SnapshotError(
            f"init={source} knows {names}, the data have {list(vocabulary.names)}; "
            "train without init"
        )
    return snapshot
