"""What the other products of a group did: sums over the market, over a location and over an item's other locations.

Sums are made of whole 1/65536ths, which float64 adds without rounding, so neither the order of the products nor the
number of blocks they come in changes a bit.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from feature_service.kernel.arrays import DoubleArray, GroupNumbers, Rows
from feature_service.kernel.series import Series

_UNIT = 65_536.0
MARKET = "market"

Groups = Mapping[str, Sequence[str]]
"""By name of a grouping, each product's group; an empty text where it has none."""

Measures = Mapping[str, DoubleArray]
"""By name, one number per product and week that can be summed over products; shape ``(products, weeks)``."""


@dataclass(frozen=True)
class Totals:
    """Sums over every group's members.

    Attributes:
        codes: By grouping, the group of each product; -1 where it has none.
        sums: By grouping and measure, shape ``(groups, weeks)``, in 1/65536ths; NaN before the first week in which any
            product is known: nobody can tell what sold then.
        counts: By grouping and measure, how many members are known.
    """

    codes: Mapping[str, GroupNumbers]
    sums: Mapping[tuple[str, str], DoubleArray]
    counts: Mapping[tuple[str, str], DoubleArray]


@dataclass(frozen=True)
class SharedTotals:
    """Sums over groups of which the members lie in several parts of a panel; parts are summed without rounding.

    Attributes:
        names: By grouping, the groups, sorted; what a sum is of.
        sums: By grouping and measure, shape ``(groups, weeks)``, in 1/65536ths; 0 where nobody is known.
        counts: By grouping and measure, how many members are known.
    """

    names: Mapping[str, tuple[str, ...]]
    sums: Mapping[tuple[str, str], DoubleArray]
    counts: Mapping[tuple[str, str], DoubleArray]


def joined(parts: Sequence[SharedTotals]) -> SharedTotals:
    """The sums over all parts of a panel, in any order; at least one part, of the same groupings and measures."""
    groupings = parts[0].names
    names = {name: tuple(sorted({each for part in parts for each in part.names[name]})) for name in groupings}
    place = {grouping: {name: index for index, name in enumerate(of)} for grouping, of in names.items()}
    shapes = {key: (len(names[key[0]]), matrix.shape[1]) for key, matrix in parts[0].sums.items()}
    sums, counts = ({key: np.zeros(shape) for key, shape in shapes.items()} for _ in range(2))
    for part in parts:
        rows = {grouping: [place[grouping][name] for name in of] for grouping, of in part.names.items()}
        for key in sums:
            sums[key][rows[key[0]]] += part.sums[key]
            counts[key][rows[key[0]]] += part.counts[key]
    return SharedTotals(names, sums, counts)


def shared_totals(totals: Totals, groups: Groups, groupings: Iterable[str]) -> SharedTotals:
    """What a part of a panel adds to the sums over some groupings; ``MARKET`` is always among them.

    Args:
        totals: Of the part, from ``totals_of``.
        groups: Its products' groups.
        groupings: Those whose groups have members in other parts.
    """
    wanted = [MARKET, *(name for name in groupings if name in groups)]
    names = {name: ("",) if name == MARKET else tuple(np.unique(groups[name]).tolist()) for name in wanted}
    sums, counts = (
        {key: np.nan_to_num(matrix) for key, matrix in each.items() if key[0] in names}
        for each in (totals.sums, totals.counts)
    )
    return SharedTotals(names, sums, counts)


def with_shared(totals: Totals, shared: SharedTotals, groups: Groups) -> Totals:
    """The totals of a part of a panel with the sums over all parts in place of its own.

    Raises:
        KeyError: If a product's group is not among the shared ones.
    """
    if not shared.counts:  # no part has a product
        return totals
    weeks = next(iter(shared.counts.values())).shape[1]
    known_from = _first_known_week(shared.counts, weeks)
    codes = dict(totals.codes)
    for grouping, names in shared.names.items():
        if grouping != MARKET:
            place = {name: index for index, name in enumerate(names)} | {"": -1}
            codes[grouping] = np.array([place[name] for name in groups[grouping]], dtype=np.intp)
    sums = {key: np.nan_to_num(matrix) for key, matrix in totals.sums.items()} | {
        key: matrix.copy() for key, matrix in shared.sums.items()
    }
    for total in sums.values():
        total[:, :known_from] = np.nan
    return replace(totals, codes=codes, sums=sums, counts={**totals.counts, **shared.counts})


