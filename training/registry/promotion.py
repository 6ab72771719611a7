"""Whether a challenger becomes the champion: pure rules on out-of-fold figures, one for each case.

``first``        There is no champion yet: it becomes one in any case, so that there is something to serve; its reasons
                 say plainly where it does not beat a rule.
``refresh``      The champion's recipe, fitted on data that reach a later week. It becomes the champion unless it is
                 worse by more than a margin, since the world moves on and the champion does not; or unless its data
                 look wrong. There are two margins: for what was measured, and a wider one for what noise may hide.
``replacement``  Anything else. It has to earn its place: its average precision must be above the champion's by more
                 than the bootstrap noise, its calibration no worse by more than that noise, and its average precision
                 above that of every rule by more than that noise.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from training.evaluation.comparison import Comparison
from training.evaluation.newest_weeks import Continuity, NewestWeeks
from training.registry.lineage import Lineage

Case = Literal["first", "refresh", "replacement"]
FIRST: Case = "first"
REFRESH: Case = "refresh"
REPLACEMENT: Case = "replacement"

PRECISION_MARGIN, PRECISION_MARGIN_OF_NOISE = 0.1, 0.5
"""What a refresh may lose of the champion's gain in average precision over the base rate, which chance gives: as
measured, and at the lower end of the interval."""

CALIBRATION_MARGIN, CALIBRATION_MARGIN_OF_NOISE = 0.01, 0.03
"""How much higher a refresh's calibration error may be: as measured, and at the upper end of the interval."""

LEAST_RARER = 5
"""Rows with the rarer outcome that a refresh is judged by, at least."""

LEAST_ROWS_KEPT = 0.9
LEAST_OUTCOMES_KEPT = 0.8
LEAST_NEWEST_ROWS = 2 / 3
"""What of the champion's history must be in the refresh's: see :class:`training.evaluation.newest_weeks.Continuity`."""


@dataclass(frozen=True)
class Decision:
    """What becomes of a challenger, and why, in sentences."""

    promote: bool
    reasons: tuple[str, ...]


def case_of(challenger: Lineage, champion: Lineage | None) -> Case:
    """By which rule a challenger is decided on."""
    if champion is None:
        return FIRST
    is_newer = challenger.last_week > champion.last_week
    return REFRESH if is_newer and not challenger.differences(champion) else REPLACEMENT


def decide_first(over_rules: Mapping[str, Comparison]) -> Decision:
    """The first model of a question becomes its champion.

    Args:
        over_rules: The challenger less each rule, by the rule's name.
    """
    first = "it is the first model of its label, so it becomes the champion whatever its figures"
    return Decision(True, (first, *_beside_rules(over_rules)))


def should_refresh(newest: NewestWeeks, over_rules: Mapping[str, Comparison]) -> Decision:
    """Decide whether the champion's recipe on newer data takes its place.

    Args:
        newest: Both on the newest weeks that both saw out of fold.
        over_rules: The challenger less each rule, by the rule's name; told, but no condition.
    """
    objections = [*_of_data(newest.continuity), *_of_figures(newest)]
    if objections or newest.over_champion is None:
        return Decision(False, tuple(objections))
    return Decision(
        True,
        (
            f"it is the champion's recipe on newer data, and no worse than the margins allow on {_weeks(newest)}",
            f"average precision: {_difference(newest.over_champion)}, {_precision_margins(newest)}",
            f"calibration error: difference {newest.over_champion.calibration_error}, {_CALIBRATION_MARGINS}",
            *_beside_rules(over_rules),
        ),
    )


def should_replace(over_champion: Comparison | None, over_rules: Mapping[str, Comparison]) -> Decision:
    """Decide whether a model of another recipe takes the champion's place.

    Args:
        over_champion: The challenger less the champion; None if they have no out-of-fold weeks in common.
        over_rules: The challenger less each rule, by the rule's name.
    """
    objections = [*_against_champion(over_champion), *_rules_not_beaten(over_rules)]
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


