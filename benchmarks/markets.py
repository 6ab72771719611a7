"""Histories that are replayed week by week: the models that a market gives birth to, each from what was known then."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from benchmarks.cases import CASES, LAST_DAYS, Case, real_data
from benchmarks.model import SEED, ingest
from data.panel import Panel
from data.panel.build import build_panel
from data.synthetic.demand import Turn
from data.synthetic.shops import write_synthetic_generic
from data.weeks import last_complete_week
from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.backtest.origins import BacktestSettings
from training.backtest.predictions import PREDICTIONS_FILE, Predictions, read_predictions
from training.backtest.record import run_backtest
from training.backtest.walk import final_fit
from training.dataset import TrainingRows, read_training_table
from training.recipes import calibration_weeks_for, recipe_for
from training.table import write_training_table

SIMULATED = Case("a market that turns", "inventory", "stock-1")
TURN = Turn(week=40)
_PRODUCTS, _WEEKS, _FIRST_WEEK = 800, 72, dt.date(2023, 1, 2)


@dataclass(frozen=True)
class RowsInMemory(TrainingRows):
    """A training table whose features are not read from its file each time.

    Attributes:
        matrix: Features of all rows.
    """

    matrix: FloatArray

    def features(self, rows: IntArray | BoolArray | None = None) -> FloatArray:
        """See :class:`training.dataset.TrainingRows`."""
        return self.matrix if rows is None else self.matrix[rows]


@dataclass(frozen=True)
class Version:
    """A model as a run at the end of a week would register it.

    Attributes:
        week: Number of that week, the last that is known.
        rows: The training table as it was known then.
        predictions: Out of fold.
        predict: From features to calibrated probabilities.
    """

    week: int
    rows: TrainingRows
    predictions: Predictions
    predict: Callable[[FloatArray], FloatArray]


class Market:
    """A history with the question that is asked of it.

    Args:
        case: Data set and question.
        folder: An existing folder for what is kept.
    """

    def __init__(self, case: Case, folder: Path) -> None:
        self.case, self._folder = case, folder
        self.panel = _panel(case, folder)
        table = folder / "table.parquet"
        write_training_table(self.panel, case.label, case.feature_set, table)
        rows = read_training_table(table)
        self.rows = RowsInMemory(**vars(rows), matrix=rows.features())
        self.settings = BacktestSettings(calibration_weeks=calibration_weeks_for(case.label))
        self.version = cache(lambda week: self.train(week, self.known_at(week, self.rows)))

    def known_at(self, week: int, rows: RowsInMemory) -> RowsInMemory:
        """The table without the outcomes that were not over by the end of a week."""
        is_over = rows.week + rows.outcome_weeks <= week
        return replace(rows, outcome=np.where(is_over, rows.outcome, np.float32(np.nan)))

    def train(self, week: int, rows: RowsInMemory) -> Version:
        """Backtest, final fit and calibration on a table as it was known at the end of a week."""
        folder, recipe = Path(mkdtemp(dir=self._folder)), recipe_for(self.case.label)
        done = run_backtest(rows, self.panel, recipe, self.settings, SEED, folder, kept=self._folder / "kept")
        model, _ = final_fit(rows, recipe, self.settings.row_budget, SEED)

        def predict(features: FloatArray) -> FloatArray:
            return done.calibration.apply(model.predict(features).astype(np.float32))

        return Version(week, rows, read_predictions(folder / PREDICTIONS_FILE), predict)

    def rows_of_week(self, week: int) -> IntArray:
        """The rows that a model predicts in a week, those whose outcome is never known left out."""
        rows: IntArray = np.flatnonzero(np.isfinite(self.rows.outcome) & (self.rows.week == week))
        return rows


def _panel(case: Case, folder: Path) -> Panel:
    source, last_day = folder / "source", _FIRST_WEEK + dt.timedelta(weeks=_WEEKS, days=-1)
    if case is SIMULATED:
        write_synthetic_generic(source, seed=SEED, products=_PRODUCTS, weeks=_WEEKS, first_week=_FIRST_WEEK, turn=TURN)
    else:
        source, last_day = real_data(case), LAST_DAYS[case.name]
    return build_panel(ingest(source, folder / "quarantine.parquet"), as_of_week=last_complete_week(last_day))


MARKETS = (*CASES, SIMULATED)
