"""The out-of-fold run-out curves as a file: ``run_out.parquet``, a row for each product and origin.

=================  =====================================================================================================
``product_id``     string
``as_of_week``     Monday of the last week that was known
``run_out``        in which week ahead it ran out, as :mod:`training.labels.run_out` counts
``weeks_known``    weeks ahead that are over
``locked``         whether the row lies in the locked block
``week_1`` ...     the model's probability that it is out by the end of the week
``rule_0_1`` ...   that of the first rule; of a rank, the same in every week, there is one column; their names stand in
                   the schema's metadata
=================  =====================================================================================================
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data.weeks import WeekNumbers, mondays, week_number
from feature_service.json_record import read_json
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.backtest import RUN_OUT_FILE
from training.backtest.run_out import RunOutBacktest
from training.baselines.first_passage import RunOutRule
from training.dataset import TrainingRows
from training.errors import TrainingFileError

__all__ = ["RUN_OUT_FILE", "RunOutPredictions", "read_run_out", "write_run_out"]

_META = b"stockout.run_out"
_ROWS_PER_GROUP = 1 << 20


@dataclass(frozen=True)
class _Columns:
    """What the file says of its own columns, as JSON in its schema; of a rule its name and if it is a probability."""

    reach_weeks: int
    rules: tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class RunOutPredictions:
    """The content of the file.

    Attributes:
        product_ids: The products.
        product: Place of each row's product among them, shape ``(rows,)``.
        week: Number of each row's ``as_of`` week, shape ``(rows,)``.
        times: See :class:`training.backtest.run_out.RunOutBacktest`, as of the following.
        weeks_known: Shape ``(rows,)``.
        locked: Shape ``(rows,)``.
        curve: Shape ``(rows, reach_weeks)``.
        rules: By name.
    """

    product_ids: tuple[str, ...]
    product: IntArray
    week: WeekNumbers
    times: FloatArray
    weeks_known: IntArray
    locked: BoolArray
    curve: FloatArray
    rules: Mapping[str, RunOutRule]

    @property
    def reach_weeks(self) -> int:
        """The last week ahead."""
        return int(self.curve.shape[1])


def write_run_out(result: RunOutBacktest, rows: TrainingRows, product_ids: Sequence[str], to: Path) -> None:
    """Write the curves; ``product_ids`` are the panel's."""
    names = pa.array(product_ids, pa.string())
    meaning = _Columns(result.reach_weeks, tuple((name, rule.is_probability) for name, rule in result.rules.items()))

    def part(some: slice) -> pa.Table:
        row = result.row[some]
        columns = {
            "product_id": names.take(pa.array(rows.product[row])),
            "as_of_week": pa.array(mondays(rows.week[row])),
            "run_out": pa.array(result.times[some]),
            "weeks_known": pa.array(result.weeks_known[some].astype(np.int32)),
            "locked": pa.array(result.locked[some]),
            **{f"week_{week + 1}": pa.array(result.curve[some, week]) for week in range(result.reach_weeks)},
        }
        for number, rule in enumerate(result.rules.values()):
            for week in range(rule.scores.shape[1]):
                columns[_column(number, week)] = pa.array(rule.scores[some, week].astype(np.float32))
        return pa.table(columns).replace_schema_metadata({_META: json.dumps(asdict(meaning)).encode()})

    with pq.ParquetWriter(to, part(slice(0)).schema) as writer:
        for first in range(0, len(result.row), _ROWS_PER_GROUP):
            writer.write_table(part(slice(first, first + _ROWS_PER_GROUP)))


def read_run_out(path: Path) -> RunOutPredictions:
    """Read what :func:`write_run_out` wrote.

    Raises:
        TrainingFileError: If the file is missing or holds something else.
    """
    try:
        table = pq.read_table(path)
        columns = read_json(_Columns, (table.schema.metadata or {})[_META])
        weeks = range(columns.reach_weeks)
        products = table["product_id"].combine_chunks().dictionary_encode()
        return RunOutPredictions(
            product_ids=tuple(products.dictionary.to_pylist()),
            product=products.indices.to_numpy().astype(np.int64),
            week=week_number(table["as_of_week"].to_numpy().astype("datetime64[D]")),
            times=table["run_out"].to_numpy(),
            weeks_known=table["weeks_known"].to_numpy().astype(np.int64),
            locked=table["locked"].to_numpy(),
            curve=np.stack([table[f"week_{week + 1}"].to_numpy() for week in weeks], axis=1),
            rules={
                name: RunOutRule(_scores(table, number, weeks), is_probability)
                for number, (name, is_probability) in enumerate(columns.rules)
            },
        )
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        raise TrainingFileError(f"{path} holds no run-out curves ({error}): run the backtest again") from error


def _scores(table: pa.Table, number: int, weeks: range) -> np.ndarray:
    names = [_column(number, week) for week in weeks]
    return np.stack([table[name].to_numpy().astype(np.float64) for name in names if name in table.column_names], axis=1)


def _column(rule: int, week: int) -> str:
    return f"rule_{rule}_{week + 1}"
