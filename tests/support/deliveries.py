"""Exports as they would have been written by a day, and the tasks that load and score them week by week."""

import datetime as dt
import subprocess
from pathlib import Path

import polars as pl

from tests.support.preloaded import run_preloaded
from tests.support.processes import BIN

FIRST_MONDAY = dt.date(2024, 1, 1)
TABLES = {"sales": "sold_at", "inventory": "counted_on"}


def luigi(task: str, work_dir: Path, *options: str | Path) -> subprocess.CompletedProcess[str]:
    """A task of a work dir, run to its end."""
    words = [BIN / "luigi", "--module", "orchestration", task, "--local-scheduler", "--work-dir", work_dir, *options]
    return run_preloaded(words)


def question(*options: str | Path) -> tuple[str | Path, ...]:
    """Of the history: what runs out, by a quick backtest."""
    quick = ("--backtest-weeks", "8", "--refit-every", "8")
    return "--source", "history", "--label", "inventory", "--as-of", "latest", *quick, *options


def deliver(whole: Path, folder: Path, until: dt.date) -> Path:
    """The files as they would have been exported on a day: nothing of later."""
    folder.mkdir(exist_ok=True)
    for table, day in TABLES.items():
        rows = pl.read_csv(whole / f"{table}.csv", infer_schema=False)
        rows.filter(pl.col(day).str.slice(0, 10) <= str(until)).write_csv(folder / f"{table}.csv")
    return folder
