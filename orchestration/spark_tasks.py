"""The stages of the engine ``spark`` up to the panel: clean facts, and the panel in parts, in buckets of products.

What a stage needs is imported when it runs; what needs PySpark, which may not be there, within a session.
"""

import dataclasses
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from luigi.util import requires

from feature_service.terminal import visible
from orchestration.console import log
from orchestration.known_history import CLEAN_REPORT, CLEAN_SUMS, clean_account
from orchestration.stage import Stage

if TYPE_CHECKING:
    from data.panel import Panel
    from data.snapshots import Reasons
    from feature_service.kernel.arrays import BoolArray

ROWS, PARTS_REPORT = "rows", "report.json"
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
        from data.panel.on_order import warnings_of_orders
        from data.panel.report import report_of_days
        from orchestration.spark.session import spark_session

        sums, ingested = clean_account(self.folder_of(CleanFacts))
        with spark_session(self.spark_master) as session:
            from orchestration.spark.clean import read_clean
            from orchestration.spark.panel import (
                frame_of_clean,
                layout_of,
                orders_of_parts,
                records_of_sums,
                write_parts,
            )

            records = records_of_sums(sums, ingested)
            clean = read_clean(session, self.folder_of(CleanFacts) / ROWS)
            frame = frame_of_clean(
                clean, records, ingested, self.as_of_week, self.max_missing_days, self.lead_time_days
            )
            layout = layout_of(frame, ingested)
            write_parts(clean, ingested, frame, layout, folder / ROWS)
            orders = orders_of_parts(folder / ROWS, layout)
        (folder / LAYOUT).write_text(layout.to_json(), encoding="utf-8")
        of_orders = () if orders is None else warnings_of_orders(orders, frame.weeks)
        report = report_of_days(
            self.as_of_week, frame.records_until, records, frame.density, ingested.warnings, of_orders
        )
        (folder / PARTS_REPORT).write_text(report.to_json(), encoding="utf-8")
        for warning in report.warnings[len(ingested.warnings) :]:  # the stage before has said its own
            log.warning("warning   %s", visible(warning))
        return f"{sums.products:,} products x {len(frame.weeks)} weeks up to {self.week_name}, in parts"


def put_together(parts: Path, panel_dir: Path, report_file: Path) -> str:
    """Write the panel and its report as one machine would have.

    Returns:
        What was done, in a line.
    """
    from data.panel.file import write_panel
    from orchestration.spark.session import require_spark

    require_spark()
    from orchestration.spark.panel import PanelLayout, assembled

    panel = assembled(parts / ROWS, PanelLayout.read(parts / LAYOUT), panel_dir.parent)
    write_panel(panel, panel_dir)
    shutil.copyfile(parts / PARTS_REPORT, report_file)
    return f"{len(panel.product_ids):,} products x {len(panel.weeks)} weeks, {len(panel.excluded):,} products excluded"


def scored_in_parts(stage: Stage, bundle_dir: Path, folder: Path) -> "tuple[Panel, BoolArray, Reasons | None]":
    """The panel with a lead time for every product, where the label applies, and the newest week's reasons.

    Args:
        stage: What is published.
        bundle_dir: The model, below the work dir, where executors find it.
        folder: The stage's draft.
    """
    from orchestration.spark.session import spark_session

    parts, scratch = stage.folder_of(PanelParts), folder / "scored"
    with spark_session(stage.spark_master) as session:
        from orchestration.spark.panel import PanelLayout, assembled, read_parts
        from orchestration.spark.scoring import score

        layout = PanelLayout.read(parts / LAYOUT)
        panel = assembled(parts / ROWS, layout, folder).with_lead_time(stage.lead_time_days)
        rows = read_parts(session, parts / ROWS)
        eligible, reasons = score(rows, layout, panel, stage.target, bundle_dir, scratch)
    shutil.rmtree(scratch)
    return panel, eligible, reasons


def features_in_parts(stage: Stage, folder: Path, table: Path) -> "tuple[int, int]":
    """Write the training table of the panel in parts.

    Returns:
        Its rows, and those of which the outcome is known.
    """
    from orchestration.spark.session import spark_session

    parts, scratch = stage.folder_of(PanelParts), folder / "rows"
    with spark_session(stage.spark_master) as session:
        from orchestration.spark.features import TableSettings, write_features
        from orchestration.spark.panel import PanelLayout, assembled, read_parts

        layout = PanelLayout.read(parts / LAYOUT)
        settings = TableSettings(stage.label, stage.feature_set_name, stage.horizon_weeks, stage.alpha)
        panel = assembled(parts / ROWS, layout, folder)
        counts = write_features(read_parts(session, parts / ROWS), layout, panel, settings, scratch, table)
    shutil.rmtree(scratch)
    return counts
