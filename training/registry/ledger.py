"""The promotion ledger: one JSON line for every decision, only ever appended to."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data.files import append_line, locked, read_lines
from data.snapshots import MODEL_NAME
from feature_service.json_record import parse_json, read_record
from training.errors import TrainingFileError
from training.labels import DEFAULT_ALPHA
from training.registry.question import Question

PROMOTED, KEPT = "promoted", "kept as challenger"
ROLLED_BACK, LIFTED = "rolled back and pinned", "pin lifted"
_ROLLED_BACK_BEFORE = "rolled back"
"""Of before rollbacks pinned: it pins nothing."""


@dataclass(frozen=True)
class Entry:
    """One decision.

    Attributes:
        at: When, ISO 8601 in UTC.
        who: Who ran it.
        action: ``promoted``, ``kept as challenger``, ``rolled back and pinned`` or ``pin lifted``.
        registry: The MLflow server, without a password.
        question: Name of the question, e.g. ``inventory-4-weeks``: see :class:`training.registry.question.Question`.
        label: The question's label.
        horizon_weeks: The weeks ahead that it looks.
        version: The version that was decided on.
        champion_before: Version of the question's champion until then; empty if there was none.
        champion_after: Version of the question's champion from then on.
        reasons: In sentences.
        figures: The figures that decided, with their intervals, as text.
        alpha: The question's ``alpha``.
        model: The registered model that the versions are of.
        case: Of a decision on a challenger: ``first``, ``refresh`` or ``replacement``; empty in lines of before.
    """

    at: str
    who: str
    action: str
    registry: str
    question: str
    label: str
    horizon_weeks: int
    version: str
    champion_before: str
    champion_after: str
    reasons: tuple[str, ...]
    figures: Mapping[str, str]
    alpha: float = DEFAULT_ALPHA
    model: str = MODEL_NAME
    case: str = ""

    @property
    def asked(self) -> Question:
        """The question itself."""
        return Question(self.label, self.horizon_weeks, self.alpha)

    def to_line(self) -> str:
        """The entry as a line of the file."""
        return json.dumps(asdict(self), sort_keys=True)


def now() -> str:
    """The time of a decision, by which two of the same version and action are told apart."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def append(entry: Entry, ledger: Path) -> None:
    """Write one line, and wait until it is on the disk."""
    with locked(ledger):
        append_line(ledger, entry.to_line())


def read(ledger: Path, registry: str, question: str) -> list[Entry]:
    """The decisions in one registry on one question, oldest first; none if there is no file yet.

    Questions once shared a registered model. What was decided in another one than the newest decision is left out: its
    numbers are other versions.

    Raises:
        TrainingFileError: If a line cannot be read.
    """
    entries = [entry for entry in read_all(ledger, registry) if entry.question == question]
    return [entry for entry in entries if entry.model == entries[-1].model]


def read_all(ledger: Path, registry: str) -> list[Entry]:
    """The decisions in one registry on all models, oldest first; none if there is no file yet.

    Raises:
        TrainingFileError: If a line cannot be read.
    """
    return [entry for entry in _entries(ledger) if entry.registry == registry]


def registries(ledger: Path) -> list[str]:
    """The registries that decisions were made in, the newest decision's last; none if there is no file yet.

    Raises:
        TrainingFileError: If a line cannot be read.
    """
    newest_first = dict.fromkeys(entry.registry for entry in reversed(_entries(ledger)))
    return list(reversed(newest_first))


def _entries(ledger: Path) -> list[Entry]:
    try:
        return [read_record(Entry, _renamed(parse_json(line))) for line in read_lines(ledger)]
    except (OSError, ValueError) as error:
        raise TrainingFileError(
            f"the promotion ledger {ledger} cannot be read: {error}; put it right by hand, it is not written anew"
        ) from error


def previous_champion(entries: list[Entry]) -> str | None:
    """The version that was champion before the present one; None if there was none, or the ledger does not know it.

    Each promotion puts a version on top of a pile, each rollback takes one off. A ledger that begins in the middle,
    with a rollback, still knows the champion after it.
    """
    pile: list[str] = []
    for entry in entries:
        if entry.action == PROMOTED:
            pile.append(entry.champion_after)
        elif entry.action in (ROLLED_BACK, _ROLLED_BACK_BEFORE):
            pile = pile[:-1] or [entry.champion_after]
    return pile[-2] if len(pile) > 1 else None


def _renamed(fields: Any) -> Any:
    """A line of before, whose ``label`` is the name of the question, with its names of today."""
    if not isinstance(fields, dict) or "question" in fields or not isinstance(fields.get("label"), str):
        return fields
    question = Question.of_old_name(fields["label"])
    return {
        **fields,
        "question": fields["label"],
        "label": question.label,
        "horizon_weeks": question.horizon_weeks,
    }
