"""A look at files in Olist's layout, as far as it goes."""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path

import polars as pl

from data.command.coverage import coverage_of, table_facts
from data.command.facts import DataCheck
from data.command.findings import HERE, Findings, empty_weeks
from data.command.labels import labels
from data.ingest.contracts import DEFAULT_EXCLUDED_STATUSES, ITEMS, OLIST, ORDERS
from data.ingest.facts import LINES_SCHEMA
from data.ingest.folder import is_tabular
from data.ingest.inputs import ENDINGS, find_inputs
from data.ingest.olist import check_tables, ingest_olist, lines_of_orders
from data.ingest.quarantine import check_bad_shares
from data.ingest.read import RawTable, read_table
from data.ingest.result import CleanHistory
from data.ingest.source import SOURCE_FILES
from data.ingest.tables import bad_rows
from data.ingest.validate import CheckedTable


def is_olist(data_dir: Path) -> bool:
    """Whether a folder holds Olist's orders or items, and no file that says how others are read."""
    stems = (ORDERS.stem, ITEMS.stem)
    named = any((data_dir / f"{stem}{ending}").is_file() for stem in stems for ending in ENDINGS)
    return named and not any((data_dir / name).is_file() for name in SOURCE_FILES)


def check_olist_data(data_dir: Path, time_zone: str, max_bad_share: float) -> DataCheck:
    """Look at a folder in Olist's layout; nothing is written.

    Args:
        data_dir: The folder.
        time_zone: IANA name of the seller's.
        max_bad_share: Share of bad orders, or items, above which they cannot be used.
    """
    found = Findings()
    paths, raw = _read(data_dir, found)
    nothing: dict[str, CheckedTable] = {}
    checked = found.attempt(lambda: check_tables(raw, time_zone), nothing)
    for name in (ORDERS.name, ITEMS.name):
        if name in checked:
            found.attempt(functools.partial(check_bad_shares, [checked[name]], max_bad_share, HERE), None)
    found.warn(lambda: (warning for table in checked.values() for warning in (*table.raw.warnings, *bad_rows(table))))
    history = None
    if not found.problems:
        history = found.attempt(lambda: _ingest(data_dir, time_zone, max_bad_share), None)
        found.warn(lambda: history.report.warnings if history else ())
    items = _items(checked)
    every = pl.concat([items["product_id"], *_listed(checked)]).n_unique()
    coverage = coverage_of(items.filter("counts").select("product_id", day="sold_on"), every)
    tables = {name: table_facts(rows, coverage if name == ITEMS.name else None) for name, rows in checked.items()}
    found.warn(lambda: empty_weeks(tables))
    excluded = items.filter(~pl.col("counts"))["status"].value_counts(sort=True).rows()
    others = [path for path in sorted(data_dir.iterdir()) if path not in paths.values() and is_tabular(path)]
    return DataCheck(
        folder=str(data_dir),
        problems=tuple(found.problems),
        warnings=tuple(found.warnings),
        tables=tables,
        unclaimed=tuple(path.name for path in others),
        labels=labels(checked if not items.is_empty() else (), history),
        excluded_items=dict(excluded),
    )


def _read(data_dir: Path, found: Findings) -> tuple[dict[str, Path], dict[str, RawTable]]:
    paths: dict[str, Path] = {}
    raw: dict[str, RawTable] = {}
    nowhere: dict[str, Path] = {}
    for table in OLIST:
        paths |= found.attempt(functools.partial(find_inputs, data_dir, (table,)), nowhere)
        if table.name in paths:
            read = found.attempt(functools.partial(read_table, paths[table.name], table), None)
            if read is not None:
                raw[table.name] = read
    return paths, raw


def _items(checked: Mapping[str, CheckedTable]) -> pl.DataFrame:
    """Good items with their orders; none where one of the two tables cannot be read."""
    if {ORDERS.name, ITEMS.name} <= checked.keys():
        lines = lines_of_orders(checked)
    else:
        lines = pl.DataFrame(schema=LINES_SCHEMA)
    return lines.with_columns(counts=~pl.col("status").is_in(sorted(DEFAULT_EXCLUDED_STATUSES)))


def _listed(checked: Mapping[str, CheckedTable]) -> list[pl.Series]:
    return [rows.good["product_id"] for rows in checked.values() if "product_id" in rows.good.columns]


def _ingest(data_dir: Path, time_zone: str, max_bad_share: float) -> CleanHistory:
    with tempfile.TemporaryDirectory() as folder:
        return ingest_olist(
            data_dir,
            quarantine_file=Path(folder) / "quarantine.parquet",
            time_zone=time_zone,
            max_bad_share=max_bad_share,
        )
