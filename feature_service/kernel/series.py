"""Windows over one weekly matrix: any window of a product, seen from every week or from the last week alone.

A window's sum is the difference of two running sums, since windows reach over 52 weeks or all of them: so its cost does
not grow with its length. The running sums are float64 and start in the panel's first week.

- Serving equals training bit for bit, whatever the values: a running sum up to a week is made of that row's weeks up
  to it, one after the other, and of nothing else. So it does not matter whether a week is computed alone or with all
  weeks, a product alone or with all others. Both must start at the same first week: the panel that is trained on and
  the one in a snapshot begin with the first week of the data. Weeks before a product's launch add exactly 0.
- Sums of whole numbers (units, orders, days, 0 or 1) and of sums over groups (whole 1/65536ths, see ``groups``) are
  exact while they stay below 2**53 of their steps, so a window holds no trace of the weeks before it.
- Other values (shares, ratios, squares of fractional units) leave the rounding of older weeks in a window: some 1e-13
  of its sum over 100 weeks, against the 6e-8 to which a feature is rounded as float32. A panel that starts at another
  week might thus change the last bit of such a feature. The same holds for ``smoothed``, which reaches back to the
  first week by definition.

What is float32 throughout, as in ``windows``, has no such room: there each window is summed anew.
"""

from collections.abc import Callable
from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray


class Series:
    """A matrix and windows over it.

    Args:
        values: Shape ``(rows, weeks)``, oldest week first; NaN means "not known" and is left out of every window.
        first: The results have the columns from this week on; ``weeks - 1`` for the last week alone.

    Results have the shape ``(rows, weeks - first)``. Each is made once and kept.
    """

    def __init__(self, values: FloatArray | DoubleArray, first: int = 0) -> None:
        self.values: DoubleArray = np.asarray(values, dtype=np.float64)
        self.first = first
        self._results: dict[tuple[str, float], DoubleArray] = {}

    @property
    def now(self) -> DoubleArray:
        """The week itself."""
        return self.values[:, self.first :]

    @cached_property
    def is_known(self) -> BoolArray:
        """Where there is a value, shape ``(rows, weeks)``."""
        return np.isfinite(self.values)

    @cached_property
    def squares(self) -> "Series":
        """The values squared."""
        return Series(self.values * self.values, self.first)

    def ago(self, weeks: int) -> DoubleArray:
        """The value that many weeks earlier; NaN where there is none."""
        return shifted(self.values, weeks)[:, self.first :]

    def known(self, weeks: int = 0) -> DoubleArray:
        """How many of the last ``weeks`` weeks (of all, if 0) have a value."""
        return self._compute_once("known", weeks, lambda: self._window(self._counts, weeks))

    def total(self, weeks: int = 0) -> DoubleArray:
        """Sum over the last ``weeks`` weeks (over all, if 0); NaN where none of them has a value."""
        return self._compute_once(
            "total", weeks, lambda: np.where(self.known(weeks) > 0, self._window(self._sums, weeks), np.nan)
        )

    def mean(self, weeks: int = 0) -> DoubleArray:
        """Mean over those of the last ``weeks`` weeks (of all, if 0) that have a value."""
        return self._compute_once("mean", weeks, lambda: ratio(self._window(self._sums, weeks), self.known(weeks)))

    def spread(self, weeks: int = 0) -> DoubleArray:
        """Standard deviation over the same weeks."""
        mean = self.mean(weeks)
        return np.sqrt(np.maximum(self.squares.mean(weeks) - mean * mean, 0))

    def highest(self, weeks: int = 0) -> DoubleArray:
        """Largest value of the last ``weeks`` weeks (of all, if 0)."""
        filled = np.where(self.is_known, self.values, -np.inf)
        result = filled if weeks else np.maximum.accumulate(filled, axis=1)
        for back in range(1, weeks):
            result = np.maximum(result, shifted(filled, back, before=-np.inf))
        result = result[:, self.first :]
        return np.where(np.isfinite(result), result, np.nan)

    def smoothed(self, half_life_weeks: float) -> DoubleArray:
        """Mean over the weeks with a value, each weighing half as much as one ``half_life_weeks`` later."""
        return self._compute_once("smoothed", half_life_weeks, lambda: self._smoothed(half_life_weeks))

    def last_known(self) -> DoubleArray:
        """The newest value."""
        weeks = np.arange(self.values.shape[1])
        newest = np.maximum.accumulate(np.where(self.is_known, weeks, 0), axis=1)[:, self.first :]
        return np.take_along_axis(self.values, newest, axis=1)

    def weeks_since_positive(self) -> DoubleArray:
        """Weeks since a value above 0: 0 in that week itself, NaN where there was none."""
        weeks = np.arange(self.values.shape[1], dtype=np.float64)
        last = np.maximum.accumulate(np.where(self.values > 0, weeks, -1.0), axis=1)[:, self.first :]
        return np.where(last >= 0, weeks[self.first :] - last, np.nan)

    def _compute_once(self, name: str, argument: float, make: Callable[[], DoubleArray]) -> DoubleArray:
        result = self._results.get((name, argument))
        if result is None:
            result = self._results[name, argument] = make()
        return result

    def _smoothed(self, half_life_weeks: float) -> DoubleArray:
        keep: float = 0.5 ** (1 / half_life_weeks)
        rows, weeks = self.values.shape
        total, weight = np.zeros(rows), np.zeros(rows)
        result = np.empty((rows, weeks - self.first))
        filled = np.where(self.is_known, self.values, 0.0)
        for week in range(weeks):
            total = total * keep + filled[:, week]
            weight = weight * keep + self.is_known[:, week]
            if week >= self.first:
                result[:, week - self.first] = ratio(total, weight)
        return result

    @cached_property
    def _sums(self) -> DoubleArray:
        return _running(np.where(self.is_known, self.values, 0.0))

    @cached_property
    def _counts(self) -> DoubleArray:
        return _running(self.is_known.astype(np.float64))

    def _window(self, running: DoubleArray, weeks: int) -> DoubleArray:
        result = running[:, self.first + 1 :].copy()
        if 0 < weeks < self.values.shape[1]:
            whole = max(self.first, weeks)  # from this week on something lies before the window
            result[:, whole - self.first :] -= running[:, whole + 1 - weeks : running.shape[1] - weeks]
        return result


def _running(values: DoubleArray) -> DoubleArray:
    """Shape ``(rows, weeks + 1)``: what was summed before each week, and all of it at the end."""
    result = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=result[:, 1:])
    return result


def shifted(values: DoubleArray, weeks: int, before: float = np.nan) -> DoubleArray:
    """Each value ``weeks`` columns later; ``before`` where there was none."""
    if not weeks:
        return values
    result = np.full(values.shape, before)
    result[:, weeks:] = values[:, :-weeks]
    return result


def ratio(above: DoubleArray, below: DoubleArray | float) -> DoubleArray:
    """The quotient; NaN where it is no finite number."""
    with np.errstate(all="ignore"):
        quotient = above / below
    return np.where(np.isfinite(quotient), quotient, np.nan)


def filled(values: DoubleArray) -> DoubleArray:
    """0 for "not known": for sums in which nothing known means nothing to add."""
    return np.where(np.isfinite(values), values, 0.0)
