"""A name for the exact input that a model was trained on."""

import hashlib
from collections.abc import Iterable
from pathlib import Path


def fingerprint(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and contents of files; their folder and their order do not matter.

    Args:
        paths: The input files, e.g. the values of ``data.ingest.read.find_inputs``.
    """
    total = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        with path.open("rb") as file:
            total.update(f"{hashlib.file_digest(file, 'sha256').hexdigest()} {path.name}\n".encode())
    return total.hexdigest()
