"""The history of a work dir, for people: its loads, and whether every row is accounted for."""

import os
from pathlib import Path

from data.errors import MissingInputError
from data.history.account import account
from data.history.history import HISTORY_URL, STATE_URL, History, open_history

LOADS_COLUMNS = ("load", "known from (UTC)", "table", "files", "rows", "new", "known before", "in quarantine")
ACCOUNT_COLUMNS = (
    "load",
    "table",
    "rows read",
    "kept",
    "replaced",
    "known before",
    "in quarantine",
    "missing",
    "amount read",
    "amount missing",
)


def load_rows(work_dir: Path) -> tuple[list[tuple[object, ...]], list[str]]:
    """Every load's tables, as ``LOADS_COLUMNS``, newest load first, and the loads' warnings.

    Raises:
        MissingInputError: If the work dir has no history.
        StateError: If its state cannot be used.
    """
    rows: list[tuple[object, ...]] = []
    warnings: list[str] = []
    for load in reversed(_history(work_dir).ledger.loads()):
        warnings += [f"load {load.number}: {warning}" for warning in load.warnings]
        for table, counts in load.tables.items():
            files = [file.name for file in load.files if file.table == table]
            rows.append(
                (
                    load.number,
                    f"{load.known_from:%Y-%m-%d %H:%M:%S}",
                    table,
                    ", ".join(files),
                    counts.rows_read,
                    counts.rows_new,
                    counts.rows_unchanged,
                    counts.rows_quarantined,
                )
            )
    return rows, warnings


def account_rows(work_dir: Path) -> tuple[list[tuple[object, ...]], bool]:
    """The account of every load's rows, as ``ACCOUNT_COLUMNS``, and whether all of it is even.

    Raises:
        MissingInputError: If the work dir has no history.
        HistoryError: If it cannot be read.
    """
    lines = account(_history(work_dir))
    rows: list[tuple[object, ...]] = [
        (
            line.load,
            line.table,
            line.rows_read,
            line.rows_kept,
            line.rows_replaced,
            line.rows_known_before,
            line.rows_quarantined,
            line.rows_missing,
            f"{line.cents_read / 100:.2f}" if line.table == "sales" else "",
            f"{line.cents_missing / 100:.2f}" if line.table == "sales" else "",
        )
        for line in lines
    ]
    return rows, all(line.is_even for line in lines)


def _history(work_dir: Path) -> History:
    if not os.environ.get(STATE_URL) and not (work_dir / "state.db").is_file():
        raise MissingInputError(
            f"{work_dir} holds no history: load files with LoadHistory, or set {STATE_URL} and {HISTORY_URL}"
        )
    return open_history(work_dir, os.environ)
