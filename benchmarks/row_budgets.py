"""What a row budget costs: the backtest of a finished run again, fitted on more and more rows.

``python -m benchmarks.row_budgets WORK_DIR --budgets 25000 100000 150000``; the last line, and what the others are
compared with, is the backtest on all rows. Differences are on the same products drawn. ``uncalibrated`` is the
calibration error of the probabilities before calibration, which would be off if the sample's weights were.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.panel import Panel
from data.panel.file import read_panel
from training.backtest.origins import BacktestSettings
from training.backtest.out_of_fold import Backtest
from training.backtest.rolling import backtest
from training.dataset import TrainingRows, read_training_table
from training.metrics.figures import Measurements, measure
from training.metrics.truth import BASE_RATE, ScorerOutput
from training.metrics.yardstick import Yardstick
from training.recipes import calibration_weeks_for, recipe_for

SEED = 42
BUDGETS = (25_000, 50_000, 100_000, 150_000)
_HEADINGS = ("rows at most", "avg. precision", "less that on all rows", "Brier", "calibration", "uncalibrated", "CPU s")


def main() -> None:
    """Backtest for every budget and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work_dir", type=Path, help="of a run whose features are done")
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--row-budget-of-all", type=int, default=10**9, help="what stands for all rows, to save time")
    options = parser.parse_args()
    rows = read_training_table(next(options.work_dir.glob("features/*/training_table.parquet")))
    panel = read_panel(next(options.work_dir.glob("panel/*/*/panel")))
    print(f"{rows.label.name} from {rows.feature_set}: {int(np.isfinite(rows.outcome).sum()):,} rows with an outcome")
    print(" | ".join(_HEADINGS))
    whole, seconds = figures_at(options.row_budget_of_all, rows, panel)
    for budget in options.budgets:
        print(line(f"{budget:,}", *figures_at(budget, rows, panel), whole), flush=True)
    print(line("all", whole, seconds, whole))


def figures_at(row_budget: int, rows: TrainingRows, panel: Panel) -> tuple[dict[str, Measurements], float]:
    """The figures of the model and of its uncalibrated probabilities, and the CPU time of the backtest."""
    settings = BacktestSettings(calibration_weeks=calibration_weeks_for(rows.label.name), row_budget=row_budget)
    started = time.process_time()
    done = backtest(rows, panel, recipe_for(rows.label.name), settings, SEED)
    return measured(done), time.process_time() - started


def measured(done: Backtest) -> dict[str, Measurements]:
    """Over all origins."""
    scorers = {"model": done.probability, "uncalibrated": done.raw, BASE_RATE: done.rules[BASE_RATE].values}
    truth = done.truth.take(np.arange(len(done.row)))
    outputs = {name: ScorerOutput(values, True) for name, values in scorers.items()}
    return measure(replace(truth, onset=None), outputs, Yardstick(seed=SEED))


def line(name: str, figures: dict[str, Measurements], seconds: float, whole: dict[str, Measurements]) -> str:
    """One row of the table."""
    precision, of_whole = figures["model"]["average_precision"], whole["model"]["average_precision"]
    errors = [figures[each]["calibration_error"].value for each in ("model", "uncalibrated")]
    cells = [name, str(precision.interval()), str(precision.minus(of_whole).interval())]
    cells += [f"{figures['model']['brier'].value:.4f}", *(f"{each:.4f}" for each in errors), f"{seconds:.0f}"]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
