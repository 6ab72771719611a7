"""A history that grows by deliveries: opened, told what is known of it, and read as it was known at any time."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from data.errors import HistoryError
from data.history.as_known import known_facts
from data.history.events import SOURCE as EVENTS
from data.history.fact_tables import FOUND, LOAD, QUARANTINE, FactTables
from data.history.ledger import Ledger, Load
from data.ingest.facts import SCHEMAS, Facts
from data.state.database import Database, open_database

HISTORY_URL, STATE_URL = "STOCKOUT_HISTORY_URL", "STOCKOUT_STATE_URL"


@dataclass(frozen=True)
class History:
    """The facts and the control table.

    Attributes:
        tables: All facts ever loaded.
        ledger: Which loads count.
        state: The database of the control table, and its lock.
    """

    tables: FactTables
    ledger: Ledger
    state: Database

    def recover(self) -> None:
        """Take out what loads left that died half way; to be called with the lock of the state held."""
        if dead := self.ledger.give_up():  # first, so that one of them that lives on cannot be committed any more
            self.tables.remove_loads(dead)
            self.ledger.note_removed(dead)

    def compact(self) -> None:
        """Put the small files that many loads of events left together; the history stays as it is.

        Raises:
            HistoryError, StateError: If it cannot be written; then it is as it was.
        """
        with self.state.locked():
            self.tables.compact()

    def remove_strays(self) -> None:
        """Take out what a loader wrote after it was given up and before it died; with the lock of the state held."""
        self.tables.remove_loads(self.tables.stored_among(self.ledger.removed()))

    def known_table(self, name: str, loads: Collection[Load]) -> pl.DataFrame:
        """The facts of a table as they are known after some loads, with their ``load``.

        Raises:
            HistoryError: If they cannot be read, or are not all there.
        """
        numbers = [load.number for load in loads]
        stored = self.stored_table(name).filter(pl.col(LOAD).is_in(pl.Series(numbers, dtype=pl.Int64).implode()))
        self.check_rows(name, dict(stored.group_by(LOAD).len().iter_rows()), loads)
        return self.known_of(name, stored, numbers)

    def check_rows(self, name: str, found: Mapping[int, int], loads: Collection[Load]) -> None:
        """Refuse a table that does not hold what its loads brought.

        Args:
            name: Of the table.
            found: Rows by load.
            loads: Those that count.
        Raises:
            HistoryError: Then.
        """
        for load in loads:
            expected = load.tables[name].rows_new if name in load.tables else 0
            if found.get(load.number, 0) != expected:
                raise HistoryError(
                    f"the history's table {self.tables.place(name)} holds {found.get(load.number, 0):,} rows of load "
                    f"{load.number}, which brought {expected:,}: put back a copy of it (stockout-data reconcile)"
                )

    def known_of(self, name: str, stored: pl.DataFrame, loads: Collection[int]) -> pl.DataFrame:
        """The same out of rows that are read already, whether or not they are all there."""
        coverage = self.ledger.coverage(loads) if name == "sales" else []
        return known_facts(name, stored.lazy(), list(loads), coverage)

    def stored_table(self, name: str) -> pl.DataFrame:
        """All facts of a table with their ``load``, those of loads that were never committed too.

        Raises:
            HistoryError: If they cannot be read.
        """
        with self.tables.reading(name):
            return self.tables.facts(name).collect()

    def known(self, loads: Collection[Load]) -> Facts:
        """All facts as they are known after some loads.

        Raises:
            HistoryError: If they cannot be read.
        """
        tables = {name: self.known_table(name, loads).drop(LOAD) for name in SCHEMAS}
        bad = self._quarantine(loads).filter(pl.col("table").is_in(["sales", "inventory"]))
        refused = bad["product_id"]
        return Facts(tables, refused, sales_are_known(loads))

    def recorded_after_files(self, loads: Collection[Load]) -> int:
        """Recorded sales of days of which a load before said all that was sold, so that they count beside it.

        Raises:
            HistoryError: If they cannot be read.
        """
        numbers = {load.number for load in loads if load.source == EVENTS}
        coverage = self.ledger.coverage([load.number for load in loads])
        if not numbers or not coverage:
            return 0
        days = pl.concat(each.days.alias("sold_on").to_frame().with_columns(said=each.load) for each in coverage)
        last = days.group_by("sold_on").agg(pl.col("said").max().cast(pl.Int64))
        with self.tables.reading("sales"):
            recorded = self.tables.facts("sales").filter(pl.col(LOAD).is_in(pl.Series(sorted(numbers)).implode()))
            after = recorded.join(last.lazy(), on="sold_on").filter(pl.col(LOAD) > pl.col("said"))
            return int(after.select(pl.len()).collect().item())

    def quarantined(self, loads: Collection[Load]) -> dict[str, dict[str, int]]:
        """Bad rows of some loads by table and reason.

        Raises:
            HistoryError: If they cannot be read.
        """
        counts = self._quarantine(loads).group_by("table", "reason").len().sort("table", "reason")
        by_table: dict[str, dict[str, int]] = {}
        for table, reason, count in counts.iter_rows():
            by_table.setdefault(table, {})[reason] = count
        return by_table

    def bad_rows(self, loads: Collection[Load]) -> pl.DataFrame:
        """The bad rows of some loads, columns as in ``QUARANTINE_SCHEMA``, the newest load first.

        Raises:
            HistoryError: If they cannot be read.
        """
        numbers = pl.Series([load.number for load in loads], dtype=pl.Int64)
        with self.tables.reading(QUARANTINE):
            bad = self.tables.quarantine().filter(pl.col(LOAD).is_in(numbers.implode())).collect()
        return bad.sort(LOAD, "table", "source_file", "row_number", descending=[True, False, False, False])

    def rows_found(self) -> dict[tuple[int, str], int]:
        """How many rows lie in bronze, by load and table of files.

        Raises:
            HistoryError: If they cannot be read.
        """
        with self.tables.reading(FOUND):
            counts = self.tables.found().group_by(LOAD, "table").len().collect()
        return {(load, table): rows for load, table, rows in counts.iter_rows()}

    def _quarantine(self, loads: Collection[Load]) -> pl.DataFrame:
        numbers = pl.Series([load.number for load in loads], dtype=pl.Int64)
        with self.tables.reading(QUARANTINE):
            bad = self.tables.quarantine().filter(pl.col(LOAD).is_in(numbers.implode()))
            return bad.select("table", "reason", "product_id").collect()


def open_history(work_dir: Path, environment: Mapping[str, str]) -> History:
    """Open the history of a work dir, which is empty at first.

    Args:
        work_dir: Holds the facts and the state, unless the environment says where else.
        environment: ``STOCKOUT_HISTORY_URL``: a folder, or a URL such as ``s3://bucket/history``;
            ``STOCKOUT_STATE_URL``: as in ``open_database``.
    Raises:
        StateError: If the database of the state cannot be used.
    """
    state = open_state(work_dir, environment)
    root = environment.get(HISTORY_URL) or str(work_dir / "history")
    return History(FactTables(root), Ledger(state), state)


def open_state(work_dir: Path, environment: Mapping[str, str]) -> Database:
    """Open the database of the state of a work dir; see :func:`open_history`.

    Raises:
        StateError: If it cannot be used.
    """
    return open_database(environment.get(STATE_URL) or f"sqlite:///{work_dir / 'state.db'}")


def sales_are_known(loads: Collection[Load]) -> bool:
    """Whether any load brought a table of sales."""
    return any(load.has_line_key is not None for load in loads)


def fingerprint_of_loads(loads: Collection[Load]) -> str:
    """A name for exactly what some loads say: SHA-256 over their numbers, times and files."""
    total = hashlib.sha256()
    for load in loads:
        files = " ".join(sorted(f"{file.table}:{file.sha256}" for file in load.files))
        total.update(f"{load.number} {load.known_from_us} {files}\n".encode())
    return total.hexdigest()
