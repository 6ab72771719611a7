"""The feature set ``availability-1``: sales beside weekly in-stock flags.

Mostly about onsets: weeks in which a product that was in stock and selling was not there any more. How often that
happened to it, to the item in other locations, to the location's other products and everywhere; and whether sales fell
short of what they were while it was in stock, which hints that the shelf is already empty.
"""

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.features import Formula, formula
from feature_service.kernel.fields import ITEM, LOCATION
from feature_service.kernel.groups import MARKET, Members
from feature_service.kernel.phrases import ago, counted, moved, share, surprise, times
from feature_service.kernel.series import Series, filled, ratio, shifted
from feature_service.kernel.sets import sales_2
from feature_service.kernel.sets.availability_view import AvailabilityView

FIELDS = ("units_sold", "in_stock")

_OF_SALES = (
    "sales_qtd_lag_1",
    "sales_qtd_mean_26",
    "sales_qtd_mean_52",
    "sales_qtd_smoothed_2",
    "sales_qtd_smoothed_8",
    "pooled_rate_26",
    "trend_2_8",
    "trend_4_13",
    "trend_13_52",
    "sale_week_smoothed_2",
    "sale_weeks",
    "weeks_since_launch",
    "weeks_since_sale",
    "sale_gap_ratio",
    "units_per_sale_week",
    "market_sale_share_1",
    "market_sale_share_4",
    "market_trend_1_4",
)


def _onset_share(view: AvailabilityView, weeks: int) -> DoubleArray:
    """Pulled towards 2 % by 15 weeks."""
    return (filled(view.onset.total(weeks)) + 0.3) / (view.onset.known(weeks) + 15)


def _onset_share_of_others(view: AvailabilityView, grouping: str, weeks: int) -> DoubleArray:
    """Pulled towards 2 % by 20 weeks."""
    onsets, known = view.group(grouping).others("onset")
    return (onsets.total(weeks) + 0.4) / (known.total(weeks) + 20)


def _onset_share_of_all(market: Members) -> DoubleArray:
    return (market.sums("onset").total(4) + 0.4) / (market.counts("onset").total(4) + 20)


def _out_share(sums: Series, counts: Series) -> DoubleArray:
    return ratio(sums.now, counts.now)


def _out_change(sums: Series, counts: Series) -> DoubleArray:
    return _out_share(sums, counts) - ratio(sums.ago(1), counts.ago(1))


def _trend_of_others(view: AvailabilityView, grouping: str, short: int, long: int) -> DoubleArray:
    units, _ = view.group(grouping).others("units")
    return ratio(units.mean(short), units.mean(long))


def _missed_sales(view: AvailabilityView) -> DoubleArray:
    """Units that would have been sold since the last sale at the rate before."""
    usual = shifted(Series(view.units_in_stock.values).mean(8), 1)[:, view.onset.first :]
    return filled(usual) * view.weeks_since_sale


_OWN: tuple[Formula[AvailabilityView], ...] = (
    formula(
        "units_to_peak_13",
        "ratio",
        times("the last week sold {}", "its best of 13 weeks"),
        lambda v: ratio(v.units.now, v.units.highest(13)),
    ),
    formula(
        "missed_sales",
        "units",
        counted("since the last sale about {} would have been sold before now", "unit", 1),
        _missed_sales,
    ),
    formula(
        "sales_surprise_1",
        "standard deviations",
        surprise("the last week sold {} for a week in stock"),
        lambda v: v.shortfall(1),
        2,
    ),
    formula(
        "sales_surprise_2",
        "standard deviations",
        surprise("the last 2 weeks sold {} for a week in stock"),
        lambda v: v.shortfall(2),
        2,
    ),
    formula(
        "rate_in_stock_8",
        "units per week",
        counted("it sells {} a week when it is in stock", "unit", 1),
        lambda v: v.units_in_stock.mean(8),
    ),
    formula("out_share_52", "share", share("it was out of stock in {} of the last 52 weeks"), lambda v: v.out.mean(52)),
    formula("out_share", "share", share("it was out of stock in {} of all its weeks"), lambda v: v.out.mean()),
    formula(
        "weeks_since_out", "weeks", ago("it was last out of stock {}", "week"), lambda v: v.out.weeks_since_positive()
    ),
    formula("onset_share_13", "share", share("it ran out in {} of the last 13 weeks"), lambda v: _onset_share(v, 13)),
    formula("onset_share_52", "share", share("it ran out in {} of the last 52 weeks"), lambda v: _onset_share(v, 52)),
    formula("onset_share", "share", share("it ran out in {} of all its weeks"), lambda v: _onset_share(v, 0)),
    formula("onset_smoothed_8", "share", share("it ran out in {} of recent weeks"), lambda v: v.onset.smoothed(8), 2),
    formula(
        "out_spell_weeks",
        "weeks",
        counted("when it runs out, it stays out for {}", "week", 1),
        lambda v: ratio(v.out.total(), np.maximum(filled(v.onset.total()), 1)),
    ),
)

