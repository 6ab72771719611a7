"""What is known of one product as the message that tells it."""

import datetime as dt
import math
from collections.abc import Iterator

from stockout.v1.risk_service_pb2 import (
    DemandBand,
    ForecastWeek,
    GetProductHistoryResponse,
    OrderOnItsWay,
    ProductWeek,
)

from feature_service.server.scoring.product_history import DemandBand as Band
from feature_service.server.scoring.product_history import (
    OrdersOnTheirWay,
    ProductForecast,
    ProductWeeks,
    orders_on_their_way,
    product_forecast,
    product_weeks,
)
from feature_service.server.scoring.queries import HistoryQuery
from feature_service.server.serving.messages import date_message
from feature_service.server.serving.snapshot import ServingSnapshot

_WEEK = dt.timedelta(weeks=1)


def product_history(serving: ServingSnapshot, query: HistoryQuery) -> bytes:
    """An encoded GetProductHistoryResponse; recorded counts are no part of it.

    Raises:
        ProductError: If the snapshot has no row of the product.
    """
    as_published = serving.without_counts or serving
    assessor = as_published.assessor
    row = assessor.row(query.product_id)
    if row is None:
        raise assessor.absence(query.product_id, assessor.newest)
    panel, contract = assessor.panel, assessor.scorer.contract
    reach_weeks = max(contract.reach_weeks, contract.label.horizon_weeks)
    next_week = panel.as_of_week + _WEEK
    return GetProductHistoryResponse(
        provenance=as_published.provenance(),
        category=panel.categories[row],
        lead_time_days=panel.lead_time_days[row] or 0,  # in a snapshot none is None
        weeks=_weeks(product_weeks(panel, row, query.weeks)),
        forecast=_forecast(product_forecast(assessor, row, reach_weeks), next_week),
        on_order=_on_order(orders_on_their_way(panel, row)),
    ).SerializeToString()


def _weeks(known: ProductWeeks) -> Iterator[ProductWeek]:
    names = (
        "units_sold",
        "mean_price",
        "units_on_hand",
        "count_age_days",
        "in_stock",
        "out_of_stock",
        "units_received",
    )
    columns = (getattr(known, name).tolist() for name in names)
    for number, values in enumerate(zip(*columns, strict=True)):
        units_sold, mean_price, units_on_hand, age_days, in_stock, out, received = (
            None if math.isnan(value) else value for value in values
        )
        yield ProductWeek(
            week=date_message(known.first_week + number * _WEEK),
            units_sold=units_sold,
            mean_price=mean_price,
            units_on_hand=units_on_hand,
            count_age_days=None if age_days is None else int(age_days),
            in_stock=None if in_stock is None else bool(in_stock),
            out_of_stock=None if out is None else bool(out),
            units_received=received,
        )


def _on_order(orders: OrdersOnTheirWay) -> Iterator[OrderOnItsWay]:
    days = (each.tolist() for each in (orders.ordered_on, orders.promised_on, orders.expected_on))
    for ordered_on, promised_on, expected_on, units in zip(*days, orders.units.tolist(), strict=True):
        yield OrderOnItsWay(
            ordered_on=date_message(ordered_on),
            promised_on=date_message(promised_on),
            expected_on=date_message(expected_on),
            units=units,
        )


def _forecast(forecast: ProductForecast, next_week: dt.date) -> Iterator[ForecastWeek]:
    for number, (weekly, until) in enumerate(zip(_bands(forecast.weekly), _bands(forecast.until), strict=True)):
        yield ForecastWeek(week=date_message(next_week + number * _WEEK), demand=weekly, demand_until=until)


def _bands(band: Band) -> Iterator[DemandBand]:
    for mean, low, high in zip(band.mean.tolist(), band.low.tolist(), band.high.tolist(), strict=True):
        yield DemandBand(mean_units=mean, low_units=low, high_units=high)
