"""What is measured of run-out curves: for each week ahead, and of all weeks together; with intervals over products.

====================================  ==================================================================================
``average_precision``, ``auc``        Of being out by the end of the week, as in :mod:`training.metrics.figures`.
``brier``, ``calibration_error``      The same; not of ranks.
``ranked_probability_score``          The Brier score over all weeks ahead together: how far the curve lies from what
                                      happened.
====================================  ==================================================================================

A week ahead counts for a row where it is over and it is known whether the product was out by its end.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from training.cores import one_core_for_algebra
from training.metrics.bootstrap import Bootstrap, Draws, Interval
from training.metrics.figures import calibration_error
from training.metrics.ranking import Ranking
from training.metrics.yardstick import Yardstick

MOST_ROWS = 200_000
"""Of more rows, products are drawn at random: every figure is measured once for each week ahead."""

LEAST_POSITIVES = 10


@dataclass(frozen=True)
class Curves:
    """What a scorer says of rows: by the end of each week ahead, shape ``(rows, weeks)``.

    Attributes:
        scores: Of a rank, which is the same in every week, shape ``(rows, 1)``.
        is_probability: Whether they are probabilities; otherwise only their order counts.
    """

    scores: DoubleArray | FloatArray
    is_probability: bool

    def by(self, weeks_ahead: int) -> FloatArray:
        """By the end of that week; what is not known ranks last."""
        score = self.scores[:, min(weeks_ahead, self.scores.shape[1]) - 1]
        known: FloatArray = np.where(np.isnan(score), np.nanmin(score, initial=0.0), score).astype(np.float32)
        return known


@dataclass(frozen=True)
class WeekAhead:
    """Figures of one week ahead.

    Attributes:
        weeks_ahead: From 1.
        rows: Product-weeks of which it is known whether it was out by then.
        origins: Weeks that they were predicted in.
        base_rate: The share of them that was out.
        figures: By scorer, then by name.
        best_rule: Of the rules, the one with the highest average precision.
        over_best_rule: The model's average precision less that rule's.
    """

    weeks_ahead: int
    rows: int
    origins: int
    base_rate: float
    figures: Mapping[str, Mapping[str, Interval]]
    best_rule: str
    over_best_rule: Interval


@dataclass(frozen=True)
class RunOutFigures:
    """Figures of run-out curves.

    Attributes:
        weeks: Those of each week ahead of which enough is known.
        ranked_probability_score: By scorer, those that give probabilities.
        products: Products that all this was measured on.
    """

    weeks: tuple[WeekAhead, ...]
    ranked_probability_score: Mapping[str, Interval]
    products: int


def measure_run_out(
    outcomes: FloatArray,
    product: IntArray,
    origin: WeekNumbers,
    scorers: Mapping[str, Curves],
    model: str,
    by: Yardstick,
) -> RunOutFigures:
    """Every figure of every scorer, all on the same draws.

    Args:
        outcomes: Whether it was out by the end of each week ahead, 1 or 0; NaN where it does not count; shape
            ``(rows, weeks)``.
        product: Number of each row's product, shape ``(rows,)``.
        origin: Number of each row's week, shape ``(rows,)``.
        scorers: By name.
        model: The name of the model among them.
        by: Draws and seed.
    """
    kept = _some_products(product, by.seed)
    outcomes, origin = outcomes[kept], origin[kept]
    _, product = np.unique(product[kept], return_inverse=True)
    scorers = {name: Curves(each.scores[kept], each.is_probability) for name, each in scorers.items()}
    with one_core_for_algebra():
        weeks = [
            _week_ahead(number, outcomes[:, number - 1], product, origin, scorers, model, by)
            for number in range(1, outcomes.shape[1] + 1)
            if (outcomes[:, number - 1] == 1).sum() >= LEAST_POSITIVES
        ]
        together = {
            name: _ranked_probability_score(outcomes, product, each, by).interval()
            for name, each in scorers.items()
            if each.is_probability
        }
    return RunOutFigures(tuple(weeks), together, int(product.max(initial=-1)) + 1)


def _some_products(product: IntArray, seed: int) -> BoolArray:
    products = int(product.max(initial=0)) + 1
    chance = MOST_ROWS / max(len(product), 1)
    kept: BoolArray = (np.random.default_rng(seed).random(products) < chance)[product]
    return kept if chance < 1 else np.ones(len(product), dtype=np.bool_)


def _week_ahead(
    number: int,
    outcome: FloatArray,
    product: IntArray,
    origin: WeekNumbers,
    scorers: Mapping[str, Curves],
    model: str,
    by: Yardstick,
) -> WeekAhead:
    known = np.flatnonzero(np.isfinite(outcome))
    outcome, origin = outcome[known], origin[known]
    _, unit = np.unique(product[known], return_inverse=True)
    bootstrap = Bootstrap(unit, by.draws, by.seed)
    figures: dict[str, dict[str, Draws]] = {}
    for name, each in scorers.items():
        score = each.by(number)[known]
        average_precision, auc = bootstrap.of_ranking(Ranking(outcome, score))
        figures[name] = {"average_precision": average_precision, "auc": auc}
        if each.is_probability:
            error = np.square(score.astype(np.float64) - outcome)
            every = np.ones(len(error), dtype=np.bool_)
            figures[name]["brier"] = bootstrap.of_sums(np.divide, (error, every))
            figures[name]["calibration_error"] = calibration_error(outcome, score, every, bootstrap)
    rules = [name for name in scorers if name != model]
    best = max(rules, key=lambda name: figures[name]["average_precision"].value)
    difference = figures[model]["average_precision"].minus(figures[best]["average_precision"])
    return WeekAhead(
        weeks_ahead=number,
        rows=len(known),
        origins=len(np.unique(origin)),
        base_rate=float(outcome.mean()),
        figures={name: {figure: draws.interval() for figure, draws in of.items()} for name, of in figures.items()},
        best_rule=best,
        over_best_rule=difference.interval(),
    )


def _ranked_probability_score(outcomes: FloatArray, product: IntArray, curves: Curves, by: Yardstick) -> Draws:
    scores = np.stack([curves.by(week) for week in range(1, outcomes.shape[1] + 1)], axis=1)
    known = np.isfinite(outcomes)
    error = np.where(known, np.square(scores.astype(np.float64) - outcomes), 0.0).sum(axis=1)
    return Bootstrap(product, by.draws, by.seed).of_sums(np.divide, (error, known.sum(axis=1)))
