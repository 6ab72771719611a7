"""Orders with suppliers as they were known at the end of a panel's last week, and what to doubt of them."""

import datetime as dt
from collections.abc import Iterator

import numpy as np
import polars as pl

from data.panel.weekly_sales import codes, days_from
from data.weeks import DateArray
from feature_service.kernel.arrays import BoolArray
from feature_service.kernel.deliveries import LOST_AFTER_DAYS, NOT_RECEIVED, PurchaseOrders

_DAY = dt.timedelta(days=1)
_STALE_DAYS = 28
_FEWEST_RECEIVED = 20


def orders_known(orders: pl.DataFrame, products: pl.DataFrame, weeks: DateArray, lead_time_days: int) -> PurchaseOrders:
    """The orders of some products, as they were known on the last week's Sunday.

    An order that is not said to be expected on any day is expected when its product's lead time is over.

    Args:
        orders: As in ``CleanHistory``, of these products and others.
        products: Theirs, as in ``CleanHistory``; sorted.
        weeks: The panel's calendar.
        lead_time_days: Of products that have none of their own.
    """
    ids, sunday = products["product_id"], weeks[-1].item() + 6 * _DAY
    received = pl.col("received_on") <= sunday
    lead_time = pl.duration(days=pl.col("lead_time_days").fill_null(lead_time_days))
    known = (
        orders.filter(pl.col("ordered_on") <= sunday)
        .join(products.select("product_id", "lead_time_days"), on="product_id", how="inner")
        .with_columns(
            pl.col("expected_on").fill_null(pl.col("ordered_on") + lead_time),
            received_on=pl.when(received).then("received_on"),
            received_units=pl.when(received).then("received_units"),
        )
        .sort("product_id", "expected_on", "ordered_on", "order_id")
    )
    product = codes(ids, known["product_id"])
    is_received = known["received_on"].is_not_null().to_numpy()
    received_day = np.full(known.height, NOT_RECEIVED)
    received_day[is_received] = days_from(weeks[0], known["received_on"].drop_nulls())
    return PurchaseOrders(
        first=np.searchsorted(product, np.arange(len(ids) + 1)).astype(np.int64),
        ordered_day=days_from(weeks[0], known["ordered_on"]),
        expected_day=days_from(weeks[0], known["expected_on"]),
        received_day=received_day,
        units=known["units"].to_numpy().astype(np.float32),
        received_units=known["received_units"].cast(pl.Float32).fill_null(np.nan).to_numpy(),
    )


def warnings_of_orders(orders: PurchaseOrders, weeks: DateArray) -> Iterator[str]:
    """What makes the orders of a panel doubtful, a sentence each.

    Args:
        orders: As known at the end of the last week.
        weeks: The panel's calendar.
    """
    received = int(orders.has_come.sum())
    if received >= _FEWEST_RECEIVED and (orders.received_day == orders.expected_day)[orders.has_come].all():
        yield (
            f"all {received:,} purchase orders that were received came on the very day they were expected: where the "
            "promised day is overwritten by the actual one, lateness cannot be measured and the past looks better than "
            "it was known: export expected_on as it was promised first"
        )
    if not len(orders.units):
        return
    last_day = 7 * len(weeks) - 1
    is_received = orders.received_day != NOT_RECEIVED
    newest = max(orders.ordered_day.max(), orders.received_day[is_received].max(initial=orders.ordered_day.max()))
    if last_day - newest > _STALE_DAYS:
        yield (
            f"the newest order or receipt of purchase_orders is of {weeks[0].item() + int(newest) * _DAY}, "
            f"{last_day - newest} days before the end of the as_of week: what is on the way may be missing; export the "
            "table anew"
        )
    lost = int(_is_lost(orders, last_day).sum())
    if lost:
        yield (
            f"{lost:,} open purchase order{'s are' if lost > 1 else ' is'} overdue by more than {LOST_AFTER_DAYS} days "
            "at the end of the as_of week and taken for lost: give those that came a received_on, and those that were "
            "cancelled one with 0 received_units"
        )


def _is_lost(orders: PurchaseOrders, last_day: int) -> BoolArray:
    lost: BoolArray = (orders.received_day == NOT_RECEIVED) & (last_day - orders.expected_day > LOST_AFTER_DAYS)
    return lost
