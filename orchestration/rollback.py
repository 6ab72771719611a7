"""``python -m orchestration.rollback --work-dir DIR``: back to the champion before, pinned until ``--lift``."""

import getpass
import os
import shlex
import shutil
from pathlib import Path

import click

from feature_service.kernel import StockoutError
from orchestration.published_runs import SNAPSHOT_FILE, newest_command
from orchestration.registry_places import ledger_in, tracking_uri_of
from orchestration.run_lock import hold_for_a_run
from training.labels import DEFAULT_ALPHA
from training.labels import label as find_label
from training.registry.question import Question

_STAGES_AFTER_THE_CHAMPION = ("registered", "packaged")


@click.command()
@click.option("--work-dir", required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--label", help="Of the champion to roll back; by default that of the model that is published.")
@click.option("--horizon-weeks", default=1, show_default=True, help="Beside --label: the weeks ahead of that champion.")
@click.option("--alpha", default=DEFAULT_ALPHA, show_default=True, help="Beside --label, of unusual_zero.")
@click.option("--lift", is_flag=True, help="Lift the pin of an earlier rollback instead: runs promote again.")
def main(work_dir: Path, label: str | None, horizon_weeks: int, alpha: float, lift: bool) -> None:
    """Make the champion before the present one the champion again, pin it, and say how to publish it.

    No run promotes another model for its question until the pin is lifted with --lift.
    """
    from training.registry.rollback import lift_pin, rollback  # noqa: PLC0415 - MLflow takes seconds, --help should not

    work_dir = work_dir.absolute()
    hold_for_a_run(work_dir)
    try:
        question = Question.of(find_label(label, horizon_weeks=horizon_weeks, alpha=alpha)) if label else None
        uri = tracking_uri_of(work_dir, os.environ.get("MLFLOW_TRACKING_URI"))
        do = lift_pin if lift else rollback
        entry = do(question, tracking_uri=uri, ledger=ledger_in(work_dir), who=getpass.getuser())
    except StockoutError as error:
        raise click.ClickException(str(error)) from error
    if lift:
        click.echo(
            f"the pin of {entry.question} is lifted: version {entry.champion_after} is the champion until a run "
            "promotes another; what was kept meanwhile stays kept"
        )
        return
    _let_the_next_run_release_again(work_dir)
    click.echo(
        f"version {entry.champion_after} is the champion of {entry.question} again, no longer {entry.champion_before}\n"
        f"it is pinned: no run promotes another until {_how_to_lift(entry.asked, work_dir)}\n"
        f"what is served stays as it is until a run publishes version {entry.champion_after}\n"
        f"{_how_to_publish(entry.asked, work_dir)}"
    )


def _let_the_next_run_release_again(work_dir: Path) -> None:
    """What these stages did rests on the champion of before. The commands of the runs stay."""
    for stage in _STAGES_AFTER_THE_CHAMPION:
        for folder in work_dir.glob(f"models/*/{stage}"):
            shutil.rmtree(folder)
    for file in work_dir.glob(f"models/*/published/*/{SNAPSHOT_FILE}"):
        file.unlink()


def _how_to_lift(question: Question, work_dir: Path) -> str:
    return shlex.join(
        ["python", "-m", "orchestration.rollback", "--lift", "--work-dir", f"{work_dir}", *question.options]
    )


def _how_to_publish(question: Question, work_dir: Path) -> str:
    """The last line of all is the command, or says that nobody wrote it down."""
    command = newest_command(work_dir, question)
    if command:
        return f"this does it, and trains nothing as long as the input files are as they were:\n{command}"
    options = shlex.join([*question.options, "--work-dir", str(work_dir)])
    return f"no run of this question has published from this work dir: run the pipeline with {options}"


if __name__ == "__main__":
    main()
