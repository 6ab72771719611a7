"""``stockout.toml``: which folders bring files, which questions are asked of them, and what is kept.

    work_dir = "work"

    [[source]]
    folder = "exports"
    late_after_days = 8

    [run]                       # of every question; names as the pipeline's options, with underscores
    lead_time_days = 10

    [[question]]
    label = "inventory"
    train_every_weeks = 4
    alert_budget = 20

    [retention]
    keep_weeks = 8

    [notify]                    # see monitoring/README.md

Paths are relative to the file. How the files of a folder are read is said by ``source.toml`` in that folder.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import luigi

from feature_service.json_record import RecordError, read_record
from feature_service.kernel import StockoutError
from monitoring.notifications.settings import NotifySettings
from monitoring.notifications.settings import read_settings as read_notify_settings
from orchestration.parameters import HISTORY, TIME_ZONES, Parameters, ReadingParameters
from orchestration.retention_tasks import DEFAULT_KEEP_WEEKS
from orchestration.run import Run

SETTINGS_FILE = "stockout.toml"

_OPTIONS = "run"
_NO_SETTINGS = {
    *dict(ReadingParameters.get_params()),  # type: ignore[no-untyped-call]
    *("as_of", "known_at", "publish_past", "weekly_run"),
    *("engine", "spark_master"),  # outcomes are told from the clean history of one machine
}
_OF_A_QUESTION = {
    name: parameter
    for name, parameter in Parameters.get_params()  # type: ignore[no-untyped-call]
    if name not in _NO_SETTINGS
}


class SettingsError(StockoutError):
    """The settings of the weekly run cannot be read, or mean nothing."""


@dataclass(frozen=True)
class SourceSettings:
    """A folder into which a seller's files arrive.

    Attributes:
        folder: Relative to the settings' file.
        layout: As ``LoadHistory --source``.
        time_zone: IANA name of the seller's time zone; empty: as ``source.toml`` in the folder says, or the layout's.
        late_after_days: Days without anything new after which the run says so.
        max_bad_share: Share of bad rows above which nothing of a delivery is taken; None: as ``LoadHistory`` has it.
    """

    folder: str
    layout: str = "generic"
    time_zone: str = ""
    late_after_days: int = 8
    max_bad_share: float | None = None


@dataclass(frozen=True)
class QuestionSettings:
    """A question, asked every week.

    Attributes:
        options: The parameters of ``StockoutPipeline`` and ``ScoreWeek`` that it takes, as Luigi has them.
        train_every_weeks: Weeks after which a model is trained again.
    """

    options: Mapping[str, Any]
    train_every_weeks: int = 4


@dataclass(frozen=True)
class RetentionSettings:
    """How long what runs left is kept."""

    keep_weeks: int = DEFAULT_KEEP_WEEKS


@dataclass(frozen=True)
class WeeklySettings:
    """All of them.

    Attributes:
        file: Where they stand.
        work_dir: Takes everything that the runs write.
        notify: Who is told of what changes.
    """

    file: Path
    work_dir: Path
    sources: tuple[SourceSettings, ...]
    questions: tuple[QuestionSettings, ...]
    retention: RetentionSettings
    notify: NotifySettings

    def folder_of(self, source: SourceSettings) -> Path:
        """Where the files of a source arrive."""
        return (self.file.parent / source.folder).absolute()


@dataclass(frozen=True)
class _File:
    work_dir: str = "work"
    source: tuple[SourceSettings, ...] = ()
    question: tuple[Mapping[str, Any], ...] = ()
    run: Mapping[str, Any] = field(default_factory=dict)
    retention: RetentionSettings = RetentionSettings()
    notify: Mapping[str, Any] = field(default_factory=dict)


def read_settings(file: Path, overrides: str = "", work_dir: Path | None = None) -> WeeklySettings:
    """Read and check the file.

    Args:
        file: Its path.
        overrides: Of every question, for one run: ``row_budget=5000,seed=7``.
        work_dir: In the place of the file's.
    Raises:
        SettingsError: If it cannot be read, or says what cannot be meant; the sentence names table and key.
    """
    said = _parsed(file)
    over = _overrides(overrides)
    settings = WeeklySettings(
        file=file.absolute(),
        work_dir=work_dir or (file.absolute().parent / said.work_dir).absolute(),
        sources=said.source,
        questions=tuple(_question(file, each, said.run, over) for each in said.question),
        retention=said.retention,
        notify=_notify(file, said.notify),
    )
    _check(settings)
    return settings


def _notify(file: Path, table: Mapping[str, Any]) -> NotifySettings:
    try:
        return read_notify_settings(table, file.absolute().parent)
    except StockoutError as error:
        raise SettingsError(f"{file}: {error}") from error


def _parsed(file: Path) -> _File:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(
            f"the settings {file} cannot be read: {reason}; stockout-runs init writes a commented file"
        ) from error
    try:
        parsed = json.loads(json.dumps(tomllib.loads(text), default=str))  # TOML has dates, records have none
        return read_record(_File, parsed)
    except RecordError as error:
        raise SettingsError(f"{file}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{file} is no TOML: {error}") from error


def _question(
    file: Path, said: Mapping[str, Any], shared: Mapping[str, Any], over: Mapping[str, str]
) -> QuestionSettings:
    where = f"{file}: [[question]] {said.get('label', 'without a label')}"
    if "label" not in said:
        raise SettingsError(f'{file}: a [[question]] has no label; say label = "inventory"')
    own = {name: value for name, value in said.items() if name != "train_every_weeks"}
    options = {
        **{name: _value(f"{file}: [{_OPTIONS}]", name, value) for name, value in shared.items()},
        **{name: _value(where, name, value) for name, value in own.items()},
        **{name: _value("--override", name, value) for name, value in over.items()},
    }
    try:
        weeks = read_record(_TrainEvery, {k: v for k, v in said.items() if k == "train_every_weeks"})
    except RecordError as error:
        raise SettingsError(f"{where}: {error}") from error
    if weeks.train_every_weeks < 1:
        raise SettingsError(f"{where}: train_every_weeks is {weeks.train_every_weeks}; it must be 1 or more")
    return QuestionSettings(options, weeks.train_every_weeks)


@dataclass(frozen=True)
class _TrainEvery:
    train_every_weeks: int = QuestionSettings.train_every_weeks


def _value(where: str, name: str, value: object) -> Any:
    """An option's value as Luigi parses it on the command line."""
    if name not in _OF_A_QUESTION:
        known = ", ".join(sorted(_OF_A_QUESTION))
        raise SettingsError(f"{where}: there is no setting {name}; there is {known}")
    parameter: luigi.Parameter = _OF_A_QUESTION[name]
    try:
        return parameter.parse(str(value))
    except StockoutError as error:
        raise SettingsError(f"{where}: {error}") from error


