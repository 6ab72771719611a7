"""A product's history, as the service tells it, for pages that are made by hand."""

import datetime as dt

from feature_service.client import DemandBand, ForecastWeek, OrderOnItsWay, ProductHistory, ProductWeek, Provenance

MONDAY = dt.date(2024, 5, 6)


def week(number: int) -> dt.date:
    return MONDAY + dt.timedelta(weeks=number)


PUBLISHED_AT = dt.datetime(2024, 5, 20, tzinfo=dt.UTC)
PROVENANCE = Provenance("m", "1", "f", "inventory", 0.5, "s", week(1), 1, "STOCK_AWARE", PUBLISHED_AT, stale=False)
HISTORY = ProductHistory(
    provenance=PROVENANCE,
    product_id="a",
    category="",
    lead_time_days=7,
    weeks=(
        ProductWeek(week(0), None, None, None, None, None, None),
        ProductWeek(week(1), 4.0, 2.5, 9.0, 0, None, out_of_stock=False),
    ),
    forecast=(
        ForecastWeek(week(2), DemandBand(4, 1, 8), DemandBand(4, 1, 8)),
        ForecastWeek(week(3), DemandBand(4, 1, 8), DemandBand(8, 3, 15)),
    ),
)

ON_ITS_WAY = OrderOnItsWay(
    ordered_on=week(0), promised_on=week(2), expected_on=week(2) + dt.timedelta(days=2), units=5.0
)
