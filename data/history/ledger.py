"""The control table of the history: which delivery came when, of which files, and what became of its rows."""

import datetime as dt
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import sqlalchemy as sa

from data.history.as_known import Coverage
from data.state.database import Database
from data.state.tables import LOAD_DAYS, LOAD_FILES, LOAD_TABLES, LOADS

STARTED, COMMITTED, INTERRUPTED, REMOVED = "started", "committed", "interrupted", "removed"

_COUNTED = (
    LOAD_TABLES.c.load_id,
    LOAD_TABLES.c.table_name,
    *(column for column in LOAD_TABLES.c if column.name.startswith(("rows_", "cents_"))),
)


@dataclass(frozen=True)
class TableCounts:
    """What the rows of one table of a load became, and cents of sales: price times quantity of a line, rounded.

    Attributes:
        rows_read: Rows of its files; the sum of the next three.
        rows_quarantined: Bad ones, and repeated ones.
        rows_unchanged: Those that say what was known already.
        rows_new: Those that were added to the history.
        cents_read: Of the good rows; the sum of the next two.
        cents_unchanged: Of those that say what was known already.
        cents_new: Of those that were added.
    """

    rows_read: int
    rows_quarantined: int
    rows_unchanged: int
    rows_new: int
    cents_read: int = 0
    cents_unchanged: int = 0
    cents_new: int = 0

    def summary(self) -> str:
        """What the rows became, in a line."""
        return (
            f"{self.rows_read:,} rows, {self.rows_new:,} new, {self.rows_unchanged:,} known before, "
            f"{self.rows_quarantined:,} in quarantine"
        )


@dataclass(frozen=True)
class LoadedFile:
    """A file of a load: its name in the folder, its table, and the SHA-256 of its bytes."""

    name: str
    table: str
    sha256: str


@dataclass(frozen=True)
class Load:
    """A delivery that is part of the history.

    Attributes:
        number: Loads are numbered in the order in which they became known.
        known_from_us: Since when, in microseconds since 1970, UTC.
        source: The layout of its files.
        time_zone: Of the seller's clock.
        has_line_key: Whether its lines of sales have names; None: it brings no sales.
        sales_until: The last day of its sales, which may be one of a line of 0 units; None: it brings none.
        warnings: What was uncertain about it.
        tables: What became of its rows.
        files: Its files.
    """

    number: int
    known_from_us: int
    source: str
    time_zone: str
    has_line_key: bool | None
    sales_until: dt.date | None
    warnings: tuple[str, ...]
    tables: Mapping[str, TableCounts] = field(default_factory=dict)
    files: tuple[LoadedFile, ...] = ()

    @property
    def known_from(self) -> dt.datetime:
        """Since when it is known, UTC."""
        return dt.datetime.fromtimestamp(self.known_from_us / 1e6, dt.UTC)


