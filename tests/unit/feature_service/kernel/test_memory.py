"""Computing features leaves nothing behind that only the garbage collector could free."""

import gc

import numpy as np
import pytest

from feature_service.kernel import PanelFeatures, feature_set
from feature_service.kernel.block import View
from feature_service.kernel.deliveries import PurchaseOrders
from feature_service.kernel.groups import Members
from feature_service.kernel.series import Series
from feature_service.kernel.sets.catalogue import FEATURE_SETS

PRODUCTS, WEEKS = 60, 30


@pytest.mark.parametrize("name", sorted(FEATURE_SETS))
def test_what_a_computation_needed_is_freed_with_it(name: str) -> None:
    chosen, rng = feature_set(name), np.random.default_rng(5)
    fields = {each: rng.integers(0, 9, (PRODUCTS, WEEKS)).astype(np.float32) for each in chosen.fields}
    groups = {each: [f"{each}-{row % 7}" for row in range(PRODUCTS)] for each in ("location", "item")}
    features = PanelFeatures(chosen, fields, groups, purchase_orders=PurchaseOrders.none(PRODUCTS))
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        features.at(WEEKS - 1)
        features.of_all_weeks()
        features.with_stock_at(WEEKS - 2)
        gc.collect()
        assert not [each for each in gc.garbage if isinstance(each, Series | Members | View | np.ndarray)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
