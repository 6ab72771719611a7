"""The promotion ledger: one JSON line for every decision, only ever appended to."""

import datetime as dt
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from feature_service.json_record import read_record
from training.errors import TrainingFileError

LEDGER_FILE = "ledger.jsonl"
PROMOTED, KEPT, ROLLED_BACK = "promoted", "kept as challenger", "rolled back"


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        at: When, ISO 8601 in UTC.
        who: Who ran it.
        action: ``promoted``, ``kept as challenger`` or ``rolled back``.
        registry: The MLflow server, without a password.
        label: What the model predicts.
        version: The version that was decided on.
        champion_before: Version of the label's champion until then; empty if there was none.
        champion_after: Version of the label's champion from then on.
        reasons: In sentences.
        figures: The figures that decided, with their intervals, as text.
    """

    at: str
    who: str
    action: str
    registry: str
    label: str
    version: str
    champion_before: str
    champion_after: str
    reasons: tuple[str, ...]
    figures: Mapping[str, str]

    def to_line(self) -> str:
        """The entry as a line of the file."""
        return json.dumps(asdict(self), sort_keys=True) + "\n"


def now() -> str:
    """The time of a decision."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def append(entry: Entry, ledger: Path) -> None:
    """Write one line, and wait until it is on the disk."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    with ledger.open("a", encoding="utf-8") as file:
        file.write(entry.to_line())
        file.flush()
        os.fsync(file.fileno())


def read(ledger: Path, registry: str, label: str | None = None) -> list[Entry]:
    """The decisions in one registry, on one label's models or on all, oldest first; none if there is no file yet.

    Raises:
        TrainingFileError: If a line cannot be read.
    """
    if not ledger.exists():
        return []
    try:
        lines = ledger.read_text(encoding="utf-8").splitlines()
        entries = [read_record(Entry, json.loads(line)) for line in lines]
    except (OSError, ValueError) as error:
        raise TrainingFileError(
            f"the promotion ledger {ledger} cannot be read: {error}; put it right by hand, it is not written anew"
        ) from error
    return [entry for entry in entries if entry.registry == registry and label in (None, entry.label)]


def previous_champion(entries: list[Entry]) -> str | None:
    """The version that was champion before the present one; None if there was none.

    Each promotion puts a version on top of a pile, each rollback takes one off.
    """
    pile: list[str] = []
    for entry in entries:
        if entry.action == PROMOTED:
            pile.append(entry.champion_after)
        elif entry.action == ROLLED_BACK:
            pile.pop()
    return pile[-2] if len(pile) > 1 else None
