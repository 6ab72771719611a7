"""Loading a snapshot: every file is held against its checksum before any of it is used, and arrays stay on the disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.panel import Panel, ProductTable
from data.snapshots.snapshot import (
    BUNDLE,
    ELIGIBLE,
    MANIFEST,
    PANEL,
    POINTER,
    PRODUCTS,
    REASONS,
    SCHEMA,
    Manifest,
    Reasons,
    Snapshot,
    SnapshotError,
    as_snapshot_error,
    sha256_of,
)
from data.weeks import calendar


def current_id(root: Path) -> str:
    """The id of the snapshot to serve.

    Raises:
        SnapshotError: If none was published below ``root``.
    """
    try:
        return (root / POINTER).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SnapshotError(f"no snapshot is published in {root}: run the pipeline first ({error.strerror})") from error


def load(root: Path, snapshot_id: str) -> Snapshot:
    """Read one snapshot and verify every file against its manifest before any of it is used.

    Raises:
        SnapshotError: If a file is missing, unreadable or not the one that was published, or a lead time is missing.
    """
    folder = root / snapshot_id
    with as_snapshot_error(folder):
        _check_schema(folder)
        manifest = Manifest.of(folder)
        verify(folder, manifest.sha256)
        products = ProductTable.from_json((folder / PRODUCTS).read_bytes())
        fields = {name: _map(folder / PANEL / f"{name}.npy") for name in manifest.fields}
        panel = Panel.from_products(products, calendar(manifest.first_week, manifest.as_of_week), fields)
        if not panel.has_lead_times:
            raise SnapshotError(f"snapshot {folder} lacks the lead times of products; publish it again")
        return Snapshot(
            id=snapshot_id,
            published_at=manifest.published_at,
            model=manifest.model,
            panel=panel,
            eligible=_map(folder / ELIGIBLE),
            bundle_dir=folder / BUNDLE,
            reasons=_read_reasons(folder / REASONS),
        )


def _check_schema(folder: Path) -> None:
    """A manifest of another schema may hold other fields, so this comes before anything else is read of it."""
    schema = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["schema"]
    if schema != SCHEMA:
        raise SnapshotError(f"snapshot {folder} has schema {schema}, this server reads {SCHEMA}")


def verify(folder: Path, digests: Mapping[str, str]) -> None:
    """Hold files of a snapshot against their SHA-256.

    Raises:
        SnapshotError: If one is not the file that was published.
        OSError: If one cannot be read.
    """
    for name, digest in digests.items():
        if sha256_of(folder / name) != digest:
            raise SnapshotError(f"{folder / name} is not the file that was published: its checksum differs")


def _read_reasons(folder: Path) -> Reasons | None:
    if not folder.exists():
        return None
    return Reasons(feature=_map(folder / "feature.npy"), contribution=_map(folder / "contribution.npy"))


def _map(path: Path) -> npt.NDArray[Any]:
    """Map an array read-only; ``allow_pickle`` stays off, so nothing in the file can run."""
    mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped
