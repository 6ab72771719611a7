"""What was asked of each run that published, so that a rollback can say how to publish again."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path

from feature_service.json_record import read_json
from orchestration.run import Run
from training.registry.question import Question

SNAPSHOT_FILE = "snapshot_id"
_RUN_FILE = "run.json"


@dataclass(frozen=True)
class PublishedRun:
    """A run that published.

    Attributes:
        question: Name of what it predicts.
        command: The shell command that does it again.
    """

    question: str
    command: str


def write_published_run(folder: Path, run: Run) -> None:
    """Keep what was asked of a run with what its publish stage leaves."""
    parameters = dict(run.get_params())  # type: ignore[no-untyped-call]
    words = ["luigi", "--module", "orchestration", "StockoutPipeline"]
    for name, text in run.to_str_params().items():  # type: ignore[no-untyped-call]
        parameter = parameters[name]
        if not parameter.has_task_value("Run", name) or getattr(run, name) != parameter.task_value("Run", name):
            words += [f"--{name.replace('_', '-')}", text]
    done = PublishedRun(run.question.name, shlex.join([*words, "--local-scheduler"]))
    (folder / _RUN_FILE).write_text(json.dumps(asdict(done), indent=2) + "\n", encoding="utf-8")


def newest_command(work_dir: Path, question: Question) -> str | None:
    """The command of the newest run that published an answer to the question; None if no run left one."""
    files = sorted(work_dir.glob(f"models/*/published/*/{_RUN_FILE}"), key=lambda file: file.stat().st_mtime_ns)
    runs = [read_json(PublishedRun, file.read_text(encoding="utf-8")) for file in files]
    return next((run.command for run in reversed(runs) if run.question == question.name), None)
