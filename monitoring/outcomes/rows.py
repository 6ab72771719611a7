"""Product-weeks with what was said of them and how they turned out, as arrays that figures are made of."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import polars as pl

from data.weeks import WeekNumbers, monday, week_number
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from monitoring.outcomes.errors import OutcomesError
from monitoring.outcomes.ledger import Acknowledgement
from monitoring.outcomes.predictions import (
    CHALLENGER_COLUMNS,
    RULE,
    PredictionsNote,
    read_challenger,
    read_predictions,
    read_rules,
)
from monitoring.outcomes.week_outcomes import read_outcomes

MOST_ROWS = 5_000_000
"""Product-weeks that are held at a time: of more, the newest weeks are taken."""

_SAID = ("product_id", "probability", "alert", "alert_until", "demand_per_week", "price")
_DAYS = 7


@dataclass(frozen=True)
class Rows:
    """Product-weeks, shape ``(rows,)`` each.

    Attributes:
        product: Index of the product, 0 and up.
        week: Number of the ``as_of`` week.
        outcome: The label's: 1, 0, or NaN where it is not known.
        probability: The model's.
        alert: Whether there was one.
        alert_days: Days from the week's Sunday that an alert is about.
        alert_is_over: Whether the data reach the end of these days.
        alert_outcome: The outcome within these days: 1, 0, or NaN where it is not known or they are not over.
        acknowledged: Whether somebody acted upon the alert before it was over.
        received: Whether only what came in kept the product from running out.
        out_day: Days from the week's Sunday to the first day out of stock; 0 where none is known.
        units_lost: What the empty shelf cost in the week after; NaN where that is not known.
        revenue_lost: The same in currency.
        challenger: What the challenger of the week gave; NaN where there was none, or it gave nothing.
        challenger_alert: Whether it would have raised one.
        rules: What each simple rule gave; NaN where it knew nothing.
    """

    product: IntArray
    week: WeekNumbers
    outcome: FloatArray
    probability: FloatArray
    alert: BoolArray
    alert_days: IntArray
    alert_is_over: BoolArray
    alert_outcome: FloatArray
    acknowledged: BoolArray
    received: BoolArray
    out_day: IntArray
    units_lost: DoubleArray
    revenue_lost: DoubleArray
    challenger: FloatArray
    challenger_alert: BoolArray
    rules: Mapping[str, FloatArray]

    def __len__(self) -> int:
        return len(self.product)

    def take(self, which: BoolArray) -> "Rows":
        """Some of the rows."""
        arrays = {each.name: getattr(self, each.name)[which] for each in fields(self) if each.name != "rules"}
        return replace(self, **arrays, rules={name: score[which] for name, score in self.rules.items()})


def date_of(week: int) -> dt.date:
    """The Monday of a week's number."""
    return dt.date.fromisoformat(str(monday(week)))


def read_rows(folder: Path, notes: Sequence[PredictionsNote], acknowledged: Sequence[Acknowledgement]) -> Rows:
    """The product-weeks of the newest of some weeks, each of which has its outcomes told.

    Args:
        folder: Of the question.
        notes: The predictions that count, oldest first; at least one.
        acknowledged: What somebody acts upon.
    Raises:
        OutcomesError: If a file cannot be read.
    """
    frames: list[pl.DataFrame] = []
    for note in reversed(notes):
        frames.append(_frame(folder, note, acknowledged))
        if sum(each.height for each in frames) >= MOST_ROWS:
            break
    rows = pl.concat(reversed(frames), how="diagonal")
    return _arrays(rows)


def _frame(folder: Path, note: PredictionsNote, acknowledged: Sequence[Acknowledgement]) -> pl.DataFrame:
    said = read_predictions(folder, note, _SAID)
    told = read_outcomes(folder, note, said["product_id"])
    if told is None:
        raise OutcomesError(f"nothing tells how the week of {note.as_of_week} turned out, in {folder}: look again")
    acted_upon = {
        each.product_id: each.at.date() for each in acknowledged if each.first_week <= note.as_of_week <= each.last_week
    }
    acted_on = pl.col("product_id").replace_strict(acted_upon, default=None, return_dtype=pl.Date)
    rules, challenger = read_rules(folder, note), read_challenger(folder, note)
    if challenger is None:
        challenger = pl.DataFrame({name: [None] * said.height for name in CHALLENGER_COLUMNS}, CHALLENGER_COLUMNS)
    return (
        said.hstack(told)
        .hstack(challenger)
        .hstack(rules.rename(lambda name: f"{RULE}{name}"))
        .with_columns(
            week=pl.lit(int(week_number(np.array([note.as_of_week], dtype="datetime64[D]"))[0])),
            acknowledged=pl.col("alert") & (acted_on <= pl.col("alert_until")).fill_null(value=False),
            out_day=(pl.col("out_on") - pl.lit(note.last_day)).dt.total_days().fill_null(0),
            alert_days=(pl.col("alert_until") - pl.lit(note.last_day)).dt.total_days(),
        )
    )


def _arrays(rows: pl.DataFrame) -> Rows:
    def numbers(expression: pl.Expr) -> DoubleArray:
        return rows.select(expression).to_series().cast(pl.Float64).fill_null(np.nan).to_numpy()

    # where nothing ran out nothing was lost, be it known or not what would have been sold
    lost = pl.when(pl.col("days_out") == 0).then(0.0).otherwise(pl.col("demand_per_week") * pl.col("days_out") / _DAYS)
    revenue = pl.when(pl.col("days_out") == 0).then(0.0).otherwise(lost * pl.col("price"))
    return Rows(
        product=rows["product_id"].rank("dense").to_numpy().astype(np.int64) - 1,
        week=rows["week"].to_numpy().astype(np.int32),
        outcome=numbers(pl.col("outcome")).astype(np.float32),
        probability=numbers(pl.col("probability")).astype(np.float32),
        alert=rows["alert"].to_numpy(),
        alert_days=rows["alert_days"].to_numpy().astype(np.int64),
        alert_is_over=rows["alert_is_over"].to_numpy(),
        alert_outcome=numbers(pl.when("alert_is_over").then("alert_outcome")).astype(np.float32),
        acknowledged=rows["acknowledged"].to_numpy(),
        received=rows["used_up_on"].is_not_null().to_numpy(),
        out_day=rows["out_day"].to_numpy().astype(np.int64),
        units_lost=numbers(lost),
        revenue_lost=numbers(revenue),
        challenger=numbers(pl.col("challenger_probability")).astype(np.float32),
        challenger_alert=rows["challenger_alert"].fill_null(value=False).to_numpy(),
        rules={
            name.removeprefix(RULE): numbers(pl.col(name)).astype(np.float32)
            for name in rows.columns
            if name.startswith(RULE)
        },
    )
