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
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from training.baselines.rules import BASE_RATE
from training.metrics.bootstrap import Draws, draw_products, of_rows, of_sums

BINS = 10


@dataclass(frozen=True)
class Yardstick:
    """What the figures depend on besides the predictions.

    Attributes:
        alert_budget: Products that a planner can look at in a week.
        cost_of_miss: Cost of a positive outcome without an alert.
        cost_of_false_alarm: Cost of an alert that does not come true, in the same unit.
        draws: Of the bootstrap; with 0 the intervals are the figures themselves.
        seed: Of the bootstrap.
    """

    alert_budget: int = 50
    cost_of_miss: float = 10.0
    cost_of_false_alarm: float = 1.0
    draws: int = 200
    seed: int = 42


@dataclass(frozen=True)
class Truth:
    """How rows turned out, and what they are grouped by; every array of shape ``(rows,)``.

    Attributes:
        outcome: 1 or 0.
        product: Index of the product, 0 and up.
        week: Index of the ``as_of`` week; neighbouring weeks have neighbouring numbers.
        onset: Whether the row is an onset; None where the label knows nothing of stock.
        selling: Whether something was sold in the four weeks up to ``as_of``.
        segment: Index into ``segments``.
        segments: Names.
    """

    outcome: FloatArray
    product: IntArray
    week: IntArray
    onset: BoolArray | None
    selling: BoolArray
    segment: IntArray
    segments: tuple[str, ...]

    def take(self, rows: IntArray | BoolArray) -> "Truth":
        """Some of the rows; only their products are drawn from."""
        _, product = np.unique(self.product[rows], return_inverse=True)
        return Truth(
            outcome=self.outcome[rows],
            product=product.astype(np.int64),
            week=self.week[rows],
            onset=None if self.onset is None else self.onset[rows],
            selling=self.selling[rows],
            segment=self.segment[rows],
            segments=self.segments,
        )


@dataclass(frozen=True)
class Scores:
    """What a scorer said: higher means riskier; shape ``(rows,)``."""

    values: FloatArray
    is_probability: bool

    def take(self, rows: IntArray | BoolArray) -> "Scores":
        """Some of the rows."""
        return Scores(self.values[rows], self.is_probability)


Figures = Mapping[str, Draws]
"""Figures of one scorer by name."""


def measure(truth: Truth, scorers: Mapping[str, Scores], yardstick: Yardstick) -> dict[str, Figures]:
    """Every figure of every scorer, all on the same draws.

    Args:
        truth: The rows, both outcomes among them.
        scorers: By name; ``base rate`` among them.
        yardstick: See there.
    """
    weights = draw_products(int(truth.product.max()) + 1, yardstick.draws, yardstick.seed)
    measured: dict[str, Figures] = {}
    for name, scores in scorers.items():
        figures = _ranking(truth, scores.values, weights) | _alerts(truth, scores.values, yardstick, weights)
        if scores.is_probability:
            figures |= _probability(truth, scores.values, scorers[BASE_RATE].values, yardstick, weights)
        measured[name] = figures
    return measured


def average_precision(outcome: FloatArray, score: FloatArray) -> float:
    """See the module; rows all weigh the same."""
    return _Ranked(outcome, score).average_precision(np.ones(len(outcome)))


def top_of_each_week(score: FloatArray, week: IntArray, budget: int) -> BoolArray:
    """The ``budget`` highest scores of each week; of equal ones those that come first."""
    order = np.lexsort((-score, week))
    sorted_week = week[order]
    first = np.searchsorted(sorted_week, sorted_week, side="left")
    alert = np.zeros(len(score), dtype=np.bool_)
    alert[order] = np.arange(len(score)) - first < budget
    return alert


def weeks_of_alert(alert: BoolArray, product: IntArray, week: IntArray) -> IntArray:
    """For each row the weeks in a row, up to its own, in which its product had an alert; shape ``(rows,)``."""
    first = int(week.min())
    raised = np.zeros((int(product.max()) + 1, int(week.max()) - first + 1), dtype=np.int64)
    raised[product[alert], week[alert] - first] = 1
    for column in range(1, raised.shape[1]):
        raised[:, column] *= raised[:, column - 1] + 1
    standing: IntArray = raised[product, week - first]
    return standing


