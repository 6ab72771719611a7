"""Decide on a registered version, move the aliases and record the reasons; or take a decision back.

The alias ``champion-<label>`` names the best model of each label; ``champion`` names the one that is packaged and
published, the champion of the label that ran last. A version that is not promoted has the alias ``challenger``.
"""

import tempfile
from pathlib import Path

from data.snapshots import ModelReference
from training.backtest.predictions import read_predictions
from training.errors import RegistryError
from training.evaluation.comparison import MODEL, Comparison, compare_with_champion
from training.evaluation.figures import ALL, LOCKED, Evaluation
from training.metrics.yardstick import Yardstick
from training.registry.aliases import CHALLENGER, CHAMPION, at_alias, champion_alias, set_aliases
from training.registry.ledger import KEPT, PROMOTED, ROLLED_BACK, Entry, append, now, previous_champion, read
from training.registry.promotion import should_promote
from training.registry.runs import fetch_predictions
from training.registry.tracking_server import public
from training.registry.versions import record_on_version

_FIGURES = ("average_precision", "auc", "calibration_error", "recall_at_budget", "precision_at_budget")


def decide(
    challenger: ModelReference,
    label: str,
    figures: Evaluation,
    predictions: Path,
    *,
    tracking_uri: str,
    ledger: Path,
    who: str,
) -> Entry:
    """Decide on a registered version and act on it; each version is decided on once.

    Args:
        challenger: The version.
        label: What it predicts.
        figures: Its evaluation.
        predictions: Its out-of-fold predictions.
        tracking_uri: See :mod:`training.registry.versions`.
        ledger: File that the decision is appended to.
        who: The user who runs this.
    Returns:
        The decision's entry in the ledger.
    Raises:
        RegistryError, TrainingFileError: If the registry or a file cannot be used.
    """
    entries = read(ledger, public(tracking_uri), label)
    entry = next((each for each in entries if each.version == challenger.version), None)
    if entry is None:
        entry = _entry(challenger, label, figures, predictions, tracking_uri, who)
        append(entry, ledger)
        entries.append(entry)
    # from the ledger, so that the next run completes one that was killed on the way
    _act(challenger, entry, entries[-1].champion_after, tracking_uri)
    return entry


def rollback(label: str | None, *, tracking_uri: str, ledger: Path, who: str) -> Entry:
    """Make the champion before the present one the champion again.

    Args:
        label: Of the champion; None for the label of the one that is published.
        tracking_uri: See :mod:`training.registry.versions`.
        ledger: File with the decisions.
        who: The user who runs this.
    Returns:
        The new entry of the ledger.
    Raises:
        RegistryError: If there is no champion, or none before it.
    """
    registry = public(tracking_uri)
    label_name = label or _published_label(tracking_uri, ledger)
    entries = read(ledger, registry, label_name)
    previous = previous_champion(entries)
    if previous is None:
        raise RegistryError(f"the ledger {ledger} names no earlier champion of the label {label_name!r} to go back to")
    present = entries[-1].champion_after
    entry = Entry(
        at=now(),
        who=who,
        action=ROLLED_BACK,
        registry=registry,
        label=label_name,
        version=present,
        champion_before=present,
        champion_after=previous,
        reasons=(f"asked for: version {present} gives way to version {previous}",),
        figures={},
    )
    append(entry, ledger)
    set_aliases({champion_alias(label_name): previous, CHAMPION: previous}, tracking_uri)
    return entry


def _entry(
    challenger: ModelReference, label: str, figures: Evaluation, predictions: Path, tracking_uri: str, who: str
) -> Entry:
    """The decision on a version that has none yet; nothing is changed."""
    champion = at_alias(champion_alias(label), tracking_uri)
    comparison = None if champion is None else _over_champion(champion, predictions, figures.yardstick, tracking_uri)
    decision = should_promote(
        has_champion=champion is not None, over_champion=comparison, over_rules=figures.over_rules
    )
    before = champion.version if champion else ""
    return Entry(
        at=now(),
        who=who,
        action=PROMOTED if decision.promote else KEPT,
        registry=public(tracking_uri),
        label=label,
        version=challenger.version,
        champion_before=before,
        champion_after=challenger.version if decision.promote else before,
        reasons=decision.reasons,
        figures=_figures(figures, comparison),
    )


def _act(challenger: ModelReference, entry: Entry, champion: str, tracking_uri: str) -> None:
    aliases = {champion_alias(entry.label): champion, CHAMPION: champion}
    if entry.action == KEPT:
        aliases[CHALLENGER] = challenger.version
    set_aliases(aliases, tracking_uri)
    tags = {"label": entry.label, "promotion": entry.action, "promotion_reasons": "; ".join(entry.reasons)}
    with tempfile.TemporaryDirectory() as temporary:
        note = Path(temporary) / "decision.json"
        note.write_text(entry.to_line(), encoding="utf-8")
        record_on_version(challenger, tags, note, tracking_uri)


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


def _published_label(tracking_uri: str, ledger: Path) -> str:
    champion = at_alias(CHAMPION, tracking_uri)
    if champion is None:
        raise RegistryError(f"the registry {public(tracking_uri)} has no champion: there is nothing to go back from")
    labels = [e.label for e in read(ledger, public(tracking_uri)) if e.champion_after == champion.version]
    if not labels:
        raise RegistryError(f"the ledger {ledger} does not know version {champion.version}: name its --label")
    return labels[-1]
