"""Decide on a registered version, move the aliases and record the reasons.

Every question has a registered model of its own, whose alias ``champion`` names its best version. So does the alias
``champion-<question>``, by which decisions go, since questions once shared a registered model. A version that is not
promoted has the alias ``challenger``. Which version a run packages and publishes is carried from here by its number: an
alias may move at any time.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from data.snapshots import ModelReference
from feature_service.kernel.sets.catalogue import FEATURE_SETS
from training.backtest.predictions import read_predictions
from training.errors import RegistryError
from training.evaluation.comparison import MODEL, Comparison, compare_with_champion
from training.evaluation.figures import ALL, LOCKED, Evaluation
from training.metrics.yardstick import Yardstick
from training.registry.aliases import CHALLENGER, CHAMPION, at_alias, champion_alias, set_aliases
from training.registry.ledger import KEPT, PROMOTED, Entry, append, now, read
from training.registry.lock import registry_lock
from training.registry.promotion import should_promote
from training.registry.question import Question
from training.registry.runs import fetch_predictions
from training.registry.tracking_server import public
from training.registry.versions import contract_of, record_on_version, tags_of

_FIGURES = ("average_precision", "auc", "calibration_error", "recall_at_budget", "precision_at_budget")
_ACTION = "promotion"


@dataclass(frozen=True)
class Outcome:
    """What was decided on a version, and which version is the question's champion after it."""

    entry: Entry
    champion: ModelReference


def decide(
    challenger: ModelReference,
    question: Question,
    figures: Evaluation,
    predictions: Path,
    *,
    tracking_uri: str,
    ledger: Path,
    who: str,
) -> Outcome:
    """Decide on a registered version and act on it; each version is decided on once.

    From reading the ledger to moving the aliases nobody else decides in the same registry: see
    :mod:`training.registry.lock`.

    Args:
        challenger: The version.
        question: What it answers.
        figures: Its evaluation.
        predictions: Its out-of-fold predictions.
        tracking_uri: See :mod:`training.registry.versions`.
        ledger: File that the decision is appended to.
        who: The user who runs this.
    Raises:
        RegistryError, TrainingFileError: If the registry or a file cannot be used.
    """
    with registry_lock(tracking_uri):
        entries = [each for each in read(ledger, public(tracking_uri), question.name) if each.model == challenger.name]
        if entries:
            complete(entries[-1], tracking_uri)
        entry = next((each for each in entries if each.version == challenger.version), None)
        if entry is None:
            entry = _entry(challenger, question, figures, predictions, tracking_uri, who)
            append(entry, ledger)
            complete(entry, tracking_uri)
        champion = _champion(question, challenger.name, tracking_uri)
        point_champion_at(champion, question, tracking_uri)
        return Outcome(entry, champion)


def complete(entry: Entry, tracking_uri: str) -> None:
    """Do what an entry says, unless that was done; so the next run completes one that was killed on the way.

    The version's tag is written last. Aliases that another work dir has moved since are left alone.
    """
    if tags_of(entry.model, entry.version, tracking_uri).get(_ACTION) == entry.action:
        return
    champion = at_alias(champion_alias(entry.question), tracking_uri, entry.model)
    if entry.action == KEPT:
        set_aliases({CHALLENGER: entry.version}, tracking_uri, entry.model)
    elif champion is None or champion.version == entry.champion_before:
        set_aliases({champion_alias(entry.question): entry.champion_after}, tracking_uri, entry.model)
    with tempfile.TemporaryDirectory() as temporary:
        note = Path(temporary) / "decision.json"
        note.write_text(f"{entry.to_line()}\n", encoding="utf-8")
        tags = {"label": entry.label, "promotion_reasons": "; ".join(entry.reasons), _ACTION: entry.action}
        record_on_version(entry.model, entry.version, tags, note, tracking_uri)


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
    challenger: ModelReference,
    question: Question,
    figures: Evaluation,
    predictions: Path,
    tracking_uri: str,
    who: str,
) -> Entry:
    """The decision on a version that has none yet; nothing is changed."""
    champion = at_alias(champion_alias(question.name), tracking_uri, challenger.name)
    objection = _objection(champion, question, tracking_uri) if champion else None
    reigns = champion is not None and objection is None
    comparison = _over_champion(champion, predictions, figures.yardstick, tracking_uri) if champion and reigns else None
    decision = should_promote(has_champion=reigns, over_champion=comparison, over_rules=figures.over_rules)
    reasons = decision.reasons
    if champion and objection:
        reasons = (f"version {champion.version}, the champion so far, {objection}", *reasons)
    before = champion.version if champion else ""
    return Entry(
        at=now(),
        who=who,
        action=PROMOTED if decision.promote else KEPT,
        registry=public(tracking_uri),
        question=question.name,
        label=question.label,
        horizon_weeks=question.horizon_weeks,
        alpha=question.alpha,
        model=challenger.name,
        version=challenger.version,
        champion_before=before,
        champion_after=challenger.version if decision.promote else before,
        reasons=reasons,
        figures=_figures(figures, comparison),
    )


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


def _over_champion(
    champion: ModelReference, predictions: Path, yardstick: Yardstick, tracking_uri: str
) -> Comparison | None:
    with tempfile.TemporaryDirectory() as temporary:
        theirs = read_predictions(fetch_predictions(champion, tracking_uri, Path(temporary)))
    return compare_with_champion(read_predictions(predictions), theirs, yardstick)


def _figures(figures: Evaluation, comparison: Comparison | None) -> dict[str, str]:
    named = {
        f"{block}: {name}": str(figures.blocks[block].figures[MODEL][name])
        for block in (ALL, LOCKED)
        for name in _FIGURES
    }
    best = figures.best_rule()
    named[f"{ALL}: average_precision of {best!r}, the best rule"] = str(
        figures.blocks[ALL].figures[best]["average_precision"]
    )
    if comparison is not None:
        named["average_precision less the champion's"] = str(comparison.average_precision)
        named["calibration_error less the champion's"] = str(comparison.calibration_error)
    return named
