"""The one cache of answers: what responses for the newest week hold of each product, as bytes."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from feature_service.kernel.arrays import RowNumbers
from feature_service.limits import MAX_ID_BYTES
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.serving.responses import Writer


class Source(NamedTuple):
    """What entries are made of.

    Attributes:
        assessor: Has the products.
        write: Gives the entries of some rows.
        write_absence: Gives the entry of an id without a row.
    """

    assessor: Assessor
    write: Callable[[RowNumbers], list[bytes]]
    write_absence: Callable[[str], bytes]


class Entries(dict[str, bytes]):
    """What a response holds of each product, by id; written when first asked for, then kept.

    Neighbours in the snapshot are written together. Kept are only ids that a request may name, and the room is bounded:
    by the snapshot, since an id that it does not name is written anew each time, and by ``max_bytes``, beyond which
    every id is.

    Args:
        source: Gives what is not kept.
        max_bytes: Of what is kept.
    """

    BLOCK_ROWS = 250

    def __init__(self, source: Source, max_bytes: int) -> None:
        super().__init__()
        self.source, self._bytes_left = source, max_bytes

    def moved(self, heir: "Entries", changed: Iterable[str]) -> "Entries":
        """All of these for the heir's source, but what has changed, which the heir may hold itself already.

        Nothing is copied: the two change their sources, and the heir is left empty, to be filled from this one's.
        """
        self.source, heir.source = heir.source, self.source
        if self:
            outdated = [self.pop(each, b"") for each in changed]
            self._bytes_left += sum(map(len, outdated))
        if self._bytes_left > 0:
            self._bytes_left -= sum(map(len, heir.values()))
            self.update(heir)
        heir.clear()
        return self

    def __missing__(self, product_id: str) -> bytes:
        row = self.source.assessor.row(product_id)
        if row is None:
            entry = self.source.write_absence(product_id)
            if self.source.assessor.is_excluded(product_id) and _fits(product_id):
                self[product_id] = entry
            return entry
        if self._bytes_left <= 0:
            return self.of(slice(row, row + 1))[0]
        first = row - row % self.BLOCK_ROWS
        return self.of(slice(first, first + self.BLOCK_ROWS))[row - first]

    def of(self, rows: slice) -> list[bytes]:
        """Of each of some rows."""
        product_ids = self.source.assessor.panel.product_ids[rows]
        kept = [self.get(each) for each in product_ids]
        if None not in kept:
            return [each for each in kept if each is not None]
        entries = self.source.write(np.arange(*rows.indices(len(self.source.assessor))))
        self.keep(product_ids, entries)
        return entries

    def keep(self, product_ids: Sequence[str], entries: Sequence[bytes]) -> None:
        """Keep what was written, while there is room."""
        if self._bytes_left > 0:
            self._bytes_left -= sum(map(len, entries))
            self.update(each for each in zip(product_ids, entries, strict=True) if _fits(each[0]))

    def joined(self, head: bytes, product_ids: Iterable[str]) -> bytes | None:
        """A whole response, if every entry of it is kept; None if one is not.

        Ids that are kept keep the rules of an id, so that a request for them need not be held against these.
        """
        try:
            return b"".join([head, *map(self.get, product_ids)])  # type: ignore[list-item]
        except TypeError:  # one is None: looked for in this way, it costs nothing where all are there
            return None


def risk_entries(assessor: Assessor, writer: Writer, max_bytes: int) -> Entries:
    """Of risk responses."""
    source = Source(assessor, lambda rows: writer.risk_entries(assessor.newest_answers(rows)), writer.risk_absence)
    return Entries(source, max_bytes)


def feature_entries(assessor: Assessor, writer: Writer, max_bytes: int) -> Entries:
    """Of features responses."""
    return Entries(Source(assessor, writer.feature_entries, writer.feature_absence), max_bytes)


def _fits(product_id: str) -> bool:
    """Whether a request may name the id; one from the data can be longer."""
    return 1 <= len(product_id.encode()) <= MAX_ID_BYTES
