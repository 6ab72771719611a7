"""Whether every row that was ever delivered is accounted for, to the row and to the cent.

rows read  =  kept  +  replaced  +  known before  +  in quarantine

What was read was counted when it was read; what is kept and replaced is counted in the stored facts. As many rows as
were read lie in bronze, as they were found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from data.history.fact_tables import LOAD
from data.history.history import History
from data.history.ledger import Load, TableCounts
from data.history.load import CENTS, source_table
from data.ingest.facts import SCHEMAS

_NOTHING = TableCounts(0, 0, 0, 0)


@dataclass(frozen=True)
class AccountLine:
    """One table of one load.

    Attributes:
        load: Its number.
        table: E.g. ``sales``.
        rows_read: Rows of its files.
        rows_kept: Facts that count today.
        rows_replaced: Facts that a later load replaced.
        rows_known_before: Good rows that said what was known already.
        rows_quarantined: Bad and repeated ones.
        rows_missing: What the others do not make up; not 0 if rows were lost or doubled.
        rows_not_in_bronze: Of the rows read, those that do not lie there as they were found; not 0 if that was damaged.
        cents_read: Of sales, what the good rows amount to.
        cents_missing: What the stored ones and those known before do not make up.
    """

    load: int
    table: str
    rows_read: int
    rows_kept: int
    rows_replaced: int
    rows_known_before: int
    rows_quarantined: int
    rows_missing: int
    rows_not_in_bronze: int
    cents_read: int
    cents_missing: int

    @property
    def is_even(self) -> bool:
        """Whether every row and cent is accounted for."""
        return not self.rows_missing and not self.rows_not_in_bronze and not self.cents_missing


def account(history: History) -> list[AccountLine]:
    """The account of all loads, by load and table.

    Raises:
        HistoryError: If the facts cannot be read.
    """
    loads = history.ledger.loads()
    found = history.rows_found()
    return [line for table in SCHEMAS for line in _of_table(history, table, loads, found)]


def _of_table(
    history: History, table: str, loads: Sequence[Load], found_rows: Mapping[tuple[int, str], int]
) -> list[AccountLine]:
    stored = history.stored_table(table)
    kept = history.known_of(table, stored, [load.number for load in loads])
    rows_stored, rows_kept = _rows_by_load(stored), _rows_by_load(kept)
    cents = dict(stored.group_by(LOAD).agg(CENTS.sum()).iter_rows()) if table == "sales" else {}
    lines = []
    for load in loads:
        counts = load.tables.get(table, _NOTHING)
        found, current = rows_stored.get(load.number, 0), rows_kept.get(load.number, 0)
        if counts == _NOTHING and not found:
            continue
        lines.append(
            AccountLine(
                load=load.number,
                table=table,
                rows_read=counts.rows_read,
                rows_kept=current,
                rows_replaced=found - current,
                rows_known_before=counts.rows_unchanged,
                rows_quarantined=counts.rows_quarantined,
                rows_missing=counts.rows_read - found - counts.rows_unchanged - counts.rows_quarantined,
                rows_not_in_bronze=counts.rows_read
                - found_rows.get((load.number, source_table(load.source, table)), 0),
                cents_read=counts.cents_read,
                cents_missing=counts.cents_read - cents.get(load.number, 0) - counts.cents_unchanged,
            )
        )
    return lines


def _rows_by_load(facts: pl.DataFrame) -> dict[int, int]:
    return dict(facts.group_by(LOAD).len().iter_rows())
