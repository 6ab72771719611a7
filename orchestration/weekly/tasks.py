"""Runs Luigi tasks within a run, and gathers what each stage did or what stopped it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter

import luigi

from feature_service.kernel import StockoutError
from orchestration.stage import TASK_DONE
from orchestration.weekly.ledger import DONE, FAILED, StageEntry


def run_task(task: luigi.Task, subject: str) -> Sequence[StageEntry]:
    """Run a task and what it requires, by the scheduler that the command line names.

    Args:
        task: With whatever it requires.
        subject: The question or source that it is for.
    Returns:
        The stages that were run, in their order, the failed one last.
    """
    with _gathered(subject) as entries:
        luigi.build([task])
        if not any(each.state == FAILED for each in entries) and not task.complete():
            said = "Luigi did not run it: another worker may have had it; the next run tries again"
            entries.append(StageEntry(subject, task.task_family, FAILED, 0.0, said))
    return entries


@contextmanager
def _gathered(subject: str) -> Iterator[list[StageEntry]]:
    entries: list[StageEntry] = []
    started = perf_counter()

    def done(task: luigi.Task, said: str, seconds: float) -> None:
        entries.append(StageEntry(subject, task.task_family, DONE, seconds, said))

    def failed(task: luigi.Task, error: BaseException) -> None:
        known = isinstance(error, StockoutError | OSError)
        said = str(error) if known else f"{type(error).__name__}: {error}"
        entries.append(StageEntry(subject, task.task_family, FAILED, perf_counter() - started, said))

    callbacks = {TASK_DONE: done, luigi.Event.FAILURE: failed, luigi.Event.BROKEN_TASK: failed}
    for event, callback in callbacks.items():
        luigi.Task.event_handler(event)(callback)
    try:
        yield entries
    finally:
        for event, callback in callbacks.items():
            luigi.Task.remove_event_handler(event, callback)
