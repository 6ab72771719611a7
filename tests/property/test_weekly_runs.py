"""Week after week on a history that grows: what a run makes is bit for bit what a first run on all of it makes.

Late lines, corrections, returns of past weeks, new products, and counts, flags and categories that come late.
"""

import datetime as dt
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from data.history.clean import clean_history
from data.history.folder import DeliveryFolder
from data.history.history import History, open_history
from data.history.load import load_delivery
from data.ingest.generic import ingest_generic
from data.ingest.result import CleanHistory
from data.panel.build import build_panel
from data.panel.file import write_panel
from training.backtest.origins import BacktestSettings
from training.backtest.predictions import PREDICTIONS_FILE
from training.backtest.record import run_backtest
from training.budget import LEAST_ROW_BUDGET
from training.dataset import read_training_table
from training.recipes import Recipe
from training.table import write_training_table

FIRST = dt.date(2024, 1, 1)
WEEKS, PRODUCTS = 34, 24
SOURCE = '[sales]\nkey = "line"\nreturns = "net"\n'
HEADERS = {
    "sales": "line,product_id,sold_at,quantity",
    "inventory": "product_id,counted_on,units_on_hand",
    "availability": "product_id,week_start,in_stock",
    "products": "product_id,category",
}
RECIPE = Recipe("lightgbm", {"num_iterations": 4, "num_leaves": 5})
BACKTEST = BacktestSettings(origins=8, refit_every=3, row_budget=LEAST_ROW_BUDGET)

Rows = dict[str, dict[str, str]]
"""By table and name of a fact, its row of the file."""

product = st.integers(0, PRODUCTS + 1)
week = st.integers(0, WEEKS - 1)
edit = st.one_of(
    st.tuples(st.just("late line"), product, week, st.integers(1, 5)),
    st.tuples(st.just("corrected line"), product, week, st.integers(1, 9)),
    st.tuples(st.just("return"), product, week, st.integers(1, 3)),
    st.tuples(st.just("count"), product, week, st.integers(0, 9)),
    st.tuples(st.just("flag"), product, week, st.integers(0, 1)),
    st.tuples(st.just("category"), product, week, st.integers(0, 2)),
)


def week_of(number: int) -> Rows:
    """The lines of one week, Poisson at a rate of each product's own; and a count and a flag, as tables must go on."""
    units = np.random.default_rng(number).poisson(np.linspace(0.3, 2.5, PRODUCTS))
    lines = {f"{each}-{number}": line(f"{each}-{number}", each, number, n) for each, n in enumerate(units) if n}
    monday = FIRST + dt.timedelta(weeks=number)
    count, flag = f"p00,{monday + dt.timedelta(days=6)},{number % 7}", f"p00,{monday},1"
    return {"sales": lines, "inventory": {f"weekly {number}": count}, "availability": {f"0 {monday}": flag}}


def line(name: str, each: int, number: int, units: int) -> str:
    return f"{name},p{each:02},{FIRST + dt.timedelta(weeks=number, days=each % 6)},{units}"


def rows_of(edits: list[tuple[str, int, int, int]], load: int) -> Rows:
    rows: Rows = {}
    for place, (kind, each, number, value) in enumerate(edits):
        new, day = f"{load}-{place}", FIRST + dt.timedelta(weeks=number)
        table, name, text = {
            "late line": ("sales", new, line(new, each, number, value)),
            "corrected line": ("sales", f"{each}-{number}", line(f"{each}-{number}", each, number, value)),
            "return": ("sales", new, line(new, each, number, -value)),
            "count": ("inventory", f"{each} {day}", f"p{each:02},{day},{value}"),
            "flag": ("availability", f"{each} {day}", f"p{each:02},{day},{value}"),
            "category": ("products", f"{each}", f"p{each:02},kind {value}"),
        }[kind]
        rows.setdefault(table, {})[name] = text
    return rows


def joined(before: Rows, after: Rows) -> Rows:
    return {table: before.get(table, {}) | after.get(table, {}) for table in HEADERS}


def write(folder: Path, rows: Mapping[str, Mapping[str, str]]) -> Path:
    folder.mkdir(parents=True)
    (folder / "source.toml").write_text(f"{SOURCE}[id]\nmin_join_share = 0.0\n")
    for table, lines in rows.items():
        if lines:
            (folder / f"{table}.csv").write_text("\n".join([HEADERS[table], *lines.values(), ""]))
    return folder


def run_of(clean: CleanHistory, number: int, folder: Path, kept: Path | None) -> list[bytes]:
    """The files of panel, features and backtest as of a week."""
    folder.mkdir(parents=True)
    panel = build_panel(clean, as_of_week=FIRST + dt.timedelta(weeks=number), max_missing_days=7)
    write_panel(panel, folder / "panel")
    write_training_table(panel, "zero_sales", "sales-2", folder / "table")
    run_backtest(read_training_table(folder / "table"), panel, RECIPE, BACKTEST, 1, folder, kept=kept)
    of_panel = sorted((folder / "panel").iterdir())
    return [path.read_bytes() for path in (*of_panel, folder / "table", folder / PREDICTIONS_FILE)]


def load(history: History, folder: Path) -> None:
    load_delivery(history, DeliveryFolder("generic", folder, folder.parent / "quarantine.parquet", None, None, 0.0))


@settings(max_examples=5, deadline=None)
@given(st.lists(st.lists(edit, max_size=6), min_size=3, max_size=3))
def test_each_weeks_run_is_that_of_a_first_run_on_all_that_is_known(
    weeks_of_edits: list[list[tuple[str, int, int, int]]],
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        history, known = open_history(root / "work", {}), Rows()
        for number in range(WEEKS - 3):
            known = joined(known, week_of(number))
        load(history, write(root / "first", known))
        for edits, number in zip(weeks_of_edits, range(WEEKS - 3, WEEKS), strict=True):
            delivery = joined(week_of(number), rows_of(edits, number))
            known = joined(known, delivery)
            load(history, write(root / f"delivery-{number}", delivery))
            grown = clean_history(history, history.ledger.loads())
            whole = ingest_generic(
                write(root / f"whole-{number}", known), quarantine_file=root / "bad.parquet", max_bad_share=0.0
            )
            ours = run_of(grown, number, root / f"grown-run-{number}", root / "kept")
            assert ours == run_of(whole, number, root / f"whole-run-{number}", None)
