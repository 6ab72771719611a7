"""What is known of products better than the snapshot knows it: by a caller, or by counts that were recorded since."""

from dataclasses import dataclass

import numpy as np

from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers
from feature_service.kernel.deliveries import Incoming


@dataclass(frozen=True)
class Stated:
    """What a caller says beside stock and lead time, shape ``(products,)`` each.

    Attributes:
        incoming: All that is on the way, where ``knows_incoming``.
        knows_incoming: Where it counts instead of what the snapshot knows.
        unit_price: In the currency of the data; NaN: the last one.
        demand_factor: What all demand is taken times; 1: as it is.
    """

    incoming: Incoming
    knows_incoming: BoolArray
    unit_price: DoubleArray
    demand_factor: DoubleArray

    def of(self, which: BoolArray | RowNumbers) -> "Stated":
        """That of some of the products."""
        return Stated(
            self.incoming.of(which),
            self.knows_incoming[which],
            self.unit_price[which],
            self.demand_factor[which],
        )


@dataclass(frozen=True)
class NewerStock:
    """Figures that count instead of the snapshot's, shape ``(products,)`` each; where one is NaN, the snapshot's.

    Attributes:
        units_on_hand: At the end of the ``as_of`` week.
        lead_time_days: From an order to its arrival.
        counted_in_days: Of recorded counts, days from the ``as_of`` week's last day to that of the count; NaN where a
            caller says the units. None where no count is recorded.
        stated: What else a caller says; None where that is nothing.
    """

    units_on_hand: DoubleArray
    lead_time_days: DoubleArray
    counted_in_days: DoubleArray | None = None
    stated: Stated | None = None

    @property
    def supposes(self) -> BoolArray:
        """Where a caller says what is on its way, or that demand is another."""
        if self.stated is None:
            return np.zeros(len(self.units_on_hand), dtype=np.bool_)
        supposed: BoolArray = self.stated.knows_incoming | (self.stated.demand_factor != 1)
        return supposed

    def of(self, which: BoolArray | RowNumbers) -> "NewerStock":
        """That of some of the products."""
        counted_in_days = None if self.counted_in_days is None else self.counted_in_days[which]
        stated = None if self.stated is None else self.stated.of(which)
        return NewerStock(self.units_on_hand[which], self.lead_time_days[which], counted_in_days, stated)

    def still_to_come(self, known: Incoming) -> Incoming:
        """What is on the way by the snapshot: what a count has seen come does not come again."""
        return known if self.counted_in_days is None else known.after(self.counted_in_days)

    def incoming(self, known: Incoming) -> Incoming:
        """The same, or what a caller says instead."""
        known = self.still_to_come(known)
        if self.stated is None:
            return known
        return known.joined_where(self.stated.knows_incoming, self.stated.incoming)
