"""The out-of-fold predictions as a file, from which every figure can be computed again: ``predictions.parquet``.

=====================  =================================================================================================
``product_id``         string
``as_of_week``         Monday of the last week that was known
``target_week_start``  Monday of the first week that is predicted
``horizon_weeks``      weeks that are predicted
``label``              what is predicted
``eligible``           true: rows to which the label does not apply are not predicted
``actual``             1 or 0
``probability``        the model's, calibrated
``raw_probability``    before calibration
``model``              estimator
``fold``               number of the fit that predicted, from 0
``locked``             whether the row lies in the locked block
``segment``            how much the product sells
``onset``              whether the row is an onset; null where the label knows nothing of stock
``selling``            whether something was sold in the four weeks up to as_of
``rule_...``           score of each rule; higher means riskier
=====================  =================================================================================================
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from data.weeks import DateArray, mondays, week_number
from feature_service.json_record import read_json
from feature_service.kernel.arrays import BoolArray, FloatArray
from training.backtest import PREDICTIONS_FILE
from training.backtest.out_of_fold import SEGMENTS, Backtest
from training.dataset import TrainingRows
from training.errors import TrainingFileError
from training.metrics.truth import ScorerOutput, Truth

__all__ = ["PREDICTIONS_FILE", "Predictions", "read_predictions", "write_predictions"]

_META = b"stockout.predictions"
_ROWS_PER_GROUP = 1 << 20
_SAME_IN_ALL = ("label", "horizon_weeks", "model")
_READ = (
    *("product_id", "as_of_week", "actual", "probability", "raw_probability", "locked"),
    *("segment", "onset", "selling"),
)


@dataclass(frozen=True)
class RuleColumn:
    """What a column of a rule's scores holds."""

    name: str
    is_probability: bool


@dataclass(frozen=True)
class RuleColumns:
    """What the file says of its own columns ``rule_...``, as JSON in its schema."""

    rules: Mapping[str, RuleColumn]


@dataclass(frozen=True)
class Predictions:
    """The content of the file; every array of shape ``(rows,)``.

    Attributes:
        label: What is predicted.
        horizon_weeks: Weeks ahead.
        estimator: Name of the estimator that predicted.
        product_ids: Product of each row.
        as_of_week: Monday of the last known week of each row.
        truth: Outcomes and groups of the rows.
        model: The model's scores.
        raw: The model's probability before calibration.
        rules: Output of each rule by its name.
        locked: Which rows lie in the locked block.
    """

    label: str
    horizon_weeks: int
    estimator: str
    product_ids: pa.StringArray
    as_of_week: DateArray
    truth: Truth
    model: ScorerOutput
    raw: FloatArray
    rules: Mapping[str, ScorerOutput]
    locked: BoolArray


def write_predictions(
    result: Backtest, rows: TrainingRows, product_ids: Sequence[str], estimator: str, to: Path
) -> None:
    """Write the out-of-fold predictions of the evaluated origins; ``product_ids`` are the panel's."""
    names = pa.array(product_ids, pa.string())
    rules = {_column(name): (name, output) for name, output in result.rules.items()}
    meaning = RuleColumns({column: RuleColumn(name, output.is_probability) for column, (name, output) in rules.items()})
    scores = {column: output for column, (_, output) in rules.items()}

    def part(some: slice) -> pa.Table:
        columns = _columns(result, some, rows, names, estimator)
        columns |= {column: pa.array(output.values[some]) for column, output in scores.items()}
        return pa.table(columns).replace_schema_metadata({_META: json.dumps(asdict(meaning)).encode()})

    with pq.ParquetWriter(to, part(slice(0)).schema) as writer:
        for first in range(0, len(result.row), _ROWS_PER_GROUP):
            writer.write_table(part(slice(first, first + _ROWS_PER_GROUP)))


def _columns(
    result: Backtest, some: slice, rows: TrainingRows, names: pa.StringArray, estimator: str
) -> dict[str, pa.Array]:
    truth, row = result.truth, result.row[some]
    count, week = len(row), mondays(rows.week[row])
    onset = None if truth.onset is None else truth.onset[some]
    return {
        "product_id": names.take(pa.array(rows.product[row])),
        "as_of_week": pa.array(week),
        "target_week_start": pa.array(week + np.timedelta64(7, "D")),
        "horizon_weeks": pa.array(np.full(count, rows.label.horizon_weeks, dtype=np.int32)),
        "label": _repeat(rows.label.name, count),
        "eligible": pa.array(np.ones(count, dtype=np.bool_)),
        "actual": pa.array(truth.outcome[some].astype(np.int8)),
        "probability": pa.array(result.probability[some]),
        "raw_probability": pa.array(result.raw[some]),
        "model": _repeat(estimator, count),
        "fold": pa.array(result.fold[some].astype(np.int32)),
        "locked": pa.array(result.locked[some]),
        "segment": pa.array(truth.segments, pa.string()).take(pa.array(truth.segment[some])),
        "onset": pa.nulls(count, pa.bool_()) if onset is None else pa.array(onset),
        "selling": pa.array(truth.selling[some]),
    }


def read_predictions(path: Path) -> Predictions:
    """Read what :func:`write_predictions` wrote.

    Raises:
        TrainingFileError: If the file is missing or holds something else.
    """
    try:
        with pq.ParquetFile(path) as file:
            meaning = read_json(RuleColumns, (file.schema_arrow.metadata or {})[_META])
            first = next(file.iter_batches(1, columns=list(_SAME_IN_ALL)), None)
            same = [first[name][0].as_py() for name in _SAME_IN_ALL] if first else []
            return _of_table(file.read([*_READ, *meaning.rules]), meaning.rules, *same)
    except (OSError, pa.ArrowException, KeyError, ValueError, IndexError) as error:
        raise TrainingFileError(
            f"{path} holds no predictions of a backtest ({error}): run the backtest again"
        ) from error


def _of_table(
    table: pa.Table, rules: Mapping[str, RuleColumn], label: str, horizon_weeks: int, estimator: str
) -> Predictions:
    ids = table["product_id"].combine_chunks()
    week = table["as_of_week"].to_numpy().astype("datetime64[D]")
    onset = table["onset"]
    segments = pa.array(SEGMENTS, pa.string())
    truth = Truth(
        outcome=table["actual"].to_numpy().astype(np.float32),
        product=ids.dictionary_encode().indices.to_numpy().astype(np.int64),
        week=week_number(week),
        onset=None if onset.null_count else onset.to_numpy(),
        selling=table["selling"].to_numpy(),
        segment=pc.index_in(table["segment"], segments).to_numpy().astype(np.int64),
        segments=SEGMENTS,
    )
    return Predictions(
        label=label,
        horizon_weeks=horizon_weeks,
        estimator=estimator,
        product_ids=ids,
        as_of_week=week,
        truth=truth,
        model=ScorerOutput(table["probability"].to_numpy(), True),
        raw=table["raw_probability"].to_numpy(),
        rules={
            rule.name: ScorerOutput(table[column].to_numpy(), rule.is_probability) for column, rule in rules.items()
        },
        locked=table["locked"].to_numpy(),
    )


def _repeat(word: str, count: int) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, dtype=np.int32)), pa.array([word])).cast(pa.string())


def _column(rule: str) -> str:
    """``rule_exp_4_week_rate``: the letters and digits of the name."""
    words = "".join(letter if letter.isalnum() else " " for letter in rule.lower()).split()
    return "_".join(["rule", *words])
