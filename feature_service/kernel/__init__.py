"""The only place where a feature is computed: pure functions over NumPy arrays, shared by training and serving."""

from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, IntArray, RowNumbers, Rows
from feature_service.kernel.block import Fields
from feature_service.kernel.demand import Demand, forecast_demand, forecast_wanted
from feature_service.kernel.errors import (
    InsufficientHistoryError,
    MissingFieldsError,
    StockoutError,
    UnknownFeatureSetError,
)
from feature_service.kernel.features import Feature, FeatureSet
from feature_service.kernel.groups import Groups
from feature_service.kernel.panel_features import PanelFeatures, StockFeatures, features_at, features_of_all_weeks
from feature_service.kernel.phrases import Words
from feature_service.kernel.sets.catalogue import feature_set

__all__ = [
    "BoolArray",
    "Demand",
    "DoubleArray",
    "Feature",
    "FeatureSet",
    "Fields",
    "FloatArray",
    "Groups",
    "InsufficientHistoryError",
    "IntArray",
    "MissingFieldsError",
    "PanelFeatures",
    "RowNumbers",
    "Rows",
    "StockFeatures",
    "StockoutError",
    "UnknownFeatureSetError",
    "Words",
    "feature_set",
    "features_at",
    "features_of_all_weeks",
    "forecast_demand",
    "forecast_wanted",
]