def _of_data(continuity: Continuity) -> list[str]:
    objections = []
    if continuity.rows_kept < LEAST_ROWS_KEPT:
        objections.append(
            f"its data hold {continuity.rows_kept:.0%} of the rows that the champion predicted in the weeks of both, "
            f"and at least {LEAST_ROWS_KEPT:.0%} are needed: are shops or products missing from the input?"
        )
    if continuity.outcomes_kept < LEAST_OUTCOMES_KEPT:
        objections.append(
            f"of the rarer outcomes in the weeks of both {continuity.outcomes_kept:.0%} are what they were for the "
            f"champion, and at least {LEAST_OUTCOMES_KEPT:.0%} are needed: was the input's history changed?"
        )
    if continuity.newest_rows < LEAST_NEWEST_ROWS:
        objections.append(
            f"a week after the champion's training holds {continuity.newest_rows:.0%} of the rows of the week before "
            f"it, and at least {LEAST_NEWEST_ROWS:.0%} are needed: is the newest input whole?"
        )
    return objections


def _of_figures(newest: NewestWeeks) -> list[str]:
    over_champion = newest.over_champion
    if over_champion is None or newest.rarer < LEAST_RARER:
        return [
            f"the newest {newest.weeks} weeks that both saw out of fold hold {newest.rarer} rows with the rarer "
            f"outcome, and at least {LEAST_RARER} are needed to judge by: wait for more weeks, or give more products"
        ]
    objections, gain, precision = [], _gain(newest), over_champion.average_precision
    is_worse = precision.value < -PRECISION_MARGIN * gain or precision.low < -PRECISION_MARGIN_OF_NOISE * gain
    if gain and is_worse:
        objections.append(
            f"its average precision is below the champion's on {_weeks(newest)}: {_difference(over_champion)}, "
            f"{_precision_margins(newest)}"
        )
    error = over_champion.calibration_error
    if error and (error.value > CALIBRATION_MARGIN or error.high > CALIBRATION_MARGIN_OF_NOISE):
        objections.append(
            f"its calibration error is above the champion's on {_weeks(newest)}: difference {error}, "
            f"{_CALIBRATION_MARGINS}"
        )
    return objections


def _gain(newest: NewestWeeks) -> float:
    """How far the champion is above chance; 0 where it is not so by more than the noise, and has nothing to lose."""
    champion = newest.champion
    return champion.value - newest.base_rate if champion and champion.low > newest.base_rate else 0.0


def _precision_margins(newest: NewestWeeks) -> str:
    gain = _gain(newest)
    if not gain:
        return "no margin, since the champion is not above chance by more than the noise"
    measured, of_noise = PRECISION_MARGIN * gain, PRECISION_MARGIN_OF_NOISE * gain
    return f"margins {-measured:.4f} as measured, {-of_noise:.4f} at the lower end"


_CALIBRATION_MARGINS = f"margins {CALIBRATION_MARGIN} as measured, {CALIBRATION_MARGIN_OF_NOISE} at the upper end"


def _weeks(newest: NewestWeeks) -> str:
    return f"the newest {newest.weeks} weeks ({newest.weeks_since} of them later than the champion's training)"


def _against_champion(over_champion: Comparison | None) -> list[str]:
    if over_champion is None:
        return [
            "it has no out-of-fold weeks in common with the champion: backtest over more weeks, or refresh the "
            "champion by a run of its own recipe first"
        ]
    objections = []
    if not over_champion.average_precision.low > 0:
        objections.append(
            f"its average precision is not above the champion's by more than the noise: {_difference(over_champion)}"
        )
    if over_champion.calibration_error is not None and over_champion.calibration_error.low > 0:
        objections.append(f"its calibration error is above the champion's: {over_champion.calibration_error}")
    return objections


def _beside_rules(over_rules: Mapping[str, Comparison]) -> list[str]:
    return _rules_not_beaten(over_rules) or ["it beats every rule by more than the noise"]


def _rules_not_beaten(over_rules: Mapping[str, Comparison]) -> list[str]:
    return [
        f"its average precision is not above that of {name!r} by more than the noise: {_difference(comparison)}"
        for name, comparison in over_rules.items()
        if not comparison.average_precision.low > 0
    ]


def _difference(comparison: Comparison) -> str:
    return f"difference {comparison.average_precision}"
