"""The alert rule of a snapshot: a policy applied to its model's out-of-fold predictions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.panel import Panel
from data.snapshots import AlertRule
from data.weeks import WeekNumbers, mondays
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray
from feature_service.kernel.ordering import DAYS_PER_WEEK, REVIEW_DAYS
from feature_service.kernel.run_out import days_at_risk, risk_until_relief
from training.backtest.predictions import Predictions, read_predictions
from training.backtest.run_out_file import RunOutPredictions, read_run_out
from training.labels.run_out import out_by
from training.policy import AlertPolicy
from training.threshold import at_threshold, choose_threshold


@dataclass(frozen=True)
class AlertRisks:
    """What alerts would have been raised on in the origins of a backtest, shape ``(rows,)`` each.

    Attributes:
        risk: A probability.
        outcome: Whether what it is the probability of happened: 1, 0, or NaN where that is not known or not over.
        week: Number of the ``as_of`` week.
        locked: Which rows lie in the locked block.
        until_relief: Whether it is the risk until relief; else the question's own probability.
    """

    risk: FloatArray | DoubleArray
    outcome: FloatArray
    week: WeekNumbers
    locked: BoolArray
    until_relief: bool = False


def read_alert_risks(predictions: Path, run_out: Path | None, panel: Panel, default_lead_time_days: int) -> AlertRisks:
    """What the alerts of a model are chosen on: its risks until relief, or the probabilities of the question.

    These where it has no curves, and where no run-out before relief is known of the origins that a threshold is chosen
    on, as where relief takes longer than they are old.

    Args:
        predictions: The file of its out-of-fold predictions.
        run_out: That of its curves; None where it has none.
        panel: Has the lead times of the products that are published.
        default_lead_time_days: Of those of the backtest that are not among them.
    Raises:
        TrainingFileError: If a file is missing or holds something else.
    """
    if run_out is not None:
        lead_time_days = dict(zip(panel.product_ids, panel.lead_time_days, strict=True))
        risks = risks_until_relief(read_run_out(run_out), lead_time_days, default_lead_time_days)
        if (risks.outcome[~risks.locked] == 1).any():
            return risks
    return risks_of_question(read_predictions(predictions))


def risks_of_question(predictions: Predictions) -> AlertRisks:
    """The probabilities of the question itself."""
    truth = predictions.truth
    return AlertRisks(predictions.model.values, truth.outcome, truth.week, predictions.locked)


def risks_until_relief(
    predictions: RunOutPredictions, lead_time_days: Mapping[str, int | None], default_days: int
) -> AlertRisks:
    """The risks until relief, by the lead times of today.

    The backtest tells of a run-out its week, not its day. So what runs out in the week of the relief counts as out
    before it.

    Args:
        predictions: Of the model that is published.
        lead_time_days: Of the products that are published.
        default_days: Of those of the backtest that are not among them.
    """
    known = map(lead_time_days.get, predictions.product_ids)
    of_products = np.array([default_days if each is None else each for each in known], dtype=np.float64)
    relief_in_days = of_products[predictions.product] + REVIEW_DAYS
    weeks = np.ceil(days_at_risk(predictions.curve, relief_in_days) / DAYS_PER_WEEK)
    outcome = np.where(weeks <= predictions.weeks_known, out_by(predictions.times, weeks), np.float32(np.nan))
    # not rounded, so that who is at the threshold here has an alert from the server, too
    risk = risk_until_relief(predictions.curve, relief_in_days)
    return AlertRisks(risk, outcome, predictions.week, predictions.locked, until_relief=True)


def alert_rule(risks: AlertRisks, policy: AlertPolicy) -> AlertRule:
    """The threshold chosen on the origins before the locked ones, with what it gives on those.

    Where nothing that happened is known there yet, as where relief takes longer than these weeks, the figures are of
    all origins of which something is known.

    Args:
        risks: Of the model that is published; of the origins before the locked ones something that happened is known.
        policy: What an alert is.
    """
    locked, free = risks.locked, ~risks.locked
    chosen = choose_threshold(risks.outcome[free], risks.risk[free], risks.week[free], policy)
    alert = risks.risk >= chosen.threshold
    measured = locked & np.isfinite(risks.outcome)
    if not (risks.outcome[measured] == 1).any():
        measured = np.isfinite(risks.outcome)
    figures = at_threshold(risks.outcome[measured], risks.risk[measured], chosen.threshold)
    first, last = mondays(np.sort(risks.week[measured])[[0, -1]]).tolist()
    return AlertRule(
        policy=policy.name,
        threshold=chosen.threshold,
        alerts_per_week=int(alert[locked].sum()) / len(np.unique(risks.week[locked])),
        precision=figures.precision,
        recall=figures.recall,
        measured_on=(first, last),
        until_relief=risks.until_relief,
    )