_OTHERS: tuple[Formula[AvailabilityView], ...] = (
    formula(
        "item_out_now",
        "share",
        share("{} of the other shops that have the item are out of it"),
        lambda v: _out_share(*v.group(ITEM).others("out")),
    ),
    formula(
        "item_onset_share_4",
        "share",
        share("other shops ran out of the item in {} of the last 4 weeks"),
        lambda v: _onset_share_of_others(v, ITEM, 4),
    ),
    formula(
        "item_onset_share_13",
        "share",
        share("other shops ran out of the item in {} of the last 13 weeks"),
        lambda v: _onset_share_of_others(v, ITEM, 13),
    ),
    formula(
        "item_onset_share",
        "share",
        share("other shops ran out of the item in {} of all weeks"),
        lambda v: _onset_share_of_others(v, ITEM, 0),
    ),
    formula(
        "item_trend_1_4",
        "ratio",
        times("the item sold {} in other shops in the last week"),
        lambda v: _trend_of_others(v, ITEM, 1, 4),
    ),
    formula(
        "item_trend_4_13",
        "ratio",
        times("the item sold {} in other shops in the last 4 weeks"),
        lambda v: _trend_of_others(v, ITEM, 4, 13),
    ),
    formula(
        "location_out_now",
        "share",
        share("{} of this shop's other products are out of stock"),
        lambda v: _out_share(*v.group(LOCATION).others("out")),
    ),
    formula(
        "location_out_change",
        "share",
        moved("the share of this shop's products out of stock is {} a week ago"),
        lambda v: _out_change(*v.group(LOCATION).others("out")),
        2,
    ),
    formula(
        "location_onset_share_4",
        "share",
        share("{} of this shop's other products ran out in a week lately"),
        lambda v: _onset_share_of_others(v, LOCATION, 4),
    ),
    formula(
        "location_trend_1_4",
        "ratio",
        times("this shop's other products sold {} in the last week"),
        lambda v: _trend_of_others(v, LOCATION, 1, 4),
    ),
    formula(
        "market_out_now",
        "share",
        share("{} of all products are out of stock"),
        lambda v: v.group(MARKET).of_products(lambda g: _out_share(g.sums("out"), g.counts("out"))),
    ),
    formula(
        "market_out_change",
        "share",
        moved("the share of all products out of stock is {} a week ago"),
        lambda v: v.group(MARKET).of_products(lambda g: _out_change(g.sums("out"), g.counts("out"))),
        2,
    ),
    formula(
        "market_onset_share_4",
        "share",
        share("{} of all products ran out in a week lately"),
        lambda v: v.group(MARKET).of_products(_onset_share_of_all),
    ),
)

_SALES: tuple[Formula[AvailabilityView], ...] = tuple(
    Formula(each.feature, each.value) for each in sales_2.FORMULAS if each.feature.name in _OF_SALES
)

FORMULAS: tuple[Formula[AvailabilityView], ...] = (
    *_SALES,
    *_OWN,
    *_OTHERS,
)
