"""The result of reading a seller's files, whatever their layout: clean history, and an account of all rows."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from data.errors import PanelFileError
from data.ingest.contracts import EARLIEST, LATEST
from data.ingest.parquet_file import DAMAGE, read_rows, write_rows
from feature_service.json_record import read_json
from feature_service.kernel.ordering import TERMS

_SALES, _PRODUCTS, _REPORT = "sales.parquet", "products.parquet", "report.json"
_COUNTS, _AVAILABILITY, _PURCHASE_ORDERS = "counts.parquet", "availability.parquet", "purchase_orders.parquet"

INGEST_SCHEMA = 6
"""Of what is stored, and of the rules by which files are read: another number reads all files anew."""

SALES_SCHEMA = {
    "product_id": pl.String,
    "sold_on": pl.Date,
    "order": pl.Int64,
    "units": pl.Float64,
    "unit_price": pl.Float64,
}
ORDER_TERMS_SCHEMA = dict.fromkeys(TERMS, pl.Float64)
PRODUCTS_SCHEMA = {
    "product_id": pl.String,
    "category": pl.String,
    "exclusion": pl.String,
    "lead_time_days": pl.Int32,
    "supplier_id": pl.String,
    "supplier_name": pl.String,
    "minimum_order_value": pl.Float64,
    **ORDER_TERMS_SCHEMA,
}
COUNTS_SCHEMA = {"product_id": pl.String, "counted_on": pl.Date, "units_on_hand": pl.Float64}
AVAILABILITY_SCHEMA = {"product_id": pl.String, "week": pl.Date, "in_stock": pl.Boolean}
PURCHASE_ORDERS_SCHEMA = {
    "product_id": pl.String,
    "ordered_on": pl.Date,
    "order_id": pl.String,
    "units": pl.Float64,
    "expected_on": pl.Date,
    "received_on": pl.Date,
    "received_units": pl.Float64,
}
DAYS_OF = {"sales": "sold_on", "counts": "counted_on", "availability": "week"}
"""By table of a ``CleanHistory`` that must reach ``as_of``, the column with the day of its records."""


@dataclass(frozen=True)
class IngestReport:
    """Where every row went.

    Attributes:
        source: Layout that was read.
        time_zone: The seller's.
        excluded_statuses: Order statuses that are no sale.
        orders_total: Rows of the orders file; 0 where the layout has none.
        orders_quarantined: Of these, bad ones.
        orders_without_items: Good orders that no row of the items file names.
        items_total: Rows of the items file, or of the sales file; the sum of the next three and of
            ``items_replaced``. 0 where there is none.
        items_used: Rows that became sales.
        items_excluded_by_status: Good rows whose order's status is no sale.
        items_quarantined: Bad ones.
        quarantined: Bad rows by file's table and reason.
        products_total: Products that any file names; the sum of the next two.
        products_sold: Products with a sale, or with stock that was counted.
        products_excluded: The others, counted by reason.
        first_sale_on: Date of the first sale, seller's clock.
        last_sale_on: Date of the last sale.
        history_from: The first day of which anything is known.
        history_to: The last day of which anything is known, e.g. of the last good order of any status.
        counts_total: Rows of the inventory file.
        counts_used: Of these, the good ones; the others are in quarantine.
        flags_total: Rows of the availability file.
        flags_used: Of these, the good ones; the others are in quarantine.
        sales_are_depletion: Whether falls of the counts are taken as sales, since there is no sales file.
        ids_from_decimals: Rows, of all files, with an id that was read without its ``.0``.
        sales_until: The last day of the sales file, which may be one of a row of 0 units; None where there is none.
        files: The files of each table, each with the form in which it holds text.
        forms: By table and column, how its numbers or dates are written, where that had to be told.
        returned_units: Units of negative quantities that were netted off the sales of their weeks.
        warnings: What is uncertain, each a sentence.
        items_replaced: Rows, of a history's deliveries, that say what was known already, or that later ones replace.
        purchase_orders_total: Rows of the file of orders with suppliers.
        purchase_orders_used: Orders that are known.
    """

    source: str
    time_zone: str
    excluded_statuses: tuple[str, ...]
    orders_total: int
    orders_quarantined: int
    orders_without_items: int
    items_total: int
    items_used: int
    items_excluded_by_status: int
    items_quarantined: int
    quarantined: Mapping[str, Mapping[str, int]]
    products_total: int
    products_sold: int
    products_excluded: Mapping[str, int]
    first_sale_on: dt.date
    last_sale_on: dt.date
    history_from: dt.date
    history_to: dt.date
    counts_total: int = 0
    counts_used: int = 0
    flags_total: int = 0
    flags_used: int = 0
    sales_are_depletion: bool = False
    ids_from_decimals: int = 0
    sales_until: dt.date | None = None
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    forms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    returned_units: float = 0.0
    warnings: tuple[str, ...] = ()
    items_replaced: int = 0
    purchase_orders_total: int = 0
    purchase_orders_used: int = 0

    def summary(self) -> str:
        """Where the rows went, in a line."""
        decimals = f", {self.ids_from_decimals:,} rows with ids read without .0" if self.ids_from_decimals else ""
        warned = f", {len(self.warnings)} warning{'s' * (len(self.warnings) > 1)}" if self.warnings else ""
        orders = f", {self.purchase_orders_used:,} purchase orders" if self.purchase_orders_used else ""
        return self._rows() + orders + decimals + warned

    def unusual_forms(self) -> tuple[str, ...]:
        """What had to be told of each column, but for a decimal point."""
        return tuple(
            f"{table}.{column}: {form}"
            for table, forms in self.forms.items()
            for column, form in forms.items()
            if not form.startswith("decimal sign .")
        )

    def _rows(self) -> str:
        if self.source == "history":
            return (
                f"{self.items_total:,} rows of sales: {self.items_used:,} used, {self.items_replaced:,} known before "
                f"or replaced, {self.items_excluded_by_status:,} excluded by status, {self.items_quarantined:,} in "
                f"quarantine; {self.counts_used:,} counts, {self.flags_used:,} flags"
            )
        if self.source == "olist":
            return (
                f"{self.items_total:,} items: {self.items_used:,} used, "
                f"{self.items_excluded_by_status:,} excluded by status, {self.items_quarantined:,} in quarantine"
            )
        bad = sum(sum(reasons.values()) for reasons in self.quarantined.values())
        sales = "depletion for sales" if self.sales_are_depletion else f"{self.items_used:,} sales"
        return f"{sales}, {self.counts_used:,} counts, {self.flags_used:,} flags, {bad:,} rows in quarantine"

    def to_json(self) -> str:
        """The report as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "IngestReport":
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError: If it is no such text.
        """
        report = read_json(cls, text)
        if not EARLIEST.date() <= report.history_from <= report.history_to < LATEST.date():
            raise ValueError(f"a history from {report.history_from} to {report.history_to} cannot be")
        return report


@dataclass(frozen=True)
class CleanHistory:
    """Clean sales and stock counts, and what is known of the products.

    Attributes:
        sales: ``product_id``, ``sold_on`` (date on the seller's clock), ``order`` (a number, the same for the lines of
            one order), ``units`` (above 0), ``unit_price`` (null where not known); sorted by product, then day.
        products: ``product_id``, ``category`` (empty where unknown), ``lead_time_days`` (null where unknown) and
            ``exclusion``: null for a product that was sold or counted, else why it was not; sorted.
        report: The account of all rows.
        counts: Units on hand: ``product_id``, ``counted_on``, ``units_on_hand``; one row per product and day.
        availability: ``product_id``, ``week`` (Monday), ``in_stock``; one row per product and week.
        purchase_orders: ``product_id``, ``ordered_on``, ``order_id`` (empty where there is none), ``units``,
            ``expected_on``, ``received_on``, ``received_units`` (null where not known); one row per order and product.
    """

    sales: pl.DataFrame
    products: pl.DataFrame
    report: IngestReport
    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS_SCHEMA))
    availability: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=AVAILABILITY_SCHEMA))
    purchase_orders: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PURCHASE_ORDERS_SCHEMA))


def write_history(history: CleanHistory, folder: Path) -> None:
    """Write sales, counts, products and report into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(history.sales, folder / _SALES)
    write_rows(history.counts, folder / _COUNTS)
    write_rows(history.availability, folder / _AVAILABILITY)
    write_rows(history.purchase_orders, folder / _PURCHASE_ORDERS)
    write_rows(history.products, folder / _PRODUCTS)
    (folder / _REPORT).write_text(history.report.to_json(), encoding="utf-8")


