"""The challenger compared with every simple rule and with the champion, on the same out-of-fold rows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from feature_service.kernel.arrays import IntArray
from training.backtest.predictions import Predictions
from training.metrics.bootstrap import Interval
from training.metrics.figures import Measurements, measure
from training.metrics.truth import BASE_RATE
from training.metrics.yardstick import Yardstick

MODEL, CHAMPION = "model", "champion"


@dataclass(frozen=True)
class Comparison:
    """The challenger less another scorer, on the same rows and draws.

    Attributes:
        average_precision: Difference; above 0 the challenger ranks better.
        calibration_error: Difference; below 0 the challenger is calibrated better. None where the other gives no
            probability.
    """

    average_precision: Interval
    calibration_error: Interval | None


def compare_with_rules(figures: Mapping[str, Measurements]) -> dict[str, Comparison]:
    """The model less every rule.

    Args:
        figures: What :func:`training.metrics.figures.measure` gives, with the scorer ``model`` among them.
    """
    return {name: difference(figures[MODEL], rule) for name, rule in figures.items() if name != MODEL}


def compare_with_champion(challenger: Predictions, champion: Predictions, yardstick: Yardstick) -> Comparison | None:
    """The challenger less the champion on the rows that both predicted; None if those rows lack one of the outcomes.

    The outcomes and the base rate are the challenger's, whose data are the newer.
    """
    ours, theirs = common_rows(challenger, champion)
    if not len(ours) or len(np.unique(challenger.truth.outcome[ours])) < 2:
        return None
    scorers = {
        MODEL: challenger.model.take(ours),
        CHAMPION: champion.model.take(theirs),
        BASE_RATE: challenger.rules[BASE_RATE].take(ours),
    }
    figures = measure(challenger.truth.take(ours), scorers, yardstick)
    return difference(figures[MODEL], figures[CHAMPION])


def difference(challenger: Measurements, other: Measurements) -> Comparison:
    """The challenger less another scorer, both measured on the same rows and draws."""

    def of_figure(name: str) -> Interval:
        return challenger[name].minus(other[name]).interval()

    return Comparison(
        average_precision=of_figure("average_precision"),
        calibration_error=of_figure("calibration_error") if "calibration_error" in other else None,
    )


def common_rows(ours: Predictions, theirs: Predictions) -> tuple[IntArray, IntArray]:
    """Positions of the rows of both with the same product and week."""
    count = len(ours.product_ids)
    products = pa.concat_arrays([ours.product_ids, theirs.product_ids]).dictionary_encode().indices.to_numpy()
    weeks = np.concatenate([ours.truth.week, theirs.truth.week]).astype(np.int64)
    key = products * (weeks.max(initial=0) + 1) + weeks
    _, in_ours, in_theirs = np.intersect1d(key[:count], key[count:], assume_unique=True, return_indices=True)
    order = np.argsort(in_ours)
    return in_ours[order], in_theirs[order]
