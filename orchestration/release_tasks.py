"""The stages that release a model: register, package, publish; and the pipeline, which is all stages.

What a stage needs is imported when it runs, so that Luigi finds a finished run finished without loading MLflow or
scikit-learn.
"""

import getpass
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
from luigi.util import requires

from data.snapshots import ModelReference, current_id, publish
from feature_service.kernel import StockoutError
from orchestration.default_question import claim_default
from orchestration.history_tasks import PANEL_DIR, PANEL_REPORT, WeeklyPanel
from orchestration.model_tasks import TRAINING_TABLE, Backtest, Evaluate, Features, Train
from orchestration.parameters import SPARK
from orchestration.published_runs import SNAPSHOT_FILE, write_published_run
from orchestration.registry_places import ledger_in
from orchestration.run import Run
from orchestration.spark_tasks import PanelParts, scored_in_parts
from orchestration.stage import Stage
from training.backtest import PREDICTIONS_FILE
from training.errors import SettingError

if TYPE_CHECKING:
    from data.panel import Panel
    from data.snapshots import Reasons
    from feature_service.kernel.arrays import BoolArray
    from training.registry.versions import FetchedModel

_BENTO_TAG = "bento_tag"


class Release(Run):
    """A task that changes what is served, or what the next run will serve: out of the past only where that is asked."""

    def check(self) -> None:
        """Refuse to look back and serve what was known then in place of what is known now."""
        super().check()
        if not self.may_release:
            does = f"left away with {type(self).__name__}, which changes what is served, or go with --publish-past"
            raise SettingError("known-at", self.known_at, f"{does}; Evaluate reports on the past and changes nothing")

    @property
    def may_release(self) -> bool:
        """Whether the run is of what is known now, or is to be served all the same."""
        return not self.known_at or self.publish_past

    def deps(self) -> list[luigi.Task]:
        """What Luigi runs before: nothing where running the task itself is a refusal."""
        before: list[luigi.Task] = super().deps() if self.may_release else []  # type: ignore[no-untyped-call]
        return before


@requires(Evaluate)
class Register(Release, Stage):
    """The model as a version in the MLflow registry, promoted or not, and the bundle of the champion after that."""

    @property
    def folder(self) -> Path:
        """The stage's output: one per registry."""
        return self.model_dir / "registered" / self.registry_name

    def fill(self, folder: Path) -> str:
        """Log, register, decide, fetch the champion."""
        from data.panel.report import PanelReport
        from monitoring.outcomes.record import record_before
        from training.evaluation.figures import read_evaluation
        from training.registry.decisions import decide
        from training.registry.judgement import Challenger
        from training.registry.names import claim_model_name
        from training.registry.versions import fetch, register

        predictions, evaluation = self.folder_of(Backtest) / PREDICTIONS_FILE, self.folder_of(Evaluate)
        question = self.question
        is_default = claim_default(self.work_dir, question)
        model = claim_model_name(question, is_default=is_default, tracking_uri=self.tracking_uri)
        name = f"{question.name} {self.week_name}"
        warnings = PanelReport.read(self.folder_of(WeeklyPanel) / PANEL_REPORT).warnings
        trained = self.folder_of(Train)
        challenger = register(
            trained, evaluation, predictions, name, self.tracking_uri, model, warnings, self.weekly_run
        )
        table, record = self.folder_of(Features) / TRAINING_TABLE, record_before(self.snapshots)
        outcome = decide(
            Challenger(challenger, read_evaluation(evaluation), predictions, table),
            question,
            tracking_uri=self.tracking_uri,
            ledger=ledger_in(self.work_dir),
            who=getpass.getuser(),
            live=record.challengers if record else (),
        )
        fetch(outcome.champion, question, self.tracking_uri, folder)
        return (
            f"{challenger.name} version {challenger.version} {outcome.entry.action}: "
            f"{'; '.join(outcome.entry.reasons)}; version {outcome.champion.version} is the champion"
        )


@requires(Register)
class Package(Release, Stage):
    """The champion as a Bento."""

    @property
    def folder(self) -> Path:
        """The stage's output: the tag of the Bento, which lies in BentoML's store."""
        return self.model_dir / "packaged" / self.registry_name

    def fill(self, folder: Path) -> str:
        """Build the Bento."""
        from bento.build import build_bento
        from training.registry.versions import read_fetched

        champion = read_fetched(self.folder_of(Register), self.question)
        tag = build_bento(champion.bundle_dir, champion.reference, self.bento_home)
        (folder / _BENTO_TAG).write_text(f"{tag}\n", encoding="utf-8")
        return f"Bento {tag}"


@requires(Package)
class Publish(Release, Stage):
    """A snapshot that the gRPC service serves from now on."""

    @property
    def folder(self) -> Path:
        """The stage's output: the id of the snapshot."""
        return self.model_dir / "published" / f"{self.registry_name}-{self.publish_settings}"

    def complete(self) -> bool:
        """Whether the run's snapshot is the one that is served."""
        return is_served(self)

    def fill(self, folder: Path) -> str:
        """Apply the alert policy to the champion, write the snapshot and point the service at it."""
        from training.registry.versions import read_fetched

        champion = read_fetched(self.folder_of(Register), self.question)
        summary = publish_champion(self, champion, folder)
        write_published_run(folder, self)
        return summary


