"""Decide on a registered version, move the aliases and record the reasons.

Every question has a registered model of its own, whose alias ``champion`` names its best version. So does the alias
``champion-<question>``, by which decisions go, since questions once shared a registered model. A version that is not
promoted has the alias ``challenger``. Which version a run packages and publishes is carried from here by its number: an
alias may move at any time.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.snapshots import ModelReference
from data.snapshots.track_record import ChallengerRecord
from feature_service.kernel.sets.catalogue import FEATURE_SETS
from training.errors import RegistryError
from training.registry.aliases import CHALLENGER, CHAMPION, at_alias, champion_alias, remove_alias, set_aliases
from training.registry.judgement import Challenger, judge
from training.registry.ledger import KEPT, LIFTED, PROMOTED, ROLLED_BACK, Entry, append, now, read
from training.registry.live_challenger import live_reasons
from training.registry.lock import registry_lock
from training.registry.pins import how_to_lift, pin_of, remove_pin, set_pin
from training.registry.promotion import Decision
from training.registry.question import Question
from training.registry.tracking_server import public
from training.registry.versions import contract_of, record_on_version, tags_of

_ACTION, _AT = "promotion", "promotion_at"


@dataclass(frozen=True)
class Outcome:
    """What was decided on a version, and which version is the question's champion after it."""

    entry: Entry
    champion: ModelReference


def decide(
    challenger: Challenger,
    question: Question,
    *,
    tracking_uri: str,
    ledger: Path,
    who: str,
    live: Sequence[ChallengerRecord] = (),
) -> Outcome:
    """Decide on a registered version and act on it; each version is decided on once.

    From reading the ledger to moving the aliases nobody else decides in the same registry: see
    :mod:`training.registry.lock`.

    Args:
        challenger: The version, and the files of its run.
        question: What it answers.
        tracking_uri: See :mod:`training.registry.versions`.
        ledger: File that the decision is appended to.
        who: The user who runs this.
        live: How the challengers so far did in weeks that are over; told among the reasons.
    Raises:
        RegistryError, TrainingFileError, BundleError: If the registry or a file cannot be used.
    """
    version = challenger.reference
    with registry_lock(tracking_uri):
        entries = [each for each in read(ledger, public(tracking_uri), question.name) if each.model == version.name]
        if entries:
            complete(entries[-1], tracking_uri)
        decided = [each for each in entries if each.version == version.version and each.action != LIFTED]
        entry = decided[0] if decided else None
        if entry is None:
            entry = _entry(challenger, question, tracking_uri, who, live)
            append(entry, ledger)
            complete(entry, tracking_uri)
        champion = _champion(question, version.name, tracking_uri)
        point_champion_at(champion, question, tracking_uri)
        return Outcome(entry, champion)


def complete(entry: Entry, tracking_uri: str) -> bool:
    """Do what an entry says, unless that was done; so the next run completes one that was killed on the way.

    The version's tag is written last. Aliases that another work dir has moved since are left alone.

    Returns:
        Whether there was anything left to do.
    """
    done = tags_of(entry.model, entry.version, tracking_uri)
    if done.get(_ACTION) == entry.action and done.get(_AT, entry.at) == entry.at:
        return False
    champion = at_alias(champion_alias(entry.question), tracking_uri, entry.model)
    if entry.action == LIFTED:
        remove_pin(entry.question, entry.model, tracking_uri)
    elif entry.action == KEPT:
        set_aliases({CHALLENGER: entry.version}, tracking_uri, entry.model)
    elif champion is None or champion.version in (entry.champion_before, entry.champion_after):
        if entry.action == ROLLED_BACK:
            pin = f"version {entry.champion_after}, pinned since {entry.at} by {entry.who}"
            set_pin(entry.question, entry.model, pin, tracking_uri)
        set_aliases({champion_alias(entry.question): entry.champion_after}, tracking_uri, entry.model)
        remove_alias(CHALLENGER, entry.champion_after, tracking_uri, entry.model)
    with tempfile.TemporaryDirectory() as temporary:
        note = Path(temporary) / "decision.json"
        note.write_text(f"{entry.to_line()}\n", encoding="utf-8")
        tags = {"label": entry.label, "promotion_reasons": "; ".join(entry.reasons), _AT: entry.at}
        record_on_version(entry.model, entry.version, {**tags, _ACTION: entry.action}, note, tracking_uri)
    return True


