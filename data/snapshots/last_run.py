"""What the pipeline says of its last run, in a file beside the pointer, for whoever watches the servers."""

import dataclasses
import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

from feature_service.json_record import read_json

FILE = "LAST_RUN.json"
_MOST_BYTES = 1_000_000


@dataclass(frozen=True)
class ColumnStates:
    """How many of the columns that are watched for drift are in each state, as the report of drift calls it."""

    drifted: int = 0
    watch: int = 0
    steady: int = 0
    unknown: int = 0

    @property
    def is_known(self) -> bool:
        """Whether any of them can be told: if not, that none drifted means nothing."""
        return self.drifted + self.watch + self.steady > 0


@dataclass(frozen=True)
class DriftLook:
    """What the newest look for drift found of a question.

    Attributes:
        question: By name.
        looked_at: When, UTC.
        named: How many causes of drift it names.
        asks_for_refresh: Whether one of them is none that the model has learned from.
        inputs: What the seller's files say.
        features: What the model sees.
        scores: What it says.
        outcomes: What became of it.
    """

    question: str
    looked_at: dt.datetime
    named: int
    asks_for_refresh: bool
    inputs: ColumnStates
    features: ColumnStates
    scores: ColumnStates
    outcomes: ColumnStates


@dataclass(frozen=True)
class LastRun:
    """The last weekly run.

    Attributes:
        number: In the ledger of runs.
        ended_at: When it ended, UTC.
        succeeded_at: When a run last ended well; None: none did.
        failures: What went wrong, a sentence each.
        drift: The newest look for drift of each question that was looked at, by this run or by one before.
    """

    number: int
    ended_at: dt.datetime
    succeeded_at: dt.datetime | None = None
    failures: tuple[str, ...] = ()
    drift: tuple[DriftLook, ...] = ()


def write_last_run(run: LastRun, root: Path) -> None:
    """Put the file in the place of the one before, whole."""
    root.mkdir(parents=True, exist_ok=True)
    draft = root / f".{FILE}-{os.getpid()}"
    try:
        draft.write_text(json.dumps(dataclasses.asdict(run), default=lambda time: time.isoformat()) + "\n", "utf-8")
        draft.replace(root / FILE)
    finally:
        draft.unlink(missing_ok=True)


def read_last_run(root: Path) -> LastRun | None:
    """The last run; None where no weekly run was made.

    Raises:
        OSError, ValueError: If the file cannot be read.
    """
    try:
        with (root / FILE).open("rb") as file:
            return read_json(LastRun, file.read(_MOST_BYTES))
    except FileNotFoundError:
        return None
