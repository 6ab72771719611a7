"""What is on the way: orders with suppliers, as a panel holds them beside its weeks."""

from dataclasses import dataclass, fields, replace

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray, Rows

NOT_RECEIVED = np.iinfo(np.int64).max
"""The received day of an order of which no receipt is known."""

DAYS_AHEAD = 14
"""Days of which it is told what comes in on each."""

LOST_AFTER_DAYS = 28
"""An order that is overdue by more does not come any more."""

_LATENESS_PULL = 2


@dataclass(frozen=True)
class PurchaseOrders:
    """Orders with suppliers: all of the first product, then all of the next one, each product's by their expected day.

    Days count from the first day of the panel's first week; those before it are below 0. An order is closed by its
    receipt, whatever came of it.

    Attributes:
        first: Place of each product's first order, and behind the last product the number of orders; shape
            ``(products + 1,)``.
        ordered_day: Shape ``(orders,)``, as are the others.
        expected_day: On which it was promised.
        received_day: ``NOT_RECEIVED`` where no receipt is known.
        units: Ordered, above 0; float32.
        received_units: At least 0; NaN where no receipt is known.
    """

    first: IntArray
    ordered_day: IntArray
    expected_day: IntArray
    received_day: IntArray
    units: FloatArray
    received_units: FloatArray

    @classmethod
    def none(cls, products: int) -> "PurchaseOrders":
        """No order of any product."""
        days, units = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        return cls(np.zeros(products + 1, dtype=np.int64), days, days, days, units, units)

    @property
    def products(self) -> int:
        """How many there are, with an order or without."""
        return len(self.first) - 1

    @property
    def has_come(self) -> BoolArray:
        """Whether anything came of each order; one that was closed with no unit was cancelled, and was never late."""
        came: BoolArray = (self.received_day != NOT_RECEIVED) & (self.received_units > 0)
        return came

    @property
    def product(self) -> IntArray:
        """The product of each order, by its place."""
        return np.repeat(np.arange(self.products), np.diff(self.first))

    def of(self, rows: Rows) -> "PurchaseOrders":
        """Those of some products, which are counted from 0 again.

        Args:
            rows: Places of products, in any order.
        """
        chosen = np.arange(self.products)[rows] if isinstance(rows, slice) else rows  # a few of many
        counts = self.first[chosen + 1] - self.first[chosen]
        first = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(first[-1]) - np.repeat(first[:-1], counts)
        orders = np.repeat(self.first[chosen], counts) + within
        of_orders = {each.name: getattr(self, each.name)[orders] for each in fields(self) if each.name != "first"}
        return replace(self, first=first, **of_orders)


