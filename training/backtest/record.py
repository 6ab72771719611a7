"""The files of a backtest.

backtest/<run>/
    predictions.parquet     out-of-fold predictions of the model and of every rule
    run_out.parquet         out-of-fold run-out curves, where the label tells when a product runs out
    backtest.json           the recipe, the calendar, and the calibration for the model fitted on all rows
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from data.panel import Panel
from feature_service.bundle import Calibration
from training.backtest.origins import BacktestSettings, Calendar
from training.backtest.out_of_fold import Backtest
from training.backtest.predictions import PREDICTIONS_FILE, write_predictions
from training.backtest.rolling import backtest
from training.backtest.run_out import backtest_run_out
from training.backtest.run_out_file import RUN_OUT_FILE, write_run_out
from training.backtest.store import PredictionStore
from training.dataset import TrainingRows
from training.recipes import Recipe
from training.record_file import read_record_file

BACKTEST_FILE = "backtest.json"


@dataclass(frozen=True)
class BacktestRecord:
    """The backtest's settings and results that the final fit needs.

    Attributes:
        recipe: How the model is made.
        settings: How many origins, and how often the model is fitted.
        calendar: The weeks.
        calibration: For the model that is fitted on all rows.
        seed: Of every random choice.
        reach_weeks: The last week ahead of the run-out curve; 1 where there is none.
    """

    recipe: Recipe
    settings: BacktestSettings
    calendar: Calendar
    calibration: Calibration
    seed: int
    reach_weeks: int = 1


def run_backtest(
    rows: TrainingRows,
    panel: Panel,
    recipe: Recipe,
    settings: BacktestSettings,
    seed: int,
    to: Path,
    beside: Mapping[str, Recipe] | None = None,
    kept: Path | None = None,
) -> Backtest:
    """Run the backtest and write its files.

    Args:
        rows: The training table.
        panel: What it was made from.
        recipe: How the model is made.
        settings: How many origins, and how often the model is fitted.
        seed: Of every random choice.
        to: An existing folder.
        beside: Other recipes by name that are measured among the rules.
        kept: Folder of predictions of earlier backtests, and of this one's.
    Raises:
        TrainingHistoryError, OneSidedOutcomeError, TrainingFileError: See :func:`training.backtest.rolling.backtest`.
    """
    result = backtest(rows, panel, recipe, settings, seed, beside, kept)
    write_predictions(result, rows, panel.product_ids, recipe.estimator, to / PREDICTIONS_FILE)
    curves = backtest_run_out(rows, panel, result, settings.row_budget, seed, PredictionStore(kept))
    if curves is not None:
        write_run_out(curves, rows, panel.product_ids, to / RUN_OUT_FILE)
    reach_weeks = 1 if curves is None else curves.reach_weeks
    record = BacktestRecord(recipe, settings, result.calendar, result.calibration, seed, reach_weeks)
    (to / BACKTEST_FILE).write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
    return result


def read_backtest(folder: Path) -> BacktestRecord:
    """Read the record that :func:`run_backtest` wrote.

    Raises:
        TrainingFileError: If it is missing or broken.
    """
    return read_record_file(BacktestRecord, folder / BACKTEST_FILE, "run the backtest again")
