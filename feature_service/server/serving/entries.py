"""The one cache of answers: what responses for the newest week hold of each product, as bytes."""

from collections.abc import Callable, Iterable

import numpy as np

from feature_service.kernel.arrays import RowNumbers
from feature_service.limits import MAX_ID_BYTES
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.serving.responses import Writer


class Entries(dict[str, bytes]):
    """What a response holds of each product, by id; written when first asked for, then kept.

    Neighbours in the snapshot are written together. Kept are only ids that a request may name, and the room is bounded:
    by the snapshot, since an id that it does not name is written anew each time, and by ``max_bytes``, beyond which
    every id is.

    Args:
        assessor: Has the products.
        write: Gives the entries of some rows.
        write_absence: Gives the entry of an id without a row.
        max_bytes: Of what is kept.
    """

    BLOCK_ROWS = 250

    def __init__(
        self,
        assessor: Assessor,
        write: Callable[[RowNumbers], list[bytes]],
        write_absence: Callable[[str], bytes],
        max_bytes: int,
    ) -> None:
        super().__init__()
        self._assessor, self._write, self._write_absence = assessor, write, write_absence
        self._bytes_left = max_bytes

    def __missing__(self, product_id: str) -> bytes:
        row = self._assessor.row(product_id)
        if row is None:
            entry = self._write_absence(product_id)
            if self._assessor.is_excluded(product_id) and _fits(product_id):
                self[product_id] = entry
            return entry
        if self._bytes_left <= 0:
            return self.of(slice(row, row + 1))[0]
        first = row - row % self.BLOCK_ROWS
        return self.of(slice(first, first + self.BLOCK_ROWS))[row - first]

    def of(self, rows: slice) -> list[bytes]:
        """Of each of some rows."""
        product_ids = self._assessor.panel.product_ids[rows]
        kept = [self.get(each) for each in product_ids]
        if None not in kept:
            return [each for each in kept if each is not None]
        entries = self._write(np.arange(*rows.indices(len(self._assessor))))
        if self._bytes_left > 0:
            self._bytes_left -= sum(map(len, entries))
            self.update(each for each in zip(product_ids, entries, strict=True) if _fits(each[0]))
        return entries

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
    return Entries(
        assessor, lambda rows: writer.risk_entries(assessor.newest_answers(rows)), writer.risk_absence, max_bytes
    )


def feature_entries(assessor: Assessor, writer: Writer, max_bytes: int) -> Entries:
    """Of features responses."""
    return Entries(assessor, writer.feature_entries, writer.feature_absence, max_bytes)


def _fits(product_id: str) -> bool:
    """Whether a request may name the id; one from the data can be longer."""
    return 1 <= len(product_id.encode()) <= MAX_ID_BYTES
