"""The feature set ``sales-1``: what a sales history tells of next week's demand.

Rates over windows of 1 week to all, the rhythm of sales, prices against their own past, and how the whole market and
the product's location (the seller's other products) are doing. Weeks that are not known are left out of every window,
so a product has features from its first week on.
"""

from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.block import View
from feature_service.kernel.features import Formula, formula
from feature_service.kernel.fields import LOCATION
from feature_service.kernel.groups import MARKET, Measures, Members
from feature_service.kernel.series import Series, filled, ratio, shifted

FIELDS = ("units_sold", "price_mean", "orders", "sale_days", "days_since_sale")
WEEKS_PER_YEAR = 52


class SalesView(View):
    """Sales of some products, each series made once and only if a feature asks for it."""

    @cached_property
    def units(self) -> Series:
        """Units sold."""
        return self.series("units_sold")

    @cached_property
    def sold(self) -> Series:
        """1 in a week with a sale, 0 in one without."""
        units = self.units.values
        return self.series_of(np.where(self.units.is_known, (units > 0).astype(np.float64), np.nan))

    @cached_property
    def orders(self) -> Series:
        """Distinct orders."""
        return self.series("orders")

    @cached_property
    def sale_days(self) -> Series:
        """Days with a sale."""
        return self.series("sale_days")

    @cached_property
    def days_since_sale(self) -> DoubleArray:
        """Days from the last sale to the week's end."""
        return self.series("days_since_sale").now

    @cached_property
    def price(self) -> Series:
        """Mean price, known in weeks with a sale only."""
        price = self.series("price_mean").values
        return self.series_of(np.where(price > 0, price, np.nan))

    @cached_property
    def weeks_since_sale(self) -> DoubleArray:
        """0 if the week itself has a sale."""
        return self.units.weeks_since_positive()

    def measures(self) -> Measures:
        """See :class:`feature_service.kernel.block.View`."""
        return {"units": self.units.values, "sold": self.sold.values}


def _trend(series: Series, short: int, long: int) -> DoubleArray:
    return ratio(series.mean(short), series.mean(long))


def _pooled_rate(view: SalesView, weeks: int) -> DoubleArray:
    """Mean with half a unit in two and a half weeks added: what few weeks say is pulled towards a slow seller's."""
    return (filled(view.units.total(weeks)) + 0.5) / (view.units.known(weeks) + 2.5)


def _sale_share(group: Members, weeks: int) -> DoubleArray:
    shares = ratio(group.sums("sold").values, group.counts("sold").values)
    return Series(shares, group.sums("sold").first).mean(weeks)


def _year_ago_step(market: Members) -> DoubleArray:
    """The coming week a year ago, against the four weeks before it."""
    sums = market.sums("units")
    before = Series(shifted(sums.values, WEEKS_PER_YEAR), sums.first)
    return ratio(sums.ago(WEEKS_PER_YEAR - 1), before.mean(4))


def _location_trend(view: SalesView, short: int, long: int) -> DoubleArray:
    return view.group(LOCATION).of_products(lambda group: _trend(group.sums("units"), short, long))


def _market_trend(view: SalesView, short: int, long: int) -> DoubleArray:
    return view.group(MARKET).of_products(lambda group: _trend(group.sums("units"), short, long))


_RATES: tuple[Formula[SalesView], ...] = (
    formula("sales_qtd_lag_1", "units", "sold {:.0f} units in the last week", lambda v: v.units.now),
    formula("sales_qtd_lag_2", "units", "sold {:.0f} units 2 weeks ago", lambda v: v.units.ago(1), 2),
    formula("sales_qtd_lag_3", "units", "sold {:.0f} units 3 weeks ago", lambda v: v.units.ago(2), 3),
    formula("sales_qtd_lag_4", "units", "sold {:.0f} units 4 weeks ago", lambda v: v.units.ago(3), 4),
    formula("sales_qtd_mean_8", "units per week", "sells {:.1f} a week over 8 weeks", lambda v: v.units.mean(8)),
    formula("sales_qtd_mean_13", "units per week", "sells {:.1f} a week over 13 weeks", lambda v: v.units.mean(13)),
    formula("sales_qtd_mean_26", "units per week", "sells {:.1f} a week over 26 weeks", lambda v: v.units.mean(26)),
    formula("sales_qtd_mean_52", "units per week", "sells {:.1f} a week over a year", lambda v: v.units.mean(52)),
    formula("sales_qtd_smoothed_2", "units per week", "sells {:.1f} a week lately", lambda v: v.units.smoothed(2)),
    formula("sales_qtd_smoothed_8", "units per week", "sells {:.1f} a week of late", lambda v: v.units.smoothed(8)),
    formula(
        "pooled_rate_8", "units per week", "expected to sell {:.1f} a week (8 weeks)", lambda v: _pooled_rate(v, 8)
    ),
    formula(
        "pooled_rate_26", "units per week", "expected to sell {:.1f} a week (26 weeks)", lambda v: _pooled_rate(v, 26)
    ),
    formula("trend_2_8", "ratio", "the last 2 weeks sold {:.1f} times the usual", lambda v: _trend(v.units, 2, 8)),
    formula("trend_4_13", "ratio", "the last 4 weeks sold {:.1f} times the usual", lambda v: _trend(v.units, 4, 13)),
    formula("trend_13_52", "ratio", "the last quarter sold {:.1f} times the usual", lambda v: _trend(v.units, 13, 52)),
)

