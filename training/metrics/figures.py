"""What is measured of a scorer, be it a model or a rule; every figure with its interval over products.

============================  ==========================================================================================
``average_precision``         Area under the precision–recall curve, ties taken together; chance gives the base rate.
``auc``                       Chance that a positive row is ranked above a negative one, ties half; 0.5 is chance.
``recall_at_budget``          Share of the positive rows among the ``alert_budget`` highest scores of their week.
``precision_at_budget``       Share of those alerts that come true.
``lift_at_budget``            That precision over the base rate.
``onset_recall``              Share of the onsets with an alert; an onset is a positive row of a product that was in
                              stock and sold something in the four weeks up to ``as_of``. Stock-aware labels only.
``lead_time_weeks``           Of the onsets with an alert: weeks in a row, up to ``as_of``, in which the alert stood,
                              1 or more, on average.
``brier``                     Mean squared error of the probability.
``brier_skill``               1 − Brier over that of the base rate known at the time; 0 is no skill.
``calibration_error``         Expected calibration error: mean distance of predicted and observed share over ten bins
                              with equal numbers of rows, and the same for each segment by itself
                              (``calibration_error, slow sellers``).
``cost_per_100``              Cost of misses and false alarms per 100 product-weeks where an alert is raised as soon as
                              the probability says that it pays: at cost_false / (cost_miss + cost_false).
============================  ==========================================================================================

A scorer that gives a rank only, such as days of cover, has no figure from ``brier`` on.
"""

from collections.abc import Mapping

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray
from training.cores import one_core_for_algebra
from training.metrics.alerts import top_of_each_week, weeks_of_alert
from training.metrics.bootstrap import Bootstrap, Draws
from training.metrics.ranking import Ranking
from training.metrics.truth import BASE_RATE, ScorerOutput, Truth
from training.metrics.yardstick import Yardstick

BINS = 10
LEAST_ROWS_OF_CALIBRATION = 10 * BINS
"""Of fewer rows a share observed in a bin says too little."""

Measurements = Mapping[str, Draws]
"""Figures of one scorer by name."""


def measure(truth: Truth, scorers: Mapping[str, ScorerOutput], yardstick: Yardstick) -> dict[str, Measurements]:
    """Every figure of every scorer, all on the same draws.

    Args:
        truth: The rows, both outcomes among them.
        scorers: By name; ``base rate`` among them.
        yardstick: Budget, costs and draws.
    """
    bootstrap = Bootstrap(truth.product, yardstick.draws, yardstick.seed)
    measurements: dict[str, Measurements] = {}
    with one_core_for_algebra():
        for name, output in scorers.items():
            figures = _ranking(truth, output.values, bootstrap) | _alerts(truth, output.values, yardstick, bootstrap)
            if output.is_probability:
                figures |= _probability(truth, output.values, scorers[BASE_RATE].values, yardstick, bootstrap)
            measurements[name] = figures
    return measurements


def _ranking(truth: Truth, score: FloatArray, bootstrap: Bootstrap) -> dict[str, Draws]:
    average_precision, auc = bootstrap.of_ranking(Ranking(truth.outcome, score))
    return {"average_precision": average_precision, "auc": auc}


def _share(part: DoubleArray, whole: DoubleArray) -> DoubleArray:
    return part / whole


def _alerts(truth: Truth, score: FloatArray, yardstick: Yardstick, bootstrap: Bootstrap) -> dict[str, Draws]:
    """Figures of the alerts; the alerts themselves are the same in every draw."""
    alert = top_of_each_week(score, truth.week, yardstick.alert_budget)
    hit, every = alert & (truth.outcome == 1), np.ones(len(alert))
    figures = {
        "recall_at_budget": bootstrap.of_sums(_share, (hit, truth.outcome)),
        "precision_at_budget": bootstrap.of_sums(_share, (hit, alert)),
        "lift_at_budget": bootstrap.of_sums(
            lambda hits, alerts, positives, rows: hits / alerts * rows / positives,
            (hit, alert, truth.outcome, every),
        ),
    }
    if truth.onset is not None:
        onset_hit = truth.onset & alert
        standing = weeks_of_alert(alert, truth.product, truth.week) * onset_hit
        figures["onset_recall"] = bootstrap.of_sums(_share, (onset_hit, truth.onset))
        figures["lead_time_weeks"] = bootstrap.of_sums(_share, (standing, onset_hit))
    return figures


def _probability(
    truth: Truth, probability: FloatArray, base: FloatArray, yardstick: Yardstick, bootstrap: Bootstrap
) -> dict[str, Draws]:
    error, of_base = (np.square(p.astype(np.float64) - truth.outcome) for p in (probability, base))
    every = np.ones(len(error))
    figures = {
        "brier": bootstrap.of_sums(_share, (error, every)),
        "brier_skill": bootstrap.of_sums(lambda own, other: 1 - own / other, (error, of_base)),
        "calibration_error": calibration_error(truth.outcome, probability, every > 0, bootstrap),
        "cost_per_100": _cost(truth, probability, yardstick, bootstrap),
    }
    for index, segment in enumerate(truth.segments):
        rows = truth.segment == index
        if rows.sum() >= LEAST_ROWS_OF_CALIBRATION:
            figures[f"calibration_error, {segment}"] = calibration_error(truth.outcome, probability, rows, bootstrap)
    return figures


def calibration_error(outcome: FloatArray, probability: FloatArray, rows: BoolArray, bootstrap: Bootstrap) -> Draws:
    """Expected calibration error of some rows, over ten bins with equal numbers of them."""
    order = np.argsort(probability[rows], kind="stable")
    bins = np.empty(len(order), dtype=np.int64)
    bins[order] = np.arange(len(order)) * BINS // len(order)
    gap = (probability[rows].astype(np.float64) - outcome[rows]) * 1.0
    terms = tuple(gap * (bins == each) for each in range(BINS))
    return bootstrap.of_sums(
        lambda count, *gaps: np.abs(np.stack(gaps)).sum(axis=0) / count,
        (np.ones(len(order)), *terms),
        rows,
    )


def _cost(truth: Truth, probability: FloatArray, yardstick: Yardstick, bootstrap: Bootstrap) -> Draws:
    miss, false_alarm = yardstick.cost_of_miss, yardstick.cost_of_false_alarm
    alert = probability >= false_alarm / (miss + false_alarm)
    cost = np.where(truth.outcome == 1, miss * ~alert, false_alarm * alert)
    return bootstrap.of_sums(lambda total, rows: 100 * total / rows, (cost, np.ones(len(cost))))
