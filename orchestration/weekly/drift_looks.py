"""What the newest report of drift says of each question, in figures for whoever watches the servers."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from data.errors import MissingInputError
from data.snapshots.last_run import ColumnStates, DriftLook
from monitoring.drift import DRIFTED, STEADY, UNKNOWN, WATCH, DriftReport
from monitoring.drift.columns.column import FEATURE, INPUT, OUTCOME, SCORE
from monitoring.drift.errors import DriftReportError
from orchestration.drift_command import newest_report_files


def drift_looks(work_dir: Path, questions: Sequence[str]) -> tuple[DriftLook, ...]:
    """The newest look at each question; none of a question that was never looked at, or whose report is damaged.

    Nothing is said of such a question: whoever watches the figures notices that they do not come.
    """
    looks = (_look(work_dir, question) for question in questions)
    return tuple(look for look in looks if look is not None)


def _look(work_dir: Path, question: str) -> DriftLook | None:
    try:
        (file,) = newest_report_files(work_dir, question)
        report, written = DriftReport.read(file), file.stat().st_mtime
    except (MissingInputError, DriftReportError, OSError):
        return None
    return DriftLook(
        question=question,
        looked_at=dt.datetime.fromtimestamp(written, dt.UTC),
        named=len(report.drifted),
        asks_for_refresh=report.asks_for_refresh,
        inputs=_states(report, INPUT),
        features=_states(report, FEATURE),
        scores=_states(report, SCORE),
        outcomes=_states(report, OUTCOME),
    )


def _states(report: DriftReport, about: str) -> ColumnStates:
    states = [each.state for each in report.columns if each.about == about]
    return ColumnStates(
        drifted=states.count(DRIFTED),
        watch=states.count(WATCH),
        steady=states.count(STEADY),
        unknown=states.count(UNKNOWN),
    )
