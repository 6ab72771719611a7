"""The tail and the quantiles of the negative binomial distribution, in NumPy alone.

The tail is 1 less the probabilities of fewer units where these are few and leave enough of it, else a regularised
incomplete beta function, which a continued fraction gives; either to 9 digits and more. Each element stops by itself,
so that a number is the same whichever others it is computed with.
"""

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers

_CLOSE = 1e-10
_FEWEST_PAIRS, _MOST_PAIRS = 6, 10_000
_UNITS_AT_A_TIME = 32
_PARTS = np.arange(1, 16) / 16
_STIRLING_FROM = 10
_MOST_MEAN_COUNTED = 100.0
_MOST_UNITS_ADDED = 40
_LEAST_REST = 1e-6  # what is left of 1 has lost no more than six digits


def probability_of_at_least(units: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Probability that a negative binomial demand is at least ``units``.

    Args:
        units: Any number; demand comes in whole units, so 2.5 asks for 3 or more.
        mean: Above 0.
        dispersion: Above 0; the variance is ``mean + mean**2 / dispersion``.
    Returns:
        In [0, 1], of the same shape; NaN where an argument is.
    """
    whole = np.ceil(units)
    known = np.isfinite(whole) & np.isfinite(mean) & np.isfinite(dispersion)
    result = np.where(known, 1.0, np.nan)
    few = known & (whole > 0) & (whole <= _MOST_UNITS_ADDED)  # at least none is certain
    result[few] = 1 - _probability_of_less(whole[few], mean[few], dispersion[few])
    inside = known & ((few & (result < _LEAST_REST)) | (whole > _MOST_UNITS_ADDED))
    a, b = whole[inside], dispersion[inside]
    m = mean[inside]
    result[inside] = _incomplete_beta(a, b, m / (m + b), b / (m + b))
    return result


def quantile(probability: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """The least number of whole units that a negative binomial demand does not exceed with a probability.

    Args:
        probability: In (0, 1).
        mean: Above 0.
        dispersion: Above 0, as in :func:`probability_of_at_least`.
    Returns:
        Of the same shape; NaN where an argument is.
    """
    known = np.isfinite(probability) & np.isfinite(mean) & np.isfinite(dispersion)
    result = np.where(known, 0.0, np.nan)
    few = known & (mean <= _MOST_MEAN_COUNTED)
    result[few] = _counted_quantile(probability[few], mean[few], dispersion[few])
    many = known & ~few
    result[many] = _searched_quantile(probability[many], mean[many], dispersion[many])
    return result


def _probability_of_less(units: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Adds up the probabilities of all whole numbers below ``units``."""
    most_first = np.argsort(-units.astype(np.int16), kind="stable")
    unfinished = np.searchsorted(-units[most_first], -np.arange(int(units.max(initial=0))), side="left")
    mean, dispersion = mean[most_first], dispersion[most_first]
    ratio = mean / (mean + dispersion)
    mass = np.exp(-dispersion * np.log1p(mean / dispersion))
    total = mass.copy()
    for below, count in enumerate(unfinished.tolist()[1:], start=1):
        mass, ratio, dispersion = mass[:count], ratio[:count], dispersion[:count]
        mass *= ratio * (dispersion + (below - 1)) / below
        total[:count] += mass
    result = np.empty_like(total)
    result[most_first] = np.minimum(total, 1.0)
    return result


def _counted_quantile(probability: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Adds up the probabilities of 0, 1, 2 .. units, some at a time: what is fastest where few are wanted."""
    result = np.empty_like(mean)
    unfinished: RowNumbers = np.arange(len(mean))
    ratio = mean / (mean + dispersion)
    mass = np.exp(-dispersion * np.log1p(mean / dispersion))
    total, units = np.zeros_like(mean), np.arange(_UNITS_AT_A_TIME)
    while len(unfinished):
        # of the first of them, and how much more each is than the one before
        factors = np.column_stack([mass, ratio[:, None] * (dispersion[:, None] + units) / (units + 1)])
        masses = np.cumprod(factors, axis=1)
        totals = total[:, None] + np.cumsum(masses[:, :-1], axis=1)
        enough = (totals >= probability[:, None]) | (masses[:, :-1] <= 0)
        done = enough.any(axis=1)
        result[unfinished[done]] = units[enough[done].argmax(axis=1)]
        unfinished, mass, total = unfinished[~done], masses[~done, -1], totals[~done, -1]
        probability, dispersion, ratio = probability[~done], dispersion[~done], ratio[~done]
        units += _UNITS_AT_A_TIME
    return result


def _searched_quantile(probability: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Between two whole numbers around that of the gamma distribution with the same mean and variance."""
    beyond = 1 - probability

    def is_enough(units: DoubleArray, some: RowNumbers) -> BoolArray:
        """Of several numbers for each, shape ``(numbers, some)``, since many cost little more than one."""
        same = np.ones_like(units)
        return probability_of_at_least(units + 1, same * mean[some], same * dispersion[some]) <= beyond[some]

    near = np.floor(_gamma_quantile(probability, mean, 1 / dispersion + 1 / mean))
    apart = np.maximum(1, np.floor(near / 64))
    low, high = np.maximum(near - apart, -1.0), near + apart  # not enough, and enough
    some: RowNumbers = np.arange(len(mean))
    while len(some):
        is_too_high, is_high_enough = is_enough(np.stack([low[some], high[some]]), some)
        is_too_high &= low[some] >= 0
        low[some] = np.where(is_too_high, np.maximum(low[some] - apart[some], -1.0), low[some])
        high[some] = np.where(is_high_enough, high[some], high[some] + apart[some])
        some = some[is_too_high | ~is_high_enough]
        apart[some] *= 2
    while len(some := np.flatnonzero(high - low > 1)):
        between = np.floor(low[some] + (high[some] - low[some]) * _PARTS[:, None])
        enough = is_enough(between, some)
        low[some] = np.where(enough, low[some], between).max(axis=0)
        high[some] = np.where(enough, between, high[some]).min(axis=0)
    return high


def _gamma_quantile(probability: DoubleArray, mean: DoubleArray, relative_variance: DoubleArray) -> DoubleArray:
    """To some per cent: the cube root is nearly normal (Wilson and Hilferty)."""
    tail = np.sqrt(-2 * np.log(np.minimum(probability, 1 - probability)))
    # Abramowitz and Stegun, 26.2.23
    far = (2.515517 + tail * (0.802853 + tail * 0.010328)) / (
        1 + tail * (1.432788 + tail * (0.189269 + tail * 0.001308))
    )
    deviations = np.where(probability < 0.5, far - tail, tail - far)
    ninth = relative_variance / 9
    result: DoubleArray = mean * np.maximum(1 - ninth + deviations * np.sqrt(ninth), 0) ** 3
    return result


def _incomplete_beta(a: DoubleArray, b: DoubleArray, x: DoubleArray, rest: DoubleArray) -> DoubleArray:
    """The regularised incomplete beta function at ``x``; ``rest`` is 1 - x."""
    of_sum, of_a, of_b = np.split(_log_gamma(np.concatenate([a + b, a, b])), 3)  # few are as fast as one
    front = np.exp(a * np.log(x) + b * np.log(rest) + of_sum - of_a - of_b)
    direct = x < (a + 1) / (a + b + 2)  # there the fraction converges fast; elsewhere that of the mirror image does
    fraction = _fraction(np.where(direct, a, b), np.where(direct, b, a), np.where(direct, x, rest))
    value = front * fraction / np.where(direct, a, b)
    return np.clip(np.where(direct, value, 1 - value), 0, 1)


def _fraction(a: DoubleArray, b: DoubleArray, x: DoubleArray) -> DoubleArray:
    """A continued fraction, by as many terms as it takes.

    Its value lies between those of an even and an odd number of pairs of terms, so that what lies between these two is
    more than the error.
    """
    result = np.empty_like(x)
    unfinished: RowNumbers = np.arange(len(x))
    pairs = _FEWEST_PAIRS
    value = _fraction_of(pairs, a, b, x)
    while len(unfinished) and pairs < _MOST_PAIRS:
        before = value
        pairs = 2 * pairs + (pairs + 1) % 2
        value = _fraction_of(pairs, a, b, x)
        result[unfinished] = value
        more = np.abs(value - before) > _CLOSE * value
        unfinished = unfinished[more]
        a, b, x, value = (each[more] for each in (a, b, x, value))
    return result


def _fraction_of(pairs: int, a: DoubleArray, b: DoubleArray, x: DoubleArray) -> DoubleArray:
    """The same of a number of pairs of terms, from the last to the first."""
    both = a + b
    rest = a + (2 * pairs + 1)
    for pair in range(pairs, 0, -1):
        rest = (a + 2 * pair) - (a + pair) * (both + pair) * x / rest
        rest = (a + (2 * pair - 1)) + (b - pair) * (pair * x) / rest
    return a / (a - a * both * x / rest)


def _log_gamma(x: DoubleArray) -> DoubleArray:
    """Stirling's series, reached from small arguments by the recurrence; to about 1e-14 for ``x`` above 0."""
    at = x.astype(np.float64)
    small = np.flatnonzero(at < _STIRLING_FROM)
    passed, low = np.ones(len(small)), at[small]
    for _ in range(_STIRLING_FROM):
        is_low = low < _STIRLING_FROM
        passed, low = np.where(is_low, passed * low, passed), np.where(is_low, low + 1, low)
    at[small] = low
    inverse = 1 / at
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    result: DoubleArray = (at - 0.5) * np.log(at) - at + 0.5 * np.log(2 * np.pi) + series
    result[small] -= np.log(passed)
    return result