_RHYTHM: tuple[Formula[SalesView], ...] = (
    formula("sale_week_smoothed_2", "share", "a sale in {:.0%} of the newest weeks", lambda v: v.sold.smoothed(2)),
    formula("sale_week_smoothed_6", "share", "a sale in {:.0%} of recent weeks", lambda v: v.sold.smoothed(6)),
    formula("sale_week_smoothed_16", "share", "a sale in {:.0%} of the past weeks", lambda v: v.sold.smoothed(16)),
    formula("sale_week_share_8", "share", "a sale in {:.0%} of 8 weeks", lambda v: v.sold.mean(8)),
    formula("sale_week_share_26", "share", "a sale in {:.0%} of 26 weeks", lambda v: v.sold.mean(26)),
    formula("sale_weeks", "weeks", "a sale in {:.0f} weeks so far", lambda v: v.sold.total()),
    formula("weeks_since_launch", "weeks", "on sale for {:.0f} weeks", lambda v: v.units.known()),
    formula("weeks_since_sale", "weeks", "last sold {:.0f} weeks ago", lambda v: v.weeks_since_sale),
    formula(
        "sale_gap_ratio",
        "ratio",
        "{:.1f} times the usual gap since the last sale",
        lambda v: (v.weeks_since_sale + 1) * ratio(v.sold.total(), v.units.known()),
    ),
    formula(
        "units_per_sale_week",
        "units",
        "sells {:.1f} units in a week with sales",
        lambda v: ratio(v.units.total(), v.sold.total()),
    ),
    formula("orders_lag_1", "orders", "{:.0f} orders in the last week", lambda v: v.orders.now),
    formula("orders_mean_4", "orders per week", "{:.1f} orders a week over 4 weeks", lambda v: v.orders.mean(4)),
    formula("orders_smoothed_4", "orders per week", "{:.1f} orders a week lately", lambda v: v.orders.smoothed(4)),
    formula("sale_days_lag_1", "days", "a sale on {:.0f} days of the last week", lambda v: v.sale_days.now),
    formula("sale_days_sum_4", "days", "a sale on {:.0f} days of 4 weeks", lambda v: v.sale_days.total(4)),
    formula("days_since_sale", "days", "last sold {:.0f} days ago", lambda v: v.days_since_sale),
    formula(
        "sale_day_gap_ratio",
        "ratio",
        "{:.1f} times the usual days since the last sale",
        lambda v: v.days_since_sale * ratio(v.sale_days.total(), 7 * v.units.known()),
    ),
)

_PRICE: tuple[Formula[SalesView], ...] = (
    formula("price_last", "currency per unit", "last sold at {:.2f}", lambda v: v.price.last_known()),
    formula(
        "price_to_mean",
        "ratio",
        "priced at {:.2f} times its own mean",
        lambda v: ratio(v.price.last_known(), v.price.mean()),
    ),
)

_LEVELS: tuple[Formula[SalesView], ...] = (
    formula(
        "location_sale_share_1",
        "share",
        "{:.0%} of the seller's products sold in the last week",
        lambda v: v.group(LOCATION).of_products(lambda group: _sale_share(group, 1)),
    ),
    formula(
        "location_sale_share_4",
        "share",
        "{:.0%} of the seller's products sell in a week",
        lambda v: v.group(LOCATION).of_products(lambda group: _sale_share(group, 4)),
    ),
    formula(
        "location_units_13",
        "units per week",
        "the seller sells {:.1f} units a week",
        lambda v: v.group(LOCATION).of_products(lambda group: group.sums("units").mean(13)),
    ),
    formula(
        "location_weeks_since_sale",
        "weeks",
        "the seller last sold anything {:.0f} weeks ago",
        lambda v: v.group(LOCATION).of_products(lambda group: group.sums("units").weeks_since_positive()),
    ),
    formula(
        "location_trend_1_4",
        "ratio",
        "the seller's last week was {:.1f} times the usual",
        lambda v: _location_trend(v, 1, 4),
    ),
    formula(
        "location_trend_4_13",
        "ratio",
        "the seller's last 4 weeks were {:.1f} times the usual",
        lambda v: _location_trend(v, 4, 13),
    ),
    formula(
        "market_sale_share_1",
        "share",
        "{:.0%} of all products sold in the last week",
        lambda v: v.group(MARKET).of_products(lambda group: _sale_share(group, 1)),
    ),
    formula(
        "market_sale_share_4",
        "share",
        "{:.0%} of all products sell in a week",
        lambda v: v.group(MARKET).of_products(lambda group: _sale_share(group, 4)),
    ),
    formula(
        "market_trend_1_4",
        "ratio",
        "the market's last week was {:.1f} times the usual",
        lambda v: _market_trend(v, 1, 4),
    ),
    formula(
        "market_trend_4_13",
        "ratio",
        "the market's last 4 weeks were {:.1f} times the usual",
        lambda v: _market_trend(v, 4, 13),
    ),
    formula(
        "market_year_ago_step",
        "ratio",
        "the coming week was {:.1f} times the weeks before it a year ago",
        lambda v: v.group(MARKET).of_products(_year_ago_step),
        WEEKS_PER_YEAR,
    ),
)

FORMULAS: tuple[Formula[SalesView], ...] = (*_RATES, *_RHYTHM, *_PRICE, *_LEVELS)