def read_history(folder: Path) -> CleanHistory:
    """Read what :func:`write_history` wrote.

    Raises:
        PanelFileError: If a file is missing or broken.
    """
    try:
        return CleanHistory(
            sales=_read(folder / _SALES, SALES_SCHEMA),
            products=_read(folder / _PRODUCTS, PRODUCTS_SCHEMA),
            counts=_read(folder / _COUNTS, COUNTS_SCHEMA),
            availability=_read(folder / _AVAILABILITY, AVAILABILITY_SCHEMA),
            purchase_orders=_read(folder / _PURCHASE_ORDERS, PURCHASE_ORDERS_SCHEMA),
            report=IngestReport.from_json((folder / _REPORT).read_text(encoding="utf-8")),
        )
    except DAMAGE as error:
        raise PanelFileError(f"the ingested sales in {folder} cannot be read ({error}): ingest again") from error


def _read(path: Path, schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    rows = read_rows(path.read_bytes())
    if rows.schema != pl.Schema(schema):
        raise ValueError(f"{path.name} has other columns")
    return rows


def as_day(value: object) -> dt.date:
    """The value as a date, which Polars' types leave open."""
    if not isinstance(value, dt.date):
        raise TypeError(f"expected a date, got {value!r}")
    return value


def rows_by_day(days: pl.Series) -> pl.DataFrame:
    """``day`` and ``rows``, sorted."""
    return days.alias("day").value_counts(name="rows").select("day", pl.col("rows").cast(pl.Int64)).sort("day")
