"""A task whose output is one folder: whole or absent, and logged with its counts and seconds."""

import os
import time
from pathlib import Path

import luigi

from feature_service.kernel import StockoutError
from orchestration.console import log
from orchestration.run import Run
from orchestration.run_lock import hold_for_a_run
from orchestration.targets import write_whole

TASK_DONE = "stockout.task.done"
"""Luigi event of a task that has done its work: the task, what it did in a few words, the seconds."""


class Stage(Run):
    """A task whose output is one folder, whole or absent."""

    @property
    def folder(self) -> Path:
        """The stage's output."""
        raise NotImplementedError

    def fill(self, folder: Path) -> str:
        """Write the output into ``folder`` and return what was done, in a few words with counts."""
        raise NotImplementedError

    def folder_of(self, stage: "type[Stage]") -> Path:
        """Where another stage of the same run writes."""
        other: Stage = self.clone(stage)  # type: ignore[no-untyped-call]
        return other.folder

    def output(self) -> luigi.LocalTarget:
        """The folder, for Luigi."""
        return luigi.LocalTarget(str(self.folder))

    def chain(self) -> list["Stage"]:
        """This stage and those that it rests on, the last first."""
        chain: list[Stage] = [self]
        while isinstance(before := chain[-1].requires(), Stage):  # type: ignore[no-untyped-call]
            chain.append(before)
        return chain

    def complete(self) -> bool:
        """Whether the output is there; if the input cannot even be read, running reports why in one sentence."""
        try:
            self.check()
            if self.work_dir.is_dir():
                hold_for_a_run(self.work_dir)
            return self.folder.exists()
        except StockoutError:
            return False

    def run(self) -> None:
        """Fill the folder and log how long it took."""
        self.check()
        hold_for_a_run(self.work_dir)
        started = time.perf_counter()
        summary: list[str] = []
        write_whole(self.folder, lambda folder: summary.append(self.fill(folder)), self.complete)
        for each in self.chain():
            if each.folder.exists():
                os.utime(each.folder)  # the retention goes by it: what a stage rests on stays as long as the stage
        done = summary[0] if summary else "done by another run"
        seconds = time.perf_counter() - started
        line = f"{_padded_name(self)} {done}  ({seconds:.1f} s)"
        log.info(line)
        self.trigger_event(TASK_DONE, self, done, seconds)  # type: ignore[no-untyped-call]
        if self.set_status_message:  # Luigi sets it while a worker runs the task
            self.set_status_message(line)


@Run.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[no-untyped-call, untyped-decorator]
def _say_done_before(task: Run) -> None:
    """A run that finds its work done says so, and does not end without a word."""
    log.info(f"{_padded_name(task)} was done before")


def _padded_name(task: Run) -> str:
    return f"{type(task).__name__.lower():<9}"