def point_champion_at(champion: ModelReference, question: Question, tracking_uri: str) -> None:
    """Let the alias ``champion`` name a version, unless it names the answer to another question: that it keeps."""
    present = at_alias(CHAMPION, tracking_uri, champion.name)
    if present is None or _answers(present, question, tracking_uri):
        set_aliases({CHAMPION: champion.version}, tracking_uri, champion.name)


def _champion(question: Question, model: str, tracking_uri: str) -> ModelReference:
    alias = champion_alias(question.name)
    champion = at_alias(alias, tracking_uri, model)
    if champion is None:
        raise RegistryError(
            f"the registry {public(tracking_uri)} has lost the champion of {question.name!r} that the ledger names: "
            f"give that version the alias {alias}"
        )
    return champion


def _entry(
    challenger: Challenger, question: Question, tracking_uri: str, who: str, live: Sequence[ChallengerRecord]
) -> Entry:
    """The decision on a version that has none yet; nothing is changed."""
    version = challenger.reference
    champion = at_alias(champion_alias(question.name), tracking_uri, version.name)
    objection = _objection(champion, question, tracking_uri) if champion else None
    pin = pin_of(question.name, version.name, tracking_uri)
    if pin and objection:
        raise RegistryError(f"the champion is {pin}, and {objection}, so nothing can be published: {_lift(question)}")
    judgement = judge(challenger, None if objection else champion, question, tracking_uri)
    decision = _pinned(judgement.decision, pin, question) if pin else judgement.decision
    reasons = decision.reasons
    if champion and objection:
        reasons = (f"version {champion.version}, the champion so far, {objection}", *reasons)
    if champion and live:
        standing = at_alias(CHALLENGER, tracking_uri, version.name)
        reasons = (*reasons, *live_reasons(live, standing, champion))
    before = champion.version if champion else ""
    return Entry(
        at=now(),
        who=who,
        action=PROMOTED if decision.promote else KEPT,
        case=judgement.case,
        registry=public(tracking_uri),
        question=question.name,
        label=question.label,
        horizon_weeks=question.horizon_weeks,
        alpha=question.alpha,
        model=version.name,
        version=version.version,
        champion_before=before,
        champion_after=version.version if decision.promote else before,
        reasons=reasons,
        figures=judgement.figures,
    )


def _pinned(decision: Decision, pin: str, question: Question) -> Decision:
    """What is decided while the champion is pinned: nothing is promoted, whatever the rule says."""
    would_be = PROMOTED if decision.promote else KEPT
    first, *others = decision.reasons
    return Decision(
        False, (f"the champion is {pin}: {_lift(question)}", f"without the pin: {would_be}: {first}", *others)
    )


def _lift(question: Question) -> str:
    return f"lift the pin with {how_to_lift(question)}"


def _objection(champion: ModelReference, question: Question, tracking_uri: str) -> str | None:
    """Why a version cannot be published for the question, so that the next model takes its place."""
    contract = contract_of(champion, tracking_uri)
    if contract is None or not question.is_answered_by(contract.label):
        return "answers another question"
    if contract.feature_set not in FEATURE_SETS:
        return f"takes the feature set {contract.feature_set!r}, which is not computed any more"
    return None


def _answers(champion: ModelReference, question: Question, tracking_uri: str) -> bool:
    contract = contract_of(champion, tracking_uri)
    return contract is not None and question.is_answered_by(contract.label)
