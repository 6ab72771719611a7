"""What suppliers ask for, put to products that were made without."""

from dataclasses import replace

from data.panel import Panel, Supplier

PACK, LEAST, MOST, UNIT_COST = 6.0, 12.0, 60.0, 2.5


def with_terms(panel: Panel) -> Panel:
    """Every third product of one supplier, every third of another, and the others of none, of which nothing is said."""
    products = len(panel.product_ids)

    def stated(value: float, of: tuple[int, ...] = (0, 1)) -> tuple[float | None, ...]:
        return tuple(value if number % 3 in of else None for number in range(products))

    terms = {
        "pack_size": stated(PACK),
        "minimum_order_units": stated(LEAST, (0,)),
        "maximum_order_units": stated(MOST),
        "unit_cost": stated(UNIT_COST),
        "service_level": stated(0.8, (1,)),
    }
    supplier_ids = tuple(("far", "near", "")[number % 3] for number in range(products))
    return replace(
        panel, order_terms=terms, supplier_ids=supplier_ids, suppliers={"far": Supplier("Far Ltd", 1e6)}
    ).with_lead_time(10)
