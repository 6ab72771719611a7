"""``luigi --module orchestration StockoutWeekly``: what a timer starts, as often as it likes."""

import datetime as dt
import os
import time
from pathlib import Path

import luigi

from data.errors import StateError
from feature_service.kernel import StockoutError
from orchestration.console import log
from orchestration.options import ChoiceOption, DateOption
from orchestration.weekly.lock import only_weekly_run
from orchestration.weekly.plan import DUE, TRAIN
from orchestration.weekly.settings import SETTINGS_FILE, read_settings


class WeeklyRunError(StockoutError):
    """A weekly run did what it could, and something of it failed."""


class StockoutWeekly(luigi.Task):
    """Load what landed, answer every question anew once a week is whole, keep what came of it, and say what changed."""

    settings = luigi.PathParameter(
        default=Path(SETTINGS_FILE), absolute=True, description="TOML file; stockout-runs init writes a commented one"
    )
    work_dir = luigi.OptionalPathParameter(  # type: ignore[call-arg]
        default=None, absolute=True, description="in the place of the file's work_dir"
    )
    as_of = DateOption(
        default=None,  # type: ignore[arg-type]
        description="as for StockoutPipeline; by default the latest week of the data",
    )
    train = ChoiceOption(
        default=DUE,
        choices=TRAIN,
        description="whether models are trained: when due, now, or never in this run",
    )
    override = luigi.Parameter(
        default="", description="settings of every question for this run, such as row_budget=5000,seed=7"
    )

    done = False

    def complete(self) -> bool:
        """Whether it has run."""
        return self.done

    def run(self) -> None:
        """Do everything that is due; where another run is at work, step aside."""
        from data.history.history import open_history
        from orchestration.weekly.course import Wish
        from orchestration.weekly.week import WeeklyRun
        from orchestration.weekly.word import say_without_state

        settings = read_settings(Path(self.settings), self.override, Path(self.work_dir) if self.work_dir else None)
        started = time.perf_counter()
        with only_weekly_run(settings.work_dir) as is_mine:
            if not is_mine:
                log.info("weekly    another run is at work in %s; this one steps aside", settings.work_dir)
                self.done = True
                return
            try:
                database = open_history(settings.work_dir, os.environ).state
                course = WeeklyRun(settings, Wish(self.as_of, self.train), database, _now).run()
            except StateError as error:
                say_without_state(str(error), settings=settings.notify, clock=_now)
                raise
        log.info("weekly    run %d, %s  (%.1f s)", course.number, course.summary(), time.perf_counter() - started)
        if self.set_status_message:  # Luigi sets it while a worker runs the task, and luigid's page shows it
            self.set_status_message(f"{course.summary()}: stockout-runs show {course.number} lists it")
        if course.failures:
            raise WeeklyRunError(
                f"run {course.number} ended with {len(course.failures)} failed: {'; '.join(course.sentences())}"
            )
        self.done = True


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
