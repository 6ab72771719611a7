"""The columns of the inputs: what was sold, at which prices, what was on hand, and how much of it is known at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from data.panel import IN_STOCK, ORDERS, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel.arrays import BoolArray, DoubleArray, GroupNumbers
from monitoring.drift.columns.column import AVAILABILITY, INPUT, INVENTORY, PRICES, SALES, Column
from monitoring.drift.columns.groups import Grouping, groupings_of, present_groups
from monitoring.drift.columns.levels import price_changes
from monitoring.drift.statistics.clusters import CLUSTERS, sums_by
from monitoring.drift.statistics.kinds import BASE_WEEKS, GAP_WEEKS, Level, Share, Statistic, Total

_DAYS = 7
_COUNT_DAYS = "count_days"
_CELLS_PER_BLOCK = 2_000_000


class Part:
    """Some products in the weeks that are watched; every matrix has the shape ``(products, weeks)``."""

    def __init__(self, part: Panel, weeks: int) -> None:
        self._part, self._weeks = part, weeks

    def field(self, name: str) -> DoubleArray:
        """A field of the panel."""
        return self._part.fields[name][:, -self._weeks :].astype(np.float64)

    @property
    def launched(self) -> BoolArray:
        """Where the product is known at all, be it that nobody knows what it sold."""
        known = np.isfinite(self._part.fields[UNITS_SOLD])
        launched: BoolArray = np.maximum.accumulate(known, axis=1)[:, -self._weeks :]
        return launched

    @property
    def records(self) -> BoolArray:
        """Where anything was recorded, a sale or a count."""
        sold: BoolArray = self.field(UNITS_SOLD) > 0
        return sold | (self.field(_COUNT_DAYS) > 0) if _COUNT_DAYS in self._part.fields else sold

    @property
    def price_changes(self) -> DoubleArray:
        """Of each price against the product's own before, as logarithms; NaN where there is none of either."""
        looked_at = self._part.fields[PRICE_MEAN][:, -self._weeks - BASE_WEEKS - GAP_WEEKS :]
        return price_changes(looked_at.astype(np.float64))[:, -self._weeks :]


@dataclass(frozen=True)
class Measure:
    """Something that is measured of the inputs.

    Attributes:
        name: E.g. ``units_sold``.
        source: The table that it is made from.
        fields: That the panel must hold.
        statistic: By which weeks are compared.
        parts: Its parts of each product and part.
        is_by_group: Whether locations and categories are watched by themselves.
    """

    name: str
    source: str
    fields: tuple[str, ...]
    statistic: Statistic
    parts: Callable[[Part], tuple[DoubleArray | BoolArray, ...]]
    is_by_group: bool = False


def _sum_of(values: DoubleArray) -> tuple[DoubleArray, BoolArray]:
    known = np.nan_to_num(values)
    return known, known != 0


def _share_unknown(field: str) -> Callable[[Part], tuple[BoolArray, BoolArray]]:
    return lambda part: (part.launched & ~np.isfinite(part.field(field)), part.launched)


def _price_unknown(part: Part) -> tuple[BoolArray, BoolArray]:
    sold = part.field(UNITS_SOLD) > 0
    return sold & ~(part.field(PRICE_MEAN) > 0), sold


def _price_level(part: Part) -> tuple[DoubleArray, BoolArray]:
    changes = part.price_changes
    known = np.isfinite(changes)
    return np.where(known, changes, 0), known


def _in_stock(part: Part) -> tuple[BoolArray, BoolArray]:
    flag = part.field(IN_STOCK)
    return flag == 1, np.isfinite(flag)


def _number(chosen: BoolArray) -> tuple[BoolArray, BoolArray]:
    return chosen, chosen


def _field(name: str, each: float = 1) -> Callable[[Part], tuple[DoubleArray, BoolArray]]:
    return lambda part: _sum_of(part.field(name) / each)


_NUMBER, _UNKNOWN = Total(), Share()
_SOLD = Total(per=" a week")

