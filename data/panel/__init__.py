"""The weekly panel: products x weeks, dense, from clean sales and stock counts; what a week holds, and how it is kept.

The panel itself needs NumPy alone, since the gRPC server loads it; building one needs Polars.
"""

from data.panel.panel import (
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
    Panel,
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
]
