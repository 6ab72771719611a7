"""A suggested order line by line, in figures that add up as they are shown."""

import math
from dataclasses import dataclass
from enum import StrEnum

from feature_service.client import SuggestedOrder

REVIEW_DAYS = 7  # from one order to the next: see SuggestedOrder in the protos
_MOST_DECIMALS = 6
_NO_NEED_UNITS = 0.5  # what is expected to be left comes in fractions: see SuggestedOrder in the protos


class Rounding(StrEnum):
    """How what is missing becomes what is ordered."""

    ENOUGH = "enough"
    WHOLE_UNITS = "whole units"
    WHOLE_PACKS = "whole packs"
    RAISED_TO_MINIMUM = "raised to the minimum"
    LOWERED_TO_MAXIMUM = "lowered to the maximum"
    NOT_ALLOWED = "no order may be so small"


@dataclass(frozen=True)
class OrderLines:
    """``on_hand + coming - sold = left``, ``up_to - left = missing``, exactly, each rounded to ``decimals``; in units.

    Attributes:
        on_hand: At the end of the as_of week.
        coming: Of orders that are on their way, as far as they help before the order after this one arrives.
        sold: Expected to be sold until the order arrives.
        left: Expected on arrival.
        up_to: Wanted on arrival.
        missing: What is wanted and will not be there; below 0 where more will be there than is wanted.
        rounding: How ``units`` come of it.
        units: To order.
        decimals: Fewest, at least 1, with which what is missing rounds to the same order as it does unrounded.
    """

    on_hand: float
    coming: float
    sold: float
    left: float
    up_to: float
    missing: float
    rounding: Rounding
    units: float
    decimals: int


def order_lines(
    order: SuggestedOrder, units_on_hand: float, coming_units: float = 0.0, later_units: float = 0.0
) -> OrderLines:
    """The lines of an order.

    Args:
        order: The server's.
        units_on_hand: That it was made from; none where the product is out of stock.
        coming_units: On their way, and there when the order arrives.
        later_units: There after that, before the next order arrives. How much of them helps is the server's to know: it
            is what is left beyond what the demand leaves.
    """
    if later_units:
        until_arrival = order.demand_units * (1 - REVIEW_DAYS / order.protection_days)
        sold = min(units_on_hand + coming_units, until_arrival)
        helpful = order.expected_left_units - (units_on_hand + coming_units - sold)
        coming_units += min(max(helpful, 0.0), later_units)
    pack = order.pack_size or 1.0
    packs = _packs(order.order_up_to_units - order.expected_left_units, pack)
    for decimals in range(1, _MOST_DECIMALS + 1):
        on_hand, coming, left, up_to = (
            round(each, decimals)
            for each in (units_on_hand, coming_units, order.expected_left_units, order.order_up_to_units)
        )
        sold, missing = round(on_hand + coming - left, decimals), round(up_to - left, decimals)
        if _packs(missing, pack) == packs:
            break
    rounding = _rounding(order, packs * pack)
    return OrderLines(on_hand, coming, sold, left, up_to, missing, rounding, order.units, decimals)


def _packs(missing: float, pack: float) -> int:
    return max(0, math.ceil((missing - _NO_NEED_UNITS) / pack))


def _rounding(order: SuggestedOrder, wanted: float) -> Rounding:
    if not wanted:
        return Rounding.ENOUGH
    if not order.units:
        return Rounding.NOT_ALLOWED
    if order.units > wanted:
        return Rounding.RAISED_TO_MINIMUM
    if order.units < wanted:
        return Rounding.LOWERED_TO_MAXIMUM
    return Rounding.WHOLE_PACKS if order.pack_size not in (None, 1.0) else Rounding.WHOLE_UNITS
