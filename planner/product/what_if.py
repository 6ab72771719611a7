"""What a planner supposes of one product: read from a form or a link, and how far its sliders reach."""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from feature_service.client import ExpectedDelivery, Item, ProductHistory, SuggestedOrder
from planner.product.timeline import Arrival

UNITS_ON_HAND, LEAD_TIME_DAYS = "units_on_hand", "lead_time_days"
DEMAND_PERCENT, UNIT_PRICE = "demand_percent", "unit_price"
DELIVERY_UNITS, DELIVERY_DAYS = "delivery_units", "delivery_days"
"""The names of the fields."""

MOST_UNITS = 1_000_000
MOST_LEAD_TIME_DAYS = 365
MOST = {
    UNITS_ON_HAND: MOST_UNITS,
    LEAD_TIME_DAYS: MOST_LEAD_TIME_DAYS,
    DEMAND_PERCENT: 1000,
    UNIT_PRICE: 1_000_000_000,
    DELIVERY_UNITS: MOST_UNITS,
    DELIVERY_DAYS: 365,
}
LEAST = {DEMAND_PERCENT: 1, DELIVERY_DAYS: 1}
WHOLE = (LEAD_TIME_DAYS, DELIVERY_DAYS)
_LEAST_REACH_UNITS, _LEAST_REACH_DAYS = 10.0, 42
_STEPS = (1, 2, 5)
DEFAULT_DELIVERY_DAYS = 7


class FieldError(ValueError):
    """A field holds what it must not.

    Attributes:
        field: Its name.
        least: The least that it may hold.
        most: The most that it may hold.
    """

    def __init__(self, field: str) -> None:
        self.field, self.least, self.most = field, LEAST.get(field, 0), MOST[field]
        super().__init__(f"{field} must be a number from {self.least} to {self.most}")


@dataclass(frozen=True)
class WhatIf:
    """What is supposed; None leaves it to what the server knows.

    Attributes:
        units_on_hand: At the end of the newest week.
        lead_time_days: From an order to its arrival.
        demand_percent: Of the demand that is expected, e.g. 150 in a promotion.
        unit_price: What a unit is sold at.
        delivery_units: Of a delivery that comes besides what is on its way already.
        delivery_days: After the newest week's last day, on which that comes.
    """

    units_on_hand: float | None = None
    lead_time_days: int | None = None
    demand_percent: float | None = None
    unit_price: float | None = None
    delivery_units: float | None = None
    delivery_days: int | None = None

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "WhatIf":
        """From the fields of a form; one that is empty or missing supposes nothing.

        Raises:
            FieldError: If one holds no number in its range.
        """
        numbers = {name: _number(fields, name) for name in MOST}
        whole = {name: None if numbers[name] is None else int(numbers[name] or 0) for name in WHOLE}
        read = cls(**(numbers | whole))  # type: ignore[arg-type]
        if read.delivery_units is None and read.delivery_days is None:
            return read
        return replace(
            read, delivery_units=read.delivery_units or 0.0, delivery_days=read.delivery_days or DEFAULT_DELIVERY_DAYS
        )

    @property
    def is_any(self) -> bool:
        """Whether anything is supposed."""
        return self != WhatIf()

    @property
    def demand_factor(self) -> float:
        """What all demand to come is taken times."""
        return 1.0 if self.demand_percent is None else self.demand_percent / 100

    def arrivals(self, history: ProductHistory) -> list[Arrival]:
        """What is on its way as far as orders tell, and what is supposed to come besides."""
        known = [Arrival(each.expected_on, each.units) for each in history.on_order]
        supposed = self.supposed_arrival(history)
        return known if supposed is None else [*known, supposed]

    def supposed_arrival(self, history: ProductHistory) -> Arrival | None:
        """The delivery that is supposed; None where there is none."""
        if not self.delivery_units or self.delivery_days is None:
            return None
        return Arrival(last_day_of(history) + dt.timedelta(days=self.delivery_days), self.delivery_units)

    def product(self, history: ProductHistory) -> str | Item:
        """As the server is asked; of a product of which nothing is supposed it also gives reasons."""
        if not self.is_any:
            return history.product_id
        deliveries = None
        if self.delivery_units:
            last_day = last_day_of(history)
            deliveries = [
                ExpectedDelivery(max((each.day - last_day).days, 1), each.units) for each in self.arrivals(history)
            ]
        return Item(
            history.product_id,
            self.units_on_hand,
            self.lead_time_days,
            deliveries=deliveries,
            unit_price=self.unit_price,
            demand_factor=None if self.demand_percent is None else self.demand_factor,
        )

    def fields(self) -> dict[str, str]:
        """As :meth:`read` takes it, for links."""
        return {name: text_of(value) for name, value in vars(self).items() if value is not None}


def last_day_of(history: ProductHistory) -> dt.date:
    """The Sunday of the newest week."""
    return history.provenance.as_of_week + dt.timedelta(days=6)


def units_reach(units_on_hand: float | None, order: SuggestedOrder | None) -> float:
    """How far the slider of the stock goes: to twice of what there is, or would be wanted, in 1, 2 or 5 tens."""
    wanted = order.demand_units + order.order_up_to_units if order else 0.0
    return _rounded_up(max(2 * (units_on_hand or 0.0), 2 * wanted, _LEAST_REACH_UNITS))


def days_reach(lead_time_days: int) -> int:
    """How far the slider of the lead time goes: six weeks, or twice of what it is."""
    return min(MOST_LEAD_TIME_DAYS, max(_LEAST_REACH_DAYS, 2 * lead_time_days))


def text_of(number: float) -> str:
    """As a field takes it, to the last digit."""
    return str(int(number)) if number == int(number) else repr(float(number))


def _rounded_up(units: float) -> float:
    ten = 10.0 ** math.floor(math.log10(units))
    return next(step * ten for step in (*_STEPS, 10) if step * ten >= units)


def _number(fields: Mapping[str, str], name: str) -> float | None:
    text = fields.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise FieldError(name) from None
    is_whole = name not in WHOLE or number == number // 1
    if not (LEAST.get(name, 0) <= number <= MOST[name] and is_whole):  # NaN is in no range
        raise FieldError(name)
    return number
