"""The stages of a run, each a task of its own: ingest, panel, features, backtest, train, evaluate,
register, package, publish.

What a stage needs is imported when it runs, so that Luigi finds a finished run finished without loading MLflow or
scikit-learn.
"""

import getpass
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
from luigi.util import requires

from data.snapshots import SCHEMA, current_id, publish
from data.weeks import last_complete_week
from feature_service.kernel import StockoutError
from orchestration.run import Run, Stage, ledger_in
from orchestration.targets import write_file_whole

if TYPE_CHECKING:
    from data.ingest.result import CleanHistory
    from training.settings import TrainingSettings

_PANEL = "panel.npz"
_TABLE = "training_table.parquet"
_PREDICTIONS = "predictions.parquet"
_SNAPSHOT_ID = "snapshot_id"
_BENTO_TAG = "bento_tag"


class Ingest(Stage):
    """Clean sales and counts, and an account of every row of the input files."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "ingest" / self.ingest_name

    def fill(self, folder: Path) -> str:
        """Read, validate, quarantine."""
        from data.ingest.result import write_history

        history = self._read(self.work_dir / "quarantine" / f"{self.ingest_name}.parquet")
        write_history(history, folder)
        return history.report.summary()

    def _read(self, quarantine_file: Path) -> "CleanHistory":
        from data.ingest.generic import ingest_generic
        from data.ingest.olist import ingest_olist

        if self.source == "generic":
            return ingest_generic(
                self.data_dir,
                quarantine_file=quarantine_file,
                columns_file=self.column_map,
                time_zone=self.seller_zone,
                max_bad_share=self.max_bad_share,
            )
        return ingest_olist(
            self.data_dir,
            quarantine_file=quarantine_file,
            excluded_statuses=self.statuses,
            time_zone=self.seller_zone,
            max_bad_share=self.max_bad_share,
        )


@requires(Ingest)
class WeeklyPanel(Stage):
    """What was sold and what was on the shelf, of every product in every week up to ``as_of``."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "panel" / self.ingest_name / self.week_name

    def fill(self, folder: Path) -> str:
        """Build the dense panel."""
        from data.ingest.result import read_history
        from data.panel.build import build_panel
        from data.panel.file import write_panel

        history = read_history(self.folder_of(Ingest))
        panel = build_panel(history, as_of_week=last_complete_week(self.as_of))
        write_panel(panel, folder / _PANEL)
        return (
            f"{len(panel.product_ids):,} products x {len(panel.weeks)} weeks up to {self.week_name}, "
            f"{len(panel.excluded):,} products excluded"
        )


@requires(WeeklyPanel)
class Features(Stage):
    """The training table: features and outcome of every row in which the label applies."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "features" / self.contract_name

    def fill(self, folder: Path) -> str:
        """Compute the features with the kernel."""
        from data.panel.file import read_panel
        from training.dataset import write_training_table

        panel = read_panel(self.folder_of(WeeklyPanel) / _PANEL)
        counts = write_training_table(
            panel,
            self.label,
            self.feature_set_name,
            folder / _TABLE,
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
        return self.work_dir / "backtest" / self.contract_name

    def fill(self, folder: Path) -> str:
        """Choose the recipe, walk over the origins."""
        from data.panel.file import read_panel
        from training.backtest.origins import BacktestSettings
        from training.backtest.record import run_backtest
        from training.dataset import read_training_table
        from training.recipes import calibration_weeks_for
        from training.selection import choose_recipe

        rows = read_training_table(self.folder_of(Features) / _TABLE)
        panel = read_panel(self.folder_of(WeeklyPanel) / _PANEL)
        settings = BacktestSettings(
            origins=self.backtest_weeks,
            refit_every=self.refit_every,
            calibration_weeks=calibration_weeks_for(self.label),
        )
        recipe = choose_recipe(rows, settings, self.search_trials, self.seed, folder)
        done = run_backtest(rows, panel, recipe, settings, self.seed, folder)
        return f"{len(done.row):,} out-of-fold predictions of {recipe.estimator} at {done.calendar.origins} origins"

    def run(self) -> None:
        """Also put the predictions where the newest run's are looked for."""
        super().run()
        newest = self.work_dir / "backtest" / _PREDICTIONS
        write_file_whole(newest, (self.folder / _PREDICTIONS).read_bytes())


