"""What every input file must hold, declared once: columns, kinds, rules, and the reasons for which a row is refused.

The tables below are the contracts of Olist's layout and of the generic one. `data/README.md` shows the same to a
reader, and a test holds the two together.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from data.ingest.reading import UNSAID, Reading
from feature_service.limits import MAX_ID_BYTES

SALE_STATUSES = ("created", "approved", "invoiced", "processing", "shipped", "delivered")
ORDER_STATUSES = (*SALE_STATUSES, "canceled", "unavailable")
DEFAULT_EXCLUDED_STATUSES = frozenset({"canceled", "unavailable"})

EARLIEST = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - local clock time, as in the files
LATEST = dt.datetime(2100, 1, 1)  # noqa: DTZ001
HIGHEST_PRICE = 1e9
LARGEST_NUMBER = 1e9
LONGEST_LEAD_TIME_DAYS = 365
DEFAULT_LEAD_TIME_DAYS = 14


class RejectionReason(StrEnum):
    """Why a row is in quarantine. A row has one reason: the first that applies, in this order."""

    MALFORMED_ROW = "MALFORMED_ROW"
    MISSING_ID = "MISSING_ID"
    UNREADABLE_TEXT = "UNREADABLE_TEXT"
    CONTROL_CHARACTER = "CONTROL_CHARACTER"
    ID_TOO_LONG = "ID_TOO_LONG"
    UNKNOWN_STATUS = "UNKNOWN_STATUS"
    UNPARSABLE_TIME = "UNPARSABLE_TIME"
    TIME_OUT_OF_RANGE = "TIME_OUT_OF_RANGE"
    UNPARSABLE_PRICE = "UNPARSABLE_PRICE"
    NEGATIVE_PRICE = "NEGATIVE_PRICE"
    PRICE_OUT_OF_RANGE = "PRICE_OUT_OF_RANGE"
    UNPARSABLE_QUANTITY = "UNPARSABLE_QUANTITY"
    NEGATIVE_QUANTITY = "NEGATIVE_QUANTITY"
    UNPARSABLE_COUNT = "UNPARSABLE_COUNT"
    NUMBER_OUT_OF_RANGE = "NUMBER_OUT_OF_RANGE"
    ORDER_TERM_OUT_OF_RANGE = "ORDER_TERM_OUT_OF_RANGE"
    UNPARSABLE_FLAG = "UNPARSABLE_FLAG"
    UNPARSABLE_LEAD_TIME = "UNPARSABLE_LEAD_TIME"
    EXPECTED_BEFORE_ORDERED = "EXPECTED_BEFORE_ORDERED"
    RECEIVED_BEFORE_ORDERED = "RECEIVED_BEFORE_ORDERED"
    RECEIVED_WITHOUT_DAY = "RECEIVED_WITHOUT_DAY"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    DUPLICATE_ITEM = "DUPLICATE_ITEM"
    DUPLICATE_PRODUCT = "DUPLICATE_PRODUCT"
    DUPLICATE_SUPPLIER = "DUPLICATE_SUPPLIER"
    REPLACED_COUNT = "REPLACED_COUNT"
    REPLACED_FLAG = "REPLACED_FLAG"
    REPLACED_PURCHASE_ORDER = "REPLACED_PURCHASE_ORDER"
    REPEATED_SALE = "REPEATED_SALE"
    CONFLICTING_SALE = "CONFLICTING_SALE"
    IGNORED_RETURN = "IGNORED_RETURN"
    ITEM_OF_QUARANTINED_ORDER = "ITEM_OF_QUARANTINED_ORDER"
    ITEM_WITHOUT_ORDER = "ITEM_WITHOUT_ORDER"


class Exclusion(StrEnum):
    """Why a product that the data names is not in the panel."""

    NO_COUNTED_SALES = "NO_COUNTED_SALES"
    QUARANTINED = "QUARANTINED"
    NEVER_ORDERED = "NEVER_ORDERED"
    NOT_LAUNCHED = "NOT_LAUNCHED"


class Kind(StrEnum):
    """What a column holds, and so which rules its values must pass."""

    ID = f"text of 1 to {MAX_ID_BYTES} bytes"
    STATUS = "one of the known order statuses"
    TIME = "date and time"
    DAY = "date; of a date and time the date"
    WEEK = "date: any day of the week that is meant"
    PRICE = "finite number, at least 0"
    QUANTITY = "units, at least 0"
    ABOVE_ZERO = "units, above 0"
    SHARE = "number above 0 and below 1"
    NET_QUANTITY = "units, below 0 for what was returned"
    COUNT = "units; may be negative, which counts as none"
    FLAG = "1 or 0, true or false, yes or no"
    LEAD_TIME = "whole days, 0 to 365"
    TEXT = "any text, may be empty"


@dataclass(frozen=True)
class Column:
    """One column that is read; others are kept only in the quarantine's raw rows.

    Attributes:
        name: What it is called here.
        kind: What it holds.
        optional: Whether the column may be missing and its cells may be empty.
        name_in_file: What the file calls it; empty: the same.
        parts_in_file: Several columns of the file that make an id together.
    """

    name: str
    kind: Kind
    optional: bool = False
    name_in_file: str = ""
    parts_in_file: tuple[str, ...] = ()

    @property
    def headers(self) -> tuple[str, ...]:
        """The columns of the file that it is read from."""
        return self.parts_in_file or (self.header,)

    @property
    def header(self) -> str:
        """The column's name in the file."""
        return self.name_in_file or self.name

    @property
    def joins(self) -> bool:
        """Whether rows of several files are joined by the column, so that one thing must have one id."""
        return self.kind is Kind.ID and self.name.endswith("_id")