class ScoreWeek(Release, Stage):
    """The newest week as the champion sees it: a snapshot that is served from now on. Nothing is trained."""

    def requires(self) -> luigi.Task:
        """The panel, of Spark in parts."""
        panel: luigi.Task = self.clone(PanelParts if self.engine == SPARK else WeeklyPanel)  # type: ignore[no-untyped-call]
        return panel

    @property
    def folder(self) -> Path:
        """The stage's output: one for each panel, policy and champion."""
        champion = self._champion()
        name = f"{self.question.name}-{self.registry_name}-{champion.name}-{champion.version}-{self.publish_settings}"
        return self.work_dir / "scored" / self.panel_name / self.week_name / name

    def complete(self) -> bool:
        """Whether the week's snapshot is the one that is served."""
        return is_served(self)

    def fill(self, folder: Path) -> str:
        """Fetch the champion, and publish what it says of the week."""
        from training.registry.versions import fetch

        champion = fetch(self._champion(), self.question, self.tracking_uri, folder)
        return publish_champion(self, champion, folder)

    def _champion(self) -> ModelReference:
        from training.registry.aliases import champion_of

        return champion_of(self.question.name, self.tracking_uri)


def is_served(stage: Stage) -> bool:
    """Whether the snapshot that a stage published is the one that is served."""
    try:
        stage.check()
        return (stage.folder / SNAPSHOT_FILE).read_text(encoding="utf-8").strip() == current_id(stage.snapshots)
    except (OSError, StockoutError):
        return False


def publish_champion(stage: Stage, champion: "FetchedModel", folder: Path) -> str:
    """Apply the alert policy to a champion, write the snapshot of the stage's panel and point the service at it.

    The challenger of that moment goes into the snapshot; one that is registered later comes with the next snapshot.

    Returns:
        What was done, in a line.
    """
    from data.panel.report import PanelReport
    from orchestration.challenger import challenger_beside
    from training.alerts import alert_rule, read_alert_risks

    if stage.engine == SPARK:
        panel, eligible, reasons = scored_in_parts(stage, champion.bundle_dir, folder)
    else:
        panel, eligible, reasons = scored(stage, champion.bundle_dir)
    risks = read_alert_risks(champion.predictions, champion.run_out, panel, stage.lead_time_days)
    alerts = alert_rule(risks, stage.policy)
    challenger, of_challenger = challenger_beside(stage, champion.reference, panel, eligible)
    of_panel = PanelParts if stage.engine == SPARK else WeeklyPanel
    warnings = PanelReport.read(stage.folder_of(of_panel) / PANEL_REPORT).warnings
    if alerts.until_relief:
        warnings = (*warnings, *_relief_after_curve(panel, champion.bundle_dir))
    snapshot_id = publish(
        panel,
        eligible,
        champion.bundle_dir,
        champion.reference,
        stage.snapshots,
        reasons,
        alerts,
        warnings,
        stage.shards,
        challenger,
    )
    (folder / SNAPSHOT_FILE).write_text(f"{snapshot_id}\n", encoding="utf-8")
    where = f"{stage.snapshots}, {stage.shards} shards" if stage.shards > 1 else stage.snapshots
    relief, measured = "", "of which"
    if alerts.until_relief:
        first, last = alerts.measured_on
        relief, measured = " until relief", f"and of those of {first} to {last} that are over"
    return (
        f"snapshot {snapshot_id} in {where}; alert from {alerts.threshold:.3f}{relief} ({alerts.policy}): on the "
        f"newest origins {alerts.alerts_per_week:.0f} a week, {measured} {alerts.precision:.0%} came true"
        f"{of_challenger}"
    )


def _relief_after_curve(panel: "Panel", bundle_dir: Path) -> Iterator[str]:
    """That alerts are of less than the time until relief, where they are."""
    from feature_service.bundle import Bundle
    from feature_service.kernel.ordering import DAYS_PER_WEEK, REVIEW_DAYS

    weeks = Bundle.load(bundle_dir).contract.reach_weeks
    late = sum((days or 0) + REVIEW_DAYS > weeks * DAYS_PER_WEEK for days in panel.lead_time_days)
    if late:
        yield (
            f"relief of {late:,} of the {len(panel.product_ids):,} products comes after the {weeks} weeks that the "
            "model reaches, so that their alerts are of these weeks alone"
        )


def scored(stage: Stage, bundle_dir: Path) -> "tuple[Panel, BoolArray, Reasons | None]":
    """The stage's panel with a lead time for every product, where the label applies, and the newest week's reasons."""
    from data.panel.file import read_panel
    from training.explain import explain
    from training.labels import eligible_rows

    panel = read_panel(stage.folder_of(WeeklyPanel) / PANEL_DIR).with_lead_time(stage.lead_time_days)
    eligible = eligible_rows(stage.target, panel)
    return panel, eligible, explain(panel, eligible, bundle_dir)


class StockoutPipeline(Release, luigi.WrapperTask):
    """The whole chain, from the sellers' files to a snapshot that is served."""

    def requires(self) -> luigi.Task:
        """The last stage, which requires the one before it, and so on."""
        last: luigi.Task = self.clone(Publish)  # type: ignore[no-untyped-call]
        return last

    def run(self) -> None:
        """Nothing is left to do, but to refuse what no stage was run for."""
        self.check()
