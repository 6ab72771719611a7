"""Order files in Olist's layout: a few rows written by hand, or the real ones where they are there."""

import os
from collections.abc import Sequence
from pathlib import Path

from data.ingest.contracts import ITEMS, ORDERS, PRODUCTS, Table

Row = Sequence[object]

_HEADERS = {table.name: ",".join(column.name for column in table.columns) for table in (ORDERS, ITEMS, PRODUCTS)}


def order(number: int, bought: str = "2018-01-10 12:00:00", status: str = "delivered") -> Row:
    """A row of the orders file."""
    return f"o{number}", status, bought


def item(number: int, product: str = "a", price: object = 10, line: object = 1) -> Row:
    """A row of the items file, of the order of the same number."""
    return f"o{number}", line, product, price


def write_olist(
    folder: Path, orders: Sequence[Row], items: Sequence[Row], products: Sequence[Row] | None = None
) -> Path:
    """Write the files as CSV and return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder, ORDERS, orders)
    write_rows(folder, ITEMS, items)
    if products is not None:
        write_rows(folder, PRODUCTS, products)
    return folder


def write_rows(folder: Path, table: Table, rows: Sequence[Row]) -> Path:
    """Write one file; the values are taken as they are, so that a test can break them."""
    path = folder / f"{table.stem}.csv"
    path.write_text("\n".join([_HEADERS[table.name], *(",".join(map(str, row)) for row in rows)]) + "\n", "utf-8")
    return path


def real_olist() -> Path | None:
    """The folder of the real files: below ``STOCKOUT_REAL_DATA`` or beside the checkout; None if not there."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    folder = Path(os.environ.get("STOCKOUT_REAL_DATA", beside)) / "olist"
    return folder if folder.is_dir() else None
