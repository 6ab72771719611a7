"""The facts of one table: a sample as understood, bad rows with their values, days and products that it covers."""

import json
from collections import Counter
from collections.abc import Mapping

import polars as pl

from data.command.facts import BadRow, Coverage, TableFacts
from data.ingest.contracts import Kind, Table
from data.ingest.csv_file import ROW_NUMBER
from data.ingest.validate import CheckedTable

_SAMPLE = 3
_EXAMPLES = 3
_QUANTITY = "quantity"
_DATES = (Kind.TIME, Kind.DAY, Kind.WEEK)


def table_facts(rows: CheckedTable, coverage: Coverage | None) -> TableFacts:
    """The facts of a table."""
    raw = rows.raw.rows.drop(ROW_NUMBER)
    sample = rows.good.head(_SAMPLE).drop(ROW_NUMBER)
    return TableFacts(
        files={part.name: part.form for part in rows.raw.parts},
        forms=dict(rows.evidence),
        rows=rows.raw.height,
        used=rows.good.height,
        sample=tuple(
            {name: "" if value is None else str(value) for name, value in row.items()} for row in sample.to_dicts()
        ),
        bad=dict(sorted(Counter(rows.bad["reason"]).items())),
        bad_rows=_examples(rows),
        repeated=raw.height - raw.hash_rows().n_unique(),
        returns=_returns(rows) if _QUANTITY in rows.good.columns else 0,
        coverage=coverage,
    )


def _examples(rows: CheckedTable) -> dict[str, tuple[BadRow, ...]]:
    examples: dict[str, tuple[BadRow, ...]] = {}
    bad = rows.bad.group_by("reason", maintain_order=True).head(_EXAMPLES).select("reason", ROW_NUMBER, "column")
    for reason, number, column in bad.rows():
        text = rows.raw.rows.filter(pl.col(ROW_NUMBER) == number)
        if text.is_empty():
            value = json.loads(rows.raw.malformed.filter(pl.col(ROW_NUMBER) == number)["raw"][0])
        elif column in text.columns:
            value = text[column][0] or ""
        else:
            value = ", ".join("" if each is None else str(each) for each in text.drop(ROW_NUMBER).row(0))
        name, place = rows.raw.place(number)
        row = BadRow(f"{name} row {place:,}", column or "", str(value))
        examples[reason] = (*examples.get(reason, ()), row)
    return examples


def _returns(rows: CheckedTable) -> int:
    reasons = rows.bad["reason"].is_in(["NEGATIVE_QUANTITY", "IGNORED_RETURN"])
    return int((rows.good[_QUANTITY] < 0).sum()) + int(reasons.sum())


def coverage_of_table(checked: Mapping[str, CheckedTable], table: Table) -> Coverage | None:
    """Which days and products one of several tables covers; None where it has no dates, or no good row."""
    dates = [column.name for column in table.columns if column.kind in _DATES]
    good = checked[table.name].good
    if not dates or "product_id" not in good.columns:
        return None
    of_products = [each.good["product_id"] for each in checked.values() if "product_id" in each.good.columns]
    every = pl.concat(of_products).n_unique()
    return coverage_of(good.select("product_id", day=pl.col(dates[0]).cast(pl.Date)), every)


def coverage_of(dated: pl.DataFrame, every: int) -> Coverage | None:
    """Which days and products dated rows cover.

    Args:
        dated: ``product_id`` and ``day`` of each row.
        every: Different products of all tables.
    """
    if dated.is_empty():
        return None
    dated = dated.with_columns(week=pl.col("day").dt.truncate("1w"))
    weeks = dated.select(pl.date_range(pl.col("week").min(), pl.col("week").max(), "1w")).to_series()
    by_week = dict(dated["week"].value_counts().rows())
    products = dated["product_id"].n_unique()
    return Coverage(
        first_day=str(dated["day"].min()),
        last_day=str(dated["day"].max()),
        weeks=weeks.len(),
        empty_weeks=tuple(map(str, weeks.filter(~weeks.is_in(dated["week"].unique().implode())))),
        products=products,
        product_share=products / every,
        rows_a_week=dated.height / dated.select(pl.struct("product_id", "week").n_unique()).item(),
        weekly_rows=tuple(by_week.get(week, 0) for week in weeks),
    )
