"""How product-weeks turned out, by the newest data: the label's own outcome, and beside it what happened when.

The outcome is the label's, so that figures of what was said live mean the same as those of the backtest. What became of
an alert is told of the days that the alert is about, which may be more than the label's horizon. A delivery
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
from training.labels.run_out import has_run_out, out_by, run_out_times

_DAYS = 7
_EARLY_DAYS = 3
_CELLS_PER_BLOCK = 1_000_000
_NAN = np.float32(np.nan)


@dataclass(frozen=True)
class Truth:
    """How every product of a panel fared after some weeks, shape ``(products, weeks)``; days count from their Sundays.

    Attributes:
        weeks: Mondays of the weeks, neighbours.
        weeks_over: Of each week, how many weeks ahead it is known how they turned out; at least the horizon where an
            outcome is known, else 0; shape ``(weeks,)``.
        outcome: The label's: 1, 0, or NaN where it is not known.
        alert_outcome: The same within the days that an alert is about: 1 as soon as it happened, 0 when they are over.
        out_day: The first day out of stock of those that an alert is about, as far as the data reach; 0: none is known.
        days_out: Days out of stock in the week after; NaN where that is not known.
        receipt_day: Of those that did not run out, but would have without what came in: the day of the first receipt.
        used_up_day: Of the same, the day on which the stock without what came in would have been used up; else 0.
    """

    weeks: tuple[dt.date, ...]
    weeks_over: tuple[int, ...]
    outcome: FloatArray
    alert_outcome: FloatArray
    out_day: IntArray
    days_out: FloatArray
    receipt_day: IntArray
    used_up_day: IntArray


def truth_of(
    target: Label, panel: Panel, history: CleanHistory, first_week: dt.date, alert_days: IntArray | None = None
) -> Truth:
    """What the newest data tell of a week of the panel and of all after it.

    Args:
        target: The label with its settings.
        panel: The newest one.
        history: What the panel was built of.
        first_week: Its Monday.
        alert_days: Days that an alert is about, at least the horizon's; those where None. Shape ``(products, weeks)``.
    """
    first = (first_week - panel.weeks[0].item()).days // _DAYS
    weeks = tuple(week.item() for week in panel.weeks[first:])
    shape = (len(panel.product_ids), len(weeks))
    needed = target.outcome_weeks(panel)
    outcome = _outcomes(target, panel, first)
    outcome[:, max(len(weeks) - needed, 0) :] = np.nan
    if alert_days is None:
        alert_days = np.full(shape, target.horizon_weeks * _DAYS)
    truth = Truth(
        weeks=weeks,
        weeks_over=tuple(_weeks_over(len(weeks) - place - needed, target.horizon_weeks) for place in range(len(weeks))),
        outcome=outcome,
        alert_outcome=_alert_outcome(target, outcome, alert_days),
        out_day=np.zeros(shape, dtype=np.int16),
        days_out=np.full(shape, _NAN),
        receipt_day=np.zeros(shape, dtype=np.int16),
        used_up_day=np.zeros(shape, dtype=np.int16),
    )
    if target.name == Inventory.name:
        _add_counted_days(truth, alert_days, panel, history, by_week=has_run_out(target))
    elif target.name == Availability.name:
        _add_flagged_weeks(truth, alert_days, panel.fields[IN_STOCK][:, first:])
    return truth


def _weeks_over(outcomes: int, horizon_weeks: int) -> int:
    """Of a week, ``outcomes`` of which, counted from its own, are known."""
    return outcomes + horizon_weeks - 1 if outcomes > 0 else 0


def _alert_outcome(target: Label, outcome: FloatArray, alert_days: IntArray) -> FloatArray:
    """By whole weeks: in the last of them it may have happened after the last day that the alert is about."""
    if not has_run_out(target):
        return outcome.copy()
    return out_by(run_out_times(outcome), np.ceil(alert_days / _DAYS))


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


def _add_counted_days(
    truth: Truth, alert_days: IntArray, panel: Panel, history: CleanHistory, *, by_week: bool
) -> None:
    """``by_week``: an outcome is one of a single week, so that each week of several has one of its own."""
    last_day = panel.as_of_week + dt.timedelta(days=_DAYS - 1)
    first_day = truth.weeks[0] + dt.timedelta(days=_DAYS - 1 - OLDEST_COUNT_DAYS)
    # of a few counts, one of the days after a week's end may speak for it, as the label takes it
    reads_on = OUT_IN_WEEK not in panel.fields and MIN_ON_HAND_EARLY in panel.fields
    ids = pl.Series(panel.product_ids, dtype=pl.String)
    for block, stock in daily_stock(history, ids, first_day, last_day, density_of(history, last_day)):
        rises = _rises(stock)
        for place in range(len(truth.weeks)):
            sunday = OLDEST_COUNT_DAYS + place * _DAYS
            days = alert_days[block, place]
            longest = int(np.ceil(days.max(initial=_DAYS) / _DAYS)) * _DAYS
            ahead = slice(sunday + 1, sunday + 1 + longest + _EARLY_DAYS * reads_on)
            found = _Ahead(stock.units[:, ahead], stock.out[:, ahead], rises[:, ahead], days, _EARLY_DAYS * reads_on)
            _add_week(truth, block, place, found, by_week=by_week)


@dataclass(frozen=True)
class _Ahead:
    """The days that alerts of a week are about, as far as the data reach; shape ``(products, days)`` each.

    Attributes:
        units: On hand.
        out: Where it is known that there are none.
        rises: Units that came in.
        alert_days: Of them, how many each product's alert is about, shape ``(products,)``.
        early_days: Days after those that may speak for them.
    """

    units: FloatArray
    out: BoolArray
    rises: FloatArray
    alert_days: IntArray
    early_days: int

    def within(self) -> BoolArray:
        """Which of the days are looked at."""
        day = np.arange(1, self.out.shape[1] + 1)
        within: BoolArray = day <= self.alert_days[:, None] + self.early_days
        return within

    def week(self) -> IntArray:
        """The week ahead of each day, from 0; what speaks for the last one counts with it."""
        return np.minimum(np.arange(self.out.shape[1]) // _DAYS, self.alert_weeks()[:, None] - 1)

    def alert_weeks(self) -> IntArray:
        """Weeks that an alert is about, the last perhaps in part, shape ``(products,)``."""
        weeks: IntArray = np.ceil(self.alert_days / _DAYS).astype(np.int64)
        return weeks


def _add_week(truth: Truth, block: slice, place: int, ahead: _Ahead, *, by_week: bool) -> None:
    alert_outcome = truth.alert_outcome[block, place]  # a view: what is learned of the day is written into it
    of_weeks, week = _of_weeks(truth.outcome[block], place, ahead, by_week=by_week), ahead.week()
    out = ahead.out & ~(of_weeks == 0)
    day_out = _first_day(out & ahead.within())
    # it ran out in the last week that the alert is about, but after the last day
    is_earlier = ((of_weeks == 1) & (week < ahead.alert_weeks()[:, None] - 1)).any(axis=1)
    alert_outcome[(alert_outcome == 1) & ~is_earlier & (day_out == 0) & out.any(axis=1)] = 0
    truth.out_day[block, place] = np.where(alert_outcome == 0, 0, day_out)
    if out.shape[1] >= _DAYS:
        truth.days_out[block, place] = out[:, :_DAYS].sum(axis=1)
    without_receipts = ahead.units - np.cumsum(ahead.rises, axis=1)
    used_up = np.where(alert_outcome == 0, _first_day((without_receipts <= 0) & ahead.within()), 0)
    truth.used_up_day[block, place] = used_up
    truth.receipt_day[block, place] = np.where(used_up > 0, _first_day(ahead.rises > 0), 0)


def _of_weeks(outcome: FloatArray, place: int, ahead: _Ahead, *, by_week: bool) -> FloatArray:
    """The label's outcome of each day's week, shape ``(products, days)``; NaN beyond the last."""
    if not by_week:
        return np.broadcast_to(outcome[:, place, None], ahead.out.shape)
    column = place + ahead.week()
    of_days = np.take_along_axis(outcome, np.minimum(column, outcome.shape[1] - 1), axis=1)
    return np.where(column < outcome.shape[1], of_days, _NAN)


def _rises(stock: DailyStock) -> FloatArray:
    """Units by which the stock of each day is above the last that is known before it."""
    known = held(stock.units)
    before = np.concatenate([np.full((len(known), 1), _NAN), known[:, :-1]], axis=1)
    rises: FloatArray = np.nan_to_num(np.maximum(stock.units - before, 0))
    return rises


def _add_flagged_weeks(truth: Truth, alert_days: IntArray, in_stock: FloatArray) -> None:
    """A flag is of its whole week, of which the first day is taken."""
    for place in range(len(truth.weeks) - 1):
        weeks = np.ceil(alert_days[:, place] / _DAYS).astype(np.int64)
        ahead = in_stock[:, place + 1 : place + 1 + int(weeks.max(initial=1))] == 0
        week = _first_day(ahead & (np.arange(ahead.shape[1]) < weeks[:, None]))
        truth.out_day[:, place] = np.where(week > 0, (week - 1) * _DAYS + 1, 0)
        truth.days_out[:, place] = np.where(np.isnan(in_stock[:, place + 1]), _NAN, _DAYS * ahead[:, 0])


def _first_day(event: BoolArray) -> IntArray:
    """1 for the first column; 0 where there is no event."""
    if not event.shape[1]:
        return np.zeros(len(event), dtype=np.int64)
    first: IntArray = np.where(event.any(axis=1), event.argmax(axis=1) + 1, 0)
    return first
