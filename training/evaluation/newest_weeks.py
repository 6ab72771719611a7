"""A challenger beside the champion whose recipe it shares, on the newest weeks that both saw out of fold.

The champion's out-of-fold predictions end where its training ended. Of later weeks it saw nothing, so there its own
probabilities, asked of the challenger's training table, are as good. Whether the two learned from one history is
measured on the weeks before.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, FloatArray, IntArray
from training.backtest.predictions import Predictions
from training.dataset import TrainingRows
from training.errors import TrainingFileError
from training.evaluation.comparison import CHAMPION, MODEL, Comparison, common_rows, difference
from training.metrics.bootstrap import Interval
from training.metrics.figures import measure
from training.metrics.truth import BASE_RATE, ScorerOutput
from training.metrics.yardstick import Yardstick

NEWEST_WEEKS = 12
"""Weeks that a refresh is judged by, at most."""

_ROWS_AT_A_TIME = 131_072


@dataclass(frozen=True)
class Continuity:
    """Whether the challenger learned from the champion's history, and more of it; 1 where there is nothing to compare.

    Attributes:
        rows_kept: Of the champion's out-of-fold rows, in the weeks of both, the share that the challenger has, too.
        outcomes_kept: Of these rows those with the rarer outcome in either's data: the share with it in both's.
        newest_rows: Rows of a week since over those of the week before it, where that is lowest: a loss is sudden,
            however much the seller grows.
    """

    rows_kept: float
    outcomes_kept: float
    newest_rows: float


@dataclass(frozen=True)
class NewestWeeks:
    """What a refresh is judged by.

    Attributes:
        weeks: That both saw out of fold.
        weeks_since: Those of them that are later than all that the champion learned from.
        rarer: Rows of these weeks with the rarer outcome.
        base_rate: Share of positive outcomes.
        champion: Its average precision.
        over_champion: The challenger less the champion; None where there is but one outcome.
        continuity: Of the two histories.
    """

    weeks: int
    weeks_since: int
    rarer: int
    base_rate: float
    champion: Interval | None
    over_champion: Comparison | None
    continuity: Continuity


def scores_since(
    week: int, challenger: Predictions, rows: TrainingRows, predict: Callable[[FloatArray], FloatArray]
) -> FloatArray:
    """What an older model gives for the challenger's out-of-fold rows from a week on; NaN before it.

    Args:
        week: Number of the first week.
        challenger: Its out-of-fold predictions.
        rows: The training table that they were made from.
        predict: The older model: features to calibrated probabilities.
    Returns:
        Shape ``(rows,)`` of the predictions.
    Raises:
        TrainingFileError: If the table is not the one of the predictions.
    """
    row: IntArray = np.flatnonzero(np.isfinite(rows.outcome) & (rows.week >= challenger.truth.week.min()))
    if not np.array_equal(rows.week[row], challenger.truth.week):
        raise TrainingFileError(f"the training table {rows.path} is of another run than the out-of-fold predictions")
    scores = np.full(len(row), np.nan, dtype=np.float32)
    places = np.flatnonzero(challenger.truth.week >= week)
    for first in range(0, len(places), _ROWS_AT_A_TIME):
        some = places[first : first + _ROWS_AT_A_TIME]
        scores[some] = predict(rows.features(row[some]))
    return scores


def compare_newest_weeks(
    challenger: Predictions, champion: Predictions, since: FloatArray, yardstick: Yardstick
) -> NewestWeeks:
    """Measure both on the newest weeks that both saw out of fold; outcomes are the challenger's, whose data are newer.

    Args:
        challenger: Its out-of-fold predictions.
        champion: Its out-of-fold predictions.
        since: See :func:`scores_since`.
        yardstick: Draws and seed.
    """
    ours, theirs = common_rows(challenger, champion)
    scores = since.copy()
    scores[ours] = np.where(np.isnan(since[ours]), champion.model.values[theirs], since[ours])
    newest = challenger.truth.week > challenger.truth.week.max() - NEWEST_WEEKS
    rows = np.flatnonzero(np.isfinite(scores) & newest)
    truth = challenger.truth.take(rows)
    positives = int((truth.outcome == 1).sum())
    rarer = min(positives, len(rows) - positives)
    over_champion = precision = None
    if rarer:
        scorers = {
            MODEL: challenger.model.take(rows),
            CHAMPION: ScorerOutput(scores[rows], True),
            BASE_RATE: challenger.rules[BASE_RATE].take(rows),
        }
        figures = measure(truth, scorers, yardstick)
        precision = figures[CHAMPION]["average_precision"].interval()
        over_champion = difference(figures[MODEL], figures[CHAMPION])
    return NewestWeeks(
        weeks=len(np.unique(truth.week)),
        weeks_since=len(np.unique(challenger.truth.week[np.isfinite(since)])),
        rarer=rarer,
        base_rate=positives / max(len(rows), 1),
        champion=precision,
        over_champion=over_champion,
        continuity=_continuity(challenger, champion, ours, theirs, np.isfinite(since)),
    )


def _continuity(
    challenger: Predictions, champion: Predictions, ours: IntArray, theirs: IntArray, since: BoolArray
) -> Continuity:
    before = champion.truth.week >= challenger.truth.week.min()
    positive, was_positive = challenger.truth.outcome[ours] == 1, champion.truth.outcome[theirs] == 1
    if len(ours) and was_positive.mean() > 0.5:
        positive, was_positive = ~positive, ~was_positive
    week, count = np.unique(challenger.truth.week, return_counts=True)
    of_week_before = (count[1:] / count[:-1])[np.isin(week[1:], challenger.truth.week[since])]
    return Continuity(
        rows_kept=_share(len(ours), int(before.sum())),
        outcomes_kept=_share(int((positive & was_positive).sum()), int((positive | was_positive).sum())),
        newest_rows=float(of_week_before.min(initial=1.0)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0
