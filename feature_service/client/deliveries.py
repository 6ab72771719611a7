"""What is on its way: as the server knows it, and as a caller says."""

import datetime as dt
from dataclasses import dataclass

from stockout.v1 import risk_service_pb2


@dataclass(frozen=True)
class ExpectedDelivery:
    """A delivery that a caller expects so many days after the last day of the ``as_of`` week: 1 to 365."""

    in_days: int
    units: float


@dataclass(frozen=True)
class NextDelivery:
    """What comes next; see ``NextDelivery`` in the protos for what each figure is. None is not known."""

    expected_on: dt.date
    units: float
    overdue_days: int = 0
    inferred: bool = False
    on_order_units: float | None = None

    def in_words(self) -> str:
        """E.g. "40 units expected on 2024-06-20, 2 days overdue; 100 on order in all"."""
        if self.inferred:
            expected = f"about {self.units:.1f} units expected on {self.expected_on}"
            return f"{expected}, as deliveries usually came: no order is known"
        said = f"{self.units:g} units expected on {self.expected_on}"
        late = f", {self.overdue_days} day{'s' * (self.overdue_days != 1)} overdue" if self.overdue_days else ""
        more = self.on_order_units is not None and self.on_order_units > self.units
        return f"{said}{late}{f'; {self.on_order_units:g} on order in all' if more else ''}"


def next_delivery_of(
    message: risk_service_pb2.StockoutRisk | risk_service_pb2.OutOfStock,
) -> NextDelivery | None:
    """Read a message's."""
    if not message.HasField("next_delivery"):
        return None
    coming, day = message.next_delivery, message.next_delivery.expected_on
    on_order = coming.on_order_units if coming.HasField("on_order_units") else None
    return NextDelivery(
        dt.date(day.year, day.month, day.day), coming.units, coming.overdue_days, coming.inferred, on_order
    )
