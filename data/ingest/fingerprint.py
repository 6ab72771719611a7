"""A name for the exact input that a model was trained on."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from data.errors import ChangedInputError


def fingerprint(paths: Iterable[Path], data_dir: Path | None = None, queries: Mapping[str, str] | None = None) -> str:
    """SHA-256 over the names and contents of files; their folder and their order do not matter.

    Args:
        paths: The input files, e.g. the values of ``data.ingest.inputs.find_inputs``.
        data_dir: Their folder, where some lie in folders of it, whose names count then.
        queries: The SHA-256 of the rows of each query, by what it is called.
    """
    digests = dict(queries or {})
    for path in paths:
        name = path.relative_to(data_dir).as_posix() if data_dir and path.is_relative_to(data_dir) else path.name
        with path.open("rb") as file:
            digests[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return fingerprint_of(digests)


def fingerprint_of(digests: Mapping[str, str]) -> str:
    """The same, from the SHA-256 of each file by its name."""
    total = hashlib.sha256()
    for name, digest in sorted(digests.items()):
        total.update(f"{digest} {name}\n".encode())
    return total.hexdigest()


def check_fingerprint(data_dir: Path, digests: Mapping[str, str], expected: str | None) -> None:
    """Refuse to go on with files that are not those whose fingerprint was taken before they were read.

    Args:
        data_dir: The folder of the files, for the sentence.
        digests: The SHA-256 of what was read, by the file's name.
        expected: The fingerprint under which the result will be kept; None: under none.
    Raises:
        ChangedInputError: If they are others.
    """
    if expected is not None and fingerprint_of(digests) != expected:
        raise ChangedInputError(data_dir)
