"""An order list as files for a supplier. Text stays text: nothing in it becomes a formula."""

import io
from collections.abc import Sequence

import xlsxwriter

from feature_service.client import OrderLine, OrderList, csv_of
from planner.orders.lines import packs_of

COLUMNS = ("supplier_id", "supplier_name", "product_id", "units", "pack_size", "packs", "cost")
"""What a supplier needs to know; what is at risk is nobody's business but the seller's."""

_WIDTHS = (14, 24, 24, 10, 10, 10, 12)


def as_csv(orders: OrderList) -> bytes:
    """UTF-8 with a mark, without which spreadsheets read letters wrongly; an empty cell means "not known"."""
    return csv_of([COLUMNS, *map(_cells, orders.lines)]).encode("utf-8-sig", "replace")


def as_xlsx(orders: OrderList, headings: Sequence[str], sheet_name: str) -> bytes:
    """A sheet with the lines, numbers as numbers; ``headings`` are those of ``COLUMNS`` in the reader's language."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        bold, sheet = workbook.add_format({"bold": True, "bottom": 1}), workbook.add_worksheet(sheet_name)
        for column, (heading, width) in enumerate(zip(headings, _WIDTHS, strict=True)):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, bold)
        for row, line in enumerate(orders.lines, start=1):
            for column, cell in enumerate(_cells(line)):
                if isinstance(cell, str):
                    sheet.write_string(row, column, cell)
                else:
                    sheet.write_number(row, column, cell)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, len(orders.lines), len(COLUMNS) - 1)
    return file.getvalue()


def _cells(line: OrderLine) -> list[str | float]:
    supplier = line.order.supplier
    cost = None if line.order.cost is None else round(line.order.cost, 2)
    numbers = (line.order.units, line.order.pack_size, packs_of(line), cost)
    texts = (supplier.supplier_id, supplier.name) if supplier else ("", "")
    return [*texts, line.product_id, *("" if each is None else each for each in numbers)]
