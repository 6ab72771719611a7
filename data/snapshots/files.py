"""The files of a snapshot: written, and held against the checksums of its manifest before any of them is used.

Arrays are read into memory, and what was verified is what is used: whatever happens to the files afterwards, nothing
that answers from them notices. Only arrays of more than ``MAX_BYTES_IN_MEMORY`` altogether stay on the disk and are
mapped; truncating such a file ends the processes that use it, as the system demands (SIGBUS).
"""

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from feature_service.kernel import StockoutError

MAX_BYTES_IN_MEMORY = 512 * 1024 * 1024
"""Some 240,000 products with two years of sales."""

_LONGEST_REASON = 200


class SnapshotError(StockoutError):
    """A snapshot is missing, incomplete, or not what its manifest says."""


@contextlib.contextmanager
def as_snapshot_error(folder: Path) -> Iterator[None]:
    """Raise what goes wrong with reading a snapshot's files as a SnapshotError."""
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"snapshot {folder} cannot be read: {error}") from error
    except StockoutError:
        raise
    except Exception as error:  # the readers of arrays raise what they like over what no array is
        reason = repr(error)[:_LONGEST_REASON]
        raise SnapshotError(f"snapshot {folder} is broken: {reason}; publish it again") from error


def sha256_of(path: Path) -> str:
    """The checksum of a file, as a manifest has it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(folder: Path, digests: Mapping[str, str]) -> None:
    """Hold files of a snapshot against their SHA-256.

    Raises:
        SnapshotError: If one is not the file that was published.
        OSError: If one cannot be read.
    """
    for name, digest in digests.items():
        _check(sha256_of(folder / name), digest, folder / name)


def content(folder: Path, name: str, digest: str) -> bytes:
    """A file of a snapshot that is held against its SHA-256 and then used from memory.

    Raises:
        SnapshotError, OSError: See :func:`verify`.
    """
    read = (folder / name).read_bytes()
    _check(hashlib.sha256(read).hexdigest(), digest, folder / name)
    return read


def write_text(path: Path, text: str) -> None:
    """Write and flush to the disk, so that a later rename never names an empty file."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True)
class SnapshotFiles:
    """Files of a snapshot, each as it was when it was verified, but for arrays that are too large.

    Attributes:
        folder: The snapshot's.
        prefix: Of the names of all files that :meth:`content` and :meth:`array` are asked for.
        contents: The bytes of those that are in memory, by name.
        mapped: Names of the arrays that are not.
    """

    folder: Path
    prefix: str
    contents: Mapping[str, bytes]
    mapped: frozenset[str]

    @classmethod
    def verified(cls, folder: Path, digests: Mapping[str, str], prefix: str) -> "SnapshotFiles":
        """Hold each of these files against its SHA-256, and keep those in memory that are to be used from there.

        Raises:
            SnapshotError, OSError: See :func:`verify`.
        """
        arrays = [name for name in digests if name.endswith(".npy")]
        too_large = sum((folder / name).stat().st_size for name in arrays) > MAX_BYTES_IN_MEMORY
        mapped = frozenset(arrays if too_large else [])
        verify(folder, {name: digests[name] for name in sorted(mapped)})
        contents = {name: content(folder, name, digests[name]) for name in digests.keys() - mapped}
        return cls(folder, prefix, contents, mapped)

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.prefix + name in self.contents or self.prefix + name in self.mapped

    def content(self, name: str) -> bytes:
        """The bytes of a small file."""
        return self.contents[self.prefix + name]

    def array(self, name: str) -> npt.NDArray[Any]:
        """A read-only array of numbers: what could hold objects is refused, so nothing in the file can run."""
        if self.prefix + name in self.mapped:
            array: npt.NDArray[Any] = np.load(self.folder / (self.prefix + name), mmap_mode="r", allow_pickle=False)
            return array
        content = self.content(name)
        file = io.BytesIO(content)
        np.lib.format.read_magic(file)
        shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise ValueError(f"{name} holds objects")
        # the bytes as they are, without another copy
        return np.ndarray(shape, dtype, content, file.tell(), order="F" if by_column else "C")


def _check(found: str, digest: str, path: Path) -> None:
    if found != digest:
        raise SnapshotError(f"{path} is not the file that was published: its checksum differs")
