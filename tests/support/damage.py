"""Snapshots put where a server does not look yet, and damaged."""

from pathlib import Path

from data.snapshots import current_id
from tests.support.snapshots import publish_snapshot, synthetic_panel


def truncate(root: Path, name: str) -> None:
    panel = root / name / "panel" / "units_sold.npy"
    panel.write_bytes(panel.read_bytes()[:-100])


def publish_snapshot_unseen(root: Path, serving: str) -> str:
    """Written whole beside the root, then moved in, so that no server sees it before it is pointed at."""
    elsewhere = root.parent / "elsewhere" / "snapshots"
    name = publish_snapshot(elsewhere, synthetic_panel(products=20, seed=2))
    (elsewhere / name).rename(root / name)
    assert current_id(root) == serving
    return name
