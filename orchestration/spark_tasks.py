"""The stages of the engine ``spark`` up to the panel: clean facts, and the panel in parts, in buckets of products.

What a stage needs is imported when it runs; what needs PySpark, which may not be there, within a session.
"""

import dataclasses
import json
import os
from pathlib import Path

from luigi.util import requires

from feature_service.terminal import visible
from orchestration.console import log
from orchestration.history_tasks import PANEL_REPORT
from orchestration.known_history import CLEAN_REPORT, CLEAN_SUMS, clean_account
from orchestration.stage import Stage

ROWS = "rows"
LAYOUT = "layout.json"


class CleanFacts(Stage):
    """Clean sales and counts of the history, in buckets of products, and an account of every row."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.clean_dir

    def fill(self, folder: Path) -> str:
        """Read what is known, take the newest word, clean."""
        from data.errors import HistoryError
        from data.history.clean import check_any, clean_report
        from data.history.history import fingerprint_of_loads, open_history
        from orchestration.spark.session import spark_session

        history = open_history(self.work_dir, os.environ)
        loads = history.ledger.loads(self.known_at_us)
        check_any(history, loads)
        if self.ingest_name_of(fingerprint_of_loads(loads)) not in folder.name:
            raise HistoryError("another load was added to the history while it was read: start the run again")
        with spark_session(self.spark_master) as session:
            from orchestration.spark.clean import write_clean

            sums = write_clean(session, history, loads, self.statuses, folder / ROWS)
        report = clean_report(history, loads, sums, self.statuses)
        for warning in report.warnings:
            log.warning("warning   %s", visible(warning))
        (folder / CLEAN_SUMS).write_text(json.dumps(dataclasses.asdict(sums)), encoding="utf-8")
        (folder / CLEAN_REPORT).write_text(report.to_json(), encoding="utf-8")
        return report.summary()


@requires(CleanFacts)
class PanelParts(Stage):
    """The panel's rows in buckets of products, and its report."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        return self.work_dir / "parts" / self.panel_name / self.week_name

    def fill(self, folder: Path) -> str:
        """Sum up what products share, then build the rows of each bucket."""
        from data.panel.report import report_of_days
        from orchestration.spark.session import spark_session

        sums, ingested = clean_account(self.folder_of(CleanFacts))
        with spark_session(self.spark_master) as session:
            from orchestration.spark.clean import read_clean
            from orchestration.spark.panel import frame_of_clean, layout_of, records_of_sums, write_parts

            records = records_of_sums(sums, ingested)
            clean = read_clean(session, self.folder_of(CleanFacts) / ROWS)
            frame = frame_of_clean(clean, records, ingested, self.as_of_week, self.max_missing_days)
            layout = layout_of(frame, ingested)
            write_parts(clean, ingested, frame, layout, folder / ROWS)
        (folder / LAYOUT).write_text(layout.to_json(), encoding="utf-8")
        report = report_of_days(self.as_of_week, frame.records_until, records, frame.density, ingested.warnings)
        (folder / PANEL_REPORT).write_text(report.to_json(), encoding="utf-8")
        for warning in report.warnings[len(ingested.warnings) :]:  # the stage before has said its own
            log.warning("warning   %s", visible(warning))
        return f"{sums.products:,} products x {len(frame.weeks)} weeks up to {self.week_name}, in parts"
