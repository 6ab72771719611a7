"""The weekly panel: products x weeks, dense, from clean sales and stock counts.

The panel itself needs no Polars, since the gRPC server loads it; building one does.
"""

from data.panel.panel import Panel, ProductTable
from feature_service.kernel.fields import (
    COUNT_AGE_DAYS,
    DAYS_SINCE_SALE,
    IN_STOCK,
    ITEM,
    LOCATION,
    MIN_ON_HAND,
    ORDERS,
    PRICE_MEAN,
    SALE_DAYS,
    UNITS_ON_HAND,
    UNITS_SOLD,
)

__all__ = [
    "COUNT_AGE_DAYS",
    "DAYS_SINCE_SALE",
    "IN_STOCK",
    "ITEM",
    "LOCATION",
    "MIN_ON_HAND",
    "ORDERS",
    "PRICE_MEAN",
    "SALE_DAYS",
    "UNITS_ON_HAND",
    "UNITS_SOLD",
    "Panel",
    "ProductTable",
]
