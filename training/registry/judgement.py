"""A challenger beside the champion of its registry: which case it is, what the rule of that case says, and by what."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.snapshots import ModelReference
from data.weeks import week_number
from feature_service.bundle import Bundle
from training.backtest.predictions import read_predictions
from training.dataset import read_training_table
from training.evaluation.comparison import MODEL, Comparison, compare_with_champion
from training.evaluation.figures import ALL, LOCKED, Evaluation
from training.evaluation.newest_weeks import NewestWeeks, compare_newest_weeks, scores_since
from training.registry.lineage import Lineage
from training.registry.promotion import (
    FIRST,
    REFRESH,
    REPLACEMENT,
    Case,
    Decision,
    case_of,
    decide_first,
    should_refresh,
    should_replace,
)
from training.registry.question import Question
from training.registry.runs import fetch_predictions, fetch_training_record
from training.registry.versions import contract_of, fetch

_FIGURES = ("average_precision", "auc", "calibration_error", "recall_at_budget", "precision_at_budget")


@dataclass(frozen=True)
class Challenger:
    """A registered version that is to be decided on, with the files of its run.

    Attributes:
        reference: The version.
        figures: Its evaluation.
        predictions: The file of its out-of-fold predictions.
        table: The file of the training table that they were made from.
    """

    reference: ModelReference
    figures: Evaluation
    predictions: Path
    table: Path


@dataclass(frozen=True)
class Judgement:
    """What a rule said.

    Attributes:
        case: By which rule.
        decision: What it said.
        figures: That it went by, with their intervals, as text.
    """

    case: Case
    decision: Decision
    figures: dict[str, str]


def judge(challenger: Challenger, champion: ModelReference | None, question: Question, tracking_uri: str) -> Judgement:
    """Ask the rule of the challenger's case.

    Args:
        challenger: The version and its files.
        champion: The question's champion, which can be published; None if there is none.
        question: What both answer.
        tracking_uri: See :mod:`training.registry.versions`.
    Raises:
        RegistryError, TrainingFileError, BundleError: If the registry or a file cannot be used.
    """
    figures, over_rules = _of_challenger(challenger.figures), challenger.figures.over_rules
    if champion is None:
        return Judgement(FIRST, decide_first(over_rules), figures)
    ours, theirs = (_lineage(each, tracking_uri) for each in (challenger.reference, champion))
    case = REPLACEMENT if ours is None or theirs is None else case_of(ours, theirs)
    if case == REFRESH and theirs is not None:
        newest = _newest_weeks(challenger, champion, theirs, question, tracking_uri)
        figures |= _less_champion(newest.over_champion, f" on {newest.weeks} weeks, {newest.weeks_since} of them newer")
        return Judgement(case, should_refresh(newest, over_rules), figures)
    over_champion = _over_champion(challenger, champion, tracking_uri)
    decision = should_replace(over_champion, over_rules)
    told = Decision(decision.promote, (*decision.reasons, _why_no_refresh(ours, theirs)))
    return Judgement(case, told, figures | _less_champion(over_champion, ""))


def _why_no_refresh(ours: Lineage | None, theirs: Lineage | None) -> str:
    if ours is None or theirs is None:
        return "it is no refresh: how the champion was made is written down in a form of before"
    differences = ours.differences(theirs)
    if differences:
        return f"it is no refresh of the champion, from which it differs in {', '.join(differences)}"
    return f"it is no refresh: its data reach no later week than the champion's, {theirs.last_week}"


def _lineage(reference: ModelReference, tracking_uri: str) -> Lineage | None:
    contract = contract_of(reference, tracking_uri)
    record = fetch_training_record(reference, tracking_uri)
    return None if contract is None or record is None else Lineage.of(contract, record)


def _newest_weeks(
    challenger: Challenger, champion: ModelReference, lineage: Lineage, question: Question, tracking_uri: str
) -> NewestWeeks:
    ours, rows = read_predictions(challenger.predictions), read_training_table(challenger.table)
    with tempfile.TemporaryDirectory() as temporary:
        fetched = fetch(champion, question, tracking_uri, Path(temporary))
        theirs, bundle = read_predictions(fetched.predictions), Bundle.load(fetched.bundle_dir)
    # what the champion's newest rows brought was known by then, and nothing of the weeks after it
    first = int(week_number(np.array([lineage.last_week], dtype="datetime64[D]"))[0]) + rows.outcome_weeks
    since = scores_since(first, ours, rows, bundle.predict)
    return compare_newest_weeks(ours, theirs, since, challenger.figures.yardstick)


def _over_champion(challenger: Challenger, champion: ModelReference, tracking_uri: str) -> Comparison | None:
    with tempfile.TemporaryDirectory() as temporary:
        theirs = read_predictions(fetch_predictions(champion, tracking_uri, Path(temporary)))
    return compare_with_champion(read_predictions(challenger.predictions), theirs, challenger.figures.yardstick)


def _of_challenger(figures: Evaluation) -> dict[str, str]:
    named = {
        f"{block}: {name}": str(figures.blocks[block].figures[MODEL][name])
        for block in (ALL, LOCKED)
        for name in _FIGURES
    }
    best = figures.best_rule()
    of_best = figures.blocks[ALL].figures[best]["average_precision"]
    return named | {f"{ALL}: average_precision of {best!r}, the best rule": str(of_best)}


def _less_champion(over_champion: Comparison | None, where: str) -> dict[str, str]:
    if over_champion is None:
        return {}
    return {
        f"average_precision less the champion's{where}": str(over_champion.average_precision),
        f"calibration_error less the champion's{where}": str(over_champion.calibration_error),
    }
