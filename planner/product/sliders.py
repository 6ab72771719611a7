"""The fields of what is supposed, and their sliders."""

from dataclasses import dataclass

from planner.product.page import Assessed
from planner.product.what_if import (
    DEFAULT_DELIVERY_DAYS,
    DELIVERY_DAYS,
    DELIVERY_UNITS,
    DEMAND_PERCENT,
    LEAD_TIME_DAYS,
    LEAST,
    MOST,
    UNIT_PRICE,
    UNITS_ON_HAND,
    WHOLE,
    days_reach,
    text_of,
    units_reach,
)


@dataclass(frozen=True)
class Slider:
    """A field and its slider.

    Attributes:
        name: Of the field.
        reach: How far the slider goes.
        least: The least that the field may hold.
        most: The most that the field may hold.
        step: Between two numbers that it may hold.
        known: What is known, as text; empty where nothing is.
        supposed: What is supposed, as text; empty where nothing is.
    """

    name: str
    reach: float
    least: int
    most: int
    step: str
    known: str
    supposed: str

    @property
    def shown(self) -> str:
        """Where the slider stands."""
        return self.supposed or self.known or "0"


def sliders_of(assessed: Assessed) -> list[Slider]:
    """One for each thing that can be supposed."""
    history, order = assessed.history, assessed.risk.suggested_order
    is_known = assessed.what_if.units_on_hand is None and assessed.units_on_hand is not None
    price = next((each.mean_price for each in reversed(history.weeks) if each.mean_price is not None), None)
    units = units_reach(assessed.units_on_hand, order)
    days = days_reach(max(history.lead_time_days, assessed.lead_time_days))
    known = {
        UNITS_ON_HAND: (units, assessed.units_on_hand if is_known else None),
        LEAD_TIME_DAYS: (days, history.lead_time_days),
        DEMAND_PERCENT: (300, 100),
        UNIT_PRICE: (units_reach(price, None), price),
        DELIVERY_UNITS: (units, 0),
        DELIVERY_DAYS: (days, DEFAULT_DELIVERY_DAYS),
    }
    supposed = assessed.what_if.fields()
    return [
        Slider(
            name=name,
            reach=reach,
            least=LEAST.get(name, 0),
            most=MOST[name],
            step="1" if name in WHOLE else "any",
            known="" if value is None else text_of(round(value, 2)),
            supposed=supposed.get(name, ""),
        )
        for name, (reach, value) in known.items()
    ]
