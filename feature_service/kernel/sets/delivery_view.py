"""Stock counts beside what is on the way, as series: what the features of ``stock-2`` are made from."""

from functools import cached_property

from feature_service.kernel.deliveries import Deliveries
from feature_service.kernel.features import History
from feature_service.kernel.sets.stock_view import StockView


class DeliveryView(StockView):
    """Counts and orders with suppliers of some products."""

    @cached_property
    def deliveries(self) -> Deliveries:
        """What is on the way at the end of each week."""
        return Deliveries.seen(self.purchase_orders, self._block.first, self.on_hand.values.shape[1])

    @cached_property
    def history(self) -> History:
        """What a stock is compared with, and what comes to it."""
        return {**super().history, **vars(self.deliveries)}