def totals_of(groups: Groups, products: int, weeks: int, blocks: Iterable[tuple[slice, Measures]]) -> Totals:
    """Sum every measure over every group, block of products by block."""
    codes = {MARKET: np.zeros(products, dtype=np.intp)} | {name: _codes(each) for name, each in groups.items()}
    sums: dict[tuple[str, str], DoubleArray] = {}
    counts: dict[tuple[str, str], DoubleArray] = {}
    for rows, measures in blocks:
        for measure, values in measures.items():
            known = np.isfinite(values).astype(np.float64)
            whole = _in_units(values)
            for name, of_products in codes.items():
                shape = (int(of_products.max(initial=0)) + 1, weeks)
                for totals, each in ((sums, whole), (counts, known)):
                    _add(totals.setdefault((name, measure), np.zeros(shape)), of_products[rows], each)
    known_from = _first_known_week(counts, weeks)
    for total in sums.values():
        total[:, :known_from] = np.nan
    return Totals(codes, sums, counts)


class Members:
    """One grouping as seen by some products.

    Args:
        name: Of the grouping.
        totals: Of all products, up to and including the last week.
        rows: The products.
        measures: The products' own. Not a function of whoever looks: each would hold the other, and what a request
            computed would stay in memory until the collector finds the circle.
        shared: Where series over the groups are kept between blocks of products.
        first: See :class:`feature_service.kernel.series.Series`.
    """

    def __init__(
        self,
        name: str,
        totals: Totals,
        rows: Rows,
        measures: Measures,
        shared: dict[tuple[str, str, str], Series],
        first: int,
    ) -> None:
        self._name, self._totals, self._measures, self._shared, self._first = name, totals, measures, shared, first
        self._codes = totals.codes[name][rows] if name in totals.codes else None
        self._others: dict[str, tuple[Series, Series]] = {}

    def sums(self, measure: str) -> Series:
        """Over all members, shape ``(groups, weeks)``."""
        return self._series("sums", self._totals.sums, measure, _UNIT)

    def counts(self, measure: str) -> Series:
        """Known members, shape ``(groups, weeks)``."""
        return self._series("counts", self._totals.counts, measure, 1.0)

    def of_products(self, make: Callable[["Members"], DoubleArray]) -> DoubleArray:
        """What ``make`` says of each group, for each product of it; NaN for a product without a group."""
        if self._codes is None:
            return self._nothing
        of_groups = make(self)
        return np.where(self._codes[:, None] >= 0, of_groups[np.maximum(self._codes, 0)], np.nan)

    def others(self, measure: str) -> tuple[Series, Series]:
        """Sum over the other members and how many are known, for each product; NaN without a group."""
        if measure not in self._others:
            self._others[measure] = self._without_own(measure)
        return self._others[measure]

    def _without_own(self, measure: str) -> tuple[Series, Series]:
        own = self._measures[measure]
        if self._codes is None:
            unknown = Series(np.full(own.shape, np.nan), self._first)
            return unknown, unknown
        group = np.maximum(self._codes, 0)
        has = self._codes[:, None] >= 0
        sums = self._totals.sums[self._name, measure][group] - _in_units(own)
        counts = self._totals.counts[self._name, measure][group] - np.isfinite(own)
        return (
            Series(np.where(has, sums / _UNIT, np.nan), self._first),
            Series(np.where(has, counts, np.nan), self._first),
        )

    @cached_property
    def _nothing(self) -> DoubleArray:
        own = next(iter(self._measures.values()))
        return np.full((own.shape[0], own.shape[1] - self._first), np.nan)

    def _series(self, kind: str, source: Mapping[tuple[str, str], DoubleArray], measure: str, unit: float) -> Series:
        key = (kind, self._name, measure)
        if key not in self._shared:
            self._shared[key] = Series(source[self._name, measure] / unit, self._first)
        return self._shared[key]


def _codes(of_products: Sequence[str]) -> GroupNumbers:
    names = np.asarray(of_products, dtype=np.str_)
    codes = np.unique(names, return_inverse=True)[1].reshape(-1)
    result: GroupNumbers = np.where(names == "", -1, codes).astype(np.intp)
    return result


def _first_known_week(counts: Mapping[tuple[str, str], DoubleArray], weeks: int) -> int:
    """Of any product in any measure; ``weeks`` if there is none."""
    known = sum((of_group.sum(axis=0) for (name, _), of_group in counts.items() if name == MARKET), np.zeros(weeks))
    return int(np.argmax(known > 0)) if known.any() else weeks


def _in_units(values: DoubleArray) -> DoubleArray:
    return np.rint(np.where(np.isfinite(values), values, 0.0) * _UNIT)


def _add(to: DoubleArray, codes: GroupNumbers, values: DoubleArray) -> None:
    inside = codes >= 0
    if not inside.any():
        return
    if len(to) == 1 and inside.all():  # whole numbers of units, so that their order changes no bit
        to[0] += values.sum(axis=0)
        return
    for week in range(values.shape[1]):
        to[:, week] += np.bincount(codes[inside], weights=values[inside, week], minlength=len(to))
