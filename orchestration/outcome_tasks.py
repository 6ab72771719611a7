"""Whether alerts came true, as tasks: what snapshots say is kept, and held against the newest data.

What a task needs is imported when it runs, so that Luigi starts without loading models or SQL.
"""

import datetime as dt
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from orchestration.console import log
from orchestration.history_tasks import PANEL_DIR, Ingest, WeeklyPanel
from orchestration.parameters import LOCAL
from orchestration.run import Run
from orchestration.run_lock import hold_for_a_run
from orchestration.stage import TASK_DONE, Stage
from training.errors import SettingError

if TYPE_CHECKING:
    from monitoring.outcomes.update import OutcomesSummary


class ScoreOutcomes(Run):
    """Keep what the published snapshots of a question say, and tell by the newest data what became of their alerts.

    Running it again changes nothing.
    """

    done = False

    def check(self) -> None:
        """Refuse what cannot be meant before anything is done.

        Raises:
            StockoutError: As of any run; also for the engine ``spark``, which leaves no clean history in one place.
        """
        super().check()
        if self.engine != LOCAL:
            raise SettingError(
                "engine", self.engine, f"{LOCAL}: outcomes are told from the clean history of one machine"
            )

    def requires(self) -> luigi.Task | list[luigi.Task]:
        """The newest panel; nothing is begun that would be refused in the end."""
        if self.engine != LOCAL:
            return []
        panel: luigi.Task = self.clone(WeeklyPanel)  # type: ignore[no-untyped-call]
        return panel

    def complete(self) -> bool:
        """Whether it has run."""
        return self.done

    def run(self) -> None:
        """Keep, tell, and log what was found."""
        self.check()
        hold_for_a_run(self.work_dir)
        started = time.perf_counter()
        said = score_outcomes(self).in_words()
        self.done = True
        seconds = time.perf_counter() - started
        log.info("outcomes  %s  (%.1f s)", said, seconds)
        self.trigger_event(TASK_DONE, self, said, seconds)  # type: ignore[no-untyped-call]


def record_alerts(run: Run) -> list[str]:
    """Keep what the published snapshots of a run's question say, as far as that is not kept yet; gives their ids."""
    from monitoring.outcomes.files import outcomes_folder
    from orchestration.kept_predictions import keep_published

    return keep_published(run.snapshots, outcomes_folder(Path(run.work_dir), run.question.name))


def score_outcomes(run: Run) -> "OutcomesSummary":
    """The same, and tell by the panel of the run what became of all alerts; the panel must be there.

    Raises:
        StockoutError: If a file or the database of the state cannot be read or written.
    """
    from data.history.history import open_state
    from monitoring.outcomes.files import outcomes_folder
    from monitoring.outcomes.update import update

    record_alerts(run)
    return update(
        outcomes_folder(Path(run.work_dir), run.question.name),
        run.question,
        panel_dir=_folder_of(run, WeeklyPanel) / PANEL_DIR,
        history_dir=_folder_of(run, Ingest),
        database=open_state(Path(run.work_dir), os.environ),
        snapshots=run.snapshots,
        now=_now(run),
        tracking_uri=run.tracking_uri,
    )


def _folder_of(run: Run, stage: type[Stage]) -> Path:
    other: Stage = run.clone(stage)  # type: ignore[no-untyped-call]
    return other.folder


def _now(run: Run) -> dt.datetime:
    """Of a run on what was known at a time, that time."""
    known_at = run.known_at_us
    return dt.datetime.now(dt.UTC) if known_at is None else dt.datetime.fromtimestamp(known_at / 1e6, dt.UTC)
