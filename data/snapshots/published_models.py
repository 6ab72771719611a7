"""The snapshots that were published so far, for the models in them: which one answered when a week was the newest."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.snapshots.files import as_snapshot_error, verify
from data.snapshots.publications import publications
from data.snapshots.snapshot import BUNDLE, MANIFEST, AlertRule, Manifest, ModelReference


@dataclass(frozen=True)
class PublishedModel:
    """The model of one published snapshot.

    Attributes:
        as_of_week: Monday of the snapshot's newest week.
        published_at: When it was last published, UTC.
        model: Which registered model it is.
        folder: The snapshot's folder.
        alerts: What an alert was then; None where the model's own threshold counts.
    """

    as_of_week: dt.date
    published_at: dt.datetime
    model: ModelReference
    folder: Path
    alerts: AlertRule | None = None

    @property
    def bundle_dir(self) -> Path:
        """Folder of the model bundle, every file of it verified against the manifest.

        Raises:
            SnapshotError: If a file is missing, unreadable or not the one that was published.
        """
        with as_snapshot_error(self.folder):
            digests = Manifest.of(self.folder).sha256.items()
            verify(self.folder, {name: digest for name, digest in digests if name.startswith(f"{BUNDLE}/")})
        return self.folder / BUNDLE


def published_models(root: Path) -> list[PublishedModel]:
    """The model of every snapshot below ``root`` whose manifest can be read, by when it was last published."""
    read = [_read(path.parent) for path in root.glob(f"[!.]*/{MANIFEST}")]
    models = {each.folder.name: each for each in read if each}
    # those that are not in the log were published before there was one
    last = {name: (-1, each.published_at, name) for name, each in models.items()}
    for place, each in enumerate(publications(root)):
        if each.id in models:
            models[each.id] = replace(models[each.id], published_at=each.published_at)
            last[each.id] = (place, each.published_at, each.id)
    return [models[name] for name in sorted(models, key=lambda name: last[name])]


def model_of_week(models: Sequence[PublishedModel], week: dt.date) -> PublishedModel | None:
    """The model that answered for ``week`` when that was the newest week.

    That is the one published last for the newest snapshot up to then; None if there was no snapshot yet.

    Args:
        models: The one that was published last comes last.
        week: Its Monday.
    """
    until_then = [each for each in models if each.as_of_week <= week]
    newest = max((each.as_of_week for each in until_then), default=None)
    return next((each for each in reversed(until_then) if each.as_of_week == newest), None)


def _read(folder: Path) -> PublishedModel | None:
    """None for a folder that is gone or holds no snapshot; no answer depends on it."""
    try:
        manifest = Manifest.of(folder)
    except (OSError, ValueError):
        return None
    return PublishedModel(manifest.as_of_week, manifest.published_at, manifest.model, folder, manifest.alerts)
