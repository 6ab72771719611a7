"""What a run has stored in its work folder: the newest quarantine file, and the newest panel."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from data.errors import MissingInputError, PanelFileError
from data.ingest.contracts import RejectionReason
from data.ingest.parquet_file import DAMAGE, read_rows
from data.panel import Panel
from data.panel.file import read_panel
from data.weeks import iso_name

QUARANTINE_COLUMNS = ("file", "row", "reason", "column", "value", "what would have been right")

RIGHT = {
    RejectionReason.MALFORMED_ROW: "as many fields as the header has, with quotation marks that close",
    RejectionReason.MISSING_ID: "an id",
    RejectionReason.UNREADABLE_TEXT: "text in the encoding of the file",
    RejectionReason.CONTROL_CHARACTER: "an id without control characters or line breaks",
    RejectionReason.ID_TOO_LONG: "an id of at most 256 bytes",
    RejectionReason.UNKNOWN_STATUS: "one of the eight order statuses",
    RejectionReason.UNPARSABLE_TIME: "a date such as 2024-01-13, or date and time",
    RejectionReason.TIME_OUT_OF_RANGE: "a date from 2000 to 2099",
    RejectionReason.UNPARSABLE_PRICE: "a number such as 4.99",
    RejectionReason.NEGATIVE_PRICE: "a price of at least 0",
    RejectionReason.PRICE_OUT_OF_RANGE: "a price of at most 1,000,000,000",
    RejectionReason.UNPARSABLE_QUANTITY: "a number of units such as 3",
    RejectionReason.NEGATIVE_QUANTITY: 'at least 0 units; of returns, returns = "net" or "ignore" in source.toml',
    RejectionReason.UNPARSABLE_COUNT: "a number of units such as 12",
    RejectionReason.NUMBER_OUT_OF_RANGE: "at most 1,000,000,000 units",
    RejectionReason.ORDER_TERM_OUT_OF_RANGE: "a pack or an order of more than 0 units, a service level such as 0.95",
    RejectionReason.UNPARSABLE_FLAG: "1 or 0, true or false, yes or no",
    RejectionReason.UNPARSABLE_LEAD_TIME: "whole days from 0 to 365",
    RejectionReason.EXPECTED_BEFORE_ORDERED: "an expected day on which the order was placed, or a later one",
    RejectionReason.RECEIVED_BEFORE_ORDERED: "a day of receipt on which the order was placed, or a later one",
    RejectionReason.RECEIVED_WITHOUT_DAY: "the day on which the units were received",
    RejectionReason.DUPLICATE_ORDER: "one row for each order",
    RejectionReason.DUPLICATE_ITEM: "one row for each item of an order",
    RejectionReason.DUPLICATE_PRODUCT: "one row for each product",
    RejectionReason.DUPLICATE_SUPPLIER: "one row for each supplier",
    RejectionReason.REPLACED_COUNT: "one count for each product and day",
    RejectionReason.REPLACED_FLAG: "one flag for each product and week",
    RejectionReason.REPLACED_PURCHASE_ORDER: "one row for each product, day and order id",
    RejectionReason.REPEATED_SALE: "nothing: the sale is counted once",
    RejectionReason.CONFLICTING_SALE: "a key of its own, or the same values as the earlier row of the key",
    RejectionReason.IGNORED_RETURN: 'nothing: returns are ignored, as returns = "ignore" asks for',
    RejectionReason.ITEM_OF_QUARANTINED_ORDER: "an order that is not in quarantine itself",
    RejectionReason.ITEM_WITHOUT_ORDER: "a row of its order in the orders file",
}
"""For each reason what a row would have needed."""


BadRow = tuple[str, int, str, str, str, str]


def quarantine_rows(work_dir: Path) -> Iterator[BadRow]:
    """Every bad row of the newest ingest, as ``QUARANTINE_COLUMNS``.

    Raises:
        MissingInputError: If nothing was ingested there.
        PanelFileError: If the file cannot be read.
    """
    path = _newest(work_dir, "quarantine", "*.parquet")
    try:
        yield from shown_rows(read_rows(path.read_bytes()))
    except (*DAMAGE, pl.exceptions.PolarsError) as error:
        raise PanelFileError(f"{path} cannot be read ({error}): run the ingest again") from error


def shown_rows(bad: pl.DataFrame) -> Iterator[BadRow]:
    """Bad rows as ``QUARANTINE_COLUMNS``, out of a table that has what a quarantine file has."""
    for file, number, reason, column, raw in bad.select("source_file", "row_number", "reason", "column", "raw").rows():
        right = RIGHT.get(RejectionReason(reason), "") if reason in set(RejectionReason) else ""
        yield file, number, reason, column or "", _value(raw, column), right


def quarantined_at(work_dir: Path) -> float:
    """When the newest ingest wrote its bad rows, in seconds since 1970; 0 where there was none."""
    return max((path.stat().st_mtime for path in (work_dir / "quarantine").glob("*.parquet")), default=0.0)


def newest_panel(work_dir: Path) -> Panel:
    """The panel that was built last.

    Raises:
        MissingInputError: If there is none.
        PanelFileError: If it cannot be read.
    """
    return read_panel(_newest(work_dir, "panel", "*/*/panel"))


def panel_rows(panel: Panel, field: str, weeks: int | None = None) -> tuple[list[str], list[list[object]]]:
    """A field by product and week, with its headings; a cell is empty where the value is not known.

    Args:
        panel: The panel.
        field: E.g. ``units_sold``.
        weeks: The newest so many; None: all.
    Raises:
        MissingInputError: If the panel has no such field.
    """
    if field not in panel.fields:
        raise MissingInputError(f"the panel has no field {field}; it has: {', '.join(sorted(panel.fields))}")
    last = len(panel.weeks) if weeks is None else min(weeks, len(panel.weeks))
    matrix = panel.fields[field][:, -last:]
    headings = ["product_id", *(iso_name(week.item()) for week in panel.weeks[-last:])]
    rows: list[list[object]] = [
        [product, *("" if np.isnan(value) else _plain(float(value)) for value in values)]
        for product, values in zip(panel.product_ids, matrix, strict=True)
    ]
    return headings, rows


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else round(value, 4)


def _value(raw: str, column: str | None) -> str:
    row = json.loads(raw)
    if isinstance(row, str):
        return row
    if column in row:
        return str(row[column] or "")
    return ", ".join(str(each or "") for each in row.values())


def _newest(work_dir: Path, folder: str, pattern: str) -> Path:
    paths = sorted((work_dir / folder).glob(pattern), key=lambda path: path.stat().st_mtime)
    if not paths:
        raise MissingInputError(f"{work_dir / folder} holds no {pattern}: name the --work-dir of a run")
    return paths[-1]
