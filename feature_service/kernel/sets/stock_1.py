"""The feature set ``stock-1``: what counts of units on hand tell of the next stock-out.

Two kinds. Those of :mod:`feature_service.kernel.sets.on_hand` hold the stock of the week's end against demand, past
falls and deliveries; a client's own figure can stand in for that stock. Those here tell of the product's past: falls,
deliveries, stock-outs, and the same for the item in other locations, its location and all products.
"""

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.features import Formula, StockFormula, formula
from feature_service.kernel.fields import COUNT_AGE_DAYS, ITEM, LOCATION
from feature_service.kernel.groups import MARKET, Members
from feature_service.kernel.phrases import ago, counted, fall, share, times
from feature_service.kernel.series import filled, ratio
from feature_service.kernel.sets.on_hand import STOCK_FORMULAS
from feature_service.kernel.sets.stock_view import StockView

FIELDS = (
    "units_on_hand",
    COUNT_AGE_DAYS,
    "count_days",
    "depletion",
    "receipts",
    "receipt_days",
    "fall_days",
    "min_on_hand",
    "max_on_hand",
    "days_out",
    "max_depletion_7",
    "days_since_receipt",
    "days_since_fall",
    "first_receipt_day",
    "fall_squares",
    "depletion_last_3",
    "stock_before_receipt",
)


def _fall_gap(view: StockView) -> DoubleArray:
    usual = ratio(view.series("fall_days").total(), view.count_days.total())
    return np.minimum(view.series("days_since_fall").now * usual, 30)


def _receipt_gap(view: StockView) -> DoubleArray:
    return ratio(view.count_days.total(), view.receipt_days.total())


def _share_of_low_weeks(view: StockView) -> DoubleArray:
    low = view.series_of(np.where(view.lowest.is_known, (view.lowest.values <= 1).astype(np.float64), np.nan))
    return (filled(low.total()) + 0.1) / (low.known() + 1)


def _of_others(view: StockView, grouping: str, measure: str) -> DoubleArray:
    sums, known = view.group(grouping).others(measure)
    return ratio(sums.now, known.now)


def _onsets_of_others(view: StockView, grouping: str, weeks: int) -> DoubleArray:
    """Pulled towards 3 % by 10 weeks."""
    onsets, known = view.group(grouping).others("onset")
    return (filled(onsets.total(weeks)) + 0.3) / (known.total(weeks) + 10)


def _flow_of_others(view: StockView, grouping: str, measure: str) -> DoubleArray:
    units, _ = view.group(grouping).others(measure)
    return ratio(units.now, units.mean(4))


def _market_onsets(market: Members) -> DoubleArray:
    return ratio(market.sums("onset").total(4), market.counts("onset").total(4))


_PAST: tuple[Formula[StockView], ...] = (
    formula(
        COUNT_AGE_DAYS,
        "days",
        counted("the last count was {} before the week's end", "day"),
        lambda v: v.series(COUNT_AGE_DAYS).now,
    ),
    formula(
        "depletion_mean_4",
        "units per week",
        counted("{} a week left the shelf in the last 4 weeks", "unit", 1),
        lambda v: v.depletion.mean(4),
    ),
    formula(
        "lowest_smoothed_3",
        "units",
        counted("the shelf fell to about {} in recent weeks", "unit"),
        lambda v: v.lowest.smoothed(3),
    ),
    formula(
        "low_week_share", "share", share("the shelf was down to 1 unit or none in {} of weeks"), _share_of_low_weeks
    ),
    formula("fall_gap_ratio", "ratio", times("since a unit last went, {} has passed", "the usual time"), _fall_gap),
    formula(
        "drop_smoothed_2",
        "units",
        fall("in a week lately the shelf {} by {}", "unit"),
        lambda v: v.drop.smoothed(2),
        2,
    ),
    formula(
        "drop_spread",
        "units",
        counted("how far the shelf falls in a week varies by {}", "unit"),
        lambda v: v.drop.spread(),
        2,
    ),
    formula("relative_drop_1", "share", fall("in the last week the stock {} by {}"), lambda v: v.relative_drop.now, 2),
    formula(
        "relative_drop_mean",
        "share",
        fall("in a usual week the stock {} by {}"),
        lambda v: v.relative_drop.mean(),
        2,
    ),
    formula(
        "relative_drop_max",
        "share",
        fall("in its fastest week the stock {} by {}"),
        lambda v: v.relative_drop.highest(),
        2,
    ),
    formula(
        "days_since_receipt",
        "days",
        ago("the last delivery came {}", "day"),
        lambda v: v.series("days_since_receipt").now,
    ),
    formula("receipt_gap_days", "days", counted("from one delivery to the next it takes {}", "day"), _receipt_gap),
    formula(
        "receipt_gap_ratio",
        "ratio",
        times("since the last delivery, {} has passed", "the usual time"),
        lambda v: np.minimum(ratio(v.series("days_since_receipt").now, _receipt_gap(v)), 20),
    ),
    formula("receipt_size", "units", counted("a delivery brings {}", "unit"), lambda v: v.history["receipt_size"]),
    formula(
        "reorder_level",
        "units",
        counted("deliveries usually come when the shelf is down to {}", "unit"),
        lambda v: v.reorder_level,
    ),
    formula(
        "weeks_since_out", "weeks", ago("it was last out of stock {}", "week"), lambda v: v.out.weeks_since_positive()
    ),
    formula(
        "out_week_share",
        "share",
        share("it was out of stock in {} of its weeks"),
        lambda v: (filled(v.out.total()) + 0.1) / (v.out.known() + 1),
    ),
)

