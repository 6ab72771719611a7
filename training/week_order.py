"""Rows that come product by product, handed on week by week: sorted in a scratch file, so that memory holds a part."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from feature_service.kernel.arrays import FloatArray, IntArray

_ROWS_AT_A_TIME = 500_000
_PRODUCT, _OUTCOME = "product", "outcome"


class WeekOrder:
    """Rows of a training table on their way into the order of weeks, then products.

    Args:
        features: Number of the features.
        weeks: Length of the calendar.
        scratch: A file that is written, and of no use afterwards.
    """

    def __init__(self, features: int, weeks: int, scratch: Path) -> None:
        fields = [pa.field(_PRODUCT, pa.int32()), pa.field(_OUTCOME, pa.float32())]
        self._schema = pa.schema([*fields, *(pa.field(str(each), pa.float32()) for each in range(features))])
        self._scratch, self._writer = scratch, pa.ipc.new_file(scratch, self._schema)
        self._batches: list[list[int]] = [[] for _ in range(weeks)]
        self._written, self._waiting = 0, 0
        self._parts: list[tuple[IntArray, IntArray, FloatArray, FloatArray]] = []

    def add(self, product: IntArray, week: IntArray, outcome: FloatArray, features: FloatArray) -> None:
        """Take rows of the next products.

        Args:
            product: Row of each product in the panel, not below that of any row before.
            week: Column of each week, shape ``(rows,)``, like ``outcome``.
            outcome: 1 or 0; NaN where it is not known.
            features: Shape ``(features, rows)``.
        """
        self._parts.append((product, week, outcome, features))
        self._waiting += len(week)
        if self._waiting >= _ROWS_AT_A_TIME:
            self._write()

    def weeks(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """All rows, once no more come: their week, and product, outcome and features in columns of these."""
        self._write()
        self._writer.close()
        with pa.OSFile(str(self._scratch)) as file, pa.ipc.open_file(file) as reader:
            for week, batches in enumerate(self._batches):
                for batch in batches:
                    yield week, reader.get_batch(batch)

    def _write(self) -> None:
        if not self._parts:
            return
        product, week, outcome, features = (np.concatenate(each, axis=-1) for each in zip(*self._parts, strict=True))
        self._parts, self._waiting = [], 0
        order = np.argsort(week, kind="stable")
        arrays = [product.astype(np.int32)[order], outcome[order], *features.take(order, axis=1)]
        # Polars hands its columns over; pa.array would import pandas first, which takes 0.5 s and 45 MB
        rows = pa.record_batch([pl.Series(each).to_arrow() for each in arrays], self._schema)
        bounds = np.searchsorted(week[order], np.arange(len(self._batches) + 1))
        for number in np.flatnonzero(np.diff(bounds)).tolist():
            self._writer.write_batch(rows.slice(bounds[number], bounds[number + 1] - bounds[number]))
            self._batches[number].append(self._written)
            self._written += 1