class _Ranked:
    """Rows in the order of a score, so that each draw only has to add up."""

    def __init__(self, outcome: FloatArray, score: FloatArray) -> None:
        self._order = np.argsort(-score, kind="stable")
        ranked = score[self._order]
        self._last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        self._positive = outcome[self._order].astype(np.float64)

    def _counts(self, weights: DoubleArray) -> tuple[DoubleArray, DoubleArray]:
        """Weight of positive and of all rows down to each score, a 0 in front."""
        ranked = weights[self._order]
        hits = np.cumsum(ranked * self._positive)[self._last_of_tie]
        rows = np.cumsum(ranked)[self._last_of_tie]
        return np.append(0.0, hits), np.append(0.0, rows)

    def average_precision(self, weights: DoubleArray) -> float:
        hits, rows = self._counts(weights)
        if hits[-1] == 0:
            return float("nan")
        precision = hits[1:] / np.maximum(rows[1:], 1e-12)
        return float((np.diff(hits) * precision).sum() / hits[-1])

    def auc(self, weights: DoubleArray) -> float:
        hits, rows = self._counts(weights)
        misses = rows - hits
        if hits[-1] == 0 or misses[-1] == 0:
            return float("nan")
        above = hits[:-1] + np.diff(hits) / 2
        return float((np.diff(misses) * above).sum() / (hits[-1] * misses[-1]))


def _ranking(truth: Truth, score: FloatArray, weights: FloatArray) -> dict[str, Draws]:
    ranked = _Ranked(truth.outcome, score)
    return {
        "average_precision": of_rows(ranked.average_precision, truth.product, weights),
        "auc": of_rows(ranked.auc, truth.product, weights),
    }


def _share(part: DoubleArray, whole: DoubleArray) -> DoubleArray:
    return part / whole


def _alerts(truth: Truth, score: FloatArray, yardstick: Yardstick, weights: FloatArray) -> dict[str, Draws]:
    """Figures of the alerts; which rows they are is settled on the rows as they are, and not drawn anew."""
    alert = top_of_each_week(score, truth.week, yardstick.alert_budget)
    hit, every = alert & (truth.outcome == 1), np.ones(len(alert))
    figures = {
        "recall_at_budget": of_sums(_share, (hit, truth.outcome), truth.product, weights),
        "precision_at_budget": of_sums(_share, (hit, alert), truth.product, weights),
        "lift_at_budget": of_sums(
            lambda hits, alerts, positives, rows: hits / alerts * rows / positives,
            (hit, alert, truth.outcome, every),
            truth.product,
            weights,
        ),
    }
    if truth.onset is not None:
        caught = truth.onset & alert
        standing = weeks_of_alert(alert, truth.product, truth.week) * caught
        figures["onset_recall"] = of_sums(_share, (caught, truth.onset), truth.product, weights)
        figures["lead_time_weeks"] = of_sums(_share, (standing, caught), truth.product, weights)
    return figures


def _probability(
    truth: Truth, probability: FloatArray, base: FloatArray, yardstick: Yardstick, weights: FloatArray
) -> dict[str, Draws]:
    error, of_base = (np.square(p.astype(np.float64) - truth.outcome) for p in (probability, base))
    every = np.ones(len(error))
    figures = {
        "brier": of_sums(_share, (error, every), truth.product, weights),
        "brier_skill": of_sums(lambda own, other: 1 - own / other, (error, of_base), truth.product, weights),
        "calibration_error": _calibration_error(truth, probability, every > 0, weights),
        "cost_per_100": _cost(truth, probability, yardstick, weights),
    }
    for index, segment in enumerate(truth.segments):
        rows = truth.segment == index
        if rows.sum() >= 10 * BINS:
            figures[f"calibration_error, {segment}"] = _calibration_error(truth, probability, rows, weights)
    return figures


def _calibration_error(truth: Truth, probability: FloatArray, rows: BoolArray, weights: FloatArray) -> Draws:
    order = np.argsort(probability[rows], kind="stable")
    bins = np.empty(len(order), dtype=np.int64)
    bins[order] = np.arange(len(order)) * BINS // len(order)
    gap = (probability[rows].astype(np.float64) - truth.outcome[rows]) * 1.0
    terms = tuple(gap * (bins == each) for each in range(BINS))
    return of_sums(
        lambda count, *gaps: np.abs(np.stack(gaps)).sum(axis=0) / count,
        (np.ones(len(order)), *terms),
        truth.product[rows],
        weights,
    )


def _cost(truth: Truth, probability: FloatArray, yardstick: Yardstick, weights: FloatArray) -> Draws:
    miss, false_alarm = yardstick.cost_of_miss, yardstick.cost_of_false_alarm
    alert = probability >= false_alarm / (miss + false_alarm)
    cost = np.where(truth.outcome == 1, miss * ~alert, false_alarm * alert)
    return of_sums(lambda total, rows: 100 * total / rows, (cost, np.ones(len(cost))), truth.product, weights)
