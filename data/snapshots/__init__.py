"""Published snapshots: what a server answers from, as immutable folders of which one pointer file names the current."""

from data.snapshots.read import current_id, is_id, is_published, load
from data.snapshots.snapshot import (
    MANIFEST,
    MODEL_NAME,
    REFERENCE_FILE,
    SCHEMA,
    AlertRule,
    ModelReference,
    Reasons,
    Snapshot,
    SnapshotError,
)
from data.snapshots.write import point_at, publish

__all__ = [
    "MANIFEST",
    "MODEL_NAME",
    "REFERENCE_FILE",
    "SCHEMA",
    "AlertRule",
    "ModelReference",
    "Reasons",
    "Snapshot",
    "SnapshotError",
    "current_id",
    "is_id",
    "is_published",
    "load",
    "point_at",
    "publish",
]
