"""What is watched: a column has a statistic for every week, held against the weeks before that week."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from feature_service.kernel.arrays import BoolArray, DoubleArray
from monitoring.drift.statistics.histograms import Distribution
from monitoring.drift.statistics.kinds import GAP_WEEKS, Level, Statistic

REFERENCE_WEEKS, LEAST_REFERENCE_WEEKS = 8, 4
OLDEST_REFERENCE_WEEKS = 21
"""How far back reference weeks are looked for, where newer ones were out of the ordinary."""

Weeks = npt.NDArray[np.intp]
"""Places of weeks among those that are watched, rising."""

INPUT, FEATURE, SCORE, OUTCOME = "input", "feature", "score", "outcome"
SALES, PRICES, INVENTORY, AVAILABILITY = "sales", "prices", "inventory", "availability"
PURCHASE_ORDERS = "purchase_orders"


@dataclass(frozen=True)
class Column:
    """Something of which there is a figure a week.

    Attributes:
        name: E.g. ``units_sold``; unique with ``group``.
        about: ``INPUT``, ``FEATURE``, ``SCORE`` or ``OUTCOME``.
        statistic: What a week is compared by.
        sums: Its parts of every cluster of products, shape ``(CLUSTERS, weeks, parts)``.
        sources: The tables that it is made from.
        measure: What it measures; columns of one measure tell of one thing in several ways.
        group: The products that it is of, e.g. ``location 3``; empty for all.
        note: Of the newest week, to be said behind its figures.
        late_weeks: Weeks after which a figure is known.
    """

    name: str
    about: str
    statistic: Statistic
    sums: DoubleArray
    sources: frozenset[str]
    measure: str = ""
    group: str = ""
    note: str = ""
    late_weeks: int = 0

    @property
    def title(self) -> str:
        """What people read: ``units_sold of location 3``."""
        return f"{self.name} of {self.group}" if self.group else self.name


@dataclass(frozen=True)
class Distances:
    """The distances of columns in every week; shape ``(columns, weeks)`` each. A week is that in which it is known.

    Attributes:
        values: NaN where there are too few products or reference weeks.
        noise: Standard deviation over resampled products.
        is_enough: Where the products are enough, whatever the weeks.
    """

    values: DoubleArray
    noise: DoubleArray
    is_enough: BoolArray


def reference_weeks(is_usual: BoolArray, week: int) -> Weeks:
    """The weeks that a week is held against: the newest that were not out of the ordinary, up to a gap before it.

    Where a quarter held too few of these, what was out of the ordinary is usual by now, and the newest weeks are taken.

    Args:
        is_usual: Of the weeks before, shape ``(weeks,)``.
        week: Its place.
    """
    candidates = np.arange(max(0, week - GAP_WEEKS - OLDEST_REFERENCE_WEEKS), max(0, week - GAP_WEEKS))
    usual = candidates[is_usual[candidates]]
    return (usual if len(usual) >= LEAST_REFERENCE_WEEKS else candidates)[-REFERENCE_WEEKS:]


def distances(columns: Sequence[Column], weights: DoubleArray) -> Distances:
    """The distance of every week from its reference weeks, as if none had been out of the ordinary.

    Args:
        columns: What is watched.
        weights: How often each cluster is drawn, shape ``(draws, CLUSTERS)``.
    """
    values, noise, is_enough = zip(*(_of_all_weeks(column, weights) for column in columns), strict=True)
    return Distances(np.array(values), np.array(noise), np.array(is_enough))


def distance_at(column: Column, weights: DoubleArray, week: int, reference: Weeks) -> tuple[float, float, bool]:
    """The distance of a week from given reference weeks, its noise, and whether there are products enough."""
    shown = reference[reference >= column.late_weeks] - column.late_weeks
    resampled = _figures(column, np.tensordot(weights, column.sums, axes=1))[:, [*shown, week - column.late_weeks]]
    too_few = len(shown) < LEAST_REFERENCE_WEEKS
    now, before = resampled[:, -1:], resampled[:, :-1].mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        noise = float(_noise(column.statistic.distance(now, before))[0])
        exact, usual = parts_at(column, week, reference)
        is_enough = bool(column.statistic.is_enough(exact, usual)) and not too_few
        return float(column.statistic.distance(exact, usual)) if is_enough else np.nan, noise, is_enough


def parts_at(column: Column, week: int, reference: Weeks) -> tuple[DoubleArray, DoubleArray]:
    """The parts of the figure that is known in a week, and those of a usual reference week; shape ``(parts,)`` both."""
    sums = _figures(column, column.sums.sum(axis=0))
    shown = reference[reference >= column.late_weeks] - column.late_weeks
    return sums[week - column.late_weeks], sums[shown].mean(axis=0)


def is_constant(column: Column, week: int, reference: Weeks) -> bool:
    """Whether all products have one value in a week, though in most of its reference weeks they had several."""
    if not isinstance(column.statistic, Distribution) or not len(reference):
        return False
    several = np.count_nonzero(column.sums.sum(axis=0), axis=1) > 1
    return bool(not several[week] and several[reference].mean() > 0.5)


def in_words(column: Column, week: int, reference: Weeks) -> str:
    """What was and what is, of the figure that is known in a week."""
    now, usual = parts_at(column, week, reference)
    if isinstance(column.statistic, Distribution) and is_constant(column, week, reference):
        return f"constant: {column.statistic.median(now)} for every product"
    with np.errstate(all="ignore"):
        said = column.statistic.in_words(now, usual)
    return f"{said}; {column.note}" if column.note else said


def distance_without(column: Column, others: Sequence[Column], week: int, reference: Weeks) -> float:
    """The distance of a column in a week when some groups of it are left out."""
    rest = replace(column, sums=column.sums - sum((other.sums for other in others), np.zeros_like(column.sums)))
    with np.errstate(all="ignore"):
        return float(rest.statistic.distance(*parts_at(rest, week, reference)))


def _of_all_weeks(column: Column, weights: DoubleArray) -> tuple[DoubleArray, DoubleArray, BoolArray]:
    statistic, sums = column.statistic, _figures(column, column.sums.sum(axis=0))
    resampled = _figures(column, np.tensordot(weights, column.sums, axes=1))
    usual = _before(sums)
    with np.errstate(all="ignore"):
        is_enough = statistic.is_enough(sums, usual)
        values = np.where(is_enough, statistic.distance(sums, usual), np.nan)
        noise = _noise(statistic.distance(resampled, _before(resampled)))
    late = column.late_weeks
    shown, unknown = slice(len(values) - late), np.full(late, np.nan)
    return (
        np.concatenate([unknown, values[shown]]),
        np.concatenate([unknown, noise[shown]]),
        np.concatenate([np.zeros(late, dtype=np.bool_), is_enough[shown]]),
    )


def _figures(column: Column, sums: DoubleArray) -> DoubleArray:
    return column.statistic.figures(sums) if isinstance(column.statistic, Level) else sums


def _before(sums: DoubleArray) -> DoubleArray:
    """The mean over the reference weeks of each week, shape ``(..., weeks, parts)``; NaN where these are too few."""
    weeks = np.arange(sums.shape[-2])
    last = np.maximum(weeks - GAP_WEEKS, 0)
    first = np.maximum(last - REFERENCE_WEEKS, 0)
    added = np.concatenate([np.zeros_like(sums[..., :1, :]), np.cumsum(sums, axis=-2)], axis=-2)
    count = np.where(last - first >= LEAST_REFERENCE_WEEKS, last - first, np.nan)[:, None]
    mean: DoubleArray = (added[..., last, :] - added[..., first, :]) / count
    return mean


def _noise(of_draws: DoubleArray) -> DoubleArray:
    """Standard deviation over draws, shape ``(draws, weeks)`` to ``(weeks,)``; a draw may leave nothing to compare."""
    drawn = np.isfinite(of_draws)
    count = np.maximum(drawn.sum(axis=0), 1)
    mean = np.where(drawn, of_draws, 0).sum(axis=0) / count
    noise: DoubleArray = np.sqrt(np.where(drawn, (of_draws - mean) ** 2, 0).sum(axis=0) / count)
    return noise
