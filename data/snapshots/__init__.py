"""Published snapshots: what a server answers from, as immutable folders of which one pointer file names the current.

NumPy and the standard library only, since the gRPC server loads it.
"""

from data.snapshots.snapshot import (
    MANIFEST,
    SCHEMA,
    ModelReference,
    Reasons,
    Snapshot,
    SnapshotError,
    current_id,
    load,
    point_at,
    publish,
)

__all__ = [
    "MANIFEST",
    "SCHEMA",
    "ModelReference",
    "Reasons",
    "Snapshot",
    "SnapshotError",
    "current_id",
    "load",
    "point_at",
    "publish",
]
