"""The weekly panel: products x weeks, dense, from clean sales and stock counts.

The panel itself needs no Polars, since the gRPC server loads it; building one does.
"""

from data.panel.panel import OLDEST_COUNT_DAYS, Panel, PanelBlocks, ProductTable, Supplier
from feature_service.kernel.fields import (
    COUNT_AGE_DAYS,
    DAYS_SINCE_SALE,
    DEPLETION,
    IN_STOCK,
    ITEM,
    LOCATION,
    MAX_ON_HAND,
    MIN_ON_HAND,
    MIN_ON_HAND_EARLY,
    MIN_ON_HAND_LATE,
    ORDERS,
    OUT_IN_WEEK,
    OUT_SPELL_DAYS,
    PRICE_MEAN,
    SALE_DAYS,
    UNITS_ON_HAND,
    UNITS_SOLD,
)

__all__ = [
    "COUNT_AGE_DAYS",
    "DAYS_SINCE_SALE",
    "DEPLETION",
    "IN_STOCK",
    "ITEM",
    "LOCATION",
    "MAX_ON_HAND",
    "MIN_ON_HAND",
    "MIN_ON_HAND_EARLY",
    "MIN_ON_HAND_LATE",
    "OLDEST_COUNT_DAYS",
    "ORDERS",
    "OUT_IN_WEEK",
    "OUT_SPELL_DAYS",
    "PRICE_MEAN",
    "SALE_DAYS",
    "UNITS_ON_HAND",
    "UNITS_SOLD",
    "Panel",
    "PanelBlocks",
    "ProductTable",
    "Supplier",
]
