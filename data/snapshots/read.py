"""Loading a snapshot, or one shard of it: every file of it is held against its checksum before any is used."""

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from data.panel import Panel, ProductTable
from data.panel.order_rows import orders_of
from data.snapshots.files import SnapshotError, SnapshotFiles, as_snapshot_error
from data.snapshots.publications import publications
from data.snapshots.shards import held_shard
from data.snapshots.snapshot import (
    BUNDLE,
    CHALLENGER,
    CHALLENGER_RISKS,
    CHALLENGER_SCORES,
    ELIGIBLE,
    MANIFEST,
    PANEL,
    POINTER,
    PRODUCTS,
    PURCHASE_ORDERS,
    READABLE_SCHEMAS,
    REASONS,
    Challenger,
    ChallengerScores,
    Manifest,
    Reasons,
    Snapshot,
)
from data.snapshots.totals import TOTALS, TotalsFiles
from data.weeks import calendar
from feature_service.json_record import parse_json, read_json
from feature_service.kernel.arrays import BoolArray
from feature_service.kernel.deliveries import PurchaseOrders
from feature_service.shards import Shard

_ID = re.compile(r"\d{4}-W\d\d-[0-9a-f]{12}")


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


def load(root: Path, snapshot_id: str, shard: Shard | None = None) -> Snapshot:
    """Read one snapshot and verify every file against its manifest before any of it is used.

    Args:
        root: Folder of all snapshots.
        snapshot_id: Which one.
        shard: The part of it that is read and verified; None for a snapshot that is in one piece.
    Raises:
        ShardMismatchError: If it is not published in as many shards.
        SnapshotError: If a file is missing, unreadable or not the one that was published, or a lead time is missing.
    """
    folder = root / snapshot_id
    with as_snapshot_error(folder):
        manifest = _manifest(folder)
        held = held_shard(folder, manifest.shards, shard)
        files = _files_of(folder, manifest, f"{held.folder}/" if held else "")
        products = ProductTable.from_json(files.content(PRODUCTS))
        fields = {name: files.array(f"{PANEL}/{name}.npy") for name in manifest.fields}
        weeks = calendar(manifest.first_week, manifest.as_of_week)
        panel = Panel.from_products(products, weeks, fields, _read_orders(files, len(products.ids)))
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
            shard=held,
            totals=TotalsFiles(folder, _below(manifest, (f"{TOTALS}/",))) if held else None,
            challenger=_read_challenger(files, len(panel.product_ids)),
        )


def _files_of(folder: Path, manifest: Manifest, prefix: str) -> SnapshotFiles:
    """Those of a shard, or without a prefix all, and what shards share; totals are verified when they are looked at."""
    return SnapshotFiles.verified(folder, _below(manifest, (prefix, f"{BUNDLE}/", CHALLENGER)), prefix)


def _below(manifest: Manifest, prefixes: tuple[str, ...]) -> dict[str, str]:
    """The checksums of files by the beginning of their names."""
    return {name: digest for name, digest in manifest.sha256.items() if name.startswith(prefixes)}


def _eligible(eligible: npt.NDArray[Any], panel: Panel) -> BoolArray:
    shape = (len(panel.product_ids), len(panel.weeks))
    if eligible.shape != shape or eligible.dtype != np.bool_:
        raise ValueError(f"{ELIGIBLE} holds {eligible.dtype} of shape {eligible.shape}, not bool of shape {shape}")
    return eligible


def _last_published(manifest: Manifest, root: Path) -> dt.datetime:
    moments = [each.published_at for each in publications(root) if each.id == manifest.id]
    return moments[-1] if moments else manifest.published_at


def shards_of(root: Path, snapshot_id: str) -> Sequence[Shard | None]:
    """What :func:`load` is to be told, one after the other, to read a snapshot with all its products.

    Raises:
        SnapshotError: If its manifest cannot be read.
    """
    folder = root / snapshot_id
    with as_snapshot_error(folder):
        sharding = _manifest(folder).shards
        return sharding.shards() if sharding else [None]


def _manifest(folder: Path) -> Manifest:
    """One of another schema may hold other fields, so the schema is looked at before anything else is."""
    schema = parse_json((folder / MANIFEST).read_text(encoding="utf-8"))["schema"]
    if schema not in READABLE_SCHEMAS:
        *others, last = map(str, READABLE_SCHEMAS)
        readable = f"{', '.join(others)} and {last}"
        raise SnapshotError(f"snapshot {folder} has schema {schema}, this server reads {readable}")
    return Manifest.of(folder)


def _read_reasons(files: SnapshotFiles) -> Reasons | None:
    names = [f"{REASONS}/{name}.npy" for name in ("feature", "contribution")]
    if not files.holds(names[0]):
        return None
    feature, contribution = map(files.array, names)
    return Reasons(feature=feature, contribution=contribution)


def _read_orders(files: SnapshotFiles, products: int) -> PurchaseOrders | None:
    return orders_of(files.array(PURCHASE_ORDERS), products) if files.holds(PURCHASE_ORDERS) else None


def _read_challenger(files: SnapshotFiles, products: int) -> ChallengerScores | None:
    if not files.holds(CHALLENGER_SCORES):
        return None
    scores = _probabilities(files, CHALLENGER_SCORES, products, np.float32)
    risks = _probabilities(files, CHALLENGER_RISKS, products, np.float64) if files.holds(CHALLENGER_RISKS) else None
    return ChallengerScores(read_json(Challenger, files.contents[CHALLENGER]), scores, risks)


def _probabilities(files: SnapshotFiles, name: str, products: int, kind: type[np.floating]) -> np.ndarray:
    found = files.array(name)
    if found.shape != (products,) or found.dtype != kind:
        raise ValueError(f"{name} holds {found.dtype} of shape {found.shape}, not {np.dtype(kind)} of {products}")
    if not (np.isnan(found) | ((found >= 0) & (found <= 1))).all():
        raise ValueError(f"{name} holds what is no probability")
    return found
