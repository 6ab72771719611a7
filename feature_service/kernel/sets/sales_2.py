"""The feature set ``sales-2``: what a sales history tells of next week's demand.

Rates over windows of 1 week to all, the rhythm of sales, prices against their own past, and how the whole market and
the product's location (the seller's other products) are doing. Weeks that are not known are left out of every window,
so a product has features from its first week on.
"""

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.features import Formula, formula
from feature_service.kernel.fields import LOCATION
from feature_service.kernel.groups import MARKET, Members
from feature_service.kernel.phrases import Phrase, Words, ago, counted, share, times
from feature_service.kernel.series import Series, filled, ratio, shifted
from feature_service.kernel.sets.sales_view import SalesView

FIELDS = ("units_sold", "price_mean", "orders", "sale_days", "days_since_sale")
WEEKS_PER_YEAR = 52


def _sold_weekly(when: str) -> Phrase:
    return counted(f"{{}} a week sold {when}", "unit", 2)


def _last_price(price: float, words: Words) -> str:
    return words.text("last sold at {}").format(words.number(f"{price:.2f}"))


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
    formula("sales_qtd_lag_1", "units", counted("{} sold in the last week", "unit"), lambda v: v.units.now),
    formula(
        "sales_qtd_lag_2", "units", counted("{} sold in the week before the last", "unit"), lambda v: v.units.ago(1), 2
    ),
    formula(
        "sales_qtd_lag_3", "units", counted("{} sold 2 weeks before the last", "unit"), lambda v: v.units.ago(2), 3
    ),
    formula(
        "sales_qtd_lag_4", "units", counted("{} sold 3 weeks before the last", "unit"), lambda v: v.units.ago(3), 4
    ),
    formula("sales_qtd_mean_8", "units per week", _sold_weekly("over the last 8 weeks"), lambda v: v.units.mean(8)),
    formula("sales_qtd_mean_13", "units per week", _sold_weekly("over the last 13 weeks"), lambda v: v.units.mean(13)),
    formula("sales_qtd_mean_26", "units per week", _sold_weekly("over the last half year"), lambda v: v.units.mean(26)),
    formula("sales_qtd_mean_52", "units per week", _sold_weekly("over the last year"), lambda v: v.units.mean(52)),
    formula(
        "sales_qtd_smoothed_2", "units per week", _sold_weekly("in the newest weeks"), lambda v: v.units.smoothed(2)
    ),
    formula("sales_qtd_smoothed_8", "units per week", _sold_weekly("in recent weeks"), lambda v: v.units.smoothed(8)),
    formula(
        "pooled_rate_8",
        "units per week",
        counted("going by the last 8 weeks, {} a week can be expected to sell", "unit", 2),
        lambda v: _pooled_rate(v, 8),
    ),
    formula(
        "pooled_rate_26",
        "units per week",
        counted("going by the last half year, {} a week can be expected to sell", "unit", 2),
        lambda v: _pooled_rate(v, 26),
    ),
    formula(
        "trend_2_8",
        "ratio",
        times("the last 2 weeks sold {}", "what is usual over 8 weeks"),
        lambda v: _trend(v.units, 2, 8),
    ),
    formula(
        "trend_4_13",
        "ratio",
        times("the last 4 weeks sold {}", "what is usual over 13 weeks"),
        lambda v: _trend(v.units, 4, 13),
    ),
    formula(
        "trend_13_52",
        "ratio",
        times("the last 13 weeks sold {}", "what is usual over a year"),
        lambda v: _trend(v.units, 13, 52),
    ),
)

