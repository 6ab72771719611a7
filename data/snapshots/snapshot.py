"""Published snapshots: everything a server needs to answer, in one immutable folder, swapped in by one pointer file.

    snapshots/
        CURRENT                     the id of the snapshot to serve, one line
        2018-W34-1a2b3c4d5e6f/
            manifest.json           what it is, and the SHA-256 of every other file
            products.json           per row: id, category, groups, lead time; excluded ids with their reason
            panel/<field>.npy       float32, shape (products, weeks)
            eligible.npy            bool, shape (products, weeks): where the label applies
            reasons/<array>.npy     shape (products, reasons), only where the model can tell why
            bundle/                 the registered model's ONNX graph and contract

The id holds a hash over the content, so publishing the same content again changes nothing. NumPy and the standard
library only, since the gRPC server loads it.
"""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from data.weeks import calendar, iso_name
from feature_service.kernel import StockoutError

POINTER = "CURRENT"
MANIFEST = "manifest.json"
BUNDLE = "bundle"
REASONS = "reasons"
SCHEMA = 2


class SnapshotError(StockoutError):
    """A snapshot is missing, incomplete, or not what its manifest says."""


@dataclass(frozen=True)
class ModelReference:
    """Which registered model a snapshot's bundle is."""

    name: str
    version: str
    run_id: str


@dataclass(frozen=True)
class Reasons:
    """Why each product's probability at ``as_of`` is what it is; shape ``(products, reasons)`` each.

    Attributes:
        feature: Index of the feature in the model's order, int16, the strongest first; -1 where there is none.
        contribution: What it adds to the log-odds before calibration, float32.
    """

    feature: npt.NDArray[np.int16]
    contribution: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot, read and verified.

    Attributes:
        id: Its folder's name.
        published_at: When it was published, UTC.
        model: The registered model in ``bundle_dir``.
        panel: Products x weeks up to ``as_of``; the matrices are memory-mapped.
        eligible: Where the model's label applies, shape ``(products, weeks)``.
        bundle_dir: Folder of the model bundle.
        reasons: Why, for the newest week; None if the model cannot tell.
    """

    id: str
    published_at: dt.datetime
    model: ModelReference
    panel: Panel
    eligible: npt.NDArray[np.bool_]
    bundle_dir: Path
    reasons: Reasons | None = None


def publish(
    panel: Panel,
    eligible: npt.NDArray[np.bool_],
    bundle_dir: Path,
    model: ModelReference,
    to: Path,
    reasons: Reasons | None = None,
) -> str:
    """Write a snapshot below ``to`` and point ``CURRENT`` at it; a reader sees the old one or the new one, never half.

    Args:
        panel: Products x weeks up to ``as_of``.
        eligible: Where the model's label applies, shape ``(products, weeks)``.
        bundle_dir: Folder of the model bundle.
        model: Which registered model that is.
        to: Folder of all snapshots.
        reasons: Why, for the newest week; None if the model cannot tell.
    Returns:
        The snapshot's id.
    Raises:
        SnapshotError: If it cannot be written, as on a full disk; the one before then stays published.
    """
    try:
        return _publish(panel, eligible, bundle_dir, model, to, reasons)
    except OSError as error:
        raise SnapshotError(f"no snapshot can be published in {to}: {error}; {_free(to)}") from error


def _publish(
    panel: Panel,
    eligible: npt.NDArray[np.bool_],
    bundle_dir: Path,
    model: ModelReference,
    to: Path,
    reasons: Reasons | None,
) -> str:
    to.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=to))
    try:
        _write_content(draft, panel, eligible, bundle_dir)
        if reasons is not None:
            _write_reasons(draft / REASONS, reasons)
        digests = {path.relative_to(draft).as_posix(): _sha256(path) for path in _files(draft)}
        content = json.dumps([SCHEMA, digests, dataclasses.asdict(model)], sort_keys=True)
        snapshot_id = f"{iso_name(panel.as_of_week)}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
        manifest = {
            "schema": SCHEMA,
            "id": snapshot_id,
            "published_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            "first_week": str(panel.weeks[0]),
            "as_of_week": str(panel.weeks[-1]),
            "fields": sorted(panel.fields),
            "model": dataclasses.asdict(model),
            "sha256": digests,
        }
        _write_text(draft / MANIFEST, json.dumps(manifest, indent=2) + "\n")
        draft.chmod(0o755)
        if not (to / snapshot_id).exists():
            draft.rename(to / snapshot_id)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    point_at(snapshot_id, to)
    return snapshot_id


def point_at(snapshot_id: str, root: Path) -> None:
    """Make ``snapshot_id`` the one to serve."""
    draft = root / f".{POINTER}-{os.getpid()}"
    try:
        _write_text(draft, snapshot_id + "\n")
        draft.replace(root / POINTER)
    finally:
        draft.unlink(missing_ok=True)


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
        SnapshotError: If a file is missing, unreadable or not the one that was published.
    """
    folder = root / snapshot_id
    with as_snapshot_error(folder):
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["schema"] != SCHEMA:
            raise SnapshotError(f"snapshot {folder} has schema {manifest['schema']}, this server reads {SCHEMA}")
        verify(folder, manifest["sha256"])
        products = json.loads((folder / "products.json").read_text(encoding="utf-8"))
        first_week, as_of_week = (dt.date.fromisoformat(manifest[name]) for name in ("first_week", "as_of_week"))
        fields = {name: _map(folder / "panel" / f"{name}.npy") for name in manifest["fields"]}
        panel = Panel.from_products(products, calendar(first_week, as_of_week), fields)
        return Snapshot(
            id=snapshot_id,
            published_at=dt.datetime.fromisoformat(manifest["published_at"]),
            model=ModelReference(**manifest["model"]),
            panel=panel,
            eligible=_map(folder / "eligible.npy"),
            bundle_dir=folder / BUNDLE,
            reasons=_read_reasons(folder / REASONS),
        )


