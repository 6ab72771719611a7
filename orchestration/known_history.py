"""The history of a work dir as it was known at a time."""

import datetime as dt
import functools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from feature_service.json_record import read_json
from training.errors import SettingError

if TYPE_CHECKING:
    from data.history.sums import CleanSums
    from data.ingest.result import IngestReport


def microseconds_of(known_at: str) -> int:
    """A time as microseconds since 1970; without an offset it is UTC.

    Raises:
        SettingError: If it is no time.
    """
    try:
        time = dt.datetime.fromisoformat(known_at)
    except ValueError as error:
        raise SettingError("known-at", known_at, "a time such as 2024-06-17T06:00Z") from error
    return int((time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp() * 1_000_000)


@functools.lru_cache
def last_known_us(work_dir: Path, known_at_us: int | None) -> int:
    """Since when the newest load up to a time is known, in microseconds since 1970; 0 where there is none.

    It is asked once in a process: loads that come while a run goes on are not part of it.

    Raises:
        StateError: If the state of the history cannot be used.
    """
    from data.history.history import open_history  # noqa: PLC0415 - SQL, which files do without

    return open_history(work_dir, os.environ).ledger.last_known_us(known_at_us) or 0


@functools.lru_cache
def history_fingerprint(work_dir: Path, until_us: int) -> str:
    """A name for what the history says, known up to a load, as ``last_known_us`` gives it.

    Raises:
        StateError: If its state cannot be used.
    """
    from data.history.history import fingerprint_of_loads, open_history  # noqa: PLC0415

    return fingerprint_of_loads(open_history(work_dir, os.environ).ledger.loads(until_us))


@functools.lru_cache
def history_holds(work_dir: Path, until_us: int, table: str) -> bool:
    """Whether any load, known up to one as ``last_known_us`` gives it, brought facts of a table.

    Raises:
        StateError: If the state of the history cannot be used.
    """
    from data.history.history import open_history  # noqa: PLC0415

    loads = open_history(work_dir, os.environ).ledger.loads(until_us)
    return any(load.tables[table].rows_new > 0 for load in loads if table in load.tables)


@functools.lru_cache
def latest_week_of(ingest_dir: Path, today: dt.date, max_missing_days: int) -> dt.date:
    """The Monday of the latest week that the data of an ingest completes.

    Raises:
        DataError: If it was not ingested yet, or completes no week.
    """
    from data.ingest.result import read_history  # noqa: PLC0415 - Polars, which a day that is named does without
    from data.panel.reach import latest_week, record_days  # noqa: PLC0415

    return latest_week(record_days(read_history(ingest_dir)), today, max_missing_days)


CLEAN_SUMS, CLEAN_REPORT = "sums.json", "report.json"


def clean_account(clean_dir: Path) -> "tuple[CleanSums, IngestReport]":
    """What became of the rows that the engine ``spark`` read.

    Raises:
        PanelFileError: If they were not read yet.
    """
    from data.errors import PanelFileError  # noqa: PLC0415 - as below
    from data.history.sums import CleanSums  # noqa: PLC0415 - Polars, which a day that is named does without
    from data.ingest.result import IngestReport  # noqa: PLC0415

    try:
        sums = read_json(CleanSums, (clean_dir / CLEAN_SUMS).read_text(encoding="utf-8"))
        return sums, IngestReport.from_json((clean_dir / CLEAN_REPORT).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PanelFileError(f"the clean facts in {clean_dir} cannot be read ({error}): start the run again") from error


@functools.lru_cache
def latest_week_of_sums(clean_dir: Path, today: dt.date, max_missing_days: int) -> dt.date:
    """The same of what the engine ``spark`` read.

    Raises:
        DataError: See ``latest_week_of``.
    """
    from data.panel.reach import latest_week, record_days_of  # noqa: PLC0415 - as above

    sums, report = clean_account(clean_dir)
    days = {table: sums.rows_by_day(table) for table in sums.days}
    return latest_week(record_days_of(days, report), today, max_missing_days)
