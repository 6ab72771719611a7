"""The model beside every rule, out of fold, on real stores: ``python -m benchmarks.model [FOLDER ...]``.

Without a folder the three public data sets are taken from ``STOCKOUT_REAL_DATA`` or ``../shared/data``, each with the
targets that were set for it. A folder of one's own is read as what it holds: counted stock (``inventory``), else flags
(``availability``), else Olist's order files (``zero_sales``). The locked origins are the newest ones; no choice in this
code was made on them.
"""

import argparse
import datetime as dt
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.panel.build import build_panel
from data.weeks import last_complete_week
from feature_service.kernel.arrays import BoolArray
from training.backtest.origins import BacktestSettings, monday
from training.backtest.rolling import Backtest, backtest
from training.dataset import read_training_table, write_training_table
from training.evaluation.comparison import MODEL
from training.labels import label
from training.metrics.bootstrap import Interval
from training.metrics.figures import Measurements, measure
from training.metrics.truth import ScorerOutput
from training.metrics.yardstick import Yardstick
from training.recipes import calibration_weeks_for, recipe_for

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


@dataclass(frozen=True)
class Measured:
    """Some rows of a backtest, and every scorer's figures on them."""

    backtest: Backtest
    rows: BoolArray
    figures: Mapping[str, Measurements]

    def model(self, name: str) -> Interval:
        """A figure of the model."""
        return self.figures[MODEL][name].interval()

    def best_rule(self) -> str:
        """The rule with the highest average precision."""
        rules = [name for name in self.figures if name != MODEL]
        return max(rules, key=lambda name: self.figures[name]["average_precision"].value)


@dataclass(frozen=True)
class Target:
    """A figure to reach: what it is called, how it is measured, and from when on it counts as reached."""

    name: str
    measured: Callable[[Measured], Interval]
    reached: Callable[[Interval], bool]


@dataclass(frozen=True)
class Case:
    """One data set and the question asked of it.

    Attributes:
        name: Of the folder.
        label: What is predicted.
        feature_set: What it is predicted from.
        origins: Weekly origins.
        locked_origins: The newest of them.
        onsets_only: Whether only products that are selling are measured.
        subset: A part of the rows that is measured by itself: a segment's number; None for none.
        targets: On all rows measured.
        subset_targets: On the subset.
    """

    name: str
    label: str
    feature_set: str
    origins: int = 12
    locked_origins: int = 4
    onsets_only: bool = False
    subset: int | None = None
    targets: tuple[Target, ...] = ()
    subset_targets: tuple[Target, ...] = ()


def _at_least(name: str, metric: str, least: float) -> Target:
    return Target(f"{name} at least {least}", lambda on: on.model(metric), lambda figure: figure.value >= least)


def _at_most(name: str, metric: str, most: float) -> Target:
    return Target(f"{name} at most {most}", lambda on: on.model(metric), lambda figure: figure.value <= most)


def _ratio_to(rule: str, least: float) -> Target:
    def measured(on: Measured) -> Interval:
        ours, theirs = (on.figures[name]["average_precision"] for name in (MODEL, rule))
        return ours.over(theirs).interval()

    return Target(f"average precision at least {least} times that of {rule!r}", measured, lambda i: i.value >= least)


def _above_every_rule() -> Target:
    def measured(on: Measured) -> Interval:
        ours = on.figures[MODEL]["average_precision"]
        rules = (of_rule["average_precision"] for name, of_rule in on.figures.items() if name != MODEL)
        return min((ours.minus(theirs).interval() for theirs in rules), key=lambda difference: difference.low)

    return Target("average precision less that of the closest rule above 0", measured, lambda i: i.low > 0)


CASES = (
    Case(
        "store_inventory",
        "inventory",
        "stock-1",
        targets=(
            _ratio_to("days of cover", 1.5),
            _at_least("AUC", "auc", 0.85),
            _at_most("calibration error", "calibration_error", 0.01),
        ),
    ),
    Case(
        "vn2",
        "availability",
        "availability-1",
        origins=64,
        locked_origins=28,
        onsets_only=True,
        targets=(_above_every_rule(),),
    ),
    Case(
        "olist",
        "zero_sales",
        "sales-1",
        origins=24,
        locked_origins=24,  # every row from 2018-03 on
        subset=2,
        targets=(_at_most("Brier", "brier", 0.085), _at_least("AUC", "auc", 0.79)),
        subset_targets=(_at_least("average precision", "average_precision", 0.60),),
    ),
)
_LAST_DAYS = {
    "store_inventory": dt.date(2024, 6, 16),  # orders go on for a week, in which counts end on Friday
    "olist": dt.date(2018, 8, 26),
    "vn2": dt.date(2023, 7, 9),
}
"""Where the files go on after the last week that is whole, or say the week by its Monday."""


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
        _measure(folder, case, given.as_of or _LAST_DAYS.get(case.name), yardstick)