def verify(folder: Path, digests: Mapping[str, str]) -> None:
    """Hold files of a snapshot against their SHA-256.

    Raises:
        SnapshotError: If one is not the file that was published.
        OSError: If one cannot be read.
    """
    for name, digest in digests.items():
        if _sha256(folder / name) != digest:
            raise SnapshotError(f"{folder / name} is not the file that was published: its checksum differs")


@contextlib.contextmanager
def as_snapshot_error(folder: Path) -> Iterator[None]:
    """Raise what goes wrong with reading a snapshot's files as a SnapshotError."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"snapshot {folder} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SnapshotError(f"snapshot {folder} is broken: {error!r}; publish it again") from error


def _write_content(draft: Path, panel: Panel, eligible: npt.NDArray[np.bool_], bundle_dir: Path) -> None:
    (draft / "panel").mkdir()
    for name, matrix in panel.fields.items():
        np.save(draft / "panel" / f"{name}.npy", np.ascontiguousarray(matrix))
    np.save(draft / "eligible.npy", eligible)
    _write_text(draft / "products.json", json.dumps(panel.products(), ensure_ascii=False))
    shutil.copytree(bundle_dir, draft / BUNDLE, copy_function=shutil.copyfile)


def _write_reasons(folder: Path, reasons: Reasons) -> None:
    folder.mkdir()
    np.save(folder / "feature.npy", reasons.feature)
    np.save(folder / "contribution.npy", reasons.contribution)


def _read_reasons(folder: Path) -> Reasons | None:
    if not folder.exists():
        return None
    return Reasons(feature=_map(folder / "feature.npy"), contribution=_map(folder / "contribution.npy"))


def _write_text(path: Path, text: str) -> None:
    """Write and flush to the disk, so that a later rename never names an empty file."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _free(folder: Path) -> str:
    """Said beside an error of writing, since NumPy's does not name a full disk."""
    try:
        return f"{shutil.disk_usage(folder).free:,} bytes are free there"
    except OSError:
        return "how much is free there cannot be found out"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _map(path: Path) -> npt.NDArray[Any]:
    """Map an array read-only; ``allow_pickle`` stays off, so nothing in the file can run."""
    mapped: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped
