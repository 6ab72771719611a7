"""One weekly run: load what landed, bring every question up to date, and write down what was done.

What goes wrong with a source or a question stops neither the others nor the run: it is written down, told, and makes
the run end as failed. What was served before goes on being served.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import TypeVar

import luigi

from data.snapshots.last_run import LastRun, write_last_run
from data.state.database import Database
from data.weeks import iso_name
from feature_service.kernel import StockoutError
from feature_service.terminal import visible
from monitoring.notifications.digest import Drift, Facts, Failure
from orchestration.console import log
from orchestration.default_question import SNAPSHOTS
from orchestration.drift_command import newest_reports
from orchestration.drift_tasks import WatchDrift
from orchestration.history_tasks import Ingest, LoadHistory
from orchestration.outcome_tasks import ScoreOutcomes
from orchestration.parameters import HISTORY
from orchestration.release_tasks import Register, ScoreWeek, StockoutPipeline
from orchestration.retention_tasks import PruneRuns, prune
from orchestration.run_lock import if_no_other_run_is_at_work
from orchestration.weekly.course import Course, Wish
from orchestration.weekly.drift_looks import drift_looks
from orchestration.weekly.ledger import (
    DONE,
    FAILED,
    NOTHING,
    NOTHING_NEW,
    SUCCEEDED,
    TRAINED,
    QuestionEntry,
    RunLedger,
    StageEntry,
)
from orchestration.weekly.plan import Standing, Step, drift_to_learn, is_new, missed_weeks, next_step
from orchestration.weekly.settings import QuestionSettings, SourceSettings, WeeklySettings
from orchestration.weekly.standing import late_table, served, standing_of
from orchestration.weekly.tasks import run_task
from orchestration.weekly.word import say

Clock = Callable[[], dt.datetime]
OfQuestion = TypeVar("OfQuestion", ScoreOutcomes, ScoreWeek, StockoutPipeline, WatchDrift)


class WeeklyRun:
    """One run, to be begun with the lock of weekly runs held."""

    def __init__(self, settings: WeeklySettings, wish: Wish, database: Database, clock: Clock) -> None:
        self._settings, self._wish, self._clock = settings, wish, clock
        self._database, self._ledger = database, RunLedger(database)

    def run(self) -> Course:
        """Do everything that is due; whatever fails is in what it returns, and in the ledger."""
        course = Course(self._ledger.begin(self._clock()))
        try:
            for source in self._settings.sources:
                self._load(source, course)
            for question in self._settings.questions:
                self._bring_up_to_date(question, course)
            self._prune(course)
        except BaseException as error:
            course.failures.append(Failure(stage="run", sentence=f"{type(error).__name__}: {error}"))
            raise
        finally:
            self._end(course)
        return course

    def _end(self, course: Course) -> None:
        try:
            self._say(course)
        except StockoutError as error:
            self._fail(course, "notify", str(error))
        now = self._clock()
        self._ledger.end(course.number, FAILED if course.failures else SUCCEEDED, course.summary(), now)
        work_dir = self._settings.work_dir
        asked = [self._task(ScoreWeek, each).question.name for each in self._settings.questions]
        drift = drift_looks(work_dir, asked)
        last = LastRun(course.number, now, self._ledger.last_success(), tuple(course.sentences()), drift)
        write_last_run(last, work_dir / SNAPSHOTS)

    def _load(self, source: SourceSettings, course: Course) -> None:
        folder = self._settings.folder_of(source)
        options = {} if source.max_bad_share is None else {"max_bad_share": source.max_bad_share}
        task = LoadHistory(  # type: ignore[no-untyped-call]
            source=source.layout,
            data_dir=folder,
            work_dir=self._settings.work_dir,
            time_zone=source.time_zone,
            **options,
        )
        subject = str(folder)
        stages = self._run(task, subject, course)
        if not stages:
            entry = StageEntry(subject, LoadHistory.__name__, NOTHING_NEW, 0.0, "nothing new")
            self._ledger.add_stage(course.number, entry, self._clock())
        stage = LoadHistory.__name__
        last = self._ledger.last_done(stage, subject) or self._ledger.first_tried(stage, subject)
        late = last is not None and self._clock() - last > dt.timedelta(days=source.late_after_days)
        if last is not None and late:
            sentence = f"nothing new came into {subject} since {last:%Y-%m-%d %H:%M} UTC"
            course.late.append(Failure(stage=f"source {subject}", sentence=sentence))
            self._warn(course, sentence)

    def _bring_up_to_date(self, question: QuestionSettings, course: Course) -> None:
        score = self._task(ScoreWeek, question)
        name = score.question.name
        try:
            self._run_or_stop(score.clone(Ingest), name, course)  # type: ignore[no-untyped-call]
            latest = score.as_of_week
            standing = standing_of(score, self._ledger)
            if is_new(standing, latest) and standing.champion_version:
                standing = replace(standing, drift=self._drift(question, standing, course))
            step = next_step(standing, latest, train=self._wish.train, train_every_weeks=question.train_every_weeks)
            for week in missed_weeks(standing, latest):
                self._warn(course, f"{name}: week {iso_name(week)} was missed: no run found it whole as the newest")
            if step.action == NOTHING:
                self._tell_of_late_table(score, course)
            entry = self._take(step, question, course, has_champion=bool(standing.champion_version))
            if step.action != NOTHING or not self._is_held_to_account(score):
                self._run(self._task(ScoreOutcomes, question), name, course)
        except _HasFailedError:
            entry = self._entry(score, Step(FAILED, "see the failed stage"))
        except StockoutError as error:
            self._fail(course, name, str(error))
            entry = self._entry(score, Step(FAILED, str(error)))
        course.questions.append(entry)
        self._ledger.add_question(course.number, entry)

    def _tell_of_late_table(self, score: ScoreWeek, course: Course) -> None:
        """A folder that brings the sales every week is not late, and yet no week is whole without the counts."""
        late = late_table(score, self._clock().date())
        if late is None:
            return
        sentence, days = late
        self._warn(course, f"{score.question.name}: {sentence}")
        if days > max((each.late_after_days for each in self._settings.sources), default=days):
            course.late.append(Failure(stage=f"table of {score.question.name}", sentence=sentence))

    def _is_held_to_account(self, score: ScoreWeek) -> bool:
        """Whether outcomes were told since what is served was published: a run may have died, or failed, in between."""
        last, now = self._ledger.last_done(ScoreOutcomes.__name__, score.question.name), served(score.snapshots)
        return now is None or (last is not None and last >= now.published_at)

    def _drift(self, question: QuestionSettings, standing: Standing, course: Course) -> str:
        """What drifted since a model was last trained, in a sentence; what cannot be watched stops nothing."""
        watch = self._task(WatchDrift, question)
        name = watch.question.name
        if self._failed(self._run(watch, name, course)):
            return ""
        drifted = newest_reports(self._settings.work_dir, name)[0].drifted
        course.drift += [Drift(drift_id=f"{name} {each.id}", sentence=f"{name}: {each.sentence}") for each in drifted]
        return drift_to_learn(drifted, standing.trained_week)

    def _take(self, step: Step, question: QuestionSettings, course: Course, *, has_champion: bool) -> QuestionEntry:
        score = self._task(ScoreWeek, question)
        name = score.question.name
        if step.action == TRAINED:
            pipeline = self._task(StockoutPipeline, question, weekly_run=course.number)
            stages = self._run(pipeline, name, course)
            if not self._failed(stages):
                return self._trained(score, step, stages)
            if not has_champion:
                raise _HasFailedError
            step = Step(FAILED, f"{step.why}; training failed, so the champion scored the week")
        if step.action != NOTHING:
            self._run_or_stop(score, name, course)
        return self._entry(score, step)

    def _trained(self, score: ScoreWeek, step: Step, stages: Sequence[StageEntry]) -> QuestionEntry:
        decided = next((each.said for each in stages if each.stage == Register.__name__), "")
        if not decided:  # a run before it did that, and may have been killed before it published
            why = f"{step.why}; of these data and settings a model was trained before"
            return self._entry(score, Step(TRAINED if stages else NOTHING, why))
        which, _, _ = decided.partition(": ")
        return replace(self._entry(score, Step(TRAINED, f"{step.why}; {which}")), decision=decided)

    def _prune(self, course: Course) -> None:
        if all(each.action == NOTHING for each in course.questions):
            return
        started = perf_counter()
        with if_no_other_run_is_at_work(self._settings.work_dir) as is_alone:
            if is_alone:
                said = prune(self._settings.work_dir, self._settings.retention.keep_weeks)
                entry = StageEntry(
                    str(self._settings.work_dir), PruneRuns.__name__, DONE, perf_counter() - started, said
                )
                self._ledger.add_stage(course.number, entry, self._clock())

    def _say(self, course: Course) -> None:
        say(
            course.questions,
            Facts(
                failures=(*course.failures, *course.late), drift=tuple(course.drift), warnings=tuple(course.warnings)
            ),
            settings=self._settings.notify,
            database=self._database,
            work_dir=self._settings.work_dir,
            clock=self._clock,
        )

    def _task(self, kind: type[OfQuestion], question: QuestionSettings, **beside: int) -> OfQuestion:
        options = {**question.options, **beside}
        return kind(source=HISTORY, work_dir=self._settings.work_dir, as_of=self._wish.as_of, **options)

    def _run(self, task: luigi.Task, subject: str, course: Course) -> Sequence[StageEntry]:
        stages = run_task(task, subject)
        for each in stages:
            self._ledger.add_stage(course.number, each, self._clock())
            if each.state == FAILED:
                self._fail(course, f"{each.stage} of {subject}", each.said)
        return stages

    def _run_or_stop(self, task: luigi.Task, subject: str, course: Course) -> None:
        if self._failed(self._run(task, subject, course)):
            raise _HasFailedError

    @staticmethod
    def _failed(stages: Sequence[StageEntry]) -> bool:
        return any(each.state == FAILED for each in stages)

    @staticmethod
    def _entry(score: ScoreWeek, step: Step) -> QuestionEntry:
        after = served(score.snapshots)
        if after is None:
            return QuestionEntry(score.question.name, step.action, None, "", "", step.why)
        return QuestionEntry(
            score.question.name, step.action, after.as_of_week, after.id, after.model.version, step.why
        )

    def _fail(self, course: Course, stage: str, sentence: str) -> None:
        course.failures.append(Failure(stage=stage, sentence=sentence))
        log.error("failed    %s", visible(f"{stage}: {sentence}"))

    def _warn(self, course: Course, sentence: str) -> None:
        course.warnings.append(sentence)
        log.warning("warning   %s", visible(sentence))


class _HasFailedError(Exception):
    """A stage has failed, and that is written down."""
