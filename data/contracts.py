"""What every input file must hold, declared once: columns, kinds, rules, and the reasons for which a row is refused.

The tables below are the contract of Olist's layout. `data/README.md` shows the same to a reader, and a test holds the
two together.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

SALE_STATUSES = ("created", "approved", "invoiced", "processing", "shipped", "delivered")
ORDER_STATUSES = (*SALE_STATUSES, "canceled", "unavailable")
DEFAULT_EXCLUDED_STATUSES = frozenset({"canceled", "unavailable"})

EARLIEST = dt.datetime(2000, 1, 1)  # noqa: DTZ001 - local clock time, as in the files
LATEST = dt.datetime(2100, 1, 1)  # noqa: DTZ001
HIGHEST_PRICE = 1e9


class Reason(StrEnum):
    """Why a row is in quarantine. A row has one reason: the first that applies, in this order."""

    MALFORMED_ROW = "MALFORMED_ROW"
    MISSING_ID = "MISSING_ID"
    UNREADABLE_TEXT = "UNREADABLE_TEXT"
    UNKNOWN_STATUS = "UNKNOWN_STATUS"
    UNPARSABLE_TIME = "UNPARSABLE_TIME"
    TIME_OUT_OF_RANGE = "TIME_OUT_OF_RANGE"
    UNPARSABLE_PRICE = "UNPARSABLE_PRICE"
    NEGATIVE_PRICE = "NEGATIVE_PRICE"
    PRICE_OUT_OF_RANGE = "PRICE_OUT_OF_RANGE"
    DUPLICATE_ORDER = "DUPLICATE_ORDER"
    DUPLICATE_ITEM = "DUPLICATE_ITEM"
    DUPLICATE_PRODUCT = "DUPLICATE_PRODUCT"
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

    ID = "any text but empty"
    STATUS = "one of the known order statuses"
    TIME = "date and time"
    PRICE = "finite number, at least 0"
    TEXT = "any text, may be empty"


@dataclass(frozen=True)
class Column:
    """One column that is read; others are kept only in the quarantine's raw rows."""

    name: str
    kind: Kind


@dataclass(frozen=True)
class Table:
    """One input file.

    Attributes:
        name: What it holds, in a word.
        stem: File name without its ending.
        columns: What is read from it.
        key: Columns that name a row; a later row with the same key is a duplicate. Empty: no key.
        duplicate: Reason of such a row.
        required: Whether the pipeline can do without it.
    """

    name: str
    stem: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    duplicate: Reason
    required: bool = True


ORDERS = Table(
    name="orders",
    stem="olist_orders_dataset",
    columns=(
        Column("order_id", Kind.ID),
        Column("order_status", Kind.STATUS),
        Column("order_purchase_timestamp", Kind.TIME),
    ),
    key=("order_id",),
    duplicate=Reason.DUPLICATE_ORDER,
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
    duplicate=Reason.DUPLICATE_ITEM,
)
PRODUCTS = Table(
    name="products",
    stem="olist_products_dataset",
    columns=(Column("product_id", Kind.ID), Column("product_category_name", Kind.TEXT)),
    key=("product_id",),
    duplicate=Reason.DUPLICATE_PRODUCT,
    required=False,
)
TRANSLATION = Table(
    name="translation",
    stem="product_category_name_translation",
    columns=(Column("product_category_name", Kind.ID), Column("product_category_name_english", Kind.TEXT)),
    key=("product_category_name",),
    duplicate=Reason.DUPLICATE_PRODUCT,
    required=False,
)
OLIST = (ORDERS, ITEMS, PRODUCTS, TRANSLATION)
