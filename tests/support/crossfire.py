"""Two runs at once, of which some are killed at a random moment, and what must be true when all is over."""

import random
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from data.snapshots import MODEL_NAME, current_id, load
from feature_service.bundle import Bundle
from orchestration.default_question import snapshots_of
from orchestration.registry_places import ledger_in
from tests.support.preloaded import start_preloaded, wait_for
from tests.support.processes import environment, pipeline_command
from training.registry.ledger import Entry, read_all
from training.registry.question import Question

QUESTIONS = (Question("zero_sales"), Question("zero_sales", 2))
LONGEST_DELAY_S = {"WeeklyPanel": 25.0, "Evaluate": 4.0}
"""How late a kill may come, by the stage that the runs begin after: about as long as they take."""

TASK_FAILED = 30
_QUICK = ("--local-scheduler", "--backtest-weeks", "8", "--refit-every", "8")


@dataclass(frozen=True)
class StartedRun:
    """A run's process, and the file that takes what it prints."""

    process: ForkServerProcess
    out: Path

    def wait(self) -> tuple[int, str]:
        """Its exit status and what it printed, once it has ended."""
        status = wait_for(self.process)
        return status, self.out.read_text(encoding="utf-8")


@dataclass(frozen=True)
class Shot:
    """One run: what it asks, where it writes, and what it shares with others."""

    question: Question
    work_dir: Path
    shared: Path | None = None

    def start(self, orders: Path, task: str = "StockoutPipeline") -> "StartedRun":
        """The luigi command as a process."""
        options = (*_QUICK, *self.question.options)
        command = pipeline_command(task, orders, self.work_dir, *options)
        with tempfile.NamedTemporaryFile(delete=False, dir=orders.parent) as said:
            return StartedRun(start_preloaded(command, self.environment, Path(said.name)), Path(said.name))

    @property
    def environment(self) -> dict[str, str]:
        """With the shared registry and store, if any."""
        if self.shared is None:
            return environment()
        uri = f"sqlite:///{self.shared / 'registry' / 'mlflow.db'}"
        return environment(MLFLOW_TRACKING_URI=uri, BENTOML_HOME=str(self.shared / "bentoml"))

    @property
    def registry(self) -> str:
        """The registry as the ledger names it."""
        return self.environment.get("MLFLOW_TRACKING_URI", f"sqlite:///{self.work_dir / 'mlflow' / 'mlflow.db'}")

    def bentos(self, model: str) -> Path:
        """The folder of a model's Bentos in the store."""
        return (self.shared or self.work_dir) / "bentoml" / "bentos" / model


SCENARIOS = ("one question", "two questions", "shared registry")


def shots_of(scenario: str, folder: Path, prepared: Path) -> tuple[Shot, Shot]:
    """Two runs in copies of a prepared work dir."""
    first, second = folder / "first", folder / "second"
    shutil.copytree(prepared, first)
    if scenario == "one question":
        return Shot(QUESTIONS[0], first), Shot(QUESTIONS[0], first)
    if scenario == "two questions":
        return Shot(QUESTIONS[0], first), Shot(QUESTIONS[1], first)
    shutil.copytree(prepared, second)
    return Shot(QUESTIONS[0], first, folder / "shared"), Shot(QUESTIONS[1], second, folder / "shared")


@dataclass
class Battle:
    """What was done so far."""

    figures: Counter[str] = field(default_factory=Counter)

    def fight(self, shots: Sequence[Shot], orders: Path, chance: random.Random, longest_delay_s: float) -> None:
        """Start all, kill one or all of them at random moments, and run again until all have finished."""
        victims = [shot for shot in shots if chance.random() < 0.75] or [shots[0]]
        runs = {id(shot): shot.start(orders) for shot in shots}
        for shot in sorted(victims, key=lambda _: chance.random()):
            self._kill(runs[id(shot)], chance.uniform(0.5, longest_delay_s / len(victims)))
        self._wait([runs[id(shot)] for shot in shots])
        together = self._wait([shot.start(orders) for shot in shots])
        # a run may say in a sentence why it failed; then it finishes when it is started again
        for shot, code in zip(shots, together, strict=True):
            if code:
                assert self._wait([shot.start(orders)]) == [0]
        for shot in shots:
            check_published(shot, shots)
        self.figures["rounds"] += 1

    def _kill(self, run: StartedRun, delay_s: float) -> None:
        run.process.join(delay_s)
        if run.process.exitcode is None:
            run.process.kill()  # luigi alone: what it has started lives on, as it would
            self.figures["kills"] += 1

    def _wait(self, runs: Sequence[StartedRun]) -> list[int]:
        codes = []
        for run in runs:
            code, said = run.wait()
            self.figures["runs"] += 1
            assert "Traceback" not in said, said
            assert code in (0, TASK_FAILED, -signal.SIGKILL), said
            if code == TASK_FAILED:
                assert any(line.startswith("ERROR") for line in said.splitlines()), said
                self.figures["runs that failed with a sentence"] += 1
            codes.append(code)
        return codes


def check_published(shot: Shot, shots: Sequence[Shot]) -> None:
    """What is published for the run's question is whole, and the very version that the ledger says."""
    root = snapshots_of(shot.work_dir, shot.question)
    snapshot = load(root, current_id(root))
    assert shot.question.is_answered_by(Bundle.load(snapshot.bundle_dir).contract.label)
    entries = read_all(ledger_in(shot.work_dir), shot.registry)
    (last,) = [entry for entry in entries if entry.asked == shot.question][-1:]
    assert (snapshot.model.name, snapshot.model.version) == (last.model, last.champion_after)
    bentos = shot.bentos(snapshot.model.name)
    assert list(bentos.glob(f"{snapshot.model.version}-*/bento.yaml"))
    latest = bentos / (bentos / "latest").read_text()
    assert shot.question.is_answered_by(Bundle.load(latest / "src" / "bento" / "model").contract.label)
    versions = [(entry.model, entry.version) for entry in entries]
    assert len(versions) == len(set(versions))
    plain = [entry.asked for entry in _entries_of_all(shots) if entry.model == MODEL_NAME]
    assert len(set(plain)) == 1


def _entries_of_all(shots: Sequence[Shot]) -> list[Entry]:
    return [entry for shot in shots for entry in read_all(ledger_in(shot.work_dir), shot.registry)]
