"""The bytes of an input file, read once and through one descriptor: what is parsed is what its fingerprint names."""

import gzip
import hashlib
import io
import os
from dataclasses import dataclass
from pathlib import Path

from data.errors import ChangedInputError, InputTooLargeError

LARGEST_CONTENT_BYTES = 2 << 30
"""Of one file, uncompressed: some bytes of a compressed file can stand for any number of them."""

LARGEST_TABLE_CELLS = 100_000_000
"""Rows x columns of one file: a cell takes memory however little it holds."""

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Content:
    """What a file held.

    Attributes:
        data: Its bytes.
        sha256: Their SHA-256, in hexadecimal digits.
    """

    data: bytes
    sha256: str


def read_content(path: Path) -> Content:
    """Read a file that nobody writes to meanwhile.

    Raises:
        ChangedInputError: If it was written to while it was read.
        InputTooLargeError: If it holds more than is read of one file.
        OSError: If it cannot be read.
    """
    with path.open("rb") as file:
        before = os.fstat(file.fileno())
        check_size(path, before.st_size)
        data = file.read(before.st_size + 1)
        after = os.fstat(file.fileno())
    if (len(data), after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise ChangedInputError(path)
    return Content(data, hashlib.sha256(data).hexdigest())


def decompress(path: Path, data: bytes) -> bytes:
    """What a gzip file stands for, decompressed only as far as it is read.

    Raises:
        InputTooLargeError: If that is more than is read of one file.
        OSError, EOFError, zlib.error: If it is damaged, or no gzip.
    """
    plain = io.BytesIO()
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        while chunk := file.read(_CHUNK):
            plain.write(chunk)
            check_size(path, plain.tell())
    return plain.getvalue()


def check_size(path: Path, size: int) -> None:
    """Refuse a file of more bytes, uncompressed, than are read.

    Raises:
        InputTooLargeError: If it has more.
    """
    if size > LARGEST_CONTENT_BYTES:
        raise InputTooLargeError(path, f"{LARGEST_CONTENT_BYTES / (1 << 30):g} GiB, uncompressed")


def check_cells(path: Path, cells: int) -> None:
    """Refuse a file of more rows x columns than are read.

    Raises:
        InputTooLargeError: If it has more.
    """
    if cells > LARGEST_TABLE_CELLS:
        raise InputTooLargeError(path, f"{LARGEST_TABLE_CELLS:,} cells (rows x columns)")
