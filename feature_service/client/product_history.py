"""What is known of one product week by week, as plain frozen values; see ``ProductWeek`` in the protos for each figure.

A figure that is not known is None.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from stockout.v1 import risk_service_pb2

from feature_service.client.messages import day_of, provenance_of
from feature_service.client.results import Provenance

_WEEK_FIGURES = (
    "units_sold",
    "mean_price",
    "units_on_hand",
    "count_age_days",
    "in_stock",
    "out_of_stock",
    "units_received",
)


@dataclass(frozen=True)
class ProductWeek:
    """One week; ``week`` is its Monday."""

    week: dt.date
    units_sold: float | None
    mean_price: float | None
    units_on_hand: float | None
    count_age_days: int | None
    in_stock: bool | None
    out_of_stock: bool | None
    units_received: float | None = None


@dataclass(frozen=True)
class DemandBand:
    """Mean units, and what demand does not exceed with probability 0.1 and 0.9."""

    mean_units: float
    low_units: float
    high_units: float


@dataclass(frozen=True)
class ForecastWeek:
    """Demand of a week to come, and from the end of the newest known week to the end of this one."""

    week: dt.date
    demand: DemandBand
    demand_until: DemandBand


@dataclass(frozen=True)
class OrderOnItsWay:
    """An order with a supplier that has not come yet."""

    ordered_on: dt.date
    promised_on: dt.date
    expected_on: dt.date
    units: float


@dataclass(frozen=True)
class ProductHistory:
    """The last ``weeks`` of one product, oldest first; demand in those to come, the next one first; and what comes."""

    provenance: Provenance
    product_id: str
    category: str
    lead_time_days: int
    weeks: tuple[ProductWeek, ...]
    forecast: tuple[ForecastWeek, ...]
    on_order: tuple[OrderOnItsWay, ...] = ()


def product_history_of(product_id: str, message: risk_service_pb2.GetProductHistoryResponse) -> ProductHistory:
    """Read a message about the product that was asked for."""
    return ProductHistory(
        provenance=provenance_of(message.provenance),
        product_id=product_id,
        category=message.category,
        lead_time_days=message.lead_time_days,
        weeks=tuple(map(_week, message.weeks)),
        forecast=tuple(
            ForecastWeek(day_of(each.week), _band(each.demand), _band(each.demand_until)) for each in message.forecast
        ),
        on_order=tuple(
            OrderOnItsWay(day_of(each.ordered_on), day_of(each.promised_on), day_of(each.expected_on), each.units)
            for each in message.on_order
        ),
    )


def _week(message: risk_service_pb2.ProductWeek) -> ProductWeek:
    known: dict[str, Any] = {
        name: getattr(message, name) if message.HasField(name) else None  # type: ignore[arg-type]
        for name in _WEEK_FIGURES
    }
    return ProductWeek(day_of(message.week), **known)


def _band(message: risk_service_pb2.DemandBand) -> DemandBand:
    return DemandBand(message.mean_units, message.low_units, message.high_units)
