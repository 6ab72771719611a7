"""What is known of products better than the snapshot knows it: by a caller, or by counts that were recorded since."""

from dataclasses import dataclass

from feature_service.kernel.arrays import BoolArray, DoubleArray


@dataclass(frozen=True)
class NewerStock:
    """Figures that count instead of the snapshot's, shape ``(products,)`` each; where one is NaN, the snapshot's.

    Attributes:
        units_on_hand: At the end of the ``as_of`` week.
        lead_time_days: From an order to its arrival.
        counted_in_days: Of recorded counts, days from the ``as_of`` week's last day to that of the count; NaN where a
            caller says the units. None where no count is recorded.
    """

    units_on_hand: DoubleArray
    lead_time_days: DoubleArray
    counted_in_days: DoubleArray | None = None

    def of(self, which: BoolArray) -> "NewerStock":
        """That of some of the products."""
        counted_in_days = None if self.counted_in_days is None else self.counted_in_days[which]
        return NewerStock(self.units_on_hand[which], self.lead_time_days[which], counted_in_days)
