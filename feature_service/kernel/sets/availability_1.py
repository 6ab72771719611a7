"""The feature set ``availability-1``: sales beside weekly in-stock flags.

Mostly about onsets: weeks in which a product that was in stock and selling was not there any more. How often that
happened to it, to the item in other locations, to the location's other products and everywhere; and whether sales fell
short of what they were while it was in stock, which hints that the shelf is already empty.
"""

from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.features import Formula, formula
from feature_service.kernel.fields import ITEM, LOCATION
from feature_service.kernel.groups import MARKET, Measures, Members
from feature_service.kernel.series import Series, filled, ratio, shifted
from feature_service.kernel.sets import sales_1
from feature_service.kernel.sets.sales_1 import SalesView

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


class AvailabilityView(SalesView):
    """Sales and in-stock flags of some products."""

    @cached_property
    def out(self) -> Series:
        """1 in a week out of stock, 0 in one in stock, from the first sale on: before it a product is not listed."""
        return self.series_of(np.where(self.units.is_known, 1 - self._flags, np.nan))

    @cached_property
    def onset(self) -> Series:
        """1 where a product that was in stock and selling a week before is out of stock, 0 where it still is not."""
        selling = shifted(Series(self.units.values).total(4), 1) > 0
        there = shifted(self._flags, 1) == 1
        return self.series_of(np.where(there & selling, self.out.values, np.nan))

    @cached_property
    def units_in_stock(self) -> Series:
        """Units sold in the weeks in stock."""
        return self.series_of(np.where(self._flags == 1, self.units.values, np.nan))

    def shortfall(self, weeks: int) -> DoubleArray:
        """How far the last weeks sold more or less than in stock before them, in standard deviations."""
        usual = Series(self.units_in_stock.values)
        mean = shifted(usual.mean(8 if weeks == 1 else 13), weeks)[:, self.onset.first :]
        spread = shifted(usual.spread(13), weeks)[:, self.onset.first :]
        return np.clip(ratio(self.units.mean(weeks) - mean, spread + 0.5), -9, 9)

    def measures(self) -> Measures:
        """See :class:`feature_service.kernel.block.View`."""
        return {**super().measures(), "out": self.out.values, "onset": self.onset.values}

    @cached_property
    def _flags(self) -> DoubleArray:
        return self.series("in_stock").values


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
        "units_to_peak_13", "ratio", "sold {:.0%} of its best week", lambda v: ratio(v.units.now, v.units.highest(13))
    ),
    formula("missed_sales", "units", "about {:.1f} sales missed since the last one", _missed_sales),
    formula(
        "sales_surprise_1", "standard deviations", "sold {:+.1f} deviations of the usual", lambda v: v.shortfall(1), 2
    ),
    formula(
        "sales_surprise_2",
        "standard deviations",
        "2 weeks at {:+.1f} deviations of the usual",
        lambda v: v.shortfall(2),
        2,
    ),
    formula(
        "rate_in_stock_8", "units per week", "sells {:.1f} a week when in stock", lambda v: v.units_in_stock.mean(8)
    ),
    formula("out_share_52", "share", "out of stock in {:.0%} of a year's weeks", lambda v: v.out.mean(52)),
    formula("out_share", "share", "out of stock in {:.0%} of all weeks", lambda v: v.out.mean()),
    formula("weeks_since_out", "weeks", "last out of stock {:.0f} weeks ago", lambda v: v.out.weeks_since_positive()),
    formula("onset_share_13", "share", "ran out in {:.0%} of the last 13 weeks", lambda v: _onset_share(v, 13)),
    formula("onset_share_52", "share", "ran out in {:.0%} of the last 52 weeks", lambda v: _onset_share(v, 52)),
    formula("onset_share", "share", "ran out in {:.0%} of all weeks", lambda v: _onset_share(v, 0)),
    formula("onset_smoothed_8", "share", "ran out in {:.0%} of recent weeks", lambda v: v.onset.smoothed(8), 2),
    formula(
        "out_spell_weeks",
        "weeks",
        "is out for {:.1f} weeks at a time",
        lambda v: ratio(v.out.total(), np.maximum(filled(v.onset.total()), 1)),
    ),
)

_OTHERS: tuple[Formula[AvailabilityView], ...] = (
    formula(
        "item_out_now",
        "share",
        "out of stock in {:.0%} of the other locations",
        lambda v: _out_share(*v.group(ITEM).others("out")),
    ),
    formula(
        "item_onset_share_4",
        "share",
        "ran out in {:.0%} of 4 weeks elsewhere",
        lambda v: _onset_share_of_others(v, ITEM, 4),
    ),
    formula(
        "item_onset_share_13",
        "share",
        "ran out in {:.0%} of 13 weeks elsewhere",
        lambda v: _onset_share_of_others(v, ITEM, 13),
    ),
    formula(
        "item_onset_share",
        "share",
        "ran out in {:.0%} of all weeks elsewhere",
        lambda v: _onset_share_of_others(v, ITEM, 0),
    ),
    formula(
        "item_trend_1_4", "ratio", "sold {:.1f} times the usual elsewhere", lambda v: _trend_of_others(v, ITEM, 1, 4)
    ),
    formula(
        "item_trend_4_13",
        "ratio",
        "4 weeks at {:.1f} times the usual elsewhere",
        lambda v: _trend_of_others(v, ITEM, 4, 13),
    ),
    formula(
        "location_out_now",
        "share",
        "{:.0%} of the location's products are out of stock",
        lambda v: _out_share(*v.group(LOCATION).others("out")),
    ),
    formula(
        "location_out_change",
        "share",
        "the location's out-of-stock share moved by {:+.0%}",
        lambda v: _out_change(*v.group(LOCATION).others("out")),
        2,
    ),
    formula(
        "location_onset_share_4",
        "share",
        "{:.0%} of the location's products ran out lately",
        lambda v: _onset_share_of_others(v, LOCATION, 4),
    ),
    formula(
        "location_trend_1_4",
        "ratio",
        "the location sold {:.1f} times the usual",
        lambda v: _trend_of_others(v, LOCATION, 1, 4),
    ),
    formula(
        "market_out_now",
        "share",
        "{:.0%} of all products are out of stock",
        lambda v: v.group(MARKET).of_products(lambda g: _out_share(g.sums("out"), g.counts("out"))),
    ),
    formula(
        "market_out_change",
        "share",
        "the share out of stock moved by {:+.0%}",
        lambda v: v.group(MARKET).of_products(lambda g: _out_change(g.sums("out"), g.counts("out"))),
        2,
    ),
    formula(
        "market_onset_share_4",
        "share",
        "{:.0%} of all products ran out lately",
        lambda v: v.group(MARKET).of_products(_onset_share_of_all),
    ),
)

_SALES: tuple[Formula[AvailabilityView], ...] = tuple(
    Formula(each.feature, each.value) for each in sales_1.FORMULAS if each.feature.name in _OF_SALES
)

FORMULAS: tuple[Formula[AvailabilityView], ...] = (
    *_SALES,
    *_OWN,
    *_OTHERS,
)
