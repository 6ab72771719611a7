"""The files of a folder, of which those that were not loaded yet are a delivery."""

import functools
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from data.errors import ChangedInputError
from data.ingest.contracts import OLIST
from data.ingest.facts import Delivery
from data.ingest.folder import find_files
from data.ingest.generic import query_digests, read_generic
from data.ingest.inputs import find_inputs
from data.ingest.olist import DEFAULT_TIME_ZONE, read_olist
from data.ingest.source import read_source, source_file


@dataclass(frozen=True)
class DeliveryFolder:
    """A folder in which deliveries arrive.

    Attributes:
        source: The layout of the files, ``generic`` or ``olist``.
        data_dir: The folder.
        quarantine_file: Where the bad rows of a delivery go, as Parquet.
        columns_file: As in ``ingest_generic``, like the next two.
        time_zone: None: the layout's own.
        max_bad_share: Share of bad rows, of each file, above which a delivery is refused.
    """

    source: str
    data_dir: Path
    quarantine_file: Path
    columns_file: Path | None
    time_zone: str | None
    max_bad_share: float

    def is_loaded(self, loaded: Collection[str]) -> bool:
        """Whether each file of a table, and what each query finds, is among those loaded, by its SHA-256.

        Raises:
            DataError: If the files cannot be told, or there is none.
        """
        queries = query_digests(self.data_dir, self.columns_file) if self.source == "generic" else {}
        return not self._paths() - self._known(loaded) and set(queries.values()) <= set(loaded)

    def read(self, loaded: Collection[str]) -> Delivery:
        """Read the files that are not among those loaded; of Olist's layout all, since items are joined with orders.

        Raises:
            DataError: One of its subclasses, when they cannot be used, or change while they are read.
        """
        before = {_sha256(path) for path in self._paths()}
        delivery = self._read(loaded)
        if not {part.sha256 for table in delivery.checked.values() for part in table.raw.parts} <= before:
            raise ChangedInputError(self.data_dir)
        return delivery

    def _read(self, loaded: Collection[str]) -> Delivery:
        if self.source == "olist":
            return read_olist(
                self.data_dir,
                quarantine_file=self.quarantine_file,
                time_zone=self.time_zone or DEFAULT_TIME_ZONE,
                max_bad_share=self.max_bad_share,
            )
        return read_generic(
            self.data_dir,
            quarantine_file=self.quarantine_file,
            columns_file=self.columns_file,
            time_zone=self.time_zone,
            max_bad_share=self.max_bad_share,
            left_out=self._known(loaded),
        )

    def _paths(self) -> set[Path]:
        if self.source == "olist":
            return set(find_inputs(self.data_dir, OLIST).values())
        source = read_source(source_file(self.data_dir, self.columns_file))
        claimed = find_files(self.data_dir, source, of_delivery=True).claimed
        return {path for files in claimed.values() for path in files}

    def _known(self, loaded: Collection[str]) -> set[Path]:
        return {path for path in self._paths() if _sha256(path) in loaded}


def _sha256(path: Path) -> str:
    """Of a file's content, which is read again only if its size or time has changed."""
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _sha256_of(path: Path, size_bytes: int, changed_ns: int) -> str:  # noqa: ARG001 - they are part of the cache's key
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
