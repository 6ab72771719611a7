"""What was asked of each run that published, so that a rollback can say how to publish again."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from feature_service.json_record import read_json
from orchestration.stage import Stage
from training.registry.question import Question

SNAPSHOT_FILE = "snapshot_id"
_RUN_FILE = "run.json"
_OF_ITS_TIME = "weekly_run"
"""What is no part of a command that somebody gives again by hand."""


@dataclass(frozen=True)
class PublishedRun:
    """A run that published.

    Attributes:
        question: Name of what it predicts.
        command: The shell command that does it again.
        folders: Where its stages wrote, below the work dir; none of runs of before.
    """

    question: str
    command: str
    folders: tuple[str, ...] = ()


def write_published_run(folder: Path, run: Stage) -> None:
    """Keep what was asked of a run with what its publish stage leaves."""
    parameters = dict(run.get_params())  # type: ignore[no-untyped-call]
    words = ["luigi", "--module", "orchestration", "StockoutPipeline"]
    for name, text in run.to_str_params().items():  # type: ignore[no-untyped-call]
        parameter = parameters[name]
        if name == _OF_ITS_TIME:
            continue
        if not parameter.has_task_value("Run", name) or getattr(run, name) != parameter.task_value("Run", name):
            words += [f"--{name.replace('_', '-')}", text]
    folders = {str(_of_retention(each.folder.relative_to(run.work_dir))) for each in run.chain()}
    done = PublishedRun(run.question.name, shlex.join([*words, "--local-scheduler"]), tuple(sorted(folders)))
    (folder / _RUN_FILE).write_text(json.dumps(asdict(done), indent=2) + "\n", encoding="utf-8")


def newest_command(work_dir: Path, question: Question) -> str | None:
    """The command of the newest run that published an answer to the question; None if no run left one."""
    return next((run.command for run in newest_runs(work_dir) if run.question == question.name), None)


def newest_runs(work_dir: Path) -> list[PublishedRun]:
    """Of each question the newest run that published an answer to it."""
    files = sorted(work_dir.glob(f"models/*/published/*/{_RUN_FILE}"), key=lambda file: file.stat().st_mtime_ns)
    runs = [read_json(PublishedRun, file.read_text(encoding="utf-8")) for file in files]
    return list({run.question: run for run in runs}.values())


def _of_retention(folder: Path) -> Path:
    """The stages of a model are kept or taken away together."""
    return Path(*folder.parts[:2]) if folder.parts[0] == "models" else folder
