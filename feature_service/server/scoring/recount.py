"""A snapshot's products answered anew with counts that were recorded after its own.

The new assessor shares with the one before all that the counts leave as it is; that one stays as it was.
"""

import datetime as dt
from collections.abc import Iterable
from copy import copy
from dataclasses import replace

import numpy as np

from data.panel import OLDEST_COUNT_DAYS
from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.fields import COUNT_AGE_DAYS
from feature_service.server.scoring.assessor import BLOCK_ROWS, Assessor
from feature_service.server.scoring.recorded_counts import Counts, RecordedCounts, counts_of, digest_of
from feature_service.server.scoring.scorer import State
from feature_service.server.scoring.stock_outs import StockOuts, stock_outs


def first_day_of_counts(assessor: Assessor) -> dt.date:
    """Earlier counts are too old to tell what is on the shelf at the end of the newest week."""
    return assessor.last_day - dt.timedelta(days=OLDEST_COUNT_DAYS)


def newer_counts(assessor: Assessor, counts: Iterable[tuple[str, dt.date, float]]) -> Counts:
    """Those of a later day than the snapshot's own count of the product, and not too old.

    Args:
        assessor: Has the products and their counts.
        counts: Product, day and units of each; no product twice.
    """
    last_day, first, own = assessor.last_day, first_day_of_counts(assessor), _counted_in_days(assessor)
    found = []
    for product_id, counted_on, units in counts:
        row, days = assessor.row(product_id), (counted_on - last_day).days
        if row is not None and counted_on >= first and not days <= own[row]:  # NaN: it was never counted
            found.append((row, units, days, digest_of(product_id, counted_on.toordinal(), units)))
    return counts_of(found)


def _counted_in_days(assessor: Assessor) -> FloatArray:
    """From the last day to the snapshot's last count of each product, also of those whose stock it does not tell today.

    The figures lack the day where sales since the count leave the stock unknown: the panel has used that count all the
    same, and an older one must not come back for it.
    """
    ages = assessor.panel.fields.get(COUNT_AGE_DAYS)
    return np.full(len(assessor.panel.product_ids), np.nan, np.float32) if ages is None else -ages[:, assessor.newest]


def with_counts(before: Assessor, counts: Counts) -> Assessor:
    """The same snapshot, its newest week answered with these counts and with those that it had of other products."""
    after = copy(before)
    for start in range(0, len(counts.rows), BLOCK_ROWS):
        newer = _answered(before, counts.of(slice(start, start + BLOCK_ROWS)))
        after.recorded = after.recorded.joined(newer)
        after.stock_outs = _stock_outs(after, newer)
    if before.reasons and before.inputs.knows_stock:
        after.reasons = before.reasons.without(counts.rows)
    return after


def _answered(assessor: Assessor, counts: Counts) -> RecordedCounts:
    """By the same functions as for a caller's stock."""
    rows, stock = counts.rows, counts.as_stock
    scores = assessor.scorer.scores(rows, assessor.newest, stock)
    return RecordedCounts(counts, scores, assessor.planner.figures(rows, assessor.newest, scores.run_out, stock))


def _stock_outs(assessor: Assessor, newer: RecordedCounts) -> StockOuts:
    """Who has come back leaves the table; who is new in it is out of stock since the day of the count."""
    rows, out = newer.counts.rows, newer.scores.states == State.OUT_OF_STOCK
    table = assessor.stock_outs.of(~np.isin(assessor.stock_outs.rows, rows[~out]))
    found = stock_outs(assessor.panel, rows[out], assessor.newest)
    counted = -newer.counts.counted_in_days[out]
    return table.joined(replace(found, out_days=np.where(np.isnan(found.out_days), counted, found.out_days)))
