"""What to order: the server's suggestions, and the list of them that a buyer sends to suppliers."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from stockout.v1 import risk_service_pb2


@dataclass(frozen=True)
class Supplier:
    """Who delivers products; ``minimum_order_value`` is None where an order may be of any value."""

    supplier_id: str
    name: str = ""
    minimum_order_value: float | None = None


@dataclass(frozen=True)
class SuggestedOrder:
    """What to order of a product; see ``SuggestedOrder`` in the protos for what each figure is. None is not known."""

    units: float
    order_up_to_units: float
    expected_left_units: float
    demand_units: float
    protection_days: int
    service_level: float
    units_at_risk: float
    value_at_risk: float | None = None
    cost: float | None = None
    pack_size: float | None = None
    minimum_units: float | None = None
    maximum_units: float | None = None
    supplier: Supplier | None = None


@dataclass(frozen=True)
class OrderLine:
    """One product's order."""

    product_id: str
    order: SuggestedOrder


@dataclass(frozen=True)
class SupplierTotal:
    """What is ordered of one supplier, None where the data names none.

    ``cost`` is of the products whose cost is known; ``cost_unknown`` says of how many it is not.
    """

    supplier: Supplier | None
    products: int
    units: float
    cost: float
    cost_unknown: int

    @property
    def is_below_minimum(self) -> bool:
        """Whether the supplier would not take the order; not told where a cost is not known."""
        least = self.supplier.minimum_order_value if self.supplier else None
        return least is not None and not self.cost_unknown and self.cost < least


@dataclass(frozen=True)
class OrderList:
    """Orders to place, in the order in which a budget is spent, and what becomes of the others.

    Attributes:
        lines: Those with units to order.
        suppliers: Their totals, by supplier id; products without one come last.
        not_paid_for: Products whose order the budget does not pay for.
        cost_unknown: Products whose order a budget cannot be spent on, since its cost is not known.
    """

    lines: Sequence[OrderLine]
    suppliers: Sequence[SupplierTotal]
    not_paid_for: Sequence[str] = ()
    cost_unknown: Sequence[str] = ()


def order_list(orders: Iterable[OrderLine], budget: float | None = None) -> OrderList:
    """The orders that have units: all of them, or those that a budget is spent on.

    A budget goes to the orders with the most value at risk per unit of currency first. One that the rest of it does not
    pay for is left out, and later ones that it pays for are taken. Where no price is known there is no value at risk.

    Args:
        orders: One of each product.
        budget: At least 0, in the currency of the costs; None for no limit.
    """
    lines = sorted((line for line in orders if line.order.units > 0), key=_worth_per_cost, reverse=True)
    if budget is None:
        return OrderList(lines, _totals(lines))
    unknown = [line.product_id for line in lines if line.order.cost is None]
    taken: list[OrderLine] = []
    not_paid_for: list[str] = []
    left = Fraction(budget)  # exact, so that a budget of all costs pays for all
    for line in lines:
        if line.order.cost is not None and line.order.cost <= left:
            taken.append(line)
            left -= Fraction(line.order.cost)
        elif line.order.cost is not None:
            not_paid_for.append(line.product_id)
    return OrderList(taken, _totals(taken), not_paid_for, unknown)


def order_of(message: risk_service_pb2.SuggestedOrder) -> SuggestedOrder:
    """Read a message."""
    amounts = ("value_at_risk", "cost", "pack_size", "minimum_units", "maximum_units")
    return SuggestedOrder(
        units=message.units,
        order_up_to_units=message.order_up_to_units,
        expected_left_units=message.expected_left_units,
        demand_units=message.demand_units,
        protection_days=message.protection_days,
        service_level=message.service_level,
        units_at_risk=message.units_at_risk,
        supplier=_supplier(message.supplier) if message.HasField("supplier") else None,
        **{name: getattr(message, name) for name in amounts if message.HasField(name)},  # type: ignore[arg-type]
    )


def _supplier(message: risk_service_pb2.Supplier) -> Supplier:
    least = message.minimum_order_value if message.HasField("minimum_order_value") else None
    return Supplier(message.supplier_id, message.name, least)


def _worth_per_cost(line: OrderLine) -> tuple[float, float]:
    """Infinite where an order costs nothing; those of unknown cost come last. Then by value, so that ties are told."""
    value, cost = line.order.value_at_risk or 0.0, line.order.cost
    if cost is None:
        return -1.0, value
    return value / cost if cost > 0 else math.inf, value


def _totals(lines: Sequence[OrderLine]) -> list[SupplierTotal]:
    by_supplier: dict[str, list[SuggestedOrder]] = {}
    for line in lines:
        supplier = line.order.supplier
        by_supplier.setdefault(supplier.supplier_id if supplier else "", []).append(line.order)
    return [
        SupplierTotal(
            supplier=orders[0].supplier,
            products=len(orders),
            units=math.fsum(each.units for each in orders),
            cost=math.fsum(each.cost or 0 for each in orders),
            cost_unknown=sum(each.cost is None for each in orders),
        )
        for _, orders in sorted(by_supplier.items(), key=lambda item: (not item[0], item[0]))
    ]
