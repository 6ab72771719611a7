"""The history of a work dir as it was known at a time."""

import datetime as dt
import functools
import os
from pathlib import Path

from training.errors import SettingError


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
def latest_week_of(ingest_dir: Path, today: dt.date, max_missing_days: int) -> dt.date:
    """The Monday of the latest week that the data of an ingest completes.

    Raises:
        DataError: If it was not ingested yet, or completes no week.
    """
    from data.ingest.result import read_history  # noqa: PLC0415 - Polars, which a day that is named does without
    from data.panel.reach import latest_week, record_days  # noqa: PLC0415

    return latest_week(record_days(read_history(ingest_dir)), today, max_missing_days)
