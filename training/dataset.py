"""The training table as a Parquet file, one row per product and week in which the label applies: how it is read.

Columns: ``product_id``, ``as_of_week`` (Monday), ``outcome`` (1, 0, or null where it is not known yet), then one
float32 column per feature. Rows are ordered by week, then product. What the columns mean is in the schema metadata.
It is written by :mod:`training.table`.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.panel import Panel
from data.weeks import DateArray
from feature_service.bundle import LabelContract
from feature_service.json_record import read_json
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.errors import TrainingFileError

PRODUCT_ID, AS_OF_WEEK, OUTCOME = "product_id", "as_of_week", "outcome"
META = b"stockout.training_table"


@dataclass(frozen=True)
class ColumnMeaning:
    """What a training table says of its own columns, as JSON in its schema: the feature set and the outcome's label."""

    feature_set: str
    label: LabelContract
    outcome_weeks: int


@dataclass(frozen=True)
class TrainingRows:
    """Rows of the training table; their features stay in the file until they are asked for.

    Attributes:
        path: The table's file.
        feature_set: Versioned name.
        feature_names: Columns of the features.
        label: What ``outcome`` is the outcome of.
        outcome_weeks: Weeks after ``as_of_week`` until it is known.
        outcome: 1 or 0; NaN where not known yet; shape ``(rows,)``.
        as_of_week: Monday of the last week that each row knows, shape ``(rows,)``.
        product: Index of each row's product in ``product_ids``, shape ``(rows,)``.
        product_ids: Of the products that have rows, sorted.
    """

    path: Path
    feature_set: str
    feature_names: tuple[str, ...]
    label: LabelContract
    outcome_weeks: int
    outcome: FloatArray
    as_of_week: DateArray
    product: IntArray
    product_ids: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.outcome)

    def features(self, rows: IntArray | BoolArray | None = None) -> FloatArray:
        """Features of some rows; NaN only where the feature set's models take what is not known.

        Args:
            rows: Indices, ascending, or a mask of shape ``(rows,)``; all where None.
        Returns:
            Shape ``(rows, features)``.
        Raises:
            TrainingFileError: If the file is broken.
        """
        wanted: IntArray = np.arange(len(self))
        wanted = wanted if rows is None else wanted[rows]
        try:
            with pq.ParquetFile(self.path) as file:
                return _features(file, self.feature_names, wanted)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise _unreadable(self.path, error) from error

    def column(self, feature_name: str) -> FloatArray:
        """One feature of every row."""
        column: FloatArray = self.features()[:, self.feature_names.index(feature_name)]
        return column

    def panel_rows(self, panel: Panel) -> IntArray:
        """The row of each row's product in the panel, shape ``(rows,)``.

        Raises:
            TrainingFileError: If the panel is not the one that the table was made from.
        """
        places = pc.index_in(pa.array(self.product_ids, pa.string()), pa.array(panel.product_ids, pa.string()))
        if places.null_count:
            raise TrainingFileError("the training table and the panel hold other products: compute the features again")
        in_panel: IntArray = places.to_numpy(zero_copy_only=False).astype(np.int64)[self.product]
        return in_panel


def read_training_table(path: Path) -> TrainingRows:
    """Read what :func:`training.table.write_training_table` wrote, but for the features.

    Raises:
        TrainingFileError: If the file is missing, or no such table.
    """
    try:
        with pq.ParquetFile(path, read_dictionary=[PRODUCT_ID]) as file:
            columns = read_json(ColumnMeaning, (file.schema_arrow.metadata or {})[META])
            return _rows_of(path, file, columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    except KeyError:
        raise TrainingFileError(f"{path} is no training table: it does not say what its columns mean") from None


def _rows_of(path: Path, file: pq.ParquetFile, columns: ColumnMeaning) -> TrainingRows:
    table = file.read([PRODUCT_ID, AS_OF_WEEK, OUTCOME])
    ids = table[PRODUCT_ID].unify_dictionaries().combine_chunks()
    order = np.argsort(np.array(ids.dictionary.to_pylist(), dtype=np.object_), kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return TrainingRows(
        path=path,
        feature_set=columns.feature_set,
        feature_names=tuple(name for name in file.schema_arrow.names if name not in (PRODUCT_ID, AS_OF_WEEK, OUTCOME)),
        label=columns.label,
        outcome_weeks=columns.outcome_weeks,
        outcome=table[OUTCOME].to_numpy().astype(np.float32),
        as_of_week=table[AS_OF_WEEK].to_numpy().astype("datetime64[D]"),
        product=place[ids.indices.to_numpy()].astype(np.int64),
        product_ids=tuple(ids.dictionary.take(pa.array(order)).to_pylist()),
    )


def _features(file: pq.ParquetFile, names: tuple[str, ...], rows: IntArray) -> FloatArray:
    """Some rows' features; only the groups of rows that hold them are read, one after the other."""
    result = np.empty((len(rows), len(names)), dtype=np.float32)
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
    ends = np.cumsum(sizes)
    bounds = np.searchsorted(rows, np.append(0, ends))
    for group, (first, last) in enumerate(pairwise(bounds)):
        if first == last:
            continue
        inside = rows[first:last] - (ends[group] - sizes[group])
        table = file.read_row_group(group, columns=list(names), use_threads=False)
        for index, name in enumerate(names):
            result[first:last, index] = table[name].to_numpy()[inside]
    return result


def _unreadable(path: Path, error: Exception) -> TrainingFileError:
    return TrainingFileError(f"the training table {path} cannot be read: {error}")
