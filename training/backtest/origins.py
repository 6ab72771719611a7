"""Which weeks a backtest predicts from, and which rows were known in each: the calendar of a rolling origin.

At an origin a model may learn only from rows whose outcome is known: ``as_of + outcome weeks <= origin``; these are the
horizon, or more where the label says so. The origins before the evaluated ones serve calibration alone. The weeks of
the fits are counted from a fixed date, so that data cut off at a week gives the same fits as the full data up to it.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from data.least_history import LEAST_CALIBRATION_WEEKS, LEAST_ORIGINS, MIN_TRAIN_WEEKS, least_weeks_of_rows
from data.weeks import WeekNumbers
from feature_service.kernel.arrays import BoolArray
from training.budget import LEAST_ROW_BUDGET, ROW_BUDGET
from training.errors import SettingError, TrainingHistoryError

WEEKLY_FIT_ROWS = 30_000
"""Rows up to which a fit a week costs seconds, and a week's new rows change what is learned."""

_REFIT_EVERY = 4


@dataclass(frozen=True)
class BacktestSettings:
    """How many origins, and how often the model is fitted.

    Attributes:
        origins: Weeks that are evaluated, as far as the history goes.
        least_origins: With fewer there is no backtest: neither fewer may be asked for, nor may the history allow fewer.
        locked_origins: The newest origins; no choice may rest on them.
        calibration_weeks: Origins before each origin whose predictions it is calibrated on.
        least_calibration_weeks: The fewest of these, where the history is short.
        refit_every: Weeks between two fits; 0: one while a fit has at most ``WEEKLY_FIT_ROWS`` rows, four beyond.
        min_train_weeks: Weeks of rows that the first fit needs.
        row_budget: Rows that a fit learns from at most: see :mod:`training.budget`.
    """

    origins: int = 12
    least_origins: int = LEAST_ORIGINS
    locked_origins: int = 4
    calibration_weeks: int = 8
    least_calibration_weeks: int = LEAST_CALIBRATION_WEEKS
    refit_every: int = 0
    min_train_weeks: int = MIN_TRAIN_WEEKS
    row_budget: int = ROW_BUDGET

    def __post_init__(self) -> None:
        """Raises:
        SettingError: If fewer origins are asked for than a backtest needs, a negative number of weeks between fits, or
            fits on too few rows.
        """
        if self.origins < self.least_origins:
            raise SettingError("backtest-weeks", self.origins, f"at least {self.least_origins}")
        if self.refit_every < 0:
            raise SettingError("refit-every", self.refit_every, "at least 1 week, or 0 to go by the number of rows")
        if self.row_budget < LEAST_ROW_BUDGET:
            raise SettingError("row-budget", self.row_budget, f"at least {LEAST_ROW_BUDGET:,}")


@dataclass(frozen=True)
class Calendar:
    """The weeks of one backtest, as week numbers.

    Attributes:
        first_prediction: First origin that is predicted from, for calibration.
        first: First evaluated origin.
        first_locked: First origin of the locked block.
        last: Last origin, all outcomes known.
        outcome_weeks: Weeks that an outcome takes.
        refit_every: Weeks between two fits.
        weekly_until: Last origin up to which there is a fit a week.
    """

    first_prediction: int
    first: int
    first_locked: int
    last: int
    outcome_weeks: int
    refit_every: int
    weekly_until: int

    @property
    def origins(self) -> int:
        """The number of evaluated origins."""
        return self.last - self.first + 1

    def is_fit_due(self, origin: int) -> bool:
        """Whether the model is fitted anew at this origin."""
        of_its_week = origin <= self.weekly_until or origin % self.refit_every == 0
        return of_its_week or origin == self.first_prediction

    def origins_by_fit(self) -> tuple[range, ...]:
        """The origins that each fit predicts from, the fit's own first."""
        fits = [each for each in range(self.first_prediction, self.last + 1) if self.is_fit_due(each)]
        return tuple(range(each, following) for each, following in pairwise([*fits, self.last + 1]))

    def has_outcome_at(self, origin: int, week: WeekNumbers) -> BoolArray:
        """Which rows had a known outcome at the end of the origin's week, shape ``(rows,)``."""
        return week + self.outcome_weeks <= origin


def calendar_of(week: WeekNumbers, outcome_weeks: int, settings: BacktestSettings) -> Calendar:
    """Lay the origins over the weeks of the rows whose outcome is known.

    Args:
        week: Week numbers of those rows, any order.
        outcome_weeks: Weeks that an outcome takes.
        settings: How many origins, and how they are used.
    Raises:
        TrainingHistoryError: If the weeks are too few for ``least_origins``.
    """
    first_fit_weeks = settings.min_train_weeks + outcome_weeks - 1
    needed_weeks = least_weeks_of_rows(
        outcome_weeks,
        min_train_weeks=settings.min_train_weeks,
        least_calibration_weeks=settings.least_calibration_weeks,
        least_origins=settings.least_origins,
    )
    found_weeks = int(week.max() - week.min()) + 1 if len(week) else 0
    if found_weeks < needed_weeks:
        raise TrainingHistoryError(needed_weeks, found_weeks)
    last = int(week.max())
    earliest = int(week.min()) + first_fit_weeks
    first = max(last - settings.origins + 1, earliest + settings.least_calibration_weeks)
    first_prediction = max(first - settings.calibration_weeks - outcome_weeks + 1, earliest)
    refit_every = settings.refit_every or _REFIT_EVERY
    weekly_until = earliest - 1 if settings.refit_every else _last_of_few_rows(week, outcome_weeks)
    anchor = first_prediction if first_prediction <= weekly_until else first_prediction // refit_every * refit_every
    return Calendar(
        first_prediction=anchor if anchor >= earliest else first_prediction,
        first=first,
        first_locked=max(last - settings.locked_origins + 1, first + 1),
        last=last,
        outcome_weeks=outcome_weeks,
        refit_every=refit_every,
        weekly_until=weekly_until,
    )


def _last_of_few_rows(week: WeekNumbers, outcome_weeks: int) -> int:
    """The last origin at which no more than ``WEEKLY_FIT_ROWS`` rows had a known outcome."""
    weeks, rows = np.unique(week, return_counts=True)
    many = np.flatnonzero(np.cumsum(rows) > WEEKLY_FIT_ROWS)
    return int(weeks[many[0]] if len(many) else weeks[-1] + 1) + outcome_weeks - 1
