"""The stages that make a model: features, backtest, train, evaluate.

What a stage needs is imported when it runs, so that Luigi finds a finished run finished without loading MLflow or
scikit-learn.
"""

from pathlib import Path

import luigi
from luigi.util import requires

from orchestration.history_tasks import PANEL_DIR, PANEL_REPORT, WeeklyPanel
from orchestration.parameters import BASELINE, SPARK
from orchestration.spark_tasks import PanelParts, features_in_parts
from orchestration.stage import Stage
from orchestration.targets import write_file_whole
from training.backtest import PREDICTIONS_FILE

TRAINING_TABLE = "training_table.parquet"


class Features(Stage):
    """The training table: features and outcome of every row in which the label applies."""

    def requires(self) -> luigi.Task | list[luigi.Task]:
        """The panel, and of Spark its parts, which another engine's panel does not bring."""
        panel: luigi.Task = self.clone(WeeklyPanel)  # type: ignore[no-untyped-call]
        parts: luigi.Task = self.clone(PanelParts)  # type: ignore[no-untyped-call]
        return [panel, parts] if self.engine == SPARK else panel

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "features" / self.features_name

    def fill(self, folder: Path) -> str:
        """Compute the features with the kernel."""
        if self.engine == SPARK:
            rows, known = features_in_parts(self, folder, folder / TRAINING_TABLE)
            return f"{rows:,} rows of {self.feature_set_name}, outcome known for {known:,}"
        from data.panel.file import read_panel
        from training.table import write_training_table

        panel = read_panel(self.folder_of(WeeklyPanel) / PANEL_DIR)
        counts = write_training_table(
            panel,
            self.label,
            self.feature_set_name,
            folder / TRAINING_TABLE,
            horizon_weeks=self.horizon_weeks,
            alpha=self.alpha,
        )
        return f"{counts.rows:,} rows of {self.feature_set_name}, outcome known for {counts.outcomes_known:,}"


@requires(Features)
class Backtest(Stage):
    """Out-of-fold predictions of the model and of every rule, by weekly origins."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "backtest" / self.backtest_name

    def fill(self, folder: Path) -> str:
        """Choose the recipe, walk over the origins."""
        from data.panel.file import read_panel
        from training.backtest.origins import BacktestSettings
        from training.backtest.record import run_backtest
        from training.dataset import read_training_table
        from training.recipes import ORIGINAL, calibration_weeks_for, recipe_for
        from training.selection import choose_recipe

        rows = read_training_table(self.folder_of(Features) / TRAINING_TABLE)
        panel = read_panel(self.folder_of(WeeklyPanel) / PANEL_DIR)
        settings = BacktestSettings(
            origins=self.backtest_weeks,
            refit_every=self.refit_every,
            calibration_weeks=calibration_weeks_for(self.label),
            row_budget=self.row_budget,
        )
        if self.estimator == BASELINE:
            own = recipe_for(self.label)
            recipe, beside = ORIGINAL, {f"{own.estimator}, the label's recipe": own}
        else:
            recipe, beside = choose_recipe(rows, settings, self.search_trials, self.seed, folder), {}
        kept = self.work_dir / "backtest" / "kept"
        done = run_backtest(rows, panel, recipe, settings, self.seed, folder, beside, kept)
        return f"{len(done.row):,} out-of-fold predictions of {recipe.estimator} at {done.calendar.origins} origins"

    def run(self) -> None:
        """Also put the predictions where the newest run's are looked for."""
        super().run()
        newest = self.work_dir / "backtest" / PREDICTIONS_FILE
        write_file_whole(newest, (self.folder / PREDICTIONS_FILE).read_bytes())


@requires(Backtest)
class Train(Stage):
    """The backtest's recipe fitted on the known rows, as a bundle, calibrated."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.model_dir / "candidate"

    def fill(self, folder: Path) -> str:
        """Fit, export to ONNX, check parity."""
        from training.candidate import train

        table, backtest = self.folder_of(Features) / TRAINING_TABLE, self.folder_of(Backtest)
        record = train(table, backtest, self.seed, self.data_fingerprint, folder)
        of_all = f" of {record.rows_known:,}" if record.rows < record.rows_known else ""
        return f"{record.rows:,}{of_all} rows, ONNX differs from the fitted model by at most {record.parity:.0e}"


@requires(Train)
class Evaluate(Stage):
    """The model's figures beside the simple rules, out of fold, and the report."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.model_dir / "evaluation"

    def fill(self, folder: Path) -> str:
        """Measure, plot, report."""
        from data.panel.report import PanelReport
        from training.evaluation.evaluate import evaluate
        from training.metrics.yardstick import Yardstick

        predictions = self.folder_of(Backtest) / PREDICTIONS_FILE
        warnings = PanelReport.read(self.folder_of(WeeklyPanel) / PANEL_REPORT).warnings
        return evaluate(predictions, self.folder_of(Train), Yardstick(seed=self.seed), folder, warnings).in_words()
