"""How much more or less than now will be wanted in the weeks ahead: what all products together did a year before.

One season, or two, say little of a single product, and half of what they say of all products is chance too. So a factor
is the square root of what the market did: chosen on early weeks of a grocer's history, where neither factors of
products and groups nor boosted trees were better (see DECISIONS.md).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from feature_service.kernel.arrays import DoubleArray
from feature_service.kernel.block import Fields
from feature_service.kernel.demand import demand_field, was_out

_ROWS_AT_A_TIME = 8_192
_UNIT = 65_536.0  # sums of whole parts are the same in whatever order
_YEAR_WEEKS = 52
_LEVEL_WEEKS = 13
_LEAST_LEVEL_WEEKS = 3
_NEIGHBOUR_WEEKS = 1
_DAMPING = 0.5


@dataclass(frozen=True)
class Market:
    """What all products together wanted, week by week; shape ``(weeks,)`` each.

    Attributes:
        sums: Units of the products that were in stock all week, in 1/65536ths.
        counts: How many products these are.
    """

    sums: DoubleArray
    counts: DoubleArray

    @classmethod
    def of(cls, fields: Fields) -> "Market":
        """Of the products of a panel's matrices."""
        units = fields[demand_field(fields)]
        known, out = np.isfinite(units), was_out(fields, slice(None))
        if out is not None:
            known &= ~out
        whole = np.rint(np.where(known, units, 0).astype(np.float64) * _UNIT)
        return cls(whole.sum(axis=0), known.sum(axis=0).astype(np.float64))

    @classmethod
    def of_blocks(cls, fields: Fields, after_block: Callable[[], None]) -> "Market":
        """The same, some products at a time, with something to do after each, as to give back memory."""
        first_field = fields[demand_field(fields)]
        parts = [cls.unknown(first_field.shape[1])]
        for first in range(0, len(first_field), _ROWS_AT_A_TIME):
            parts.append(cls.of({name: fields[name][first : first + _ROWS_AT_A_TIME] for name in fields}))
            after_block()
        return cls.joined(parts)

    @classmethod
    def unknown(cls, weeks: int) -> "Market":
        """That of no product: every week to come is one of present demand."""
        return cls(np.zeros(weeks), np.zeros(weeks))

    @classmethod
    def joined(cls, parts: Iterable["Market"]) -> "Market":
        """Of at least one part of a panel, in any order."""
        return reduce(lambda one, other: cls(one.sums + other.sums, one.counts + other.counts), parts)

    def weeks_ahead(self, week: int, most_weeks: int) -> DoubleArray:
        """How many weeks of present demand the next 0, 1, 2 .. ``most_weeks`` weeks will bring.

        Args:
            week: Column of the ``as_of`` week; later ones are not looked at.
            most_weeks: At least 0.
        Returns:
            Not falling, shape ``(most_weeks + 1,)``, from 0; a week counts as one where no year before is known.
        """
        mean = np.divide(self.sums, self.counts * _UNIT, out=np.full(len(self.sums), np.nan), where=self.counts > 0)
        factors = [_factor(mean[: week + 1], ahead) for ahead in range(1, most_weeks + 1)]
        return np.concatenate([[0.0], np.cumsum(factors)])


def _factor(mean: DoubleArray, ahead: int) -> float:
    """Of one week ahead: a year before, that week and its neighbours over the weeks up to the ``as_of`` of then."""
    then = len(mean) - 1 - _YEAR_WEEKS
    week = then + ahead
    if then < _LEAST_LEVEL_WEEKS or week + _NEIGHBOUR_WEEKS >= len(mean):
        return 1.0
    level = _mean(mean[max(then - _LEVEL_WEEKS + 1, 0) : then + 1])
    near = _mean(mean[week - _NEIGHBOUR_WEEKS : week + _NEIGHBOUR_WEEKS + 1])
    return (near / level) ** _DAMPING if level > 0 and near > 0 else 1.0


def _mean(values: DoubleArray) -> float:
    """Of those known; 0 without any."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else 0.0