@dataclass(frozen=True)
class Deliveries:
    """What is on the way to some products at the end of some weeks; shape ``(rows, columns)`` but for the first.

    An order is expected on its promised day and as many days later as the product's orders usually were by then. One
    that is overdue is expected on the next day, until it is taken for lost.

    Attributes:
        arriving: Units that come in up to and including the 1st, 2nd .. day ahead, shape
            ``(rows, columns, DAYS_AHEAD)``.
        days_to_delivery: Days until the first order is expected, 0 or less where it is overdue; NaN where there is
            none.
        days_to_second_delivery: The same of the second one, at least 1.
        delivery_units: Units of the first one; NaN where there is none.
        on_order_units: Units of all of them; 0 where there is none.
        delivery_lateness_days: Days after the promised one on which the product's orders usually came, pulled towards 0
            by two orders.
    """

    arriving: DoubleArray
    days_to_delivery: DoubleArray
    days_to_second_delivery: DoubleArray
    delivery_units: DoubleArray
    on_order_units: DoubleArray
    delivery_lateness_days: DoubleArray

    @classmethod
    def seen(cls, orders: PurchaseOrders, first: int, last: int) -> "Deliveries":
        """As they were known at the end of each week; nothing after it is looked at.

        Args:
            orders: Of the rows.
            first: Number of the panel's week in the first column.
            last: That of the week behind the last column.
        """
        columns = last - first
        lateness = _lateness(orders, first, columns)
        order, column = _on_the_way(orders, first, columns)
        row, today = orders.product[order], _last_day(first + column)
        late = np.rint(lateness[row, column]).astype(np.int64)
        days = orders.expected_day[order] + late - today
        return cls._of((orders.products, columns), row, column, days, orders.units[order], lateness)

    @classmethod
    def of(cls, incoming: "Incoming") -> "Deliveries":
        """The same of what comes after one day, believed to the day; shape ``(rows, 1)``."""
        row, place = np.nonzero(np.isfinite(incoming.days))
        days, units = incoming.promised_days[row, place].astype(np.int64), incoming.units[row, place]
        rows = len(incoming.days)
        return cls._of((rows, 1), row, np.zeros_like(row), days, units, np.zeros((rows, 1)))

    @classmethod
    def _of(
        cls,
        shape: tuple[int, int],
        row: IntArray,
        column: IntArray,
        days: IntArray,
        units: FloatArray | DoubleArray,
        lateness: DoubleArray,
    ) -> "Deliveries":
        by_day = np.lexsort((days, column, row))
        row, column, days = row[by_day], column[by_day], days[by_day]
        units = units[by_day].astype(np.float64)
        ahead = np.maximum(days, 1)
        # what comes on one day is one delivery, in however many lines it was ordered
        is_new = np.ones(len(row), dtype=np.bool_)
        is_new[1:] = (np.diff(row) != 0) | (np.diff(column) != 0) | (np.diff(ahead) != 0)
        units = np.add.reduceat(units, np.flatnonzero(is_new)) if len(units) else units
        row, column, days, ahead = (each[is_new] for each in (row, column, days, ahead))
        arriving = np.zeros((*shape, DAYS_AHEAD))
        near = ahead <= DAYS_AHEAD
        np.add.at(arriving, (row[near], column[near], ahead[near] - 1), units[near])
        on_order = np.zeros(shape)
        np.add.at(on_order, (row, column), units)
        days_to, second, size = (np.full(shape, np.nan) for _ in range(3))
        cell = row * shape[1] + column
        is_first = np.diff(cell, prepend=-1) != 0
        is_second = ~is_first & np.concatenate([[False], is_first[:-1]])
        days_to[row[is_first], column[is_first]] = days[is_first]
        size[row[is_first], column[is_first]] = units[is_first]
        second[row[is_second], column[is_second]] = ahead[is_second]
        return cls(np.cumsum(arriving, axis=2), days_to, second, size, on_order, lateness)


@dataclass(frozen=True)
class Incoming:
    """What comes to some products after one day; shape ``(rows, deliveries)`` each, by day.

    Where a product has fewer deliveries than another, the last ones are never: infinitely far, of no unit.

    Attributes:
        days: From that day to the delivery, at least 1 unless it is there at once.
        units: At least 0.
        promised_days: As ``days``, but 0 or less where a delivery is overdue.
    """

    days: DoubleArray
    units: DoubleArray
    promised_days: DoubleArray

    @classmethod
    def none(cls, rows: int) -> "Incoming":
        """Nothing comes."""
        return cls(*(np.empty((rows, 0)) for _ in range(3)))

    @classmethod
    def at_once(cls, units: DoubleArray) -> "Incoming":
        """So many units of each product, shape ``(rows,)``, that are as good as there."""
        return cls(np.zeros((len(units), 1)), units[:, None], np.zeros((len(units), 1)))

    @classmethod
    def listed(cls, rows: int, row: IntArray, days: IntArray, units: FloatArray | DoubleArray) -> "Incoming":
        """One delivery after the other, in any order.

        Args:
            rows: How many there are.
            row: Of each delivery.
            days: From the last known day to the delivery; 0 or less: it is overdue, and expected on the next day.
            units: At least 0, which is no delivery.
        """
        some = np.flatnonzero(units > 0)
        by_day = some[np.lexsort((days[some], row[some]))]
        row, days, units = row[by_day], days[by_day], units[by_day]
        counts = np.bincount(row, minlength=rows)
        place = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        most = int(counts.max(initial=0))
        result = cls(np.full((rows, most), np.inf), np.zeros((rows, most)), np.full((rows, most), np.inf))
        result.days[row, place] = np.maximum(days, 1)
        result.units[row, place] = units
        result.promised_days[row, place] = days
        return result

    @classmethod
    def seen(cls, orders: PurchaseOrders, week: int) -> "Incoming":
        """What is on the way at the end of a week, as :class:`Deliveries` expects it."""
        order, expected_day = on_the_way(orders, week)
        return cls.listed(orders.products, orders.product[order], expected_day - (7 * week + 6), orders.units[order])

    def of(self, rows: Rows | BoolArray) -> "Incoming":
        """That of some products."""
        return Incoming(self.days[rows], self.units[rows], self.promised_days[rows])

    def joined_where(self, chosen: BoolArray, other: "Incoming") -> "Incoming":
        """The other one's in the chosen rows, shape ``(rows,)``."""
        most = max(self.days.shape[1], other.days.shape[1])
        mine, theirs = _widened(self, most), _widened(other, most)
        pairs = zip(vars(mine).values(), vars(theirs).values(), strict=True)
        return Incoming(*(np.where(chosen[:, None], after, before) for before, after in pairs))

    def after(self, days: DoubleArray) -> "Incoming":
        """What is still to come some days later, shape ``(rows,)``, NaN as 0; days count from the same day as before.

        What was expected by then is there; what was overdue before is not.
        """
        later = np.maximum(np.nan_to_num(days), 0)[:, None]
        overdue = self.promised_days <= 0
        gone = ~overdue & (self.days <= later)
        rows, places = np.nonzero(~gone & np.isfinite(self.days))
        kept = Incoming.listed(
            len(self.days), rows, self.promised_days[rows, places].astype(np.int64), self.units[rows, places]
        )
        days_left = np.where(kept.promised_days <= 0, np.maximum(kept.days, later + 1), kept.days)
        return replace(kept, days=days_left)


