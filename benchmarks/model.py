"""The model beside every rule, out of fold, on real stores: ``python -m benchmarks.model [FOLDER ...]``.

Without a folder the three public data sets are taken from ``STOCKOUT_REAL_DATA`` or ``../shared/data``, each with the
targets that were set for it. A folder of one's own is read as what it holds: counted stock (``inventory``), else flags
(``availability``), else Olist's order files (``zero_sales``). The locked origins are the newest ones; no choice in this
code was made on them.
"""

import argparse
import datetime as dt
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, LAST_DAYS, Case, EvaluatedRows, Target, case_of, real_data
from benchmarks.likely_miscounts import likely_miscounts
from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.panel import Panel
from data.panel.build import build_panel
from data.weeks import last_complete_week, monday
from feature_service.kernel.arrays import BoolArray
from training.backtest.origins import BacktestSettings
from training.backtest.out_of_fold import Backtest
from training.backtest.rolling import backtest
from training.dataset import read_training_table
from training.evaluation.comparison import MODEL
from training.labels import label
from training.metrics.bootstrap import Interval
from training.metrics.figures import Measurements, measure
from training.metrics.truth import ScorerOutput
from training.metrics.yardstick import Yardstick
from training.recipes import calibration_weeks_for, recipe_for
from training.table import write_training_table

SEED = 42
_COLUMNS = (
    ("average_precision", "avg. precision", 3),
    ("auc", "AUC", 3),
    ("recall_at_budget", "recall@B", 3),
    ("precision_at_budget", "prec.@B", 3),
    ("lift_at_budget", "lift@B", 2),
    ("onset_recall", "onset rec.", 3),
    ("lead_time_weeks", "lead wk", 2),
    ("brier", "Brier", 4),
    ("brier_skill", "skill", 3),
    ("calibration_error", "calib. err.", 4),
    ("cost_per_100", "cost/100", 1),
)
_console = Console(width=200 if not sys.stdout.isatty() else None, highlight=False)


def main() -> None:
    """Measure every folder and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="*", type=Path, help="stores to measure; by default the three public ones")
    parser.add_argument(
        "--as-of", type=dt.date.fromisoformat, help="last day that is known; by default the files' last"
    )
    parser.add_argument("--budget", type=int, default=50, help="products alerted a week (B)")
    parser.add_argument("--draws", type=int, default=200, help="of the bootstrap")
    given = parser.parse_args()
    yardstick = Yardstick(alert_budget=given.budget, draws=given.draws, seed=SEED)
    for folder, case in _cases(given.folders):
        _measure(folder, case, given.as_of or LAST_DAYS.get(case.name), yardstick)


def _cases(folders: list[Path]) -> Iterator[tuple[Path, Case]]:
    if folders:
        yield from ((folder, case_of(folder)) for folder in folders)
        return
    yield from ((real_data(case), case) for case in CASES)


def _measure(folder: Path, case: Case, as_of: dt.date | None, yardstick: Yardstick) -> None:
    started = time.perf_counter()
    backtested, panel, history = _backtest(folder, case, as_of)
    counted = backtested.truth.selling if case.onsets_only else np.ones(len(backtested.row), dtype=np.bool_)
    calendar = backtested.calendar
    _console.rule(f"{case.name}: {case.label} from {case.feature_set}, {recipe_for(case.label).estimator}")
    _console.print(
        f"{calendar.origins} weekly origins {monday(calendar.first)} .. {monday(calendar.last)}"
        + (", only products that are selling: every positive is an onset" if case.onsets_only else "")
        + f"; B = {yardstick.alert_budget} a week; 95 % intervals over products; {time.perf_counter() - started:.0f} s"
    )
    blocks = {
        "development origins": ~backtested.locked,
        "locked origins": backtested.locked,
        "all origins": backtested.locked | True,
    }
    for name, block in blocks.items():
        if (case.locked_origins < calendar.origins or name == "all origins") and (block & counted).any():
            _report(name, backtested, block & counted, yardstick, case.targets)
    if case.label == "inventory":
        wrong = likely_miscounts(backtested, panel, history.counts)
        _report(f"all origins without {int(wrong.sum())} likely miscounts", backtested, counted & ~wrong, yardstick, ())
    if case.subset is not None:
        part = counted & (backtested.truth.segment == case.subset)
        _report(
            f"all origins, products selling {backtested.truth.segments[case.subset]}",
            backtested,
            part,
            yardstick,
            case.subset_targets,
        )


def _backtest(folder: Path, case: Case, as_of: dt.date | None) -> tuple[Backtest, Panel, CleanHistory]:
    with tempfile.TemporaryDirectory() as temporary:
        ingested = ingest(folder, Path(temporary) / "quarantine.parquet")
        last_day = as_of or ingested.report.history_to
        panel = build_panel(ingested, as_of_week=last_complete_week(last_day))
        table = Path(temporary) / "table.parquet"
        write_training_table(panel, label(case.label).name, case.feature_set, table)
        settings = BacktestSettings(
            origins=case.origins,
            locked_origins=case.locked_origins,
            calibration_weeks=calibration_weeks_for(case.label),
        )
        done = backtest(read_training_table(table), panel, recipe_for(case.label), settings, SEED)
        return done, panel, ingested


def ingest(folder: Path, quarantine: Path) -> CleanHistory:
    """What a folder holds, read as Olist's layout if it has its files, else as the generic one."""
    if any(folder.glob("olist_orders_dataset.*")):
        return ingest_olist(folder, quarantine_file=quarantine)
    return ingest_generic(folder, quarantine_file=quarantine)


def _report(
    name: str, backtested: Backtest, rows: BoolArray, yardstick: Yardstick, targets: tuple[Target, ...]
) -> None:
    truth = backtested.truth.take(rows)
    scorers = {MODEL: ScorerOutput(backtested.probability, True), **backtested.rules}
    figures = measure(truth, {scorer: scores.take(rows) for scorer, scores in scorers.items()}, yardstick)
    evaluated = EvaluatedRows(backtested, rows, figures)
    base = float(truth.outcome.mean())
    _console.print(_table(f"{name}: {int(rows.sum()):,} product-weeks, base rate {base:.4f}", figures))
    best = evaluated.best_rule()
    gain = figures[MODEL]["average_precision"].minus(figures[best]["average_precision"]).interval()
    _console.print(f"  average precision less that of the best rule, {best!r}: {gain}")
    for figure, of_model in figures[MODEL].items():
        if figure.startswith("calibration_error,"):
            _console.print(f"  {figure}: {of_model.interval()}")
    for target in targets:
        reached = target.measured(evaluated)
        _console.print(f"  target, {target.name}: {'met' if target.reached(reached) else 'MISSED'} with {reached}")
    _console.print()


def _table(title: str, figures: Mapping[str, Measurements]) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for _, heading, _digits in _COLUMNS:
        table.add_column(heading, justify="right")
    for scorer, of_scorer in figures.items():
        cells = [_cell(of_scorer[key].interval(), digits) if key in of_scorer else "–" for key, _, digits in _COLUMNS]
        table.add_row(scorer, *cells, style="bold" if scorer == MODEL else None)
    return table


def _cell(figure: Interval, digits: int) -> str:
    return f"{figure.value:.{digits}f}\n{figure.low:.{digits}f}–{figure.high:.{digits}f}"


if __name__ == "__main__":
    main()
