"""The versioned feature sets: which features, in which order, in which unit, from how much history.

A feature set is never changed once a model was trained on it; a change gets a new name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from feature_service.kernel.arrays import FloatArray
from feature_service.kernel.block import Block
from feature_service.kernel.errors import UnknownFeatureSetError
from feature_service.kernel.features import Feature, compute_formulas
from feature_service.kernel.groups import Measures
from feature_service.kernel.sets import availability_1, sales_1, seed_18, stock_1
from feature_service.kernel.sets.availability_1 import AvailabilityView
from feature_service.kernel.sets.on_hand import History
from feature_service.kernel.sets.sales_1 import SalesView
from feature_service.kernel.sets.stock_view import StockView


@dataclass(frozen=True)
class FeatureSet:
    """Named features and the functions that compute them for the products of a block.

    Attributes:
        name: Versioned.
        features: In the order of the values.
        fields: What the panel must hold.
        compute_into: Fills the features of a block, shape ``(features, products, weeks - block.first)``.
        unknown_allowed: Whether NaN is a value that models of this set take. Then windows reach back to the panel's
            first week, and a product has features from its first week on.
        measures: What is summed over groups; None if the set looks at each product alone.
        stock_history: What a client's own stock is held against; None if the set knows no stock.
    """

    name: str
    features: tuple[Feature, ...]
    fields: tuple[str, ...]
    compute_into: Callable[[Block, FloatArray], None]
    unknown_allowed: bool = True
    measures: Callable[[Block], Measures] | None = None
    stock_history: Callable[[Block], History] | None = None

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names in the order of the values."""
        return tuple(feature.name for feature in self.features)

    @property
    def history_weeks(self) -> int:
        """Known weeks, up to and including ``as_of``, that a product needs before its features can be used."""
        return 1 if self.unknown_allowed else max(feature.history_weeks for feature in self.features)


_ALL = {
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
            name="sales-1",
            features=tuple(each.feature for each in sales_1.FORMULAS),
            fields=sales_1.FIELDS,
            compute_into=lambda block, out: compute_formulas(sales_1.FORMULAS, SalesView(block), out),
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
        ),
    )
}


def feature_set(name: str) -> FeatureSet:
    """The feature set of that name.

    Raises:
        UnknownFeatureSetError: If there is none.
    """
    try:
        return _ALL[name]
    except KeyError:
        raise UnknownFeatureSetError(name, tuple(_ALL)) from None
