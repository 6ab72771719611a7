"""Publishing a snapshot: written into a draft folder, renamed when it is whole, then named by the pointer file."""

import dataclasses
import datetime as dt
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from data.files import locked
from data.panel import Panel
from data.snapshots.files import SnapshotError, sha256_of, write_text
from data.snapshots.parts import write_parts
from data.snapshots.publications import Publication, log_publication
from data.snapshots.shards import Sharding
from data.snapshots.snapshot import (
    BUNDLE,
    CHALLENGER,
    MANIFEST,
    POINTER,
    SCHEMA,
    SHARDED_SCHEMA,
    AlertRule,
    ChallengerScores,
    Manifest,
    ModelReference,
    Reasons,
)
from data.snapshots.totals import TOTALS, write_totals
from data.weeks import iso_name
from feature_service.kernel.arrays import BoolArray


def publish(
    panel: Panel,
    eligible: BoolArray,
    bundle_dir: Path,
    model: ModelReference,
    to: Path,
    reasons: Reasons | None = None,
    alerts: AlertRule | None = None,
    warnings: tuple[str, ...] = (),
    shards: int = 1,
    challenger: ChallengerScores | None = None,
) -> str:
    """Write a snapshot below ``to`` and point ``CURRENT`` at it; a reader sees the old one or the new one, never half.

    Args:
        panel: Products x weeks up to ``as_of``, with a lead time for every product: see ``Panel.with_lead_time``.
        eligible: Where the model's label applies, shape ``(products, weeks)``.
        bundle_dir: Folder of the model bundle.
        model: Which registered model that is.
        to: Folder of all snapshots.
        reasons: Why, for the newest week; None if the model cannot tell.
        alerts: What an alert is; None for the model's own threshold.
        warnings: What was taken of the data though it looks wrong, a sentence each.
        shards: Parts in which it is published, for a server each; 1 is the whole in one piece.
        challenger: What the challenger gives the same products; None if there is none.
    Returns:
        The snapshot's id.
    Raises:
        SnapshotError: If a lead time is missing, or the snapshot cannot be written, as on a full disk; the one before
            then stays published.
    """
    if not panel.has_lead_times:
        raise SnapshotError("no snapshot can be published of a panel that lacks lead times: give it a default first")
    try:
        return _publish(panel, eligible, bundle_dir, model, to, reasons, alerts, warnings, shards, challenger)
    except OSError as error:
        raise SnapshotError(f"no snapshot can be published in {to}: {error}; {_free(to)}") from error


def _publish(
    panel: Panel,
    eligible: BoolArray,
    bundle_dir: Path,
    model: ModelReference,
    to: Path,
    reasons: Reasons | None,
    alerts: AlertRule | None,
    warnings: tuple[str, ...],
    shards: int,
    challenger: ChallengerScores | None,
) -> str:
    sharding = Sharding.of(shards, panel.groups)
    schema = SHARDED_SCHEMA if sharding else SCHEMA
    to.mkdir(parents=True, exist_ok=True)
    published_at = dt.datetime.now(dt.UTC).replace(microsecond=0)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=to))
    try:
        shutil.copytree(bundle_dir, draft / BUNDLE, copy_function=shutil.copyfile)
        digests = _write_content(draft, panel, eligible, reasons, sharding, challenger)
        said = [dataclasses.asdict(each) for each in (model, alerts, sharding) if each]
        content = json.dumps([schema, digests, said, warnings], sort_keys=True, default=str)
        snapshot_id = f"{iso_name(panel.as_of_week)}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
        manifest = Manifest(
            schema=schema,
            id=snapshot_id,
            published_at=published_at,
            first_week=panel.weeks[0].item(),
            as_of_week=panel.as_of_week,
            fields=tuple(sorted(panel.fields)),
            model=model,
            sha256=digests,
            alerts=alerts,
            warnings=warnings,
            shards=sharding,
        )
        write_text(draft / MANIFEST, manifest.to_json())
        draft.chmod(0o755)
        if not (to / snapshot_id).exists():
            draft.rename(to / snapshot_id)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _point_at(Publication(snapshot_id, published_at), to)
    return snapshot_id


def point_at(snapshot_id: str, root: Path) -> None:
    """Make ``snapshot_id`` the one to serve."""
    _point_at(Publication(snapshot_id, dt.datetime.now(dt.UTC).replace(microsecond=0)), root)


def _point_at(publication: Publication, root: Path) -> None:
    """Log first: where the process dies in between, the reader of the log finds that nothing came of its last line."""
    draft = root / f".{POINTER}-{os.getpid()}"
    with locked(root / POINTER):
        try:
            log_publication(publication, root)
            write_text(draft, publication.id + "\n")
            draft.replace(root / POINTER)
        finally:
            draft.unlink(missing_ok=True)


def _write_content(
    draft: Path,
    panel: Panel,
    eligible: BoolArray,
    reasons: Reasons | None,
    sharding: Sharding | None,
    challenger: ChallengerScores | None,
) -> dict[str, str]:
    """Gives the SHA-256 of every file in the draft."""
    written = write_parts(draft, panel, eligible, reasons, sharding, challenger)
    if challenger:
        note = json.dumps(dataclasses.asdict(challenger.challenger), indent=2)
        (draft / CHALLENGER).write_text(f"{note}\n", encoding="utf-8")
    if sharding:
        write_totals(draft / TOTALS, panel)
    names = (path.relative_to(draft).as_posix() for path in _files(draft))
    return {name: written.get(name) or sha256_of(draft / name) for name in names}


def _free(folder: Path) -> str:
    """The free space, for an error of writing: NumPy's own does not say that a disk is full."""
    try:
        return f"{shutil.disk_usage(folder).free:,} bytes are free there"
    except OSError:
        return "how much is free there cannot be found out"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
