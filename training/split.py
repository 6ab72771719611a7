"""Train, validation and test blocks: cut by time only, never by row.

The newest weeks whose outcome is known are the test block, those before it the validation block, all earlier ones
train. Between two blocks lie ``horizon`` weeks that belong to neither: the outcome of every row is over before the
first week of the next block begins, so no block knows anything of a later one.
"""

from dataclasses import dataclass

import numpy as np

from data.weeks import DateArray
from training.dataset import Rows
from training.errors import OneSidedOutcomeError, TrainingHistoryError
from training.labels import BoolArray

_WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class Block:
    """A stretch of ``as_of`` weeks, both included, as ISO dates."""

    first_week: str
    last_week: str

    def of(self, rows: Rows) -> BoolArray:
        """Which rows lie in it and have a known outcome, shape ``(rows,)``."""
        inside = (rows.as_of_week >= np.datetime64(self.first_week)) & (
            rows.as_of_week <= np.datetime64(self.last_week)
        )
        return inside & np.isfinite(rows.outcome)


@dataclass(frozen=True)
class Split:
    """The three blocks, in the order of time."""

    train: Block
    validation: Block
    test: Block


def split_by_time(
    weeks: DateArray, *, horizon_weeks: int, min_train_weeks: int, validation_weeks: int, test_weeks: int
) -> Split:
    """Cut the weeks into three blocks.

    Args:
        weeks: ``as_of`` weeks of the rows whose outcome is known, any order, repeated or not.
        horizon_weeks: Weeks that an outcome takes.
        min_train_weeks: Weeks that the training block must span.
        validation_weeks: Length of the validation block.
        test_weeks: Length of the test block.
    Raises:
        TrainingHistoryError: If the weeks from the first to the last are too few.
    """
    needed = min_train_weeks + validation_weeks + test_weeks + 2 * horizon_weeks
    found = int((weeks.max() - weeks.min()) / _WEEK) + 1 if len(weeks) else 0
    if found < needed:
        raise TrainingHistoryError(needed, found)
    test_end = weeks.max()
    test_start = test_end - (test_weeks - 1) * _WEEK
    validation_end = test_start - (horizon_weeks + 1) * _WEEK
    validation_start = validation_end - (validation_weeks - 1) * _WEEK
    train_end = validation_start - (horizon_weeks + 1) * _WEEK
    return Split(
        train=Block(str(weeks.min()), str(train_end)),
        validation=Block(str(validation_start), str(validation_end)),
        test=Block(str(test_start), str(test_end)),
    )


def check_both_outcomes(name: str, outcome: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    """Refuse a block in which nothing can be learned or measured.

    Raises:
        OneSidedOutcomeError: If all outcomes are the same, or there is none.
    """
    positives = int((outcome == 1).sum())
    if not 0 < positives < len(outcome):
        raise OneSidedOutcomeError(name, positives, len(outcome))