MEASURES = (
    Measure("units_sold unknown", SALES, (UNITS_SOLD,), _UNKNOWN, _share_unknown(UNITS_SOLD)),
    Measure("price_mean unknown", PRICES, (PRICE_MEAN,), _UNKNOWN, _price_unknown),
    Measure("units_on_hand unknown", INVENTORY, (UNITS_ON_HAND,), _UNKNOWN, _share_unknown(UNITS_ON_HAND)),
    Measure("in_stock unknown", AVAILABILITY, (IN_STOCK,), _UNKNOWN, _share_unknown(IN_STOCK)),
    Measure("products known", SALES, (UNITS_SOLD,), _NUMBER, lambda part: _number(part.launched)),
    Measure("units_sold", SALES, (UNITS_SOLD,), _SOLD, _field(UNITS_SOLD), is_by_group=True),
    Measure("price_mean", PRICES, (PRICE_MEAN,), Level(), _price_level, is_by_group=True),
    Measure("units_on_hand", INVENTORY, (UNITS_ON_HAND,), _NUMBER, _field(UNITS_ON_HAND), is_by_group=True),
    Measure("in_stock", AVAILABILITY, (IN_STOCK,), Share(), _in_stock, is_by_group=True),
    Measure("sales recorded a day", SALES, (ORDERS,), _NUMBER, _field(ORDERS, _DAYS)),
    Measure("counts a day", INVENTORY, (_COUNT_DAYS,), _NUMBER, _field(_COUNT_DAYS, _DAYS), is_by_group=True),
    Measure("products sold", SALES, (UNITS_SOLD,), _NUMBER, lambda part: _number(part.field(UNITS_SOLD) > 0)),
    Measure("products counted", INVENTORY, (_COUNT_DAYS,), _NUMBER, lambda part: _number(part.field(_COUNT_DAYS) > 0)),
)
"""In the order in which they are named, where several drift that are made from one table."""


@dataclass(frozen=True)
class Inputs:
    """The columns of the inputs.

    Attributes:
        columns: What is watched.
        groups: Every measure of every group that is watched, whether that measure is or not: what tells where a change
            of all products came from.
    """

    columns: tuple[Column, ...]
    groups: tuple[Column, ...]


def input_columns(panel: Panel, clusters: GroupNumbers, weeks: int) -> Inputs:
    """Measure all products of a panel, some at a time.

    Args:
        panel: Products x weeks.
        clusters: Of each product.
        weeks: How many of the newest weeks are watched.
    """
    measures = [each for each in MEASURES if set(each.fields) <= set(panel.fields)]
    groupings = groupings_of(panel)
    of_all = {each.name: _Sums(clusters, CLUSTERS) for each in measures}
    of_groups = {
        (each.name, grouping.name): _Sums(_codes_in(grouping, clusters), len(grouping.watched) * CLUSTERS)
        for each in measures
        for grouping in groupings
    }
    records = {each.name: _Sums(each.codes, len(each.groups)) for each in groupings}
    for rows in _blocks(panel):
        part = Part(panel.part(rows), weeks)
        for measure in measures:
            values = np.stack(measure.parts(part), axis=-1).astype(np.float64)
            of_all[measure.name].add(rows, values)
            for grouping in groupings:
                of_groups[measure.name, grouping.name].add(rows, values)
        for grouping in groupings:
            records[grouping.name].add(rows, part.records.astype(np.float64))
        panel.release()
    columns = [_column(each, of_all[each.name].sums) for each in measures]
    groups = [
        _column(each, sums, f"{grouping.name} {grouping.groups[code]}")
        for each in measures
        for grouping in groupings
        for code, sums in zip(grouping.watched, of_groups[each.name, grouping.name].by_group(), strict=True)
    ]
    there = [present_groups(each, records[each.name].sums) for each in groupings]
    by_group = {each.name for each in measures if each.is_by_group}
    return Inputs((*columns, *there, *(each for each in groups if each.name in by_group)), tuple(groups))


class _Sums:
    """Sums over products by their codes, added up some products at a time."""

    def __init__(self, codes: GroupNumbers, count: int) -> None:
        self._codes, self._count = codes, count
        self.sums: DoubleArray = np.zeros(0)

    def add(self, rows: slice, values: DoubleArray) -> None:
        of_rows = sums_by(self._codes[rows], self._count, values)
        self.sums = self.sums + of_rows if self.sums.size else of_rows

    def by_group(self) -> DoubleArray:
        """Shape ``(groups, CLUSTERS, ...)``."""
        return self.sums.reshape(-1, CLUSTERS, *self.sums.shape[1:])


def _column(measure: Measure, sums: DoubleArray, group: str = "") -> Column:
    sources = frozenset({measure.source})
    return Column(measure.name, INPUT, measure.statistic, sums, sources, measure=measure.name, group=group)


def _codes_in(grouping: Grouping, clusters: GroupNumbers) -> GroupNumbers:
    """A code of each product for its group and cluster; -1 where the group is not watched."""
    places = np.full(len(grouping.groups) + 1, -1, dtype=np.intp)  # the last place is that of products without a group
    places[list(grouping.watched)] = np.arange(len(grouping.watched))
    place = places[grouping.codes]
    return np.where(place >= 0, place * CLUSTERS + clusters, -1)


def _blocks(panel: Panel) -> Iterator[slice]:
    size = max(1, _CELLS_PER_BLOCK // len(panel.weeks))
    return (slice(first, first + size) for first in range(0, max(len(panel.product_ids), 1), size))
