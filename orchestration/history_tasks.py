"""The first stages of a run: ingest and the weekly panel.

What a stage needs is imported when it runs, so that Luigi finds a finished run finished without loading MLflow or
scikit-learn.
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from feature_service.kernel import StockoutError
from feature_service.terminal import visible
from orchestration.console import log
from orchestration.known_history import last_known_us
from orchestration.parameters import HISTORY, SPARK, ReadingParameters
from orchestration.spark_tasks import PanelParts, put_together
from orchestration.stage import TASK_DONE, Stage

if TYPE_CHECKING:
    from data.history.folder import DeliveryFolder
    from data.ingest.result import CleanHistory

PANEL_DIR = "panel"
PANEL_REPORT = "report.json"


class LoadHistory(ReadingParameters):
    """Add what is new in a folder to the history of the work dir. Running it again changes nothing."""

    def complete(self) -> bool:
        """Whether the folder holds nothing new; if it cannot even be read, running reports why in one sentence."""
        from data.history.history import open_history
        from data.history.load import is_loaded

        try:
            self.check()
            return is_loaded(open_history(self.work_dir, os.environ), self._folder())
        except StockoutError:
            return False

    def run(self) -> None:
        """Read, check and add what is new, and log what became of its rows."""
        from data.history.history import open_history
        from data.history.load import load_delivery

        self.check()
        started = time.perf_counter()
        load = load_delivery(open_history(self.work_dir, os.environ), self._folder())
        last_known_us.cache_clear()  # a run that follows in this process is of what was loaded
        if load is None:
            log.info("load      nothing new in %s", visible(str(self.input_dir)))
            return
        for warning in load.warnings:
            log.warning("warning   %s", visible(warning))
        tables = "; ".join(f"{name}: {counts.summary()}" for name, counts in load.tables.items())
        seconds = time.perf_counter() - started
        log.info("load      number %d, %s  (%.1f s)", load.number, tables, seconds)
        self.trigger_event(TASK_DONE, self, f"load {load.number}: {tables}", seconds)  # type: ignore[no-untyped-call]

    def _folder(self) -> "DeliveryFolder":
        from data.history.folder import DeliveryFolder

        return DeliveryFolder(
            source=self.source,
            data_dir=self.input_dir,
            quarantine_file=self.work_dir / "quarantine" / "load.parquet",
            columns_file=self.columns_file,
            time_zone=self.time_zone or None,
            max_bad_share=self.max_bad_share,
        )


class Ingest(Stage):
    """Clean sales and counts, and an account of every row of the input files."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.ingest_dir

    def fill(self, folder: Path) -> str:
        """Read, validate, quarantine."""
        from data.errors import ChangedInputError
        from data.ingest.result import write_history

        fingerprint = self.data_fingerprint
        name = self.ingest_name_of(fingerprint)
        if name not in folder.name:  # the draft of another name: the files changed since the run asked for it
            raise ChangedInputError(self.input_dir)
        history = self._read(self.work_dir / "quarantine" / f"{name}.parquet", fingerprint)
        for form in history.report.unusual_forms():
            log.info("read      %s", visible(form))
        for warning in history.report.warnings:
            log.warning("warning   %s", visible(warning))
        write_history(history, folder)
        return history.report.summary()

    def _read(self, quarantine_file: Path, fingerprint: str) -> "CleanHistory":
        from data.history.clean import clean_history
        from data.history.history import open_history
        from data.ingest.generic import ingest_generic
        from data.ingest.olist import ingest_olist

        if self.source == HISTORY:
            known = open_history(self.work_dir, os.environ)
            loads = known.ledger.loads(self.history_until_us)
            return clean_history(known, loads, excluded_statuses=self.statuses)
        if self.source == "generic":
            return ingest_generic(
                self.input_dir,
                quarantine_file=quarantine_file,
                columns_file=self.columns_file,
                time_zone=self.time_zone or None,
                max_bad_share=self.max_bad_share,
                fingerprint=fingerprint,
            )
        return ingest_olist(
            self.input_dir,
            quarantine_file=quarantine_file,
            excluded_statuses=self.statuses,
            time_zone=self.seller_zone,
            max_bad_share=self.max_bad_share,
            fingerprint=fingerprint,
        )


class WeeklyPanel(Stage):
    """What was sold and what was on the shelf, of every product in every week up to ``as_of``."""

    def requires(self) -> luigi.Task:
        """What was read, or what Spark built in parts."""
        before: luigi.Task = self.clone(PanelParts if self.engine == SPARK else Ingest)  # type: ignore[no-untyped-call]
        return before

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "panel" / self.panel_name / self.week_name

    def fill(self, folder: Path) -> str:
        """Build the dense panel, or put its parts together."""
        if self.engine == SPARK:
            return put_together(self.folder_of(PanelParts), folder / PANEL_DIR, folder / PANEL_REPORT)
        from data.ingest.result import read_history
        from data.panel.build import panel_blocks
        from data.panel.file import write_panel
        from data.panel.report import report_of

        history = read_history(self.folder_of(Ingest))
        blocks = panel_blocks(
            history,
            as_of_week=self.as_of_week,
            max_missing_days=self.max_missing_days,
            lead_time_days=self.lead_time_days,
        )
        write_panel(blocks, folder / PANEL_DIR)
        report = report_of(blocks, history)
        (folder / PANEL_REPORT).write_text(report.to_json(), encoding="utf-8")
        for warning in report.warnings[len(history.report.warnings) :]:  # the ingest has said its own
            log.warning("warning   %s", visible(warning))
        return (
            f"{len(blocks.products.ids):,} products x {len(blocks.weeks)} weeks up to {self.week_name}, "
            f"{len(blocks.products.excluded):,} products excluded"
        )
