"""How the model did on past weeks, beside the simple rules with as many alerts in each week: figures with intervals.

Every figure is of product-weeks whose outcome the label tells, and that nobody acted upon: an alert that is acted upon
prevents what it warns of. How a scorer ranks, and whether its probabilities hold, is told by the label's outcome; what
its alerts were worth by what happened within the days that an alert is about, of product-weeks where these are over.
Where there is not enough for a figure it is None, never 0.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np

from data.snapshots.scorer_record import Figure, ScorerRecord
from data.snapshots.track_record import AlertFates, Period
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray
from monitoring.outcomes.episodes import Alert, Fate, episodes_of
from monitoring.outcomes.rows import Rows, date_of
from training.cores import one_core_for_algebra
from training.metrics.alerts import place_in_week
from training.metrics.bootstrap import Bootstrap, Draws
from training.metrics.figures import LEAST_ROWS_OF_CALIBRATION, calibration_error
from training.metrics.ranking import Ranking
from training.metrics.truth import ScorerOutput
from training.metrics.yardstick import Yardstick

MODEL = "model"


@dataclass(frozen=True)
class Scorer:
    """A scorer on the rows that figures are made of, shape ``(rows,)`` each.

    Attributes:
        values: Higher means riskier.
        is_probability: Whether they are probabilities.
        alert: Its alerts of product-weeks where the days that an alert is about are over.
        warning_days: Of the last alert of each episode that came true, the days from the end of the episode's first
            week; 0 everywhere else.
    """

    values: FloatArray
    is_probability: bool
    alert: BoolArray
    warning_days: IntArray


@dataclass(frozen=True)
class Measured:
    """A scorer's record, and the draws that each of its figures is made of."""

    record: ScorerRecord
    draws: Mapping[str, Draws | None]


class Performance:
    """Figures of a question over any of its weeks.

    Args:
        rows: Product-weeks, their outcomes told.
        probabilities: Names of the rules that give probabilities.
        yardstick: Draws and seed of the intervals.
    Attributes:
        rows: Those that figures are made of.
    """

    def __init__(self, rows: Rows, probabilities: Collection[str], yardstick: Yardstick | None = None) -> None:
        self._all, self.yardstick = rows, yardstick or Yardstick()
        self.rows = rows.take(np.isfinite(rows.outcome) & ~rows.acknowledged)
        self._scorers: dict[str, Scorer] = {}
        if len(self.rows):
            self._scorers = _scorers(self.rows, probabilities)

    @property
    def weeks(self) -> list[int]:
        """Numbers of all weeks, oldest first."""
        weeks: list[int] = np.unique(self._all.week).tolist()
        return weeks

    def over(self, weeks: Collection[int]) -> Period:
        """The figures over some of the weeks, at least one."""
        numbers = np.array(sorted(weeks))
        whole = self._all.take(np.isin(self._all.week, numbers))
        which = np.isin(self.rows.week, numbers)
        rows = self.rows.take(which)
        records = {}
        if len(rows):
            scorers = {name: _of(scorer, which) for name, scorer in self._scorers.items()}
            # a rule that was not there in all the weeks is not compared over them
            known = {name: each for name, each in scorers.items() if np.isfinite(each.values).all()}
            with one_core_for_algebra():
                found = measured(rows, known, self.yardstick)
            records = {name: each.record for name, each in found.items()}
        return Period(
            first_week=date_of(int(numbers[0])),
            last_week=date_of(int(numbers[-1])),
            weeks=len(numbers),
            product_weeks=len(rows),
            positives=int((rows.outcome == 1).sum()),
            product_weeks_unknown=int(np.isnan(whole.outcome).sum()),
            fates=_fates(whole),
            model=records.pop(MODEL, ScorerRecord(is_probability=True, alerts=0)),
            rules=records,
        )

    def probabilities(self, weeks: Collection[int]) -> tuple[FloatArray, dict[str, ScorerOutput]]:
        """Outcomes of the rows of some weeks, and the probabilities that the model and the rules gave them."""
        which = np.isin(self.rows.week, np.array(sorted(weeks)))
        given = {
            name: ScorerOutput(each.values[which], is_probability=True)
            for name, each in self._scorers.items()
            if each.is_probability and np.isfinite(each.values[which]).all()
        }
        return self.rows.outcome[which], given


def _scorers(rows: Rows, probabilities: Collection[str]) -> dict[str, Scorer]:
    is_judged = np.isfinite(rows.alert_outcome)
    weeks, place = np.unique(rows.week, return_inverse=True)
    alerts_in_week = np.bincount(place[rows.alert & is_judged], minlength=len(weeks))[place]
    base_rate = (np.bincount(place, weights=rows.probability) / np.bincount(place))[place]
    scorers = {MODEL: (rows.probability, True, rows.alert & is_judged)}
    for name, score in rows.rules.items():
        values = _filled(score, place, base_rate.astype(np.float32), is_probability=name in probabilities)
        # a rule that is not there in a week ranks nothing in it, and an alert is held against another that is over
        ranked = np.where(np.isfinite(values) & is_judged, values, np.float32(-np.inf))
        scorers[name] = (values, name in probabilities, place_in_week(ranked, rows.week) < alerts_in_week)
    return {
        name: Scorer(values, is_probability, alert, warning_days_of(rows, alert))
        for name, (values, is_probability, alert) in scorers.items()
    }


def _filled(score: FloatArray, place: IntArray, base_rate: FloatArray, *, is_probability: bool) -> FloatArray:
    """Where a rule knows nothing of a product: the mean probability of the week, or the lowest rank of the week.

    A week of which it knows no product at all stays NaN.
    """
    weeks = int(place.max()) + 1
    lowest = np.full(weeks, np.inf, dtype=np.float32)
    known = np.isfinite(score)
    np.minimum.at(lowest, place[known], score[known])
    filled = np.where(known, score, base_rate if is_probability else lowest[place])
    return np.where(np.isfinite(lowest[place]), filled, np.float32(np.nan))


