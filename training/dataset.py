"""The training table as a Parquet file, one row per product and week in which the label applies: how it is read.

Columns: ``product_id``, ``product`` (its row in the panel), ``as_of_week`` (Monday), ``outcome`` (1, 0, or null where
it is not known yet), then one float32 column per feature, last ``run_out`` where the label tells it (see
:mod:`training.labels.run_out`). Rows are ordered by week, then product. What the columns mean is in the schema
metadata. It is written by :mod:`training.table`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from data.panel import Panel
from data.weeks import DateArray, WeekNumbers, mondays, week_number
from feature_service.bundle import LabelContract
from feature_service.json_record import read_json
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.errors import TrainingFileError

PRODUCT_ID, PRODUCT, AS_OF_WEEK, OUTCOME, RUN_OUT = "product_id", "product", "as_of_week", "outcome", "run_out"
META = b"stockout.training_table"


@dataclass(frozen=True)
class ColumnMeaning:
    """What a training table says of its own columns, as JSON in its schema.

    Attributes:
        feature_set: What the features are.
        label: What the outcome is of.
        outcome_weeks: Weeks after ``as_of_week`` until it is known.
        panel_ids: The digest of the ids of the panel, in which ``product`` counts.
    """

    feature_set: str
    label: LabelContract
    outcome_weeks: int
    panel_ids: str


def digest_of(product_ids: Sequence[str]) -> str:
    """What tells panels of other products apart."""
    return hashlib.sha256("\n".join(product_ids).encode()).hexdigest()


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
        week: Number of the last week that each row knows, ascending, shape ``(rows,)``.
        product: The row of each row's product in the panel that the table was made from, shape ``(rows,)``.
        panel_ids: The digest of that panel's ids.
        run_out: In which week ahead the product runs out, shape ``(rows,)``, as :mod:`training.labels.run_out` counts;
            None where the label does not tell.
    """

    path: Path
    feature_set: str
    feature_names: tuple[str, ...]
    label: LabelContract
    outcome_weeks: int
    outcome: FloatArray
    week: WeekNumbers
    product: npt.NDArray[np.int32]
    panel_ids: str
    run_out: FloatArray | None

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def as_of_week(self) -> DateArray:
        """Monday of each row's week, shape ``(rows,)``."""
        return mondays(self.week)

    def features(self, rows: IntArray | BoolArray | None = None) -> FloatArray:
        """Features of some rows; NaN only where the feature set's models take what is not known.

        Args:
            rows: Indices, ascending, or a mask of shape ``(rows,)``; all where None.
        Returns:
            Shape ``(rows, features)``.
        Raises:
            TrainingFileError: If the file is broken.
        """
        chosen = np.arange(len(self)) if rows is None else rows
        wanted: IntArray = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen.astype(np.int64, copy=False)
        try:
            with pq.ParquetFile(self.path) as file:
                return _features(file, self.feature_names, wanted)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise _unreadable(self.path, error) from error

    def column(self, feature_name: str) -> FloatArray:
        """One feature of every row."""
        column: FloatArray = self.features()[:, self.feature_names.index(feature_name)]
        return column

    def check_panel(self, panel: Panel) -> None:
        """Refuse a panel in which ``product`` does not count.

        Raises:
            TrainingFileError: If it holds other products than the panel that the table was made from.
        """
        if digest_of(panel.product_ids) != self.panel_ids:
            raise TrainingFileError("the training table and the panel hold other products: compute the features again")


def read_training_table(path: Path) -> TrainingRows:
    """Read what :func:`training.table.write_training_table` wrote, but for the features.

    Raises:
        TrainingFileError: If the file is missing, or no such table.
    """
    try:
        with pq.ParquetFile(path) as file:
            columns = read_json(ColumnMeaning, (file.schema_arrow.metadata or {})[META])
            return _rows_of(path, file, columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise _unreadable(path, error) from error
    except KeyError:
        raise TrainingFileError(f"{path} is no training table: it does not say what its columns mean") from None


def _rows_of(path: Path, file: pq.ParquetFile, columns: ColumnMeaning) -> TrainingRows:
    names, keys = file.schema_arrow.names, (PRODUCT_ID, PRODUCT, AS_OF_WEEK, OUTCOME, RUN_OUT)
    table = file.read([name for name in names if name in keys[1:]])
    return TrainingRows(
        path=path,
        feature_set=columns.feature_set,
        feature_names=tuple(name for name in names if name not in keys),
        label=columns.label,
        outcome_weeks=columns.outcome_weeks,
        outcome=table[OUTCOME].to_numpy().astype(np.float32),
        week=week_number(table[AS_OF_WEEK].to_numpy()),
        product=table[PRODUCT].to_numpy(),
        panel_ids=columns.panel_ids,
        run_out=table[RUN_OUT].to_numpy().astype(np.float32) if RUN_OUT in names else None,
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
