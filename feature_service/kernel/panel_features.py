"""The features of a panel: of all weeks for training, of one for serving, with a client's own stock if it sends one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import FloatArray, RowNumbers, Rows
from feature_service.kernel.block import Block, Fields
from feature_service.kernel.deliveries import Deliveries, Incoming, PurchaseOrders
from feature_service.kernel.errors import InsufficientHistoryError, MissingFieldsError
from feature_service.kernel.features import FeatureSet, History
from feature_service.kernel.fields import PURCHASE_ORDERS
from feature_service.kernel.groups import Groups, SharedTotals, Totals, shared_totals, totals_of, with_shared
from feature_service.kernel.series import Series

_CELLS_PER_BLOCK = 100_000
"""Products x weeks computed at a time: so few that a block is still in the cache when it is reused."""


class PanelFeatures:
    """A feature set over a panel, with the sums over groups made once.

    Args:
        feature_set: The feature set.
        fields: The panel's matrices, shape ``(products, weeks)``, oldest week first.
        groups: By name of a grouping, e.g. ``location`` and ``item``, each product's group; a set's features of a
            grouping that is not given are unknown.
        shared: Sums over all products, where these are a part of them; groupings that are not among these must lie in
            this part whole.
        purchase_orders: Of these products; None where the data has none.

    Raises:
        MissingFieldsError: If the panel lacks a field of the set, or orders that it looks at.
    """

    def __init__(
        self,
        feature_set: FeatureSet,
        fields: Fields,
        groups: Groups | None = None,
        shared: SharedTotals | None = None,
        purchase_orders: PurchaseOrders | None = None,
    ) -> None:
        missing = tuple(name for name in feature_set.fields if name not in fields)
        if feature_set.takes_orders and purchase_orders is None:
            missing = (*missing, PURCHASE_ORDERS)
        if missing:
            raise MissingFieldsError(feature_set.name, missing)
        self.feature_set = feature_set
        self._fields = {name: fields[name] for name in feature_set.fields}
        self.products, self.weeks = fields[feature_set.fields[0]].shape
        self._groups = groups or {}
        self._orders = purchase_orders if feature_set.takes_orders else None
        self._totals = self._totals_over(self._groups)
        if self._totals is not None and shared is not None:
            self._totals = with_shared(self._totals, shared, self._groups)

    def shared_totals(self, groupings: Iterable[str]) -> SharedTotals | None:
        """What these products add to the sums over all products; None if the set looks at each product alone.

        Args:
            groupings: Beside all products together: those whose groups have members elsewhere.
        """
        return None if self._totals is None else shared_totals(self._totals, self._groups, groupings)

    def of_all_weeks(self, out: FloatArray | None = None) -> FloatArray:
        """Every feature of every product, as seen at the end of every week.

        Args:
            out: Array of the result's shape to fill; a new one if None. Memory that was used before is several times
                faster than new memory, which costs more than the arithmetic.
        Returns:
            Shape ``(features, products, weeks)``; NaN where a feature is not known.
        Raises:
            InsufficientHistoryError: If the panel itself is shorter than the set's history.
        """
        shape = (len(self.feature_set.features), self.products, self.weeks)
        result = np.empty(shape, dtype=np.float32) if out is None else out
        for _ in self._blocks_into(lambda rows: result[:, rows]):
            pass
        return result

    def blocks(self) -> Iterator[tuple[slice, FloatArray]]:
        """The same values, some products at a time, bit for bit: for whoever has no room for all of them.

        Returns:
            Which products, and their features, shape ``(features, products, weeks)``; the array is used again for the
            next block, so what is wanted of it must be taken before.
        Raises:
            InsufficientHistoryError: If the panel itself is shorter than the set's history.
        """
        size = max((part.stop - part.start for part in self._parts(self.products)), default=0)
        room = np.empty((len(self.feature_set.features), size, self.weeks), dtype=np.float32)
        return self._blocks_into(lambda rows: room[:, : min(rows.stop, self.products) - rows.start])

    def _blocks_into(self, room_for: Callable[[slice], FloatArray]) -> Iterator[tuple[slice, FloatArray]]:
        if self.weeks < self.feature_set.history_weeks:
            raise InsufficientHistoryError(self.feature_set.history_weeks, self.weeks)
        shared: dict[tuple[str, str, str], Series] = {}
        for rows in self._parts(self.products):
            out = room_for(rows)
            block = Block(self._fields_of(rows, slice(None)), 0, rows, self._totals, shared, self._orders_of(rows))
            self.feature_set.compute_into(block, out)
            yield rows, out

    def at(self, week: int, rows: Rows = slice(None)) -> FloatArray:
        """Every feature as seen at the end of one week; later weeks are not looked at.

        Args:
            week: Column of the ``as_of`` week.
            rows: The products that are wanted.
        Returns:
            Shape ``(rows, features)``; NaN where a feature is not known.
        Raises:
            InsufficientHistoryError: If the panel holds too few weeks up to ``week``.
        """
        if week + 1 < self.feature_set.history_weeks:
            raise InsufficientHistoryError(self.feature_set.history_weeks, week + 1)
        row_numbers = np.arange(self.products)[rows]
        result = np.empty((len(row_numbers), len(self.feature_set.features)), dtype=np.float32)
        for part in self._parts(len(row_numbers)):
            block = self._block_at(week, row_numbers[part])
            products, columns = next(iter(block.fields.values())).shape
            features = np.empty((len(self.feature_set.features), products, columns - block.first), dtype=np.float32)
            self.feature_set.compute_into(block, features)
            result[part] = features[:, :, -1].T
        return result

    def with_stock_at(self, week: int, rows: Rows = slice(None)) -> "StockFeatures | None":
        """What answers for a client's own stock at the end of one week; None if the set knows no stock.

        Args:
            week: Column of the ``as_of`` week.
            rows: The products that are wanted.
        """
        history_of = self.feature_set.stock_history
        if history_of is None:
            return None
        numbers = np.arange(self.products)[rows]
        parts = [history_of(self._block_at(week, numbers[part])) for part in self._parts(len(numbers))]
        history = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}
        return StockFeatures(self.feature_set, self.at(week, rows), history)

    def _block_at(self, week: int, rows: RowNumbers) -> Block:
        """Up to ``week``; of a set that looks back a few weeks only, those alone."""
        if self.feature_set.unknown_allowed:
            totals = _up_to(self._totals, week)
            return Block(
                self._fields_of(rows, slice(week + 1)), week, rows, totals, purchase_orders=self._orders_of(rows)
            )
        return Block(self._fields_of(rows, slice(week + 1 - self.feature_set.history_weeks, week + 1)))

    def _fields_of(self, rows: Rows, weeks: slice) -> Fields:
        return {name: matrix[rows, weeks] for name, matrix in self._fields.items()}

    def _orders_of(self, rows: Rows) -> PurchaseOrders | None:
        return None if self._orders is None else self._orders.of(rows)

    def _parts(self, products: int) -> Iterator[slice]:
        size = max(1, _CELLS_PER_BLOCK // max(1, self.weeks))
        return (slice(first, first + size) for first in range(0, products, size))

    def _totals_over(self, groups: Groups) -> Totals | None:
        measures = self.feature_set.measures
        if measures is None:
            return None
        blocks = (
            (rows, measures(Block(self._fields_of(rows, slice(None)), 0, rows))) for rows in self._parts(self.products)
        )
        return totals_of(groups, self.products, self.weeks, blocks)


@dataclass(frozen=True)
class StockFeatures:
    """The features of some products in one week, and what they become with another stock.

    Attributes:
        feature_set: The feature set.
        features: With the panel's stock, shape ``(products, features)``.
        history: What a stock is compared with, of each of these products.
    """

    feature_set: FeatureSet
    features: FloatArray
    history: History

    def with_units_on_hand(
        self,
        rows: RowNumbers,
        units_on_hand: FloatArray,
        incoming: Incoming | None = None,
    ) -> FloatArray:
        """The features of some products, each as if the panel held this stock of that product and all else as it is.

        Args:
            rows: Which of these products are wanted.
            units_on_hand: Units at the week's end, shape ``(rows,)``, finite.
            incoming: What is on the way to these rows, instead of what the panel knows, where the set looks at orders.
        Returns:
            Shape ``(rows, features)``.
        """
        result = self.features[rows]
        stock = units_on_hand.astype(np.float64)[:, None]
        history = {name: values[rows] for name, values in self.history.items()}
        if incoming is not None and self.feature_set.takes_orders:
            usual = history["delivery_lateness_days"]  # of the supplier, whatever is on the way
            history |= {**vars(Deliveries.of(incoming)), "delivery_lateness_days": usual}
        with np.errstate(all="ignore"):
            for each in self.feature_set.stock_formulas:
                values = each.value(stock, history)[:, 0]
                column = self.feature_set.feature_names.index(each.feature.name)
                result[:, column] = np.where(np.isfinite(values), values, np.nan)
        return result


def features_of_all_weeks(
    feature_set: FeatureSet,
    fields: Fields,
    out: FloatArray | None = None,
    *,
    groups: Groups | None = None,
    purchase_orders: PurchaseOrders | None = None,
) -> FloatArray:
    """See :meth:`PanelFeatures.of_all_weeks`."""
    return PanelFeatures(feature_set, fields, groups, purchase_orders=purchase_orders).of_all_weeks(out)


def features_at(
    feature_set: FeatureSet,
    fields: Fields,
    week: int,
    *,
    groups: Groups | None = None,
    purchase_orders: PurchaseOrders | None = None,
) -> FloatArray:
    """See :meth:`PanelFeatures.at`; later weeks are left out of the sums over groups as well."""
    up_to = {name: fields[name][:, : week + 1] for name in fields}
    return PanelFeatures(feature_set, up_to, groups, purchase_orders=purchase_orders).at(week)


def _up_to(totals: Totals | None, week: int) -> Totals | None:
    if totals is None:
        return None
    sums, counts = (
        {key: values[:, : week + 1] for key, values in each.items()} for each in (totals.sums, totals.counts)
    )
    return Totals(totals.codes, sums, counts)
