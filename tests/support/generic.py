"""Files in the generic layout: a few rows written by hand, or the real ones where they are there."""

import os
from collections.abc import Sequence
from pathlib import Path

from data.ingest.contracts import RejectionReason

Row = Sequence[object]

GENERIC_ONLY = {
    RejectionReason.UNPARSABLE_QUANTITY,
    RejectionReason.NEGATIVE_QUANTITY,
    RejectionReason.UNPARSABLE_COUNT,
    RejectionReason.NUMBER_OUT_OF_RANGE,
    RejectionReason.UNPARSABLE_FLAG,
    RejectionReason.UNPARSABLE_LEAD_TIME,
    RejectionReason.DUPLICATE_SUPPLIER,
    RejectionReason.REPLACED_COUNT,
    RejectionReason.REPLACED_FLAG,
    RejectionReason.EXPECTED_BEFORE_ORDERED,
    RejectionReason.RECEIVED_BEFORE_ORDERED,
    RejectionReason.RECEIVED_WITHOUT_DAY,
    RejectionReason.REPLACED_PURCHASE_ORDER,
}

TERMS_ONLY = {RejectionReason.ORDER_TERM_OUT_OF_RANGE}

SETTINGS_ONLY = {
    RejectionReason.REPEATED_SALE,
    RejectionReason.CONFLICTING_SALE,
    RejectionReason.IGNORED_RETURN,
}

HEADERS = {
    "sales": "product_id,sold_at,quantity,unit_price",
    "inventory": "product_id,counted_on,units_on_hand",
    "availability": "product_id,week_start,in_stock",
    "products": "product_id,category",
    "lead_times": "product_id,lead_time_days",
    "suppliers": "supplier_id,name,lead_time_days,minimum_order_value",
    "purchase_orders": "product_id,ordered_on,units,expected_on,received_on,received_units,order_id",
}


def write_generic(folder: Path, **tables: Sequence[Row]) -> Path:
    """Write each table as CSV and return their folder; the values are taken as they are: a test may break them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        lines = [HEADERS[name], *(",".join(map(str, row)) for row in rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def real_generic(name: str) -> Path | None:
    """The folder of a real data set: below ``STOCKOUT_REAL_DATA`` or beside the checkout; None if not there."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("STOCKOUT_REAL_DATA", beside)) / name
    return folder if folder.is_dir() else None
