"""Whether a challenger becomes the champion: a pure rule on out-of-fold figures.

It does if, on the same out-of-fold rows, its average precision is above the champion's by more than the bootstrap
noise, its calibration is no worse by more than that noise, and its average precision is above that of every rule by
more than that noise. The very first model becomes the champion in any case, so that there is something to serve; its
reasons say plainly where it does not beat a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

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


@dataclass(frozen=True)
class Decision:
    """What becomes of a challenger, and why, in sentences."""

    promote: bool
    reasons: tuple[str, ...]


def should_promote(
    *, has_champion: bool, over_champion: Comparison | None, over_rules: Mapping[str, Comparison]
) -> Decision:
    """Decide.

    Args:
        has_champion: Whether there is a champion of the same label.
        over_champion: The challenger less the champion; None if they have no out-of-fold weeks in common.
        over_rules: The challenger less each rule, by the rule's name.
    """
    unbeaten = [
        f"its average precision is not above that of {name!r} by more than the noise: {_difference(over)}"
        for name, over in over_rules.items()
        if not over.average_precision.low > 0
    ]
    if not has_champion:
        first = "it is the first model of its label, so it becomes the champion whatever its figures"
        return Decision(True, (first, *(unbeaten or ["it beats every rule by more than the noise"])))
    objections = [*_against_champion(over_champion), *unbeaten]
    if objections or over_champion is None:
        return Decision(False, tuple(objections))
    return Decision(
        True,
        (
            f"its average precision is above the champion's by more than the noise: {_difference(over_champion)}",
            "its calibration is no worse",
            "it beats every rule by more than the noise",
        ),
    )


def compare_with_rules(figures: Mapping[str, Measurements]) -> dict[str, Comparison]:
    """The model less every rule.

    Args:
        figures: As of :func:`training.metrics.measure`, with the scorer ``model`` among them.
    """
    return {name: _less(figures[MODEL], rule) for name, rule in figures.items() if name != MODEL}


def compare_with_champion(challenger: Predictions, champion: Predictions, yardstick: Yardstick) -> Comparison | None:
    """The challenger less the champion on the rows that both predicted; None if those have not both outcomes.

    The outcomes and the base rate are the challenger's, whose data are the newer.
    """
    ours, theirs = _common(challenger, champion)
    if not len(ours) or len(np.unique(challenger.truth.outcome[ours])) < 2:
        return None
    scorers = {
        MODEL: challenger.model.take(ours),
        CHAMPION: champion.model.take(theirs),
        BASE_RATE: challenger.rules[BASE_RATE].take(ours),
    }
    figures = measure(challenger.truth.take(ours), scorers, yardstick)
    return _less(figures[MODEL], figures[CHAMPION])


def _less(challenger: Measurements, other: Measurements) -> Comparison:
    def difference(name: str) -> Interval:
        return challenger[name].minus(other[name]).interval()

    return Comparison(
        average_precision=difference("average_precision"),
        calibration_error=difference("calibration_error") if "calibration_error" in other else None,
    )


def _against_champion(over: Comparison | None) -> list[str]:
    if over is None:
        return ["it has no out-of-fold weeks in common with the champion: backtest over more weeks"]
    objections = []
    if not over.average_precision.low > 0:
        objections.append(
            f"its average precision is not above the champion's by more than the noise: {_difference(over)}"
        )
    if over.calibration_error is not None and over.calibration_error.low > 0:
        objections.append(f"its calibration error is above the champion's: {over.calibration_error}")
    return objections


def _difference(over: Comparison) -> str:
    return f"difference {over.average_precision}"


def _common(ours: Predictions, theirs: Predictions) -> tuple[IntArray, IntArray]:
    """Positions of the rows of both with the same product and week."""
    place = {key: index for index, key in enumerate(zip(theirs.product_ids, theirs.truth.week.tolist(), strict=True))}
    pairs = [
        (index, place[key])
        for index, key in enumerate(zip(ours.product_ids, ours.truth.week.tolist(), strict=True))
        if key in place
    ]
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