_OTHERS: tuple[Formula[StockView], ...] = (
    formula(
        "item_out_now",
        "share",
        share("{} of the other shops that have the item are out of it"),
        lambda v: _of_others(v, ITEM, "out_now"),
    ),
    formula(
        "item_onset_share_4",
        "share",
        share("other shops ran out of the item in {} of the last 4 weeks"),
        lambda v: _onsets_of_others(v, ITEM, 4),
    ),
    formula(
        "item_onset_share",
        "share",
        share("other shops ran out of the item in {} of all weeks"),
        lambda v: _onsets_of_others(v, ITEM, 0),
    ),
    formula(
        "item_demand",
        "units per week",
        counted("{} of the item a week leave another shop's shelf", "unit", 1),
        lambda v: _of_others(v, ITEM, "demand"),
    ),
    formula(
        "item_relative_drop_1",
        "share",
        fall("in the last week the item's stock in other shops {} by {}"),
        lambda v: _of_others(v, ITEM, "relative_drop"),
    ),
    formula(
        "item_relative_drop",
        "share",
        fall("in a usual week the item's stock in other shops {} by {}"),
        lambda v: ratio(*(each.total() for each in v.group(ITEM).others("relative_drop"))),
        2,
    ),
    formula(
        "item_receipts_1_4",
        "ratio",
        times("deliveries of the item to other shops were {}"),
        lambda v: _flow_of_others(v, ITEM, "receipts"),
    ),
    formula(
        "item_depletion_1_4",
        "ratio",
        times("demand for the item in other shops was {}"),
        lambda v: _flow_of_others(v, ITEM, "depletion"),
    ),
    formula(
        "location_onset_share_4",
        "share",
        share("{} of this shop's other products ran out in a week lately"),
        lambda v: _onsets_of_others(v, LOCATION, 4),
    ),
    formula(
        "location_onset_share",
        "share",
        share("{} of this shop's other products run out in a usual week"),
        lambda v: _onsets_of_others(v, LOCATION, 0),
    ),
    formula(
        "location_receipts_1_4",
        "ratio",
        times("deliveries of this shop's other products were {}"),
        lambda v: _flow_of_others(v, LOCATION, "receipts"),
    ),
    formula(
        "market_onset_share_4",
        "share",
        share("{} of all products ran out in a week lately"),
        lambda v: v.group(MARKET).of_products(_market_onsets),
    ),
)


def _with_counted_stock(formula: StockFormula) -> Formula[StockView]:
    return Formula(formula.feature, lambda view: formula.value(view.on_hand.now, view.history))


FORMULAS: tuple[Formula[StockView], ...] = (
    *map(_with_counted_stock, STOCK_FORMULAS),
    *_PAST,
    *_OTHERS,
)
