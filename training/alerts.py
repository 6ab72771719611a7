"""The alert rule of a snapshot: a policy applied to its model's out-of-fold predictions."""

import numpy as np

from data.snapshots import AlertRule
from training.backtest.predictions import Predictions
from training.policy import AlertPolicy
from training.threshold import at_threshold, choose_threshold


def alert_rule(predictions: Predictions, policy: AlertPolicy) -> AlertRule:
    """The threshold chosen on the origins before the locked ones, with what it gives on those.

    Args:
        predictions: Of the model that is published.
        policy: What an alert is.
    """
    outcome, week, probability = predictions.truth.outcome, predictions.truth.week, predictions.model.values
    locked, free = predictions.locked, ~predictions.locked
    chosen = choose_threshold(outcome[free], probability[free], week[free], policy)
    newest = at_threshold(outcome[locked], probability[locked], chosen.threshold)
    alerts = int((probability[locked] >= chosen.threshold).sum())
    weeks = predictions.as_of_week[locked]
    return AlertRule(
        policy=policy.name,
        threshold=chosen.threshold,
        alerts_per_week=alerts / len(np.unique(week[locked])),
        precision=newest.precision,
        recall=newest.recall,
        measured_on=(weeks.min().item(), weeks.max().item()),
    )
