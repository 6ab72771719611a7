"""Challengers beside the models that answered: each pair on the same product-weeks, by what became of these.

A pair is a challenger's version beside a champion's. Its weeks are those in whose snapshot both were. What a version
would have said of weeks that were over when it was registered is in its backtest, and not here.
"""

from collections.abc import Sequence

import numpy as np

from data.snapshots import ModelReference
from data.snapshots.scorer_record import Figure
from data.snapshots.track_record import ChallengerRecord
from feature_service.kernel.arrays import BoolArray, FloatArray
from monitoring.outcomes.performance import Measured, Performance, Scorer, figure_of, measured, warning_days_of
from monitoring.outcomes.predictions import PredictionsNote
from monitoring.outcomes.rows import Rows, date_of
from training.cores import one_core_for_algebra

MOST_PAIRS = 13
"""Of which figures are told: with a new challenger each week, those of a quarter of a year."""

CHAMPION, CHALLENGER = "champion", "challenger"

_Pair = tuple[ModelReference, ModelReference]


def challenger_records(performance: Performance, notes: Sequence[PredictionsNote]) -> tuple[ChallengerRecord, ...]:
    """Of the newest pairs, the one with the newest week last.

    Args:
        performance: Over the weeks whose outcome is known.
        notes: The predictions of the same weeks, oldest first.
    """
    numbers = {date_of(number): number for number in performance.weeks}
    weeks: dict[_Pair, list[int]] = {}
    for note in notes:
        if note.challenger and note.as_of_week in numbers:
            pair = note.model, note.challenger.model
            weeks[pair] = [*weeks.pop(pair, []), numbers[note.as_of_week]]
    found = (_record(performance, pair, its) for pair, its in list(weeks.items())[-MOST_PAIRS:])
    return tuple(each for each in found if each is not None)


def _record(performance: Performance, pair: _Pair, weeks: Sequence[int]) -> ChallengerRecord | None:
    """None where nothing is known of what both said."""
    known = performance.rows
    rows = known.take(np.isin(known.week, np.array(weeks)) & np.isfinite(known.challenger))
    if not len(rows):
        return None
    scorers = {
        CHAMPION: _scorer(rows, rows.probability, rows.alert),
        CHALLENGER: _scorer(rows, rows.challenger, rows.challenger_alert),
    }
    with one_core_for_algebra():
        found = measured(rows, scorers, performance.yardstick)
    champion, challenger = pair
    return ChallengerRecord(
        model_name=challenger.name,
        model_version=challenger.version,
        champion_version=champion.version,
        first_week=date_of(min(weeks)),
        last_week=date_of(max(weeks)),
        weeks=len(weeks),
        product_weeks=len(rows),
        positives=int((rows.outcome == 1).sum()),
        champion=found[CHAMPION].record,
        challenger=found[CHALLENGER].record,
        average_precision_difference=_difference(found[CHALLENGER], found[CHAMPION], "average_precision"),
        brier_difference=_difference(found[CHALLENGER], found[CHAMPION], "brier"),
    )


def _scorer(rows: Rows, values: FloatArray, alert: BoolArray) -> Scorer:
    judged = alert & np.isfinite(rows.alert_outcome)
    return Scorer(values, is_probability=True, alert=judged, warning_days=warning_days_of(rows, judged))


def _difference(challenger: Measured, champion: Measured, name: str) -> Figure | None:
    ours, theirs = challenger.draws[name], champion.draws[name]
    return None if ours is None or theirs is None else figure_of(ours.minus(theirs))