class Ledger:
    """The loads of a history, in the database of the state."""

    def __init__(self, state: Database) -> None:
        self._state = state

    def begin(self, source: str, time_zone: str) -> tuple[int, int]:
        """Note that a load has begun; to be called with the lock of the state held.

        Returns:
            Its number, and since when it will be known: later than all before, whatever the clock says.
        """
        with self._state.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(LOADS.c.id), sa.func.max(LOADS.c.known_from_us))).one()
            number, known_from = (last[0] or 0) + 1, max(time.time_ns() // 1000, (last[1] or 0) + 1)
            connection.execute(
                LOADS.insert().values(
                    id=number,
                    state=STARTED,
                    source=source,
                    known_from_us=known_from,
                    time_zone=time_zone,
                    warnings=[],
                )
            )
        return number, known_from

    def commit(
        self,
        load: Load,
        days: Sequence[tuple[dt.date, dt.date]],
        write_more: Callable[[sa.Connection], None] = lambda _: None,
    ) -> bool:
        """Make a load part of the history; this is the moment from which its rows count.

        Args:
            load: As it was begun, and what it brought.
            days: First and last day of each stretch of which it says all that was sold.
            write_more: Called to write what else belongs to the same transaction.
        Returns:
            Whether it was still this process's to commit.
        """
        with self._state.connect() as connection:
            ours = (LOADS.c.id == load.number) & (LOADS.c.state == STARTED)
            done = connection.execute(
                LOADS.update()
                .where(ours)
                .values(
                    state=COMMITTED,
                    has_line_key=load.has_line_key,
                    sales_until=load.sales_until,
                    warnings=list(load.warnings),
                )
            )
            if done.rowcount != 1:
                return False
            rows = [
                {"load_id": load.number, "table_name": name, **vars(counts)} for name, counts in load.tables.items()
            ]
            files = [
                {"load_id": load.number, "name": file.name, "table_name": file.table, "sha256": file.sha256}
                for file in load.files
            ]
            stretches = [{"load_id": load.number, "first_day": first, "last_day": last} for first, last in days]
            for table, values in ((LOAD_TABLES, rows), (LOAD_FILES, files), (LOAD_DAYS, stretches)):
                if values:
                    connection.execute(table.insert(), values)
            write_more(connection)
        return True

    def give_up(self) -> list[int]:
        """Note that loads which began and did not end never will; to be called with the lock of the state held.

        Returns:
            These loads, and those before them of which rows may be left.
        """
        with self._state.connect() as connection:
            connection.execute(LOADS.update().where(LOADS.c.state == STARTED).values(state=INTERRUPTED))
            return list(connection.scalars(sa.select(LOADS.c.id).where(LOADS.c.state == INTERRUPTED)))

    def note_removed(self, loads: Collection[int]) -> None:
        """Note that of loads which were given up no row is left."""
        with self._state.connect() as connection:
            connection.execute(LOADS.update().where(LOADS.c.id.in_(loads)).values(state=REMOVED))

    def removed(self) -> list[int]:
        """The loads that were given up, of which no row should be left."""
        with self._state.connect() as connection:
            return list(connection.scalars(sa.select(LOADS.c.id).where(LOADS.c.state == REMOVED)))

    def loads(self, known_at_us: int | None = None) -> tuple[Load, ...]:
        """The loads that are part of the history, oldest first.

        Args:
            known_at_us: As it was known then, in microseconds since 1970; None: as it is known now.
        """
        known = LOADS.c.state == COMMITTED
        if known_at_us is not None:
            known &= LOADS.c.known_from_us <= known_at_us
        with self._state.connect() as connection:
            loads = connection.execute(sa.select(LOADS).where(known).order_by(LOADS.c.id)).all()
            tables = connection.execute(sa.select(*_COUNTED)).all()
            files = connection.execute(sa.select(LOAD_FILES).order_by(LOAD_FILES.c.name)).all()
        counts: dict[int, dict[str, TableCounts]] = {}
        for number, name, *numbers in tables:
            counts.setdefault(number, {})[name] = TableCounts(*numbers)
        of_load: dict[int, list[LoadedFile]] = {}
        for row in files:
            of_load.setdefault(row.load_id, []).append(LoadedFile(row.name, row.table_name, row.sha256))
        return tuple(
            Load(
                number=row.id,
                known_from_us=row.known_from_us,
                source=row.source,
                time_zone=row.time_zone,
                has_line_key=row.has_line_key,
                sales_until=row.sales_until,
                warnings=tuple(row.warnings),
                tables=counts.get(row.id, {}),
                files=tuple(of_load.get(row.id, ())),
            )
            for row in loads
        )

    def last_known_us(self, known_at_us: int | None = None) -> int | None:
        """Since when the newest of the loads is known; None: there is none. Arguments as of ``loads``."""
        query = sa.select(sa.func.max(LOADS.c.known_from_us)).where(LOADS.c.state == COMMITTED)
        if known_at_us is not None:
            query = query.where(LOADS.c.known_from_us <= known_at_us)
        with self._state.connect() as connection:
            newest: int | None = connection.scalar(query)
            return newest

    def file_digests(self) -> frozenset[str]:
        """SHA-256 of every file that was loaded."""
        query = sa.select(LOAD_FILES.c.sha256).join(LOADS).where(LOADS.c.state == COMMITTED)
        with self._state.connect() as connection:
            return frozenset(connection.scalars(query))

    def coverage(self, loads: Collection[int]) -> list[Coverage]:
        """The days of which some loads say all that was sold."""
        wanted = set(loads)
        stretches: dict[int, list[pl.Series]] = {}
        with self._state.connect() as connection:
            for row in connection.execute(sa.select(LOAD_DAYS)).mappings():
                if row["load_id"] in wanted:
                    days = pl.date_range(row["first_day"], row["last_day"], eager=True)
                    stretches.setdefault(row["load_id"], []).append(days)
        return [Coverage(load, pl.concat(days)) for load, days in stretches.items()]
