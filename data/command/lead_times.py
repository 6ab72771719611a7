"""What suppliers promise and what they do, by the orders that were received."""

from collections.abc import Iterator, Sequence

import numpy as np

from data.command.facts import LeadTime
from data.ingest.contracts import DEFAULT_LEAD_TIME_DAYS
from data.ingest.result import CleanHistory
from data.panel.on_order import orders_known, warnings_of_orders
from data.weeks import DateArray, calendar, last_complete_week, monday_of
from feature_service.kernel.arrays import IntArray
from feature_service.kernel.deliveries import NOT_RECEIVED, PurchaseOrders

ALL, NOBODY = "all", "(none named)"
COLUMNS = (
    "supplier",
    "orders",
    "received",
    "overdue",
    "days, median",
    "days, 9 of 10",
    "stated days",
    "late, median",
    "late, 9 of 10",
    "units received",
)

_USUAL_SHARE = 0.9


def lead_times(history: CleanHistory) -> tuple[LeadTime, ...]:
    """Of each supplier, by id, or of all orders where no supplier is known; none where there is no order."""
    orders = _orders(history)
    ids = history.products["supplier_id"].fill_null("").to_numpy()
    names = dict(history.products.select("supplier_id", "supplier_name").drop_nulls().iter_rows())
    stated = history.products["lead_time_days"].to_list()
    suppliers = sorted(set(ids[orders.product]))
    last_day = 7 * len(_weeks(history)) - 1
    found = []
    for supplier in suppliers:
        title = ALL if suppliers == [""] else supplier or NOBODY
        name = f"{title} {names[supplier]}" if supplier in names else title
        products = np.flatnonzero(ids == supplier)
        days = [each for row in products.tolist() if (each := stated[row]) is not None]
        found.append(_lead_time(name, orders.of(products), days, last_day))
    return tuple(found)


def doubts(history: CleanHistory) -> Iterator[str]:
    """What a run as of the last complete week would be warned of."""
    if not history.purchase_orders.is_empty():
        yield from warnings_of_orders(_orders(history), _weeks(history))


def lead_time_rows(found: Sequence[LeadTime]) -> list[tuple[str, ...]]:
    """As a table shows them, with the headings ``COLUMNS``."""
    return [
        (
            each.supplier,
            f"{each.orders:,}",
            f"{each.received:,}",
            f"{each.overdue:,}",
            _text(each.median_days),
            _text(each.usual_days),
            " to ".join(str(days) for days in sorted(set(each.stated_days))),
            _text(each.median_late_days),
            _text(each.usual_late_days),
            "" if each.units_received_share is None else f"{each.units_received_share:.0%}",
        )
        for each in found
    ]


def _text(days: int | None) -> str:
    return "" if days is None else str(days)


def _weeks(history: CleanHistory) -> DateArray:
    report = history.report
    first = monday_of(report.history_from)
    return calendar(first, max(first, last_complete_week(report.history_to)))


def _orders(history: CleanHistory) -> PurchaseOrders:
    return orders_known(history.purchase_orders, history.products, _weeks(history), DEFAULT_LEAD_TIME_DAYS)


def _lead_time(supplier: str, orders: PurchaseOrders, stated: Sequence[int], last_day: int) -> LeadTime:
    received, is_open = orders.has_come, orders.received_day == NOT_RECEIVED
    came = orders.received_day[received]
    lead, late = came - orders.ordered_day[received], came - orders.expected_day[received]
    units = float(orders.units[received].sum(dtype=np.float64))
    return LeadTime(
        supplier=supplier,
        orders=len(received),
        received=int(received.sum()),
        overdue=int((is_open & (orders.expected_day < last_day)).sum()),
        median_days=_quantile(lead, 0.5),
        usual_days=_quantile(lead, _USUAL_SHARE),
        stated_days=(min(stated), max(stated)) if stated else (),
        median_late_days=_quantile(late, 0.5),
        usual_late_days=_quantile(late, _USUAL_SHARE),
        units_received_share=float(orders.received_units[received].sum(dtype=np.float64)) / units if units else None,
    )


def _quantile(days: IntArray, share: float) -> int | None:
    """In whole days, which as many as that share do not exceed."""
    return int(np.quantile(days, share, method="inverted_cdf")) if len(days) else None
