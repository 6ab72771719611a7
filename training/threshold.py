"""The probability at which an alert is raised: pure functions."""

from dataclasses import dataclass

import numpy as np

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import DoubleArray, FloatArray
from training.policy import BY_BUDGET, BY_COST, BY_PROBABILITY, AlertPolicy

Probability = FloatArray | DoubleArray


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold with its recall and precision on some rows.

    Attributes:
        threshold: An alert is raised where the probability reaches it.
        recall: Share of the positive outcomes with an alert.
        precision: Share of the alerts with a positive outcome.
    """

    threshold: float
    recall: float
    precision: float


def choose_threshold(
    outcome: FloatArray, probability: Probability, week: WeekNumbers, policy: AlertPolicy
) -> OperatingPoint:
    """The threshold that a policy gives, with its figures on the same rows.

    Args:
        outcome: 1, 0, or NaN where that is not known; at least one 1; shape ``(rows,)``.
        probability: Calibrated, shape ``(rows,)``.
        week: Week number of each row.
        policy: What it is chosen by, and its numbers.
    """
    if policy.threshold_by == BY_BUDGET:
        return at_threshold(outcome, probability, _threshold_for_budget(probability, week, policy.alert_budget))
    if policy.threshold_by == BY_COST:
        # an alert pays from where its chance of sparing a miss outweighs its chance of being in vain
        pays = policy.cost_of_false_alarm / (policy.cost_of_miss + policy.cost_of_false_alarm)
        return at_threshold(outcome, probability, pays)
    if policy.threshold_by == BY_PROBABILITY:
        return at_threshold(outcome, probability, policy.alert_probability)
    known = np.isfinite(outcome)
    return threshold_for_recall(outcome[known], probability[known], policy.target_recall)


def _threshold_for_budget(probability: Probability, week: WeekNumbers, alert_budget: int) -> float:
    """The lowest of the probabilities with which there are at most so many alerts a week on average.

    Products with equal probability have an alert together or not at all. Where even the highest probability is
    shared by too many of them, it is the threshold all the same: a model that can name nobody is of no use.
    """
    alerts = alert_budget * len(np.unique(week))
    distinct, rows = np.unique(probability, return_counts=True)
    within = np.cumsum(rows[::-1])[::-1] <= alerts
    return float(distinct[within][0] if within.any() else distinct[-1])


def threshold_for_recall(outcome: FloatArray, probability: Probability, target_recall: float) -> OperatingPoint:
    """The threshold with the best precision among those that reach a recall.

    Args:
        outcome: 1 or 0, at least one 1, shape ``(rows,)``.
        probability: Finite numbers, shape ``(rows,)``.
        target_recall: Share of the positive outcomes to catch, above 0 and at most 1.
    Returns:
        One of the probabilities as the threshold; of two with equal precision the higher one (fewer alerts).
    """
    order = np.argsort(-probability, kind="stable")
    in_order = probability[order]
    last_of_tie = np.append(in_order[1:] != in_order[:-1], True)
    hits = np.cumsum(outcome[order] == 1)[last_of_tie]
    alerts = np.flatnonzero(last_of_tie) + 1
    thresholds = in_order[last_of_tie]
    # in whole rows: a share like 0.9 * 10 = 9.000000000000002 must not ask for a tenth one
    enough = hits >= np.ceil(np.round(target_recall * hits[-1], 9))
    precision = np.where(enough, hits / alerts, -1.0)
    best = int(np.argmax(precision))
    return OperatingPoint(
        threshold=float(thresholds[best]),
        recall=float(hits[best] / hits[-1]),
        precision=float(precision[best]),
    )


def at_threshold(outcome: FloatArray, probability: Probability, threshold: float) -> OperatingPoint:
    """Recall and precision of a threshold on other rows whose outcome is known; precision is 0 without an alert."""
    alert = (probability >= threshold) & np.isfinite(outcome)
    hits = int((outcome[alert] == 1).sum())
    return OperatingPoint(
        threshold=threshold,
        recall=hits / int((outcome == 1).sum()),
        precision=hits / int(alert.sum()) if alert.any() else 0.0,
    )