_RHYTHM: tuple[Formula[SalesView], ...] = (
    formula("sale_week_smoothed_2", "share", share("a sale in {} of the newest weeks"), lambda v: v.sold.smoothed(2)),
    formula("sale_week_smoothed_6", "share", share("a sale in {} of recent weeks"), lambda v: v.sold.smoothed(6)),
    formula(
        "sale_week_smoothed_16",
        "share",
        share("a sale in {} of the weeks of the last months"),
        lambda v: v.sold.smoothed(16),
    ),
    formula("sale_week_share_8", "share", share("a sale in {} of the last 8 weeks"), lambda v: v.sold.mean(8)),
    formula(
        "sale_week_share_26",
        "share",
        share("a sale in {} of the weeks of the last half year"),
        lambda v: v.sold.mean(26),
    ),
    formula("sale_weeks", "weeks", counted("a sale in {} so far", "week"), lambda v: v.sold.total()),
    formula("weeks_since_launch", "weeks", counted("on sale for {}", "week"), lambda v: v.units.known()),
    formula("weeks_since_sale", "weeks", ago("last sold {}", "week"), lambda v: v.weeks_since_sale),
    formula(
        "sale_gap_ratio",
        "ratio",
        times("since the last sale, {} has passed", "the usual time"),
        lambda v: (v.weeks_since_sale + 1) * ratio(v.sold.total(), v.units.known()),
    ),
    formula(
        "units_per_sale_week",
        "units",
        counted("{} sold in a week that has a sale", "unit", 1),
        lambda v: ratio(v.units.total(), v.sold.total()),
    ),
    formula("orders_lag_1", "orders", counted("{} in the last week", "order"), lambda v: v.orders.now),
    formula(
        "orders_mean_4",
        "orders per week",
        counted("{} a week over the last 4 weeks", "order", 2),
        lambda v: v.orders.mean(4),
    ),
    formula(
        "orders_smoothed_4",
        "orders per week",
        counted("{} a week in recent weeks", "order", 2),
        lambda v: v.orders.smoothed(4),
    ),
    formula("sale_days_lag_1", "days", counted("a sale on {} of the last week", "day"), lambda v: v.sale_days.now),
    formula(
        "sale_days_sum_4", "days", counted("a sale on {} of the last 4 weeks", "day"), lambda v: v.sale_days.total(4)
    ),
    formula("days_since_sale", "days", ago("last sold {}", "day"), lambda v: v.days_since_sale),
    formula(
        "sale_day_gap_ratio",
        "ratio",
        times("since the last day with a sale, {} has passed", "the usual time"),
        lambda v: v.days_since_sale * ratio(v.sale_days.total(), 7 * v.units.known()),
    ),
)

_PRICE: tuple[Formula[SalesView], ...] = (
    formula("price_last", "currency per unit", _last_price, lambda v: v.price.last_known()),
    formula(
        "price_to_mean",
        "ratio",
        times("the last price is {}", "what it usually costs"),
        lambda v: ratio(v.price.last_known(), v.price.mean()),
    ),
)

_LEVELS: tuple[Formula[SalesView], ...] = (
    formula(
        "location_sale_share_1",
        "share",
        share("{} of the seller's products sold in the last week"),
        lambda v: v.group(LOCATION).of_products(lambda group: _sale_share(group, 1)),
    ),
    formula(
        "location_sale_share_4",
        "share",
        share("{} of the seller's products sell in a week, going by the last 4"),
        lambda v: v.group(LOCATION).of_products(lambda group: _sale_share(group, 4)),
    ),
    formula(
        "location_units_13",
        "units per week",
        counted("the seller sells {} a week in all", "unit", 1),
        lambda v: v.group(LOCATION).of_products(lambda group: group.sums("units").mean(13)),
    ),
    formula(
        "location_weeks_since_sale",
        "weeks",
        ago("the seller last sold anything {}", "week"),
        lambda v: v.group(LOCATION).of_products(lambda group: group.sums("units").weeks_since_positive()),
    ),
    formula("location_trend_1_4", "ratio", times("the seller's last week was {}"), lambda v: _location_trend(v, 1, 4)),
    formula(
        "location_trend_4_13", "ratio", times("the seller's last 4 weeks were {}"), lambda v: _location_trend(v, 4, 13)
    ),
    formula(
        "market_sale_share_1",
        "share",
        share("{} of all products sold in the last week"),
        lambda v: v.group(MARKET).of_products(lambda group: _sale_share(group, 1)),
    ),
    formula(
        "market_sale_share_4",
        "share",
        share("{} of all products sell in a week, going by the last 4"),
        lambda v: v.group(MARKET).of_products(lambda group: _sale_share(group, 4)),
    ),
    formula(
        "market_trend_1_4",
        "ratio",
        times("all products together sold {} in the last week"),
        lambda v: _market_trend(v, 1, 4),
    ),
    formula(
        "market_trend_4_13",
        "ratio",
        times("all products together sold {} in the last 4 weeks"),
        lambda v: _market_trend(v, 4, 13),
    ),
    formula(
        "market_year_ago_step",
        "ratio",
        times("a year ago the coming week sold {}", "the weeks before it"),
        lambda v: v.group(MARKET).of_products(_year_ago_step),
        WEEKS_PER_YEAR,
    ),
)

FORMULAS: tuple[Formula[SalesView], ...] = (*_RATES, *_RHYTHM, *_PRICE, *_LEVELS)
