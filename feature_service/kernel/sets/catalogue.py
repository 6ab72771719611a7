"""The versioned feature sets: which features, in which order, in which unit, from how much history.

A feature set is never changed once a model was trained on it; a change gets a new name.
"""

from feature_service.kernel.errors import UnknownFeatureSetError
from feature_service.kernel.features import FeatureSet, compute_formulas
from feature_service.kernel.sets import availability_1, sales_2, seed_18, stock_1, stock_2
from feature_service.kernel.sets.availability_view import AvailabilityView
from feature_service.kernel.sets.delivery_view import DeliveryView
from feature_service.kernel.sets.on_hand import STOCK_FORMULAS
from feature_service.kernel.sets.sales_view import SalesView
from feature_service.kernel.sets.stock_view import StockView

FEATURE_SETS = {
    feature_set.name: feature_set
    for feature_set in (
        FeatureSet(
            name="seed-18",
            features=seed_18.FEATURES,
            fields=seed_18.FIELDS,
            compute_into=seed_18.compute_into,
            unknown_allowed=False,
        ),
        FeatureSet(
            name="sales-2",
            features=tuple(each.feature for each in sales_2.FORMULAS),
            fields=sales_2.FIELDS,
            compute_into=lambda block, out: compute_formulas(sales_2.FORMULAS, SalesView(block), out),
            measures=lambda block: SalesView(block).measures(),
        ),
        FeatureSet(
            name="availability-1",
            features=tuple(each.feature for each in availability_1.FORMULAS),
            fields=availability_1.FIELDS,
            compute_into=lambda block, out: compute_formulas(availability_1.FORMULAS, AvailabilityView(block), out),
            measures=lambda block: AvailabilityView(block).measures(),
        ),
        FeatureSet(
            name="stock-1",
            features=tuple(each.feature for each in stock_1.FORMULAS),
            fields=stock_1.FIELDS,
            compute_into=lambda block, out: compute_formulas(stock_1.FORMULAS, StockView(block), out),
            measures=lambda block: StockView(block).measures(),
            stock_history=lambda block: StockView(block).history,
            stock_formulas=STOCK_FORMULAS,
        ),
        FeatureSet(
            name="stock-2",
            features=tuple(each.feature for each in stock_2.FORMULAS),
            fields=stock_2.FIELDS,
            compute_into=lambda block, out: compute_formulas(stock_2.FORMULAS, DeliveryView(block), out),
            measures=lambda block: StockView(block).measures(),
            stock_history=lambda block: DeliveryView(block).history,
            stock_formulas=stock_2.WITH_STOCK,
            takes_orders=True,
        ),
    )
}


def feature_set(name: str) -> FeatureSet:
    """The feature set of that name.

    Raises:
        UnknownFeatureSetError: If there is none.
    """
    try:
        return FEATURE_SETS[name]
    except KeyError:
        raise UnknownFeatureSetError(name, tuple(FEATURE_SETS)) from None
