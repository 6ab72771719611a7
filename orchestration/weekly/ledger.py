"""The ledger of weekly runs: when each began and ended, what its stages took and said, what came of each question."""

import datetime as dt
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data.state.database import Database
from data.state.tables import RUN_QUESTIONS, RUN_STAGES, RUNS

RUNNING, SUCCEEDED, FAILED, INTERRUPTED = "running", "succeeded", "failed", "interrupted"
DONE, NOTHING_NEW = "done", "nothing new"
TRAINED, SCORED, NOTHING = "trained", "scored", "nothing to do"


@dataclass(frozen=True)
class StageEntry:
    """A stage of a run.

    Attributes:
        subject: The question, or the folder of a source.
        stage: As Luigi calls it.
        state: ``done``, ``nothing new`` or ``failed``.
        seconds: How long it took.
        said: What it counted, or the sentence of its error.
    """

    subject: str
    stage: str
    state: str
    seconds: float
    said: str


@dataclass(frozen=True)
class QuestionEntry:
    """What came of a question in a run.

    Attributes:
        question: Its name.
        action: ``trained``, ``scored``, ``nothing to do`` or ``failed``.
        as_of_week: Monday of the week that is served after the run; None: none is.
        snapshot_id: Of what is served after the run.
        model_version: Of the registered model in it.
        why: Why that was done.
        decision: What was decided on the model that was trained; empty if none was.
    """

    question: str
    action: str
    as_of_week: dt.date | None
    snapshot_id: str
    model_version: str
    why: str
    decision: str = ""


@dataclass(frozen=True)
class RunEntry:
    """A run, as it is listed."""

    number: int
    state: str
    started_at: dt.datetime
    ended_at: dt.datetime | None
    host: str
    said: str


class RunLedger:
    """Writes down one run at a time, and reads all."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, now: dt.datetime) -> int:
        """A new run's number; to be called with the lock of weekly runs held, since any open run is then dead."""
        with self._database.connect() as connection:
            dead = RUNS.c.state == RUNNING
            said = "its process died; the run after it went on from there"
            connection.execute(sa.update(RUNS).where(dead).values(state=INTERRUPTED, said=said))
            values = {"state": RUNNING, "started_at_us": _us(now), "host": socket.gethostname()}
            inserted = connection.execute(sa.insert(RUNS).values(**values, said="").returning(RUNS.c.id))
            return int(inserted.scalar_one())

    def add_stage(self, run: int, entry: StageEntry, now: dt.datetime) -> None:
        """Write down a stage that has ended."""
        with self._database.connect() as connection:
            connection.execute(sa.insert(RUN_STAGES).values(run_id=run, ended_at_us=_us(now), **vars(entry)))

    def add_question(self, run: int, entry: QuestionEntry) -> None:
        """Write down what came of a question."""
        with self._database.connect() as connection:
            connection.execute(sa.insert(RUN_QUESTIONS).values(run_id=run, **vars(entry)))

    def end(self, run: int, state: str, said: str, now: dt.datetime) -> None:
        """Write down that a run has ended."""
        with self._database.connect() as connection:
            connection.execute(
                sa.update(RUNS).where(RUNS.c.id == run).values(state=state, said=said, ended_at_us=_us(now))
            )

    def last_success(self) -> dt.datetime | None:
        """When a run last ended well; None: none did."""
        with self._database.connect() as connection:
            ended = sa.select(sa.func.max(RUNS.c.ended_at_us)).where(RUNS.c.state == SUCCEEDED)
            return _time_or_none(connection.scalar(ended))

    def runs(self, limit: int) -> list[RunEntry]:
        """The newest runs, the newest first."""
        return self._read(sa.select(RUNS).order_by(RUNS.c.id.desc()).limit(limit))

    def run(self, number: int) -> RunEntry | None:
        """One run; None if there is none of that number."""
        return next(iter(self._read(sa.select(RUNS).where(RUNS.c.id == number))), None)

    def _read(self, chosen: sa.Select[Any]) -> list[RunEntry]:
        with self._database.connect() as connection:
            return [_entry(row) for row in connection.execute(chosen)]

    def stages(self, run: int) -> list[StageEntry]:
        """Those of a run, in their order."""
        columns = [RUN_STAGES.c[name] for name in StageEntry.__annotations__]
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(*columns).where(RUN_STAGES.c.run_id == run).order_by(RUN_STAGES.c.id))
            return [StageEntry(*row) for row in rows]

    def questions(self, runs: Sequence[int]) -> dict[int, list[QuestionEntry]]:
        """What came of the questions of some runs, by run."""
        columns = [RUN_QUESTIONS.c[name] for name in QuestionEntry.__annotations__]
        table = RUN_QUESTIONS.c
        chosen = sa.select(table.run_id, *columns).where(table.run_id.in_(runs)).order_by(table.id)
        found: dict[int, list[QuestionEntry]] = {run: [] for run in runs}
        with self._database.connect() as connection:
            for run, *row in connection.execute(chosen):
                found[run].append(QuestionEntry(*row))
        return found

    def last_trained(self, question: str) -> dt.date | None:
        """Monday of the newest week up to which a model was trained for a question; None: none was by a weekly run."""
        table = RUN_QUESTIONS.c
        of_question = (table.question == question) & (table.action == TRAINED)
        with self._database.connect() as connection:
            newest: dt.date | None = connection.scalar(sa.select(sa.func.max(table.as_of_week)).where(of_question))
            return newest

    def last_done(self, stage: str, subject: str) -> dt.datetime | None:
        """When a stage last did something; None: it never did."""
        table = RUN_STAGES.c
        return self._ended(sa.func.max, (table.stage == stage) & (table.subject == subject) & (table.state == DONE))

    def first_tried(self, stage: str, subject: str) -> dt.datetime | None:
        """When a stage was first begun, whatever came of it; None: it never was."""
        table = RUN_STAGES.c
        return self._ended(sa.func.min, (table.stage == stage) & (table.subject == subject))

    def _ended(self, which: Callable[..., Any], chosen: sa.ColumnElement[bool]) -> dt.datetime | None:
        with self._database.connect() as connection:
            return _time_or_none(connection.scalar(sa.select(which(RUN_STAGES.c.ended_at_us)).where(chosen)))


def _entry(row: Any) -> RunEntry:
    ended = _time_or_none(row.ended_at_us)
    return RunEntry(row.id, row.state, _time(row.started_at_us), ended, row.host, row.said)


def _us(time: dt.datetime) -> int:
    return int(time.timestamp() * 1_000_000)


def _time(us: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(us / 1_000_000, dt.UTC)


def _time_or_none(us: int | None) -> dt.datetime | None:
    return None if us is None else _time(us)