def on_the_way(orders: PurchaseOrders, week: int) -> tuple[IntArray, IntArray]:
    """The orders on their way at the end of a week, and the day on which each is expected, be it over already."""
    order, _ = _on_the_way(orders, week, 1)
    late = np.rint(_lateness(orders, week, 1)[orders.product[order], 0]).astype(np.int64)
    return order, orders.expected_day[order] + late


def _last_day(week: IntArray) -> IntArray:
    return 7 * week + 6


def _on_the_way(orders: PurchaseOrders, first: int, columns: int) -> tuple[IntArray, IntArray]:
    """Each order with each column in which it is on the way."""
    begins = -((6 - orders.ordered_day) // 7) - first  # the first week that ends on the day of the order or after it
    lost = (orders.expected_day + LOST_AFTER_DAYS - 6) // 7
    received = np.where(orders.received_day == NOT_RECEIVED, NOT_RECEIVED, (orders.received_day - 7) // 7)
    ends = np.minimum(np.minimum(lost, received) - first, columns - 1)
    begins = np.maximum(begins, 0)
    weeks = np.maximum(ends - begins + 1, 0)
    order = np.repeat(np.arange(len(weeks)), weeks)
    within = np.arange(len(order)) - np.repeat(np.cumsum(weeks) - weeks, weeks)
    return order, begins[order] + within


def _lateness(orders: PurchaseOrders, first: int, columns: int) -> DoubleArray:
    """Of what had come by each week, shape ``(rows, columns)``."""
    known = orders.has_come
    column = np.maximum(-((6 - orders.received_day[known]) // 7) - first, 0)
    inside = column < columns
    row = orders.product[known][inside]
    late = (orders.received_day - orders.expected_day)[known][inside]
    days, received = np.zeros((orders.products, columns)), np.zeros((orders.products, columns))
    np.add.at(days, (row, column[inside]), late)
    np.add.at(received, (row, column[inside]), 1)
    return np.cumsum(days, axis=1) / (np.cumsum(received, axis=1) + _LATENESS_PULL)


def _widened(incoming: Incoming, most: int) -> Incoming:
    def wide(values: DoubleArray, never: float) -> DoubleArray:
        return np.pad(values, ((0, 0), (0, most - values.shape[1])), constant_values=never)

    return Incoming(wide(incoming.days, np.inf), wide(incoming.units, 0.0), wide(incoming.promised_days, np.inf))
