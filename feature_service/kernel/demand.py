"""How much a product will sell: a negative binomial forecast per product, and what it means for a stock.

The mean is exponentially smoothed past demand; the dispersion is learned from how far past weeks lay from what the same
smoothing had said before them. Both are pulled towards a slow seller's where little is known. Weeks that are not known
are left out. The constants were chosen on stores with counted stock, where these forecasts lose nothing against
boosted quantile trees (see DECISIONS.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, Rows
from feature_service.kernel.block import Fields
from feature_service.kernel.fields import DEPLETION, IN_STOCK, MIN_ON_HAND, UNITS_SOLD
from feature_service.kernel.negative_binomial import probability_of_at_least
from feature_service.kernel.series import ratio

_HALF_LIFE_WEEKS, _HALF_LIFE_WEEKS_WANTED = 4.0, 6.0
_USUAL_MEAN, _USUAL_MEAN_WEEKS = 0.2, 0.5
_USUAL_EXCESS, _USUAL_EXCESS_WEEKS = 0.2, 10.0
_LEAST_EXCESS = 0.02
_DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class Demand:
    """Negative binomial demand of a week, per product; shape ``(products,)`` each, NaN where nothing is known.

    Attributes:
        mean: Units per week.
        dispersion: The variance of a week's demand is ``mean + mean**2 / dispersion``. The same holds over several
            weeks, since what varies is mostly the level and not the week.
    """

    mean: DoubleArray
    dispersion: DoubleArray

    def of(self, rows: Rows) -> "Demand":
        """The demand of some products."""
        return Demand(self.mean[rows], self.dispersion[rows])

    def times(self, factor: DoubleArray) -> "Demand":
        """So many times the demand, shape ``(products,)``, which varies as much for its level."""
        return Demand(self.mean * factor, self.dispersion)

    @classmethod
    def joined(cls, parts: Sequence["Demand"]) -> "Demand":
        """That of all parts; at least one."""
        mean, dispersion = (np.concatenate(each) for each in zip(*((d.mean, d.dispersion) for d in parts), strict=True))
        return cls(mean, dispersion)

    def expected_units(self, horizon_weeks: int = 1) -> DoubleArray:
        """Mean demand over the horizon, in units."""
        return self.mean * horizon_weeks

    def stockout_probability(self, units_on_hand: FloatArray | DoubleArray, horizon_weeks: int = 1) -> DoubleArray:
        """Probability that the demand over the horizon uses up the stock, shape ``(products,)``."""
        stock = _stock(units_on_hand)
        return probability_of_at_least(stock, self.expected_units(horizon_weeks), self.dispersion)

    def expected_units_lost(self, units_on_hand: FloatArray | DoubleArray, horizon_weeks: int = 1) -> DoubleArray:
        """Mean of the demand over the horizon that the stock cannot meet, in units, shape ``(products,)``."""
        stock, mean = _stock(units_on_hand), self.expected_units(horizon_weeks)
        # units beyond the stock, weighted by their probability; the first sum is that of a neighbouring distribution
        shifted_mean = mean * (self.dispersion + 1) / self.dispersion
        beyond, reached = probability_of_at_least(
            np.stack([np.ceil(stock) - 1, stock]),
            np.stack([shifted_mean, mean]),
            np.stack([self.dispersion + 1, self.dispersion]),
        )
        lost: DoubleArray = np.maximum(mean * beyond - stock * reached, 0)
        return lost

    def weeks_of_cover(self, units_on_hand: FloatArray | DoubleArray) -> DoubleArray:
        """Weeks of mean demand that the stock lasts, shape ``(products,)``."""
        return ratio(_stock(units_on_hand), self.mean)

    def days_until_out(self, units_on_hand: FloatArray | DoubleArray) -> DoubleArray:
        """Days after the week's end until mean demand has used up the stock, shape ``(products,)``."""
        return self.weeks_of_cover(units_on_hand) * _DAYS_PER_WEEK


def forecast_demand(fields: Fields, week: int) -> Demand:
    """The demand of the weeks after one week; later weeks are not looked at.

    Args:
        fields: The panel's matrices, shape ``(products, weeks)``: ``depletion`` where stock is counted, since it also
            holds what was sold elsewhere, otherwise ``units_sold``.
        week: Column of the ``as_of`` week.
    """
    return _smoothed(fields[demand_field(fields)][:, : week + 1], _HALF_LIFE_WEEKS)


def forecast_wanted(fields: Fields, week: int) -> Demand:
    """The same of what customers want, be it there or not: what an order is made for.

    A week in which a product was out of stock says that at least so much was wanted. It counts where that is more than
    was expected, and is left out otherwise. The level moves more slowly than that of :func:`forecast_demand`: an order
    covers weeks that lie farther ahead (see DECISIONS.md for both, measured).
    """
    weeks = slice(0, week + 1)
    return _smoothed(fields[demand_field(fields)][:, weeks], _HALF_LIFE_WEEKS_WANTED, was_out(fields, weeks))


def demand_field(fields: Fields) -> str:
    """The matrix that tells demand."""
    return DEPLETION if DEPLETION in fields else UNITS_SOLD


def was_out(fields: Fields, weeks: slice) -> BoolArray | None:
    """Weeks in which a product was out of stock on any day, as flags or counts tell; None where neither is known."""
    name = IN_STOCK if IN_STOCK in fields else MIN_ON_HAND
    return np.less_equal(fields[name][:, weeks], 0) if name in fields else None


def _smoothed(weeks: FloatArray, half_life_weeks: float, out: BoolArray | None = None) -> Demand:
    """Of the weeks' units, shape ``(products, weeks)``; in those that were ``out`` of stock they are a least."""
    keep: float = 0.5 ** (1 / half_life_weeks)
    products = len(weeks)
    total, weight, excess, scale = (np.zeros(products) for _ in range(4))
    seen = np.zeros(products, dtype=np.bool_)
    mean = np.full(products, _USUAL_MEAN)
    for column in range(weeks.shape[1]):
        values = weeks[:, column].astype(np.float64)
        known = np.isfinite(values)
        seen |= known
        if out is not None:
            known &= ~out[:, column] | (values > mean)
        units = np.where(known, values, 0.0)
        # beyond what chance alone would make of the mean that was expected
        excess = excess + np.where(known, (units - mean) ** 2 - mean, 0.0)
        scale = scale + np.where(known, mean * mean, 0.0)
        total, weight = total * keep + units, weight * keep + known
        mean = (total + _USUAL_MEAN_WEEKS * _USUAL_MEAN) / (weight + _USUAL_MEAN_WEEKS)
    usual = _USUAL_EXCESS_WEEKS * mean * mean
    over = np.maximum((excess + usual * _USUAL_EXCESS) / (scale + usual), _LEAST_EXCESS)
    return Demand(np.where(seen, mean, np.nan), np.where(seen, 1 / over, np.nan))


def _stock(units_on_hand: FloatArray | DoubleArray) -> DoubleArray:
    """A count below 0 is a stock of none."""
    return np.maximum(np.asarray(units_on_hand, dtype=np.float64), 0)