def _cases(folders: list[Path]) -> Iterator[tuple[Path, Case]]:
    if folders:
        yield from ((folder, _case_of(folder)) for folder in folders)
        return
    beside = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("STOCKOUT_REAL_DATA", beside))
    for case in CASES:
        if not (root / case.name).is_dir():
            sys.exit(f"there is no folder {root / case.name}: set STOCKOUT_REAL_DATA, or name folders of your own")
        yield root / case.name, case


def _case_of(folder: Path) -> Case:
    known = next((case for case in CASES if case.name == folder.name), None)
    if known is not None:
        return known
    if any(folder.glob("inventory.*")):
        return Case(folder.name, "inventory", "stock-1", targets=CASES[0].targets)
    if any(folder.glob("availability.*")):
        return Case(folder.name, "availability", "availability-1", onsets_only=True, targets=CASES[1].targets)
    return Case(folder.name, "zero_sales", "sales-1")


def _measure(folder: Path, case: Case, as_of: dt.date | None, yardstick: Yardstick) -> None:
    started = time.perf_counter()
    done = _backtest(folder, case, as_of)
    counted = done.truth.selling if case.onsets_only else np.ones(len(done.row), dtype=np.bool_)
    calendar = done.calendar
    _console.rule(f"{case.name}: {case.label} from {case.feature_set}, {recipe_for(case.label).estimator}")
    _console.print(
        f"{calendar.origins} weekly origins {monday(calendar.first)} .. {monday(calendar.last)}"
        + (", only products that are selling: every positive is an onset" if case.onsets_only else "")
        + f"; B = {yardstick.alert_budget} a week; 95 % intervals over products; {time.perf_counter() - started:.0f} s"
    )
    blocks = {"development origins": ~done.locked, "locked origins": done.locked, "all origins": done.locked | True}
    for name, block in blocks.items():
        if (case.locked_origins < calendar.origins or name == "all origins") and (block & counted).any():
            _report(name, done, block & counted, yardstick, case.targets)
    if case.subset is not None:
        part = counted & (done.truth.segment == case.subset)
        _report(
            f"all origins, products selling {done.truth.segments[case.subset]}",
            done,
            part,
            yardstick,
            case.subset_targets,
        )


def _backtest(folder: Path, case: Case, as_of: dt.date | None) -> Backtest:
    with tempfile.TemporaryDirectory() as temporary:
        ingested = _ingest(folder, Path(temporary) / "quarantine.parquet")
        last_day = as_of or ingested.report.history_to
        panel = build_panel(ingested, as_of_week=last_complete_week(last_day))
        table = Path(temporary) / "table.parquet"
        write_training_table(panel, label(case.label).name, case.feature_set, table)
        rows = read_training_table(table)
    settings = BacktestSettings(
        origins=case.origins,
        locked_origins=case.locked_origins,
        calibration_weeks=calibration_weeks_for(case.label),
    )
    return backtest(rows, panel, recipe_for(case.label), settings, SEED)


def _ingest(folder: Path, quarantine: Path) -> CleanHistory:
    if any(folder.glob("olist_orders_dataset.*")):
        return ingest_olist(folder, quarantine_file=quarantine)
    return ingest_generic(folder, quarantine_file=quarantine)


def _report(name: str, done: Backtest, rows: BoolArray, yardstick: Yardstick, targets: tuple[Target, ...]) -> None:
    truth = done.truth.take(rows)
    scorers = {MODEL: ScorerOutput(done.probability, True), **done.rules}
    figures = measure(truth, {scorer: scores.take(rows) for scorer, scores in scorers.items()}, yardstick)
    measured = Measured(done, rows, figures)
    base = float(truth.outcome.mean())
    _console.print(_table(f"{name}: {int(rows.sum()):,} product-weeks, base rate {base:.4f}", figures))
    best = measured.best_rule()
    gain = figures[MODEL]["average_precision"].minus(figures[best]["average_precision"]).interval()
    _console.print(f"  average precision less that of the best rule, {best!r}: {gain}")
    for figure, of_model in figures[MODEL].items():
        if figure.startswith("calibration_error,"):
            _console.print(f"  {figure}: {of_model.interval()}")
    for target in targets:
        reached = target.measured(measured)
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
