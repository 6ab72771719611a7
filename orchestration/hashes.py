"""Hashes in the names of folders: of settings, and of the contents of input files."""

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from data.ingest.fingerprint import fingerprint


def short_hash(*parts: object) -> str:
    """Ten digits of the SHA-256 of some settings."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:10]


def fingerprint_of(paths: Iterable[Path], data_dir: Path, queries: Mapping[str, str]) -> str:
    """SHA-256 of files, by their names below a folder, and of the rows of queries.

    Luigi asks for outputs many times in a run; a file is read again only if its size or time has changed.
    """
    files = tuple((path, path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
    return _fingerprint(data_dir, files, tuple(sorted(queries.items())))


@functools.lru_cache(maxsize=8)
def _fingerprint(data_dir: Path, files: tuple[tuple[Path, int, int], ...], queries: tuple[tuple[str, str], ...]) -> str:
    return fingerprint((path for path, _, _ in files), data_dir, dict(queries))
