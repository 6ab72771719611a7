"""What reading a seller's files gives, whatever their layout: clean sales, products, and the account of all rows."""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.errors import PanelFileError

_SALES, _PRODUCTS, _REPORT = "sales.parquet", "products.parquet", "report.json"


@dataclass(frozen=True)
class IngestReport:
    """Where every row went.

    Attributes:
        source: Layout that was read.
        time_zone: The seller's.
        excluded_statuses: Order statuses that are no sale.
        orders_total: Rows of the orders file.
        orders_quarantined: Of these, bad ones.
        orders_without_items: Good orders that no row of the items file names.
        items_total: Rows of the items file; the sum of the next three.
        items_used: Rows that became sales.
        items_excluded_by_status: Good rows whose order's status is no sale.
        items_quarantined: Bad ones.
        quarantined: Bad rows by file's table and reason.
        products_total: Products that any file names; the sum of the next two.
        products_sold: Products with a sale.
        products_excluded: The others, counted by reason.
        first_sale_on: Date of the first sale, seller's clock.
        last_sale_on: Date of the last sale.
        last_order_on: Date of the last good order of any status: the history's end.
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
    last_order_on: dt.date

    def to_json(self) -> str:
        """The report as the text of its file."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "IngestReport":
        """Read what :meth:`to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: If it is no such text.
        """
        fields = json.loads(text)
        for name in ("first_sale_on", "last_sale_on", "last_order_on"):
            fields[name] = dt.date.fromisoformat(fields[name])
        return cls(**{**fields, "excluded_statuses": tuple(fields["excluded_statuses"])})


@dataclass(frozen=True)
class Ingested:
    """Clean sales and what is known of the products.

    Attributes:
        sales: ``product_id``, ``sold_on`` (date on the seller's clock), ``units``, ``unit_price``; sorted.
        products: ``product_id``, ``category`` (empty where unknown) and ``exclusion``: null for a product with a sale,
            else why it has none; sorted.
        report: The account of all rows.
    """

    sales: pl.DataFrame
    products: pl.DataFrame
    report: IngestReport


def write_ingested(ingested: Ingested, folder: Path) -> None:
    """Write sales, products and report into ``folder``, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    ingested.sales.write_parquet(folder / _SALES)
    ingested.products.write_parquet(folder / _PRODUCTS)
    (folder / _REPORT).write_text(ingested.report.to_json(), encoding="utf-8")


def read_ingested(folder: Path) -> Ingested:
    """Read what :func:`write_ingested` wrote.

    Raises:
        PanelFileError: If a file is missing or broken.
    """
    try:
        return Ingested(
            sales=pl.read_parquet(folder / _SALES),
            products=pl.read_parquet(folder / _PRODUCTS),
            report=IngestReport.from_json((folder / _REPORT).read_text(encoding="utf-8")),
        )
    except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError) as error:
        raise PanelFileError(f"the ingested sales in {folder} cannot be read ({error}): ingest again") from error
