"""Counts of stock that were recorded after the snapshot's own, and what its products are answered with for them.

They lie beside the table of the newest week, which is never changed: who asks takes a row from here where it is one of
these, and from the table otherwise. So the cost of a count does not grow with the products of the snapshot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.scorer import Scores

Digests = npt.NDArray[np.uint64]

_NOTHING = np.empty(0)


@dataclass(frozen=True)
class Counts:
    """Recorded counts of products of one snapshot, shape ``(rows,)`` each.

    Attributes:
        rows: The products' rows, ascending, each once.
        units_on_hand: Finite and at least 0.
        counted_in_days: From the last day of the newest week to that of the count; above 0 where that is later.
        digests: One of each product, day and units.
    """

    rows: RowNumbers
    units_on_hand: DoubleArray
    counted_in_days: DoubleArray
    digests: Digests

    @classmethod
    def none(cls) -> "Counts":
        """Of no product."""
        return cls(_NOTHING.astype(np.intp), _NOTHING, _NOTHING, _NOTHING.astype(np.uint64))

    def of(self, rows: slice) -> "Counts":
        """Those of some rows."""
        return Counts(*(getattr(self, field.name)[rows] for field in fields(self)))

    @property
    def as_stock(self) -> NewerStock:
        """As scoring takes it."""
        return NewerStock(self.units_on_hand, np.full(len(self.rows), np.nan), self.counted_in_days)


def digest_of(product_id: str, day: int, units: float) -> int:
    """Of one count."""
    return int.from_bytes(blake2b(f"{day} {units!r} {product_id}".encode(), digest_size=8).digest())


@dataclass(frozen=True)
class RecordedCounts:
    """The counts of a snapshot's products that are newer than its own, with the answers that follow from them.

    Attributes:
        counts: What was recorded.
        scores: Of the same rows.
        figures: Of the same rows.
    """

    counts: Counts
    scores: Scores
    figures: Figures

    def __len__(self) -> int:
        """Products."""
        return len(self.counts.rows)

    @property
    def version(self) -> str:
        """The same text for the same counts, in whatever order they came; empty for none."""
        return f"{int(self.counts.digests.sum(dtype=np.uint64)):016x}" if len(self) else ""

    @property
    def newest_in_days(self) -> float | None:
        """From the last day of the newest week to the newest day of a count; None where there are none."""
        return float(self.counts.counted_in_days.max()) if len(self) else None

    def joined(self, newer: "RecordedCounts") -> "RecordedCounts":
        """With newer ones, which replace those of the same rows."""
        kept = ~np.isin(self.counts.rows, newer.counts.rows)
        order = np.argsort(np.concatenate([self.counts.rows[kept], newer.counts.rows]))

        def join(ours: Any, theirs: Any) -> Any:
            pairs = [(field.name, getattr(ours, field.name), getattr(theirs, field.name)) for field in fields(ours)]
            return replace(ours, **{name: np.concatenate([old[kept], new])[order] for name, old, new in pairs})

        return RecordedCounts(
            join(self.counts, newer.counts), join(self.scores, newer.scores), join(self.figures, newer.figures)
        )

    def find(self, rows: RowNumbers) -> tuple[RowNumbers, RowNumbers]:
        """Positions of those of ``rows`` that are answered with a recorded count, and their places here."""
        if not len(self):
            return (np.empty(0, np.intp),) * 2
        places = np.minimum(np.searchsorted(self.counts.rows, rows), len(self) - 1)
        positions = np.flatnonzero(self.counts.rows[places] == rows)
        return positions, places[positions]

    def put_into(self, rows: RowNumbers, scores: Scores, figures: Figures) -> BoolArray:
        """Write the answers of these rows over those of the table, which must be copies; gives where it did."""
        recorded = np.zeros(len(rows), dtype=np.bool_)
        positions, places = self.find(rows)
        if not len(positions):
            return recorded
        for theirs, ours in ((scores, self.scores), (figures, self.figures)):
            for field in fields(ours):
                getattr(theirs, field.name)[positions] = getattr(ours, field.name)[places]
        recorded[positions] = True
        return recorded

    def behind(self, rows: RowNumbers, caller_stock: NewerStock | None) -> NewerStock | None:
        """What is known of these rows' stock: what the caller says, or else what was recorded."""
        positions, places = self.find(rows)
        if not len(positions):
            return caller_stock
        nothing = np.full(len(rows), np.nan)
        stock = caller_stock or NewerStock(nothing, nothing)
        units, counted_in_days = stock.units_on_hand.copy(), nothing.copy()
        unsaid = np.isnan(units[positions])
        positions, places = positions[unsaid], places[unsaid]
        units[positions] = self.counts.units_on_hand[places]
        counted_in_days[positions] = self.counts.counted_in_days[places]
        return replace(stock, units_on_hand=units, counted_in_days=counted_in_days)


def counts_of(found: Sequence[tuple[int, float, int, int]]) -> Counts:
    """Out of row, units, days and digest of each."""
    if not found:
        return Counts.none()
    rows, units, days, digests = zip(*sorted(found), strict=True)
    return Counts(np.array(rows, np.intp), np.array(units), np.array(days, np.float64), np.array(digests, np.uint64))
