"""What is unlikely though each row is good: amounts far beyond all others, prices of lines, canceled sales."""

import re
from collections.abc import Iterator

import polars as pl

from data.ingest.contracts import Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.validate import CheckedTable

_USUAL_SHARE = 0.95
_TIMES = 100
_LEAST = 1_000
"""Units, below which an amount is never far beyond: one large order of a product that sells by ones."""

_FEWEST_ROWS = 20
_CURRENCY = re.compile(r"(?i)^\W*(currency|curr|ccy|w(ä|ae)hrung|devise|moneda|moeda|valuta)([\s_-]*code)?\W*$")
_CANCELED = r"(?i)^\W*(cancel|refund|void|storn|annul|estorn|devolv|rückerst|rembours|anulad|declin|failed|draft)"
_SEVERAL = 2
_NEAR = 0.2
_MOSTLY = 0.8
_MOST_STATES = 30
_MOST_NAMED = 3
_LIKE_THOUSANDS = r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$"
_UNMARKED = r"^[+-]?[1-9]\d{3,}([.,]\d+)?$"


def check_thousands(rows: CheckedTable, table: Table, amount: str) -> Iterator[str]:
    """Warn of amounts such as 1.200 that were read as 1.2, beside others of 1000 and more without a mark.

    Args:
        rows: The table's rows.
        table: Its contract; a decimal sign that the seller names is believed.
        amount: The column of units.
    """
    header = next(column.header for column in table.columns if column.name == amount)
    if table.reading.decimal_sign is not None or header in rows.raw.typed or header not in rows.raw.rows.columns:
        return
    texts = rows.raw.rows.select(ROW_NUMBER, text=header).join(rows.good.select(ROW_NUMBER, amount), on=ROW_NUMBER)
    like = texts.filter(pl.col("text").str.contains(_LIKE_THOUSANDS) & (pl.col(amount).abs() < _LEAST))
    if like.is_empty() or not texts["text"].str.contains(_UNMARKED).any():
        return
    places = ", ".join(rows.raw.where(number) for number in like[ROW_NUMBER].head(_MOST_NAMED))
    places += ", …" * (like.height > _MOST_NAMED)
    yield (
        f"{like.height:,} {header} of {rows.raw.path.name} such as {like['text'][0]} ({places}) count as fractions, "
        f"here {like[amount][0]:g}, though they look like thousands: write them in one form, or, if it is right, say "
        f'decimal = "{"." if "." in like["text"][0] else ","}" in [{table.name}] of source.toml'
    )


def check_amounts(rows: CheckedTable, amount: str) -> Iterator[str]:
    """Warn of amounts a hundred times what 19 of 20 rows hold: a typing error, or 999999 for "unlimited".

    Args:
        rows: The table's rows.
        amount: The column of units.
    """
    units = rows.good.select(ROW_NUMBER, "product_id", pl.col(amount).cast(pl.Float64).abs())
    if units.height < _FEWEST_ROWS:
        return
    usual = float(units[amount].quantile(_USUAL_SHARE, "lower") or 0)
    beyond = units.filter(pl.col(amount) >= max(_TIMES * usual, _LEAST)).sort(amount, descending=True)
    if beyond.is_empty():
        return
    number, product, largest = beyond.row(0)
    name, place = rows.raw.place(number)
    count = "1 row holds" if beyond.height == 1 else f"{beyond.height:,} rows hold"
    yield (
        f"{count} a {amount} far beyond the others, the largest {largest:,.0f} for the product {product!r} "
        f"({name} row {place:,}), while 19 of 20 rows hold at most {usual:,g}: correct it if it was never so many"
    )


def check_line_totals(rows: CheckedTable) -> Iterator[str]:
    """Warn of prices that grow with the quantity of their line, as the line's total does."""
    lines = rows.good.select("product_id", "quantity", "unit_price").filter(
        (pl.col("quantity") >= 1) & (pl.col("unit_price") > 0)
    )
    single = lines.filter(pl.col("quantity") == 1).group_by("product_id").agg(single=pl.col("unit_price").median())
    several = lines.filter(pl.col("quantity") >= _SEVERAL).join(single, on="product_id")
    times = pl.col("unit_price") / pl.col("single")
    totals = several.filter((times / pl.col("quantity")).is_between(1 - _NEAR, 1 + _NEAR))
    if several.height >= _FEWEST_ROWS and totals.height >= _MOSTLY * several.height:
        first = totals.sort("product_id", "quantity").row(0, named=True)
        yield (
            f"the prices of {rows.raw.path.name} look like totals of lines, and are taken for the price of a unit: "
            f"of {first['product_id']!r} one costs {first['single']:g} and a line of {first['quantity']:g} "
            f"{first['unit_price']:g}; revenue at risk is too high unless they are divided by the quantity before"
        )


def check_currencies(rows: CheckedTable, table: Table) -> Iterator[str]:
    """Warn of prices in several currencies, which are added up as if they were one."""
    read = {header for column in table.columns for header in column.headers}
    for header in rows.raw.rows.columns:
        if header in read or not _CURRENCY.match(header) or rows.good["unit_price"].null_count() == rows.good.height:
            continue
        found = sorted(rows.raw.rows[header].drop_nulls().unique().to_list())
        if len(found) > 1:
            named = ", ".join(found[:_MOST_NAMED]) + ", …" * (len(found) > _MOST_NAMED)
            yield (
                f"the column {header} of {rows.raw.path.name} holds {len(found):,} currencies ({named}), and their "
                "prices are taken as one: revenue at risk is wrong unless they are converted before"
            )


def check_canceled(rows: CheckedTable, table: Table) -> Iterator[str]:
    """Warn of a column that is not read and says of some sales that they were canceled or refunded."""
    read = {header for column in table.columns for header in column.headers} | set(table.reading.key or ())
    raw = rows.raw.rows
    for header in raw.columns:
        if header == ROW_NUMBER or header in read or raw[header].dtype != pl.String:
            continue
        filled = raw.filter(pl.col(header) != "").height
        if 0 < filled < raw.height and re.search(_CANCELED, header):
            yield _counts_as_sales(rows, header, "something", filled)
            continue
        states = raw[header].drop_nulls().value_counts(sort=True)
        canceled = states.filter(pl.col(header).str.contains(_CANCELED))
        if states.height > _MOST_STATES or canceled.is_empty():
            continue
        named = ", ".join(repr(each) for each in canceled[header].head(_MOST_NAMED))
        yield _counts_as_sales(rows, header, named, int(canceled["count"].sum()))


def _counts_as_sales(rows: CheckedTable, header: str, what: str, count: int) -> str:
    return (
        f"the column {header} of {rows.raw.path.name} says {what} of {count:,} of the {rows.raw.rows.height:,} rows, "
        "and all rows count as sales: leave those out of the file, or choose the others by a query"
    )