@requires(Backtest)
class Train(Stage):
    """The backtest's recipe fitted on every known row, as a bundle, calibrated and with its alert threshold."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.model_dir / "candidate"

    def fill(self, folder: Path) -> str:
        """Fit, export to ONNX, check parity, choose the threshold."""
        from training.candidate import train

        table, backtest = self.folder_of(Features) / _TABLE, self.folder_of(Backtest)
        record = train(table, backtest, _training_settings(self), self.data_fingerprint, folder)
        return f"{record.rows:,} rows, ONNX differs from the fitted model by at most {record.parity:.0e}"


@requires(Train)
class Evaluate(Stage):
    """The model's figures beside the simple rules, out of fold, and the report."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.model_dir / "evaluation"

    def fill(self, folder: Path) -> str:
        """Measure, plot, report."""
        from training.evaluation.evaluate import evaluate

        predictions = self.folder_of(Backtest) / _PREDICTIONS
        return evaluate(predictions, self.folder_of(Train), _training_settings(self).yardstick, folder).in_words()


@requires(Evaluate)
class Register(Stage):
    """The model as a version in the MLflow registry, promoted or not, and the champion's bundle from the registry."""

    @property
    def folder(self) -> Path:
        """The stage's output: one per registry."""
        return self.model_dir / "registered" / self.registry_name

    def fill(self, folder: Path) -> str:
        """Log, register, decide, fetch the champion."""
        from training.evaluation.figures import read_evaluation
        from training.registry.decisions import decide
        from training.registry.versions import fetch_champion, register

        predictions, evaluation = self.folder_of(Backtest) / _PREDICTIONS, self.folder_of(Evaluate)
        challenger = register(self.folder_of(Train), evaluation, predictions, self.tracking_uri)
        decision = decide(
            challenger,
            self.question,
            read_evaluation(evaluation),
            predictions,
            tracking_uri=self.tracking_uri,
            ledger=ledger_in(self.work_dir),
            who=getpass.getuser(),
        )
        champion = fetch_champion(self.tracking_uri, folder).reference
        return (
            f"{challenger.name} version {challenger.version} {decision.action}: {'; '.join(decision.reasons)}; "
            f"version {champion.version} is the champion"
        )


@requires(Register)
class Package(Stage):
    """The champion as a Bento."""

    @property
    def folder(self) -> Path:
        """The stage's output: the tag of the Bento, which lies in BentoML's store."""
        return self.model_dir / "packaged" / self.registry_name

    def fill(self, folder: Path) -> str:
        """Build the Bento."""
        from bento.build import build_bento
        from training.registry.versions import read_fetched

        champion = read_fetched(self.folder_of(Register))
        tag = build_bento(champion.bundle_dir, champion.reference, self.bento_home)
        (folder / _BENTO_TAG).write_text(f"{tag}\n", encoding="utf-8")
        return f"Bento {tag}"


@requires(Package)
class Publish(Stage):
    """A snapshot that the gRPC service serves from now on."""

    @property
    def folder(self) -> Path:
        """The stage's output: the id of the snapshot."""
        return self.model_dir / "published" / f"{self.registry_name}-{self.lead_time_days}-snapshot-{SCHEMA}"

    def complete(self) -> bool:
        """Whether the run's snapshot is the one that is served."""
        try:
            return (self.folder / _SNAPSHOT_ID).read_text(encoding="utf-8").strip() == current_id(self.snapshots)
        except (OSError, StockoutError):
            return False

    def run(self) -> None:
        """Publish again where another run has published since."""
        if self.folder.exists():
            shutil.rmtree(self.folder)
        super().run()

    def fill(self, folder: Path) -> str:
        """Write the snapshot and point the service at it."""
        from data.panel.file import read_panel
        from training.explain import explain
        from training.registry.versions import read_fetched

        champion = read_fetched(self.folder_of(Register))
        panel = read_panel(self.folder_of(WeeklyPanel) / _PANEL).with_lead_time(self.lead_time_days)
        eligible = self.target.eligible(panel)
        reasons = explain(panel, eligible, champion.bundle_dir)
        snapshot_id = publish(panel, eligible, champion.bundle_dir, champion.reference, self.snapshots, reasons)
        (folder / _SNAPSHOT_ID).write_text(f"{snapshot_id}\n", encoding="utf-8")
        return f"snapshot {snapshot_id} in {self.snapshots}"


def _training_settings(run: Run) -> "TrainingSettings":
    from training.settings import TrainingSettings

    return TrainingSettings(
        seed=run.seed,
        threshold_by=run.threshold_by,
        target_recall=run.target_recall,
        alert_budget=run.alert_budget,
        cost_of_miss=run.cost_of_miss,
        cost_of_false_alarm=run.cost_of_false_alarm,
    )


class StockoutPipeline(Run, luigi.WrapperTask):
    """The whole chain, from the sellers' files to a snapshot that is served."""

    def requires(self) -> luigi.Task:
        """The last stage, which requires the one before it, and so on."""
        last: luigi.Task = self.clone(Publish)  # type: ignore[no-untyped-call]
        return last