@dataclass(frozen=True)
class Table:
    """One input file.

    Attributes:
        name: What it holds, in a word.
        stem: File name without its ending.
        columns: What is read from it.
        key: Columns that name a row; of rows with the same key one is kept. Empty: no key.
        duplicate: Why the others are rejected.
        required: Whether the pipeline can do without it.
        keep: Which of the rows with the same key is kept: the last, where a later row corrects an earlier one.
        reading: How its files are read, as far as the seller says so.
    """

    name: str
    stem: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    duplicate: RejectionReason | None
    required: bool = True
    keep: Literal["first", "last"] = "first"
    reading: Reading = UNSAID


ORDERS = Table(
    name="orders",
    stem="olist_orders_dataset",
    columns=(
        Column("order_id", Kind.ID),
        Column("order_status", Kind.STATUS),
        Column("order_purchase_timestamp", Kind.TIME),
    ),
    key=("order_id",),
    duplicate=RejectionReason.DUPLICATE_ORDER,
)
ITEMS = Table(
    name="items",
    stem="olist_order_items_dataset",
    columns=(
        Column("order_id", Kind.ID),
        Column("order_item_id", Kind.ID),
        Column("product_id", Kind.ID),
        Column("price", Kind.PRICE),
    ),
    key=("order_id", "order_item_id"),
    duplicate=RejectionReason.DUPLICATE_ITEM,
)
PRODUCTS = Table(
    name="products",
    stem="olist_products_dataset",
    columns=(Column("product_id", Kind.ID), Column("product_category_name", Kind.TEXT)),
    key=("product_id",),
    duplicate=RejectionReason.DUPLICATE_PRODUCT,
    required=False,
)
TRANSLATION = Table(
    name="translation",
    stem="product_category_name_translation",
    columns=(Column("product_category_name", Kind.ID), Column("product_category_name_english", Kind.TEXT)),
    key=("product_category_name",),
    duplicate=RejectionReason.DUPLICATE_PRODUCT,
    required=False,
)
OLIST = (ORDERS, ITEMS, PRODUCTS, TRANSLATION)

SALES = Table(
    name="sales",
    stem="sales",
    columns=(
        Column("product_id", Kind.ID),
        Column("sold_at", Kind.TIME),
        Column("quantity", Kind.QUANTITY),
        Column("unit_price", Kind.PRICE, optional=True),
    ),
    key=(),
    duplicate=None,
    required=False,
)
INVENTORY = Table(
    name="inventory",
    stem="inventory",
    columns=(
        Column("product_id", Kind.ID),
        Column("counted_on", Kind.DAY),
        Column("units_on_hand", Kind.COUNT),
    ),
    key=("product_id", "counted_on"),
    duplicate=RejectionReason.REPLACED_COUNT,
    required=False,
    keep="last",
)
AVAILABILITY = Table(
    name="availability",
    stem="availability",
    columns=(
        Column("product_id", Kind.ID),
        Column("week_start", Kind.WEEK),
        Column("in_stock", Kind.FLAG),
    ),
    key=("product_id", "week_start"),
    duplicate=RejectionReason.REPLACED_FLAG,
    required=False,
    keep="last",
)
CATALOGUE = Table(
    name="products",
    stem="products",
    columns=(
        Column("product_id", Kind.ID),
        Column("category", Kind.TEXT),
        Column("supplier_id", Kind.ID, optional=True),
        Column("pack_size", Kind.ABOVE_ZERO, optional=True),
        Column("minimum_order_units", Kind.QUANTITY, optional=True),
        Column("maximum_order_units", Kind.QUANTITY, optional=True),
        Column("unit_cost", Kind.PRICE, optional=True),
        Column("service_level", Kind.SHARE, optional=True),
    ),
    key=("product_id",),
    duplicate=RejectionReason.DUPLICATE_PRODUCT,
    required=False,
)
SUPPLIERS = Table(
    name="suppliers",
    stem="suppliers",
    columns=(
        Column("supplier_id", Kind.ID),
        Column("name", Kind.TEXT, optional=True),
        Column("lead_time_days", Kind.LEAD_TIME, optional=True),
        Column("minimum_order_value", Kind.PRICE, optional=True),
    ),
    key=("supplier_id",),
    duplicate=RejectionReason.DUPLICATE_SUPPLIER,
    required=False,
)
LEAD_TIMES = Table(
    name="lead_times",
    stem="lead_times",
    columns=(Column("product_id", Kind.ID), Column("lead_time_days", Kind.LEAD_TIME)),
    key=("product_id",),
    duplicate=RejectionReason.DUPLICATE_PRODUCT,
    required=False,
)
PURCHASE_ORDERS = Table(
    name="purchase_orders",
    stem="purchase_orders",
    columns=(
        Column("product_id", Kind.ID),
        Column("ordered_on", Kind.DAY),
        Column("units", Kind.ABOVE_ZERO),
        Column("expected_on", Kind.DAY, optional=True),
        Column("received_on", Kind.DAY, optional=True),
        Column("received_units", Kind.QUANTITY, optional=True),
        Column("order_id", Kind.ID, optional=True),
    ),
    key=("product_id", "ordered_on", "order_id"),
    duplicate=RejectionReason.REPLACED_PURCHASE_ORDER,
    required=False,
    keep="last",
)
GENERIC = (SALES, INVENTORY, AVAILABILITY, CATALOGUE, LEAD_TIMES, SUPPLIERS, PURCHASE_ORDERS)
