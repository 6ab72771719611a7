"""What to order, for people."""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from feature_service.client.orders import OrderLine, OrderList, SuggestedOrder, SupplierTotal
from feature_service.client.output.fitting import Column, FittingTable
from feature_service.client.results import Provenance
from feature_service.terminal import visible


def order_table(orders: OrderList, provenance: Provenance, budget: float | None) -> Group:
    """A line for each product, one for each supplier, and what is not ordered."""
    notes = []
    if orders.not_paid_for:
        notes.append(
            f"{len(orders.not_paid_for):,} more products whose order the budget of {budget:,g} does not pay for"
        )
    if orders.cost_unknown:
        notes.append(
            f"{len(orders.cost_unknown):,} more products of which no cost is known, so that no budget can be spent"
        )
    return Group(
        _bold(f"to order at the end of the week of {provenance.as_of_week}: {len(orders.lines):,} products"),
        *_tables(orders),
        *map(Text, notes),
        Text(visible(f"snapshot {provenance.snapshot_id}"), style="dim"),
    )


def _tables(orders: OrderList) -> list[RenderableType]:
    if not orders.lines:
        return []
    return [_lines(orders.lines), "", _bold("by supplier"), _totals(orders.suppliers)]


def order_in_words(order: SuggestedOrder) -> str:
    """The arithmetic, as the server did it."""
    limits = [
        f"{name} {value:g}"
        for name, value in (
            ("packs of", order.pack_size),
            ("at least", order.minimum_units),
            ("at most", order.maximum_units),
        )
        if value is not None
    ]
    wanted = f"to have {order.order_up_to_units:g} on arrival, with about {order.expected_left_units:.1f} left by then"
    demand = f"about {order.demand_units:.1f} are wanted in {order.protection_days} days"
    said = f"{order.units:g} {wanted} (service level {order.service_level:.2f}); {demand}"
    return "; ".join([said, *limits])


def _lines(lines: Sequence[OrderLine]) -> FittingTable:
    orders = [line.order for line in lines]
    return _known(
        [
            Column("product", [Text(visible(line.product_id)) for line in lines], folds=True),
            Column(
                "supplier",
                [Text(visible(each.supplier.supplier_id if each.supplier else "")) for each in orders],
                folds=True,
                room=1,
            ),
            Column("order", [Text(f"{each.units:g}") for each in orders]),
            Column("left on\narrival", [Text(f"{each.expected_left_units:.1f}") for each in orders], room=3),
            Column("wanted\nthen", [Text(f"{each.order_up_to_units:g}") for each in orders], room=3),
            Column("cost", [_amount(each.cost) for each in orders], room=2),
            Column("value\nat risk", [_amount(each.value_at_risk) for each in orders], room=4),
        ]
    )


def _totals(totals: Sequence[SupplierTotal]) -> FittingTable:
    names = [
        f"{each.supplier.supplier_id} {each.supplier.name}".strip() if each.supplier else "not known" for each in totals
    ]
    return _known(
        [
            Column("supplier", [Text(visible(name)) for name in names], folds=True),
            Column("products", [Text(f"{each.products:,}") for each in totals]),
            Column("units", [Text(f"{each.units:,g}") for each in totals]),
            Column("cost", [Text(f"{each.cost:,.2f}" if each.cost_unknown < each.products else "") for each in totals]),
            Column("", [Text(_remark(each)) for each in totals], justify="left"),
        ]
    )


def _remark(total: SupplierTotal) -> str:
    if total.is_below_minimum and total.supplier:
        return f"below the supplier's minimum of {total.supplier.minimum_order_value:,.2f}"
    return f"cost of {total.cost_unknown:,} not known" if 0 < total.cost_unknown < total.products else ""


def _known(columns: list[Column]) -> FittingTable:
    return FittingTable([column for column in columns if any(column.cells)])


def _amount(value: float | None) -> Text:
    return Text("" if value is None else f"{value:,.2f}")


def _bold(text: str) -> Text:
    return Text(visible(text), style="bold")
