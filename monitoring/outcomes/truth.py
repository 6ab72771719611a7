"""How product-weeks turned out, by the newest data: the label's own outcome, and beside it what happened when.

The outcome is the label's, so that figures of what was said live mean the same as those of the backtest. A delivery
that comes in time keeps a product from running out, and the label then says 0. Whether the alert was in vain is another
matter: where the stock without what came in would have been used up, nobody can know.
"""

import dataclasses
import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl

from data.ingest.result import CleanHistory
from data.panel import IN_STOCK, MIN_ON_HAND_EARLY, OLDEST_COUNT_DAYS, OUT_IN_WEEK, Panel
from data.panel.daily_stock import DailyStock, daily_stock, held
from data.panel.sparse_counts import density_of
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.labels import Availability, Inventory, Label

_DAYS = 7
_EARLY_DAYS = 3
_CELLS_PER_BLOCK = 1_000_000
_NAN = np.float32(np.nan)


@dataclass(frozen=True)
class Truth:
    """How every product of a panel fared after some weeks, shape ``(products, weeks)``; days count from their Sundays.

    Attributes:
        weeks: Mondays of the weeks, neighbours.
        is_over: Of each week, whether the data reach the end of what its outcome takes; shape ``(weeks,)``.
        outcome: The label's: 1, 0, or NaN where it is not known.
        out_day: The first day out of stock, as far as the data reach; 0: none is known.
        days_out: Days out of stock in the week after; NaN where that is not known.
        receipt_day: Of those that did not run out, but would have without what came in: the day of the first receipt.
        used_up_day: Of the same, the day on which the stock without what came in would have been used up; else 0.
    """

    weeks: tuple[dt.date, ...]
    is_over: tuple[bool, ...]
    outcome: FloatArray
    out_day: IntArray
    days_out: FloatArray
    receipt_day: IntArray
    used_up_day: IntArray


def truth_of(target: Label, panel: Panel, history: CleanHistory, first_week: dt.date) -> Truth:
    """What the newest data tell of a week of the panel and of all after it.

    Args:
        target: The label with its settings.
        panel: The newest one.
        history: What the panel was built of.
        first_week: Its Monday.
    """
    first = (first_week - panel.weeks[0].item()).days // _DAYS
    weeks = tuple(week.item() for week in panel.weeks[first:])
    shape = (len(panel.product_ids), len(weeks))
    needed = target.outcome_weeks(panel)
    outcome = _outcomes(target, panel, first)
    outcome[:, max(len(weeks) - needed, 0) :] = np.nan
    truth = Truth(
        weeks=weeks,
        is_over=tuple(place + needed < len(weeks) for place in range(len(weeks))),
        outcome=outcome,
        out_day=np.zeros(shape, dtype=np.int16),
        days_out=np.full(shape, _NAN),
        receipt_day=np.zeros(shape, dtype=np.int16),
        used_up_day=np.zeros(shape, dtype=np.int16),
    )
    if target.name == Inventory.name:
        _add_counted_days(truth, target.horizon_weeks, panel, history)
    elif target.name == Availability.name:
        _add_flagged_weeks(truth, target.horizon_weeks, panel.fields[IN_STOCK][:, first:])
    return truth


def _outcomes(target: Label, panel: Panel, first: int) -> FloatArray:
    """Some products at a time: outcomes of the last weeks need no earlier ones."""
    products = len(panel.product_ids)
    recent = dataclasses.replace(
        panel, weeks=panel.weeks[first:], fields={name: matrix[:, first:] for name, matrix in panel.fields.items()}
    )
    size = max(1, _CELLS_PER_BLOCK // len(recent.weeks))
    blocks = [slice(start, start + size) for start in range(0, max(products, 1), size)]
    outcomes: FloatArray = np.concatenate([target.outcome(recent.part(block)) for block in blocks])
    return outcomes


def _add_counted_days(truth: Truth, horizon_weeks: int, panel: Panel, history: CleanHistory) -> None:
    last_day = panel.as_of_week + dt.timedelta(days=_DAYS - 1)
    first_day = truth.weeks[0] + dt.timedelta(days=_DAYS - 1 - OLDEST_COUNT_DAYS)
    # of a few counts, one of the days after a week's end may speak for it, as the label takes it
    reads_on = OUT_IN_WEEK not in panel.fields and MIN_ON_HAND_EARLY in panel.fields
    ids = pl.Series(panel.product_ids, dtype=pl.String)
    for block, stock in daily_stock(history, ids, first_day, last_day, density_of(history, last_day)):
        rises = _rises(stock)
        for place in range(len(truth.weeks)):
            sunday = OLDEST_COUNT_DAYS + place * _DAYS
            ahead = slice(sunday + 1, sunday + 1 + horizon_weeks * _DAYS + _EARLY_DAYS * reads_on)
            _add_week(truth, block, place, _Ahead(stock.units[:, ahead], stock.out[:, ahead], rises[:, ahead]))


@dataclass(frozen=True)
class _Ahead:
    """The days of a horizon, as far as the data reach; shape ``(products, days)`` each."""

    units: FloatArray
    out: BoolArray
    rises: FloatArray


def _add_week(truth: Truth, block: slice, place: int, ahead: _Ahead) -> None:
    outcome = truth.outcome[block, place]
    day_out = np.where(outcome == 0, 0, _first_day(ahead.out))
    truth.out_day[block, place] = day_out
    week = np.arange(1, min(_DAYS, ahead.out.shape[1]) + 1)
    if len(week) == _DAYS:
        truth.days_out[block, place] = (ahead.out[:, :_DAYS] & (day_out > 0)[:, None]).sum(axis=1)
    without_receipts = ahead.units - np.cumsum(ahead.rises, axis=1)
    used_up = np.where(outcome == 0, _first_day(without_receipts <= 0), 0)
    truth.used_up_day[block, place] = used_up
    truth.receipt_day[block, place] = np.where(used_up > 0, _first_day(ahead.rises > 0), 0)


def _rises(stock: DailyStock) -> FloatArray:
    """Units by which the stock of each day is above the last that is known before it."""
    known = held(stock.units)
    before = np.concatenate([np.full((len(known), 1), _NAN), known[:, :-1]], axis=1)
    rises: FloatArray = np.nan_to_num(np.maximum(stock.units - before, 0))
    return rises


def _add_flagged_weeks(truth: Truth, horizon_weeks: int, in_stock: FloatArray) -> None:
    """A flag is of its whole week, of which the first day is taken."""
    for place in range(len(truth.weeks) - 1):
        ahead = in_stock[:, place + 1 : place + 1 + horizon_weeks] == 0
        week = _first_day(ahead)
        truth.out_day[:, place] = np.where(week > 0, (week - 1) * _DAYS + 1, 0)
        truth.days_out[:, place] = np.where(np.isnan(in_stock[:, place + 1]), _NAN, _DAYS * ahead[:, 0])


def _first_day(event: BoolArray) -> IntArray:
    """1 for the first column; 0 where there is no event."""
    if not event.shape[1]:
        return np.zeros(len(event), dtype=np.int64)
    first: IntArray = np.where(event.any(axis=1), event.argmax(axis=1) + 1, 0)
    return first
