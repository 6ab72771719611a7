"""What a caller knows of its products better than the snapshot does."""

from dataclasses import dataclass

from feature_service.kernel.arrays import BoolArray, DoubleArray


@dataclass(frozen=True)
class CallerStock:
    """The caller's own figures, shape ``(products,)`` each; where one is NaN, the snapshot's counts.

    Attributes:
        units_on_hand: At the end of the ``as_of`` week.
        lead_time_days: From an order to its arrival.
    """

    units_on_hand: DoubleArray
    lead_time_days: DoubleArray

    def of(self, which: BoolArray) -> "CallerStock":
        """That of some of the products."""
        return CallerStock(self.units_on_hand[which], self.lead_time_days[which])
