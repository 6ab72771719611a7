"""What a planner supposes of one product: read from a form or a link, and how far its sliders reach."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from feature_service.client import Item, SuggestedOrder

UNITS_ON_HAND, LEAD_TIME_DAYS = "units_on_hand", "lead_time_days"
"""The names of the fields."""

MOST_UNITS = 1_000_000
MOST_LEAD_TIME_DAYS = 365
_LEAST_REACH_UNITS, _LEAST_REACH_DAYS = 10.0, 42
_STEPS = (1, 2, 5)


class FieldError(ValueError):
    """A field holds what it must not.

    Attributes:
        field: Its name.
        most: The most that it may hold.
    """

    def __init__(self, field: str, most: int) -> None:
        self.field, self.most = field, most
        super().__init__(f"{field} must be a number from 0 to {most}")


@dataclass(frozen=True)
class WhatIf:
    """What is supposed; None leaves it to what the server knows.

    Attributes:
        units_on_hand: At the end of the newest week.
        lead_time_days: From an order to its arrival.
    """

    units_on_hand: float | None = None
    lead_time_days: int | None = None

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "WhatIf":
        """From the fields of a form; one that is empty or missing supposes nothing.

        Raises:
            FieldError: If one holds no number in its range.
        """
        units = _number(fields, UNITS_ON_HAND, MOST_UNITS)
        days = _number(fields, LEAD_TIME_DAYS, MOST_LEAD_TIME_DAYS)
        if days is not None and days != int(days):
            raise FieldError(LEAD_TIME_DAYS, MOST_LEAD_TIME_DAYS)
        return cls(units, None if days is None else int(days))

    @property
    def is_any(self) -> bool:
        """Whether anything is supposed."""
        return self != WhatIf()

    def product(self, product_id: str) -> str | Item:
        """As the server is asked; of a product of which nothing is supposed it also gives reasons."""
        return Item(product_id, self.units_on_hand, self.lead_time_days) if self.is_any else product_id

    def fields(self) -> dict[str, str]:
        """As :meth:`read` takes it, for links."""
        known = {UNITS_ON_HAND: self.units_on_hand, LEAD_TIME_DAYS: self.lead_time_days}
        return {name: text_of(value) for name, value in known.items() if value is not None}


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


def _number(fields: Mapping[str, str], name: str, most: int) -> float | None:
    text = fields.get(name, "").strip().replace(",", ".")
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        raise FieldError(name, most) from None
    if not 0 <= number <= most:  # NaN is in no range
        raise FieldError(name, most)
    return number
