"""The list of orders: what a budget is spent on, and what is ordered of each supplier."""

import math
from collections.abc import Iterable
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from feature_service.client import OrderLine, SuggestedOrder, Supplier, order_list

AMOUNTS = st.none() | st.floats(0, 1e4)
SUPPLIERS = st.none() | st.sampled_from([Supplier("b", "Bee"), Supplier("a", minimum_order_value=500.0)])


def line(
    product_id: str, units: float, cost: float | None, value: float | None, supplier: Supplier | None
) -> OrderLine:
    order = SuggestedOrder(units, 9, 1, 5, 17, 0.9, 1, value_at_risk=value, cost=cost, supplier=supplier)
    return OrderLine(product_id, order)


def exact_sum(amounts: Iterable[float]) -> Fraction:
    """What a cent beside millions is not lost in."""
    return sum(map(Fraction, amounts), Fraction())


@st.composite
def lines(draw: st.DrawFn) -> list[OrderLine]:
    number = draw(st.integers(0, 25))
    units = st.integers(0, 9).map(float)
    return [line(f"p{each}", draw(units), draw(AMOUNTS), draw(AMOUNTS), draw(SUPPLIERS)) for each in range(number)]


@given(lines(), st.floats(0, 3e4))
def test_a_budget_is_never_exceeded_and_goes_to_the_most_value_at_risk_per_unit_of_it(
    orders: list[OrderLine], budget: float
) -> None:
    spent = order_list(orders, budget)

    assert exact_sum(each.order.cost or 0 for each in spent.lines) <= budget
    by_id = {each.product_id: each.order for each in orders}
    for left_out in (by_id[each] for each in spent.not_paid_for):
        worth = (left_out.value_at_risk or 0) / (left_out.cost or 1)
        better = [
            each.order.cost or 0
            for each in spent.lines
            if (each.order.value_at_risk or 0) / (each.order.cost or 1e-300) >= worth
        ]
        assert exact_sum([*better, left_out.cost or 0]) > budget
    named = [*(each.product_id for each in spent.lines), *spent.not_paid_for, *spent.cost_unknown]
    assert sorted(named) == sorted(each.product_id for each in orders if each.order.units > 0)


@given(lines())
def test_every_order_is_in_the_total_of_its_supplier_and_a_budget_of_all_costs_pays_for_all(
    orders: list[OrderLine],
) -> None:
    everything = order_list(orders)

    assert {each.product_id for each in everything.lines} == {each.product_id for each in orders if each.order.units}
    assert sum(each.products for each in everything.suppliers) == len(everything.lines)
    assert math.fsum(each.units for each in everything.suppliers) == math.fsum(each.order.units for each in orders)
    ids = [each.supplier.supplier_id if each.supplier else "~" for each in everything.suppliers]
    assert ids == sorted(set(ids))
    known = [each for each in everything.lines if each.order.cost is not None]
    assert order_list(orders, math.fsum(each.order.cost or 0 for each in known) * (1 + 1e-12)).not_paid_for == []


def test_an_order_below_a_suppliers_minimum_is_told_where_its_cost_is_known() -> None:
    least = Supplier("a", minimum_order_value=500.0)

    below, enough, unknown = (
        order_list([line("x", 1, cost, 1, least), line("y", 1, other, 1, least)]).suppliers[0].is_below_minimum
        for cost, other in ((200, 299), (200, 300), (200, None))
    )

    assert (below, enough, unknown) == (True, False, False)