def warning_days_of(rows: Rows, alert: BoolArray) -> IntArray:
    """See :class:`Scorer`."""
    days = np.zeros(len(rows), dtype=np.int64)
    found = np.flatnonzero(alert)
    if not rows.out_day.any() or not len(found):
        return days
    found = found[np.lexsort((rows.week[found], rows.product[found]))]
    newest = date_of(int(rows.week.max()))
    starts = np.flatnonzero(np.diff(rows.product[found], prepend=-1))
    for of_product in np.split(found, starts[1:]):
        places = {}
        for row in of_product.tolist():
            week = date_of(int(rows.week[row]))
            places[week] = row, _as_alert(rows, row)
        for episode in episodes_of([each for _, each in places.values()], newest):
            days[places[episode.last_week][0]] = episode.warning_days or 0
    return days


def _as_alert(rows: Rows, row: int) -> Alert:
    week, day = date_of(int(rows.week[row])), int(rows.out_day[row])
    sunday = week + dt.timedelta(days=6)
    until = sunday + dt.timedelta(days=int(rows.alert_days[row]))
    if rows.alert_outcome[row] != 1:
        return Alert(week, until, Fate.DID_NOT)
    return Alert(week, until, Fate.CAME_TRUE, sunday + dt.timedelta(days=day) if day else None)


def _of(scorer: Scorer, which: BoolArray) -> Scorer:
    return Scorer(scorer.values[which], scorer.is_probability, scorer.alert[which], scorer.warning_days[which])


def measured(rows: Rows, scorers: Mapping[str, Scorer], yardstick: Yardstick) -> dict[str, Measured]:
    """All scorers on the same rows, which are at least one, and on the same draws of their products."""
    _, product = np.unique(rows.product, return_inverse=True)
    bootstrap = Bootstrap(product.astype(np.int64), yardstick.draws, yardstick.seed)
    return {name: _measured(rows, scorer, bootstrap) for name, scorer in scorers.items()}


def _measured(rows: Rows, scorer: Scorer, bootstrap: Bootstrap) -> Measured:
    happened, alert, is_judged = rows.alert_outcome == 1, scorer.alert, np.isfinite(rows.alert_outcome)
    hit, every = alert & happened, np.ones(len(rows), dtype=np.bool_)
    undisturbed = alert & ~rows.received
    draws: dict[str, Draws | None] = {
        "precision": _share(bootstrap, hit, alert),
        "precision_undisturbed": _share(bootstrap, hit, undisturbed),
        "recall": _share(bootstrap, hit, happened),
        "average_precision": None,
    }
    if (rows.outcome == 1).any():
        draws["average_precision"], _ = bootstrap.of_ranking(Ranking(rows.outcome, scorer.values))
    if scorer.is_probability:
        error = np.square(scorer.values.astype(np.float64) - rows.outcome)
        draws["brier"] = bootstrap.of_sums(np.divide, (error, every))
        if len(rows) >= LEAST_ROWS_OF_CALIBRATION:
            draws["calibration_error"] = calibration_error(rows.outcome, scorer.values, every, bootstrap)
    warned = scorer.warning_days > 0
    warning_days = scorer.warning_days[warned].astype(np.float64)
    quartiles = None
    if warned.any():
        draws["warning_days"] = bootstrap.of_quantile(0.5, warning_days, warned)
        low, high = (bootstrap.of_quantile(share, warning_days, warned).value for share in (0.25, 0.75))
        quartiles = low, high
    for what, lost in (("units", rows.units_lost), ("revenue", rows.revenue_lost)):
        draws[f"{what}_lost_after_alert"] = _sum(bootstrap, lost, alert, is_judged)
        draws[f"{what}_lost_without_alert"] = _sum(bootstrap, lost, ~alert, is_judged)
    figures = {name: None if each is None else figure_of(each) for name, each in draws.items()}
    record = ScorerRecord(
        is_probability=scorer.is_probability,
        alerts=int(alert.sum()),
        warning_days_quartiles=quartiles,
        **figures,
    )
    return Measured(record, draws)


def _share(bootstrap: Bootstrap, part: BoolArray, whole: BoolArray) -> Draws | None:
    return bootstrap.of_sums(np.divide, (part, whole)) if whole.any() else None


def _sum(bootstrap: Bootstrap, lost: DoubleArray, which: BoolArray, is_judged: BoolArray) -> Draws | None:
    """Over the rows of which it is known, and whose alerts would be over; None if it is known of none at all."""
    total: Callable[[DoubleArray], DoubleArray] = np.asarray
    known = np.isfinite(lost) & is_judged
    return bootstrap.of_sums(total, (np.where(known & which, lost, 0),)) if known.any() else None


def figure_of(draws: Draws) -> Figure:
    """With its interval."""
    interval = draws.interval()
    return Figure(interval.value, interval.low, interval.high)


def _fates(rows: Rows) -> AlertFates:
    alerts = rows.take(rows.alert & rows.alert_is_over)
    happened, free = alerts.alert_outcome == 1, ~alerts.acknowledged
    known = np.isfinite(alerts.alert_outcome)
    return AlertFates(
        came_true=int((free & happened).sum()),
        did_not=int((free & known & ~happened & ~alerts.received).sum()),
        received=int((free & known & ~happened & alerts.received).sum()),
        unknown=int((free & ~known).sum()),
        acknowledged=int((~free).sum()),
        acknowledged_came_true=int((~free & happened).sum()),
    )
