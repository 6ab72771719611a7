"""``stockout-runs`` (or ``python -m orchestration.weekly``): set the weekly run up, and look at what runs did."""

import datetime as dt
import os
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import click

from data.command.render import print_lines, print_table
from data.state.database import Database
from data.weeks import iso_name
from feature_service.kernel import StockoutError
from feature_service.terminal import command_output
from orchestration.drift_command import drift
from orchestration.weekly.ledger import FAILED, QuestionEntry, RunEntry, RunLedger
from orchestration.weekly.settings import SETTINGS_FILE, WeeklySettings, read_settings

_NAME = "stockout-runs"
_SETTINGS = click.option(
    "--settings",
    "file",
    type=click.Path(path_type=Path),
    default=SETTINGS_FILE,
    show_default=True,
    help="The TOML file of the weekly run.",
)
_RUN_COLUMNS = ("run", "state", "started (UTC)", "seconds", "question", "what", "week", "model", "why")
_STAGE_COLUMNS = ("of", "stage", "state", "seconds", "said")


class _Commands(click.Group):
    """Turns errors that the user can put right into one sentence and a status."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with command_output(_NAME):
                return super().invoke(ctx)
        except StockoutError as error:
            click.echo(f"{_NAME}: {error}", err=True)
            sys.exit(1)


@click.group(cls=_Commands)
def main() -> None:
    """Set the weekly run up, and look at what runs did."""


@main.command()
@click.argument("file", type=click.Path(path_type=Path), default=SETTINGS_FILE)
def init(file: Path) -> None:
    """Write a commented FILE with settings to begin with."""
    content = files("orchestration.weekly").joinpath(SETTINGS_FILE).read_bytes()
    try:
        with file.open("xb") as new:
            new.write(content)
    except FileExistsError:
        raise click.ClickException(f"{file} is there already, and stays as it is") from None
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error
    click.echo(f"{file} is written: edit it, then look at it with {_NAME} check --settings {file}")


@main.command()
@_SETTINGS
def check(file: Path) -> None:
    """Read the settings as a run would, and say what they mean."""
    settings = read_settings(file)
    click.echo(f"work dir: {settings.work_dir}")
    rows = [
        (str(settings.folder_of(each)), each.layout, "there" if settings.folder_of(each).is_dir() else "NOT there")
        for each in settings.sources
    ]
    print_table(f"sources: {len(rows)}", ("folder", "layout", "is"), rows)
    told = [(_shown(each.options), f"{each.train_every_weeks}") for each in settings.questions]
    print_table(f"questions: {len(told)}", ("options", "trained every weeks"), told)
    channels = [f"{each.name}: of {', '.join(each.on)}" for each in settings.notify.channels]
    print_lines("told of what changes", channels or ["nobody: no channel stands below [notify]"])
    absent = [folder for folder, _, is_there in rows if is_there != "there"]
    if absent:
        raise click.ClickException(f"a run would fail, since there is no folder {absent[0]}: make it, or name another")


@main.command("list")
@_SETTINGS
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Runs to print, newest first.")
def list_runs(file: Path, limit: int) -> None:
    """Print the newest runs, and what came of each question in them."""
    ledger = _ledger(read_settings(file))
    runs = ledger.runs(limit)
    questions = ledger.questions([each.number for each in runs])
    rows = [row for run in runs for row in _run_rows(run, questions[run.number])]
    print_table(f"runs: {len(runs)}", _RUN_COLUMNS, rows)


@main.command()
@click.argument("number", type=int)
@_SETTINGS
def show(number: int, file: Path) -> None:
    """Print what run NUMBER did, stage by stage."""
    ledger = _ledger(read_settings(file))
    run = ledger.run(number)
    if run is None:
        raise click.ClickException(f"there is no run {number}; {_NAME} list prints those that there are")
    questions = ledger.questions([number])[number]
    print_table(f"run {number} on {run.host}", _RUN_COLUMNS, _run_rows(run, questions))
    stages = [
        (each.subject, each.stage, each.state, f"{each.seconds:.1f}", each.said) for each in ledger.stages(number)
    ]
    print_table(f"stages: {len(stages)}", _STAGE_COLUMNS, stages)
    print_lines("decided", [f"{each.question}: {each.decision}" for each in questions if each.decision])
    print_lines("what it said", [run.said] if run.said else [])


@main.command()
@_SETTINGS
@click.option("--test", "channel", help="Send a test message to the channel of this name, past the outbox.")
def notify(file: Path, channel: str | None) -> None:
    """Send what waits in the outbox, and say what waits on."""
    from monitoring.notifications.deliver import deliver, send_test  # noqa: PLC0415 - SQL and HTTP, as below

    settings = read_settings(file)
    if channel is not None:
        click.echo(send_test(settings.notify, channel, _now))
        return
    deliveries = deliver(_database(settings), settings.notify, _now)
    rows = [(each.channel, f"{each.sent}", f"{each.waiting}", each.problem or "") for each in deliveries]
    print_table(f"channels: {len(rows)}", ("channel", "sent", "changes that wait", "why"), rows)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


main.add_command(drift)


def _ledger(settings: WeeklySettings) -> RunLedger:
    return RunLedger(_database(settings))


def _database(settings: WeeklySettings) -> Database:
    from data.history.history import open_history  # noqa: PLC0415 - SQL and Delta, which the help does without

    if not settings.work_dir.is_dir():
        raise click.ClickException(f"there is no work dir {settings.work_dir}: no run has been made yet")
    return open_history(settings.work_dir, os.environ).state


def _run_rows(run: RunEntry, questions: Sequence[QuestionEntry]) -> list[tuple[str, ...]]:
    seconds = "" if run.ended_at is None else f"{(run.ended_at - run.started_at).total_seconds():.0f}"
    head = (str(run.number), run.state, f"{run.started_at:%Y-%m-%d %H:%M}", seconds)
    if not questions:
        return [(*head, "", "", "", "", run.said)]
    answers = [(each.question, each.action, _week(each.as_of_week), each.model_version, each.why) for each in questions]
    if run.state == FAILED:
        answers.append(("", "", "", "", run.said))
    return [(*(head if number == 0 else ("",) * len(head)), *answer) for number, answer in enumerate(answers)]


def _week(week: dt.date | None) -> str:
    return "" if week is None else iso_name(week)


def _shown(options: Any) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options.items())


if __name__ == "__main__":
    main(prog_name=_NAME)