def _overrides(text: str) -> dict[str, str]:
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    if bad := next((each for each in pairs if not each[1]), None):
        raise SettingsError(f"--override holds {bad[0]!r}; it must be NAME=VALUE,NAME=VALUE, as row_budget=5000,seed=7")
    return {name.strip().replace("-", "_"): value.strip() for name, _, value in pairs}


def _check(settings: WeeklySettings) -> None:
    file = settings.file
    if not settings.questions:
        raise SettingsError(f'{file}: nothing is asked; add [[question]] with label = "inventory"')
    for source in settings.sources:
        where = f"{file}: [[source]] {source.folder}"
        if source.layout not in TIME_ZONES:
            raise SettingsError(
                f"{where}: layout is {source.layout!r}; it must be one of {', '.join(sorted(TIME_ZONES))}"
            )
        if source.late_after_days < 1:
            raise SettingsError(f"{where}: late_after_days is {source.late_after_days}; it must be 1 or more")
    if settings.retention.keep_weeks < 1:
        raise SettingsError(f"{file}: [retention] keep_weeks is {settings.retention.keep_weeks}; it must be 1 or more")
    names = [_checked_name(settings, each) for each in settings.questions]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise SettingsError(f"{file}: the question {twice} stands there twice")


def _checked_name(settings: WeeklySettings, question: QuestionSettings) -> str:
    """The question's name; its options are held against the pipeline's own rules."""
    from orchestration.release_tasks import ScoreWeek  # noqa: PLC0415 - the tasks, which reading alone does without

    task: Run = ScoreWeek(  # type: ignore[no-untyped-call]
        source=HISTORY, work_dir=settings.work_dir, as_of=None, **question.options
    )
    try:
        task.check()
    except StockoutError as error:
        raise SettingsError(f"{settings.file}: [[question]] {question.options['label']}: {error}") from error
    return task.question.name
