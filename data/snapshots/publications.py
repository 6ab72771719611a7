"""The log of publications: which snapshot was made the one to serve, and when.

A snapshot that is published again is the same folder again, so its manifest cannot say it. Older folders have no log;
there the manifest's time counts.
"""

import datetime as dt
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from data.files import append_line, read_lines
from data.snapshots.snapshot import LOG, POINTER
from feature_service.json_record import read_json


@dataclass(frozen=True)
class Publication:
    """One time that a snapshot was made the one to serve.

    Attributes:
        id: The snapshot.
        published_at: When, UTC, in whole seconds.
    """

    id: str
    published_at: dt.datetime


def log_publication(publication: Publication, root: Path) -> None:
    """Note down that a snapshot is about to be made the one to serve; the lock of the pointer must be held."""
    line = json.dumps(asdict(publication), default=lambda moment: moment.isoformat())
    append_line(root / LOG, line)


def publications(root: Path) -> list[Publication]:
    """What was published, oldest first; nothing where there is no log.

    A line after the newest of the snapshot that is served is left out: its publisher died before it moved the pointer.
    So is what cannot be read: a damaged log makes a snapshot older than it is, and must not keep it from being served.
    """
    try:
        logged = [each for each in map(_read, read_lines(root / LOG)) if each]
        served = (root / POINTER).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return []
    last = max((place for place, each in enumerate(logged) if each.id == served), default=len(logged) - 1)
    return logged[: last + 1]


def _read(line: str) -> Publication | None:
    try:
        return read_json(Publication, line)
    except ValueError:
        return None
