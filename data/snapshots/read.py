"""Loading a snapshot: every file is held against its checksum before any of it is used.

Arrays are read into memory, and what was verified is what is used: whatever happens to the files afterwards, nothing
that answers from them notices. Only arrays of more than ``MAX_BYTES_IN_MEMORY`` altogether stay on the disk and are
mapped; truncating such a file ends the processes that use it, as the system demands (SIGBUS).
"""

import datetime as dt
import hashlib
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.panel import Panel, ProductTable
from data.snapshots.publications import publications
from data.snapshots.snapshot import (
    BUNDLE,
    ELIGIBLE,
    MANIFEST,
    PANEL,
    POINTER,
    PRODUCTS,
    READABLE_SCHEMAS,
    REASONS,
    Manifest,
    Reasons,
    Snapshot,
    SnapshotError,
    as_snapshot_error,
    sha256_of,
)
from data.weeks import calendar
from feature_service.json_record import parse_json
from feature_service.kernel.arrays import BoolArray

_ID = re.compile(r"\d{4}-W\d\d-[0-9a-f]{12}")

MAX_BYTES_IN_MEMORY = 512 * 1024 * 1024
"""Some 240,000 products with two years of sales."""


def is_id(name: str) -> bool:
    """Whether a snapshot's folder could be called so."""
    return _ID.fullmatch(name) is not None


def is_published(root: Path) -> bool:
    """Whether any snapshot was ever published below ``root``, be it readable or not."""
    return (root / POINTER).exists()


def current_id(root: Path) -> str:
    """The id of the snapshot to serve.

    Raises:
        SnapshotError: If none was published below ``root``, or the pointer names no folder in it.
    """
    try:
        snapshot_id = (root / POINTER).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SnapshotError(f"no snapshot is published in {root}: run the pipeline first ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SnapshotError(f"{root / POINTER} holds no snapshot's name: {error}; publish again") from error
    if not is_id(snapshot_id):
        raise SnapshotError(f"{root / POINTER} holds no snapshot's name: {snapshot_id[:80]!r}; publish again")
    return snapshot_id


def load(root: Path, snapshot_id: str) -> Snapshot:
    """Read one snapshot and verify every file against its manifest before any of it is used.

    Raises:
        SnapshotError: If a file is missing, unreadable or not the one that was published, or a lead time is missing.
    """
    folder = root / snapshot_id
    with as_snapshot_error(folder):
        _check_schema(folder)
        manifest = Manifest.of(folder)
        files = _verified(folder, manifest.sha256)
        products = ProductTable.from_json(files.content(PRODUCTS))
        fields = {name: files.array(f"{PANEL}/{name}.npy") for name in manifest.fields}
        panel = Panel.from_products(products, calendar(manifest.first_week, manifest.as_of_week), fields)
        if not panel.has_lead_times:
            raise SnapshotError(f"snapshot {folder} lacks the lead times of products; publish it again")
        return Snapshot(
            id=snapshot_id,
            published_at=_last_published(manifest, root),
            model=manifest.model,
            panel=panel,
            eligible=_eligible(files.array(ELIGIBLE), panel),
            bundle_dir=folder / BUNDLE,
            reasons=_read_reasons(files),
            alerts=manifest.alerts,
            warnings=manifest.warnings,
        )


def _eligible(eligible: npt.NDArray[Any], panel: Panel) -> BoolArray:
    shape = (len(panel.product_ids), len(panel.weeks))
    if eligible.shape != shape or eligible.dtype != np.bool_:
        raise ValueError(f"{ELIGIBLE} holds {eligible.dtype} of shape {eligible.shape}, not bool of shape {shape}")
    return eligible


def _last_published(manifest: Manifest, root: Path) -> dt.datetime:
    moments = [each.published_at for each in publications(root) if each.id == manifest.id]
    return moments[-1] if moments else manifest.published_at


def _check_schema(folder: Path) -> None:
    """A manifest of another schema may hold other fields, so this comes before anything else is read of it."""
    schema = parse_json((folder / MANIFEST).read_text(encoding="utf-8"))["schema"]
    if schema not in READABLE_SCHEMAS:
        readable = " and ".join(map(str, READABLE_SCHEMAS))
        raise SnapshotError(f"snapshot {folder} has schema {schema}, this server reads {readable}")


def verify(folder: Path, digests: Mapping[str, str]) -> None:
    """Hold files of a snapshot against their SHA-256.

    Raises:
        SnapshotError: If one is not the file that was published.
        OSError: If one cannot be read.
    """
    for name, digest in digests.items():
        if sha256_of(folder / name) != digest:
            raise SnapshotError(f"{folder / name} is not the file that was published: its checksum differs")


@dataclass(frozen=True)
class _Files:
    """The files of a snapshot, each as it was when it was verified, but for arrays that are too large."""

    folder: Path
    contents: Mapping[str, bytes]

    def content(self, name: str) -> bytes:
        """The bytes of a small file."""
        return self.contents[name]

    def array(self, name: str) -> npt.NDArray[Any]:
        """A read-only array; ``allow_pickle`` stays off, so nothing in the file can run."""
        array: npt.NDArray[Any]
        if name in self.contents:
            array = np.load(io.BytesIO(self.contents[name]), allow_pickle=False)
            array.flags.writeable = False
        else:
            array = np.load(self.folder / name, mmap_mode="r", allow_pickle=False)
        return array


def _verified(folder: Path, digests: Mapping[str, str]) -> _Files:
    """Hold every file against its SHA-256, and keep those in memory that are to be used from there."""
    arrays = [name for name in digests if name.endswith(".npy")]
    mapped = arrays if sum((folder / name).stat().st_size for name in arrays) > MAX_BYTES_IN_MEMORY else []
    verify(folder, {name: digests[name] for name in mapped})
    contents = {}
    for name in digests.keys() - set(mapped):
        contents[name] = (folder / name).read_bytes()
        if hashlib.sha256(contents[name]).hexdigest() != digests[name]:
            raise SnapshotError(f"{folder / name} is not the file that was published: its checksum differs")
    return _Files(folder, contents)


def _read_reasons(files: _Files) -> Reasons | None:
    names = [f"{REASONS}/{name}.npy" for name in ("feature", "contribution")]
    if not (files.folder / REASONS).exists():
        return None
    feature, contribution = map(files.array, names)
    return Reasons(feature=feature, contribution=contribution)
