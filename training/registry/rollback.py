"""Take a promotion back: the champion before the present one is the champion again, and pinned until that is lifted."""

from pathlib import Path

from data.snapshots import MODEL_NAME, ModelReference
from training.errors import RegistryError
from training.registry.aliases import CHAMPION, at_alias, champion_alias, champion_of
from training.registry.decisions import complete, point_champion_at
from training.registry.ledger import (
    LIFTED,
    ROLLED_BACK,
    Entry,
    append,
    now,
    previous_champion,
    read,
    read_all,
    registries,
)
from training.registry.lock import registry_lock
from training.registry.pins import pin_of
from training.registry.question import Question
from training.registry.tracking_server import public


def rollback(question: Question | None, *, tracking_uri: str, ledger: Path, who: str) -> Entry:
    """Make the champion before the present one the champion again, and pin it.

    Args:
        question: Of the champion; None for the question that the plain ``champion`` answers.
        tracking_uri: See :mod:`training.registry.versions`.
        ledger: File with the decisions.
        who: The user who runs this.
    Returns:
        The new entry of the ledger.
    Raises:
        RegistryError: If there is no champion, or none before it, or the decisions were made in another registry.
    """
    with registry_lock(tracking_uri):
        _check_decided_here(tracking_uri, ledger)
        asked = question or _published_question(tracking_uri, ledger)
        entries = read(ledger, public(tracking_uri), asked.name)
        was_killed = entries and entries[-1].action == ROLLED_BACK and complete(entries[-1], tracking_uri)
        entry = entries[-1] if was_killed else _step_back(asked, entries, tracking_uri, ledger, who)
        point_champion_at(ModelReference(entry.model, entry.champion_after, ""), asked, tracking_uri)
        return entry


def lift_pin(question: Question | None, *, tracking_uri: str, ledger: Path, who: str) -> Entry:
    """Let runs promote again for a question whose champion is pinned, in whichever work dir that was done.

    Args:
        question: See :func:`rollback`, as for the others.
        tracking_uri: Of the registry.
        ledger: File that the lifting is appended to.
        who: The user who runs this.
    Returns:
        The new entry of the ledger.
    Raises:
        RegistryError: If there is no champion, or it is not pinned.
    """
    with registry_lock(tracking_uri):
        asked = question or _published_question(tracking_uri, ledger)
        entries = read(ledger, public(tracking_uri), asked.name)
        if entries and complete(entries[-1], tracking_uri) and entries[-1].action == LIFTED:
            return entries[-1]
        model = entries[-1].model if entries else champion_of(asked.name, tracking_uri).name
        champion = at_alias(champion_alias(asked.name), tracking_uri, model)
        pin = pin_of(asked.name, model, tracking_uri) if champion else None
        if champion is None or pin is None:
            raise RegistryError(f"the champion of {asked.name!r} is not pinned: there is nothing to lift")
        reason = f"asked for: the champion was {pin}"
        entry = _entry(asked, LIFTED, champion, champion.version, reason, tracking_uri, who)
        append(entry, ledger)
        complete(entry, tracking_uri)
        return entry


def _check_decided_here(tracking_uri: str, ledger: Path) -> None:
    """A ledger goes by the registry's address, which for one in a work dir is the path of that."""
    here, known = public(tracking_uri), registries(ledger)
    if known and here not in known:
        raise RegistryError(
            f"the decisions in the ledger {ledger} were made in the registry {known[-1]}, not in {here}: "
            "if the work dir was copied or moved, roll back where it was then; else set MLFLOW_TRACKING_URI as then"
        )


def _step_back(asked: Question, entries: list[Entry], tracking_uri: str, ledger: Path, who: str) -> Entry:
    previous = previous_champion(entries)
    if previous is None:
        raise RegistryError(f"the ledger {ledger} names no earlier champion of {asked.name!r} to go back to")
    present, model = entries[-1].champion_after, entries[-1].model
    _check_not_moved(asked, model, present, tracking_uri, ledger)
    reason = f"asked for: version {present} gives way to version {previous}, which is pinned"
    entry = _entry(asked, ROLLED_BACK, ModelReference(model, present, ""), previous, reason, tracking_uri, who)
    append(entry, ledger)
    complete(entry, tracking_uri)
    return entry


def _entry(
    asked: Question, action: str, present: ModelReference, after: str, reason: str, tracking_uri: str, who: str
) -> Entry:
    return Entry(
        at=now(),
        who=who,
        action=action,
        registry=public(tracking_uri),
        question=asked.name,
        label=asked.label,
        horizon_weeks=asked.horizon_weeks,
        alpha=asked.alpha,
        model=present.name,
        version=present.version,
        champion_before=present.version,
        champion_after=after,
        reasons=(reason,),
        figures={},
    )


def _check_not_moved(asked: Question, model: str, present: str, tracking_uri: str, ledger: Path) -> None:
    champion = at_alias(champion_alias(asked.name), tracking_uri, model)
    if champion is not None and champion.version != present:
        raise RegistryError(
            f"version {champion.version} is the champion of {asked.name!r}, and the ledger {ledger} does not know it: "
            "roll back in the work dir that promoted it"
        )


def _published_question(tracking_uri: str, ledger: Path) -> Question:
    champion = at_alias(CHAMPION, tracking_uri)
    if champion is None:
        raise RegistryError(f"the registry {public(tracking_uri)} has no champion: there is nothing to go back from")
    entries = read_all(ledger, public(tracking_uri))
    plain = [entry for entry in entries if entry.model == MODEL_NAME]
    questions = [entry.asked for entry in plain if entry.champion_after == champion.version]
    if not questions:
        raise RegistryError(f"the ledger {ledger} does not know version {champion.version}: name its --label")
    return questions[-1]
