"""The tail and the quantiles of the negative binomial distribution, in NumPy alone.

The tail is 1 less the probabilities of fewer units where these are few and leave enough of it, else a regularised
incomplete beta function, which a continued fraction gives; either to 9 digits and more. Each element stops by itself,
so that a number is the same whichever others it is computed with.
"""

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers

_TINY = 1e-300
_CLOSE = 1e-14
_MOST_STEPS = 10_000
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
    result[many] = _bisected_quantile(probability[many], mean[many], dispersion[many])
    return result


def _probability_of_less(units: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Adds up the probabilities of all whole numbers below ``units``."""
    ratio = mean / (mean + dispersion)
    mass = np.exp(-dispersion * np.log1p(mean / dispersion))
    total = mass.copy()
    for below in range(1, int(units.max(initial=0))):
        mass = mass * ratio * (dispersion + (below - 1)) / below
        total = np.where(below < units, total + mass, total)
    return np.minimum(total, 1.0)


def _counted_quantile(probability: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Adds up the probabilities of 0, 1, 2 .. units: what is fastest where few are wanted."""
    result = np.empty_like(mean)
    unfinished: RowNumbers = np.arange(len(mean))
    ratio = mean / (mean + dispersion)
    mass = np.exp(-dispersion * np.log1p(mean / dispersion))
    total, units = mass.copy(), 0
    while len(unfinished):
        more = (total < probability) & (mass > 0)
        result[unfinished[~more]] = units
        unfinished = unfinished[more]
        probability, dispersion, ratio, mass, total = (
            each[more] for each in (probability, dispersion, ratio, mass, total)
        )
        mass = mass * ratio * (dispersion + units) / (units + 1)
        total, units = total + mass, units + 1
    return result


def _bisected_quantile(probability: DoubleArray, mean: DoubleArray, dispersion: DoubleArray) -> DoubleArray:
    """Between two whole numbers around that of the gamma distribution with the same mean and variance."""
    beyond = 1 - probability

    def is_enough(units: DoubleArray, some: RowNumbers) -> BoolArray:
        return probability_of_at_least(units + 1, mean[some], dispersion[some]) <= beyond[some]

    near = np.floor(_gamma_quantile(probability, mean, 1 / dispersion + 1 / mean))
    apart = np.maximum(1, np.floor(near / 64))
    low, high = np.maximum(near - apart, -1.0), near + apart  # not exceeded too rarely, often enough
    for bound, outward, is_right in ((low, -1, False), (high, 1, True)):
        some, step = np.arange(len(mean)), apart.copy()
        while len(some := some[(bound[some] >= 0) & (is_enough(bound[some], some) != is_right)]):
            bound[some] = np.maximum(bound[some] + outward * step[some], -1.0)
            step[some] *= 2
    while len(some := np.flatnonzero(high - low > 1)):
        middle = np.floor((low[some] + high[some]) / 2)
        enough = is_enough(middle, some)
        low[some[~enough]], high[some[enough]] = middle[~enough], middle[enough]
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
    """Lentz's continued fraction."""
    result = np.empty_like(x)
    unfinished: RowNumbers = np.arange(len(x))
    c = np.ones_like(x)
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for step in range(1, _MOST_STEPS):
        twice = a + 2 * step
        even = step * (b - step) * x / ((twice - 1) * twice)
        d = 1 / _away_from_zero(1 + even * d)
        c = _away_from_zero(1 + even / c)
        value = value * d * c
        odd = -(a + step) * (a + b + step) * x / (twice * (twice + 1))
        d = 1 / _away_from_zero(1 + odd * d)
        c = _away_from_zero(1 + odd / c)
        change = d * c
        value = value * change
        more = np.abs(change - 1) > _CLOSE
        result[unfinished[~more]] = value[~more]
        unfinished = unfinished[more]
        a, b, x, c, d, value = (each[more] for each in (a, b, x, c, d, value))
        if not len(unfinished):
            break
    result[unfinished] = value
    return result


def _log_gamma(x: DoubleArray) -> DoubleArray:
    """Stirling's series, reached from small arguments by the recurrence; to about 1e-14 for ``x`` above 0."""
    shift = np.zeros_like(x)
    at = x.astype(np.float64)
    for _ in range(_STIRLING_FROM):
        small = at < _STIRLING_FROM
        shift = shift + np.where(small, np.log(at), 0.0)
        at = np.where(small, at + 1, at)
    inverse = 1 / at
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))))
    result: DoubleArray = (at - 0.5) * np.log(at) - at + 0.5 * np.log(2 * np.pi) + series - shift
    return result


def _away_from_zero(value: DoubleArray) -> DoubleArray:
    return np.where(value == 0, _TINY, value)
