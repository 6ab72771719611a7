"""Whether a challenger becomes the champion: a pure rule on out-of-fold figures.

It does if, on the same out-of-fold rows, its average precision is above the champion's by more than the bootstrap
noise, its calibration is no worse by more than that noise, and its average precision is above that of every rule by
more than that noise. The very first model becomes the champion in any case, so that there is something to serve; its
reasons say plainly where it does not beat a rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from training.evaluation.comparison import Comparison


@dataclass(frozen=True)
class Decision:
    """What becomes of a challenger, and why, in sentences."""

    promote: bool
    reasons: tuple[str, ...]


def should_promote(
    *, has_champion: bool, over_champion: Comparison | None, over_rules: Mapping[str, Comparison]
) -> Decision:
    """Decide whether a challenger becomes the champion of its label.

    Args:
        has_champion: Whether there is a champion of the same label.
        over_champion: The challenger less the champion; None if they have no out-of-fold weeks in common.
        over_rules: The challenger less each rule, by the rule's name.
    """
    rules_not_beaten = [
        f"its average precision is not above that of {name!r} by more than the noise: {_difference(comparison)}"
        for name, comparison in over_rules.items()
        if not comparison.average_precision.low > 0
    ]
    if not has_champion:
        first = "it is the first model of its label, so it becomes the champion whatever its figures"
        return Decision(True, (first, *(rules_not_beaten or ["it beats every rule by more than the noise"])))
    objections = [*_against_champion(over_champion), *rules_not_beaten]
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


def _against_champion(over_champion: Comparison | None) -> list[str]:
    if over_champion is None:
        return ["it has no out-of-fold weeks in common with the champion: backtest over more weeks"]
    objections = []
    if not over_champion.average_precision.low > 0:
        objections.append(
            f"its average precision is not above the champion's by more than the noise: {_difference(over_champion)}"
        )
    if over_champion.calibration_error is not None and over_champion.calibration_error.low > 0:
        objections.append(f"its calibration error is above the champion's: {over_champion.calibration_error}")
    return objections


def _difference(comparison: Comparison) -> str:
    return f"difference {comparison.average_precision}"
