"""The history of a work dir, for people: its loads, and whether every row is accounted for."""

import os
from collections.abc import Sequence
from pathlib import Path

from data.command.stored import QUARANTINE_COLUMNS, quarantined_at, shown_rows
from data.errors import MissingInputError
from data.history.account import AccountLine, account
from data.history.events import SOURCE as EVENTS
from data.history.fact_tables import LOAD
from data.history.history import HISTORY_URL, STATE_URL, History, open_history
from data.history.ledger import Load
from data.history.record import EARLIER_COUNT

LOADS_COLUMNS = ("load", "known from (UTC)", "table", "files", "rows", "new", "known before", "in quarantine")
_MOST_NAMED = 4
BAD_ROWS_COLUMNS = ("load", *QUARANTINE_COLUMNS)
ACCOUNT_COLUMNS = (
    "load",
    "table",
    "rows read",
    "kept",
    "replaced",
    "known before",
    "in quarantine",
    "missing",
    "not in bronze",
    "amount read",
    "amount missing",
)


def load_rows(work_dir: Path, *, is_folded: bool) -> tuple[list[tuple[object, ...]], list[str]]:
    """Every load's tables, as ``LOADS_COLUMNS``, newest load first, and the loads' warnings.

    Args:
        work_dir: Holds the history.
        is_folded: Whether loads of events that follow each other are one, and only some of many files named: there may
            be thousands.
    Raises:
        MissingInputError: If the work dir has no history, or an empty one.
        StateError: If its state cannot be used.
    """
    _, loads = _history(work_dir)
    rows: list[tuple[object, ...]] = []
    for folded in reversed(_fold(loads) if is_folded else [[load] for load in loads]):
        for table in dict.fromkeys(table for load in folded for table in load.tables):
            counts = [load.tables[table] for load in folded if table in load.tables]
            files = [file.name for load in folded for file in load.files if file.table == table]
            rows.append(
                (
                    _numbers(folded),
                    f"{folded[-1].known_from:%Y-%m-%d %H:%M:%S}",
                    table,
                    (_few(files) if is_folded else ", ".join(files)) if folded[0].source != EVENTS else "(events)",
                    sum(each.rows_read for each in counts),
                    sum(each.rows_new for each in counts),
                    sum(each.rows_unchanged for each in counts),
                    sum(each.rows_quarantined for each in counts),
                )
            )
    return rows, [f"load {load.number}: {warning}" for load in reversed(loads) for warning in load.warnings]


def _few(files: Sequence[str]) -> str:
    """A table is as wide as its longest cell: of many files only the first is named, and the last."""
    return ", ".join(files) if len(files) <= _MOST_NAMED else f"{files[0]} to {files[-1]} ({len(files)} files)"


def account_rows(work_dir: Path, *, is_folded: bool) -> tuple[list[tuple[object, ...]], bool]:
    """The account of every load's rows, as ``ACCOUNT_COLUMNS``, and whether all of it is even.

    Args:
        work_dir: Holds the history.
        is_folded: Whether loads of events that follow each other are one.
    Raises:
        MissingInputError: If the work dir has no history, or an empty one.
        HistoryError: If it cannot be read.
    """
    history, loads = _history(work_dir)
    lines = account(history)
    names = {load.number: _numbers(folded) for folded in _fold(loads) for load in folded} if is_folded else {}
    folded_lines: dict[tuple[str, str], list[AccountLine]] = {}
    for line in lines:
        folded_lines.setdefault((names.get(line.load, str(line.load)), line.table), []).append(line)
    rows = [(name, table, *_sums(table, each)) for (name, table), each in folded_lines.items()]
    return rows, all(line.is_even for line in lines)


def _sums(table: str, lines: Sequence[AccountLine]) -> list[object]:
    """What stands behind the load and the table, as ``ACCOUNT_COLUMNS``."""
    names = ("read", "kept", "replaced", "known_before", "quarantined", "missing", "not_in_bronze")
    rows = [sum(getattr(line, f"rows_{name}") for line in lines) for name in names]
    cents = [sum(getattr(line, f"cents_{name}") for line in lines) for name in ("read", "missing")]
    return [*rows, *(f"{each / 100:.2f}" if table == "sales" else "" for each in cents)]


def _fold(loads: Sequence[Load]) -> list[list[Load]]:
    """Loads of events that follow each other together, every other one alone; oldest first."""
    folded: list[list[Load]] = []
    for load in loads:
        if folded and load.source == folded[-1][-1].source == EVENTS:
            folded[-1].append(load)
        else:
            folded.append([load])
    return folded


def _numbers(loads: Sequence[Load]) -> str:
    first, last = loads[0].number, loads[-1].number
    return str(first) if first == last else f"{first} to {last}"


def bad_rows(work_dir: Path) -> list[tuple[object, ...]] | None:
    """Every bad row of every load, as ``BAD_ROWS_COLUMNS``, the newest load first: all that :func:`load_rows` counts.

    None where there is no history, or files were read since that are not in it: by a run of files, or since the
    delivery was refused.

    Raises:
        HistoryError: If it cannot be read.
    """
    try:
        history, loads = _history(work_dir)
    except MissingInputError:
        return None
    if quarantined_at(work_dir) * 1e6 > loads[-1].known_from_us:
        return None
    bad = history.bad_rows(loads)
    right = {EARLIER_COUNT: "nothing: of the counts of a day the one taken last counts"}
    rows = zip(bad[LOAD].to_list(), shown_rows(bad), strict=True)
    return [(load, *row[:-1], right.get(row[2], row[-1])) for load, row in rows]


def _history(work_dir: Path) -> tuple[History, Sequence[Load]]:
    if not os.environ.get(STATE_URL) and not (work_dir / "state.db").is_file():
        raise MissingInputError(
            f"{work_dir} holds no history: load files with LoadHistory, or set {STATE_URL} and {HISTORY_URL}"
        )
    history = open_history(work_dir, os.environ)
    loads = history.ledger.loads()
    if not loads:
        raise MissingInputError(f"the history of {work_dir} is empty: load files with LoadHistory, or record events")
    return history, loads
