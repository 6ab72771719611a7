"""The snapshots that were published so far, for the models in them: which one answered when a week was the newest."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.snapshots.read import verify
from data.snapshots.snapshot import BUNDLE, MANIFEST, Manifest, ModelReference, as_snapshot_error


@dataclass(frozen=True)
class PublishedModel:
    """The model of one published snapshot.

    Attributes:
        as_of_week: Monday of the snapshot's newest week.
        published_at: When, UTC.
        model: Which registered model it is.
        folder: The snapshot's folder.
    """

    as_of_week: dt.date
    published_at: dt.datetime
    model: ModelReference
    folder: Path

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
    """The model of every snapshot below ``root`` whose manifest can be read, the first published first."""
    read = (_read(path.parent) for path in root.glob(f"[!.]*/{MANIFEST}"))
    return sorted((each for each in read if each), key=lambda each: (each.published_at, each.folder.name))


def model_of_week(models: Sequence[PublishedModel], week: dt.date) -> PublishedModel | None:
    """The model that answered for ``week`` when that was the newest week.

    That is the one published last for the newest snapshot up to then; None if there was no snapshot yet.

    Args:
        models: The first published first.
        week: Its Monday.
    """
    until_then = [each for each in models if each.as_of_week <= week]
    return max(until_then, key=lambda each: (each.as_of_week, each.published_at), default=None)


def _read(folder: Path) -> PublishedModel | None:
    """None for a folder that is gone or holds no snapshot; no answer depends on it."""
    try:
        manifest = Manifest.of(folder)
    except (OSError, ValueError):
        return None
    return PublishedModel(manifest.as_of_week, manifest.published_at, manifest.model, folder)
