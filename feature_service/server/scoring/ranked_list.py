"""The ranked list: which products with a risk a filter lets through, in which order."""

from __future__ import annotations  # NumPy's types

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from feature_service.kernel import BoolArray, FloatArray
from feature_service.server.scoring.planner import Figures
from feature_service.server.scoring.queries import RankFilter, RankOrder

RankedRows = npt.NDArray[np.int32]
Key = npt.NDArray[np.floating]

KEPT_LISTS = 8
"""Lists that are kept, since clients walk through their pages: 4 bytes a product each."""


class Categories:
    """Which product is of which category: made once for a snapshot, whatever its products are answered with."""

    def __init__(self, categories: Sequence[str]) -> None:
        self._codes = {name: code for code, name in enumerate(sorted(set(categories)))}
        self._code = np.fromiter(map(self._codes.__getitem__, categories), np.int32, len(categories))

    def hold(self, name: str, rows: RankedRows) -> BoolArray:
        """Where rows are of the category."""
        of_category: BoolArray = self._code[rows] == self._codes.get(name, -1)
        return of_category


class RankedList:
    """Ranks the products of one snapshot, by numbers of rows.

    Args:
        probabilities: Shape ``(products,)``, NaN where there is none.
        alerts: Which raise one, shape ``(products,)``.
        categories: Those of the products.
        keys: What each order goes by, smallest first, NaN last; shape ``(products,)``.
        out_of_stock: Rows without a probability that come before all others, where they are asked for.
    """

    def __init__(
        self,
        probabilities: FloatArray,
        alerts: BoolArray,
        categories: Categories,
        keys: Mapping[RankOrder, Key],
        out_of_stock: npt.NDArray[np.integer],
    ) -> None:
        self._probabilities, self._alerts, self._keys = probabilities.astype(np.float64), alerts, keys
        self._categories = categories
        self._scored = np.flatnonzero(np.isfinite(probabilities)).astype(np.int32)
        self._out_of_stock = out_of_stock.astype(np.int32)
        self._orders: dict[RankOrder, RankedRows] = {}
        self._lists: OrderedDict[RankFilter, RankedRows] = OrderedDict()

    def rows(self, rank_filter: RankFilter) -> RankedRows:
        """The rows that a filter lets through, in its order; ties in the snapshot's, which is by product id."""
        if rank_filter in self._lists:
            self._lists.move_to_end(rank_filter)
            return self._lists[rank_filter]
        ordered = self._ordered(rank_filter.order)
        rows = ordered[self._passes(rank_filter, ordered)]
        if rank_filter.include_out_of_stock:
            out = self._out_of_stock
            rows = np.concatenate([out[self._of_category(rank_filter, out)], rows])
        self._lists[rank_filter] = rows
        if len(self._lists) > KEPT_LISTS:
            self._lists.popitem(last=False)
        return rows

    def _ordered(self, order: RankOrder) -> RankedRows:
        if order not in self._orders:
            self._orders[order] = self._scored[np.argsort(self._keys[order][self._scored], kind="stable")]
        return self._orders[order]

    def _passes(self, rank_filter: RankFilter, rows: RankedRows) -> BoolArray:
        passes: BoolArray = self._probabilities[rows] >= rank_filter.minimum_probability
        if rank_filter.alert_only:
            passes &= self._alerts[rows]
        return passes & self._of_category(rank_filter, rows)

    def _of_category(self, rank_filter: RankFilter, rows: RankedRows) -> BoolArray:
        if not rank_filter.category:
            return np.ones(len(rows), dtype=np.bool_)
        return self._categories.hold(rank_filter.category, rows)


def sort_keys(probabilities: FloatArray, run_out: FloatArray, figures: Figures) -> dict[RankOrder, Key]:
    """What each order goes by: the greatest probability or revenue, the earliest date first.

    Args:
        probabilities: Shape ``(products,)``; NaN where there is none.
        run_out: The probability to be out by the end of each week ahead, shape ``(products, weeks)``.
        figures: Of the same products.
    """
    until_relief = figures.relief_probability if run_out.shape[1] else probabilities
    return {
        RankOrder.PROBABILITY: -probabilities,
        RankOrder.REVENUE_AT_RISK: -figures.revenue_at_risk,
        RankOrder.REORDER_BY_DATE: figures.reorder_in_days,
        RankOrder.RELIEF_PROBABILITY: -until_relief,
        RankOrder.REVENUE_AT_RISK_BEFORE_RELIEF: -figures.revenue_at_risk_before_relief,
        RankOrder.EXPEDITE_BY_DATE: figures.expedite_in_days,
    }
