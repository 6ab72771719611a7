"""The only place where a feature is computed: pure functions over NumPy arrays, shared by training and serving."""

from feature_service.kernel.errors import InsufficientHistoryError, StockoutError, UnknownFeatureSetError
from feature_service.kernel.feature_sets import (
    FeatureSet,
    Fields,
    feature_set,
    features_at,
    features_of_all_weeks,
)
from feature_service.kernel.features import Feature
from feature_service.kernel.windows import FloatArray

__all__ = [
    "Feature",
    "FeatureSet",
    "Fields",
    "FloatArray",
    "InsufficientHistoryError",
    "StockoutError",
    "UnknownFeatureSetError",
    "feature_set",
    "features_at",
    "features_of_all_weeks",
]
