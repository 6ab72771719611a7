"""Published snapshots: what a server answers from, as immutable folders of which one pointer file names the current."""

from data.snapshots.files import SnapshotError
from data.snapshots.read import current_id, is_id, is_published, load, shards_of
from data.snapshots.shards import HeldShard, ShardMismatchError
from data.snapshots.snapshot import (
    MANIFEST,
    MODEL_NAME,
    REFERENCE_FILE,
    SCHEMA,
    SHARDED_SCHEMA,
    AlertRule,
    Challenger,
    ChallengerScores,
    ModelReference,
    Reasons,
    Snapshot,
)
from data.snapshots.write import point_at, publish

__all__ = [
    "MANIFEST",
    "MODEL_NAME",
    "REFERENCE_FILE",
    "SCHEMA",
    "SHARDED_SCHEMA",
    "AlertRule",
    "Challenger",
    "ChallengerScores",
    "HeldShard",
    "ModelReference",
    "Reasons",
    "ShardMismatchError",
    "Snapshot",
    "SnapshotError",
    "current_id",
    "is_id",
    "is_published",
    "load",
    "point_at",
    "publish",
    "shards_of",
]
