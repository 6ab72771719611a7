"""The feature set ``stock-2``: ``stock-1``, and when what is on order comes, by the orders with suppliers."""

from feature_service.kernel.features import Formula, StockFormula
from feature_service.kernel.sets import stock_1
from feature_service.kernel.sets.delivery_view import DeliveryView
from feature_service.kernel.sets.on_hand import STOCK_FORMULAS
from feature_service.kernel.sets.on_the_way import DELIVERY_FORMULAS

FIELDS = stock_1.FIELDS
WITH_STOCK: tuple[StockFormula, ...] = (*STOCK_FORMULAS, *DELIVERY_FORMULAS)


def _with_counted_stock(formula: StockFormula) -> Formula[DeliveryView]:
    return Formula(formula.feature, lambda view: formula.value(view.on_hand.now, view.history))


FORMULAS: tuple[Formula[DeliveryView], ...] = (
    *(Formula[DeliveryView](each.feature, each.value) for each in stock_1.FORMULAS),
    *map(_with_counted_stock, DELIVERY_FORMULAS),
)
