"""The columns of what lies in the panel and in the features product by product: how a sample's values are spread."""

from collections.abc import Iterator

import numpy as np

from data.panel import IN_STOCK, ITEM, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD, Panel
from feature_service.kernel import FeatureSet, PanelFeatures
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray, GroupNumbers, RowNumbers
from feature_service.kernel.deliveries import PurchaseOrders
from monitoring.drift.columns.column import (
    AVAILABILITY,
    FEATURE,
    INPUT,
    INVENTORY,
    PRICES,
    PURCHASE_ORDERS,
    SALES,
    Column,
)
from monitoring.drift.columns.inputs import MEASURES
from monitoring.drift.statistics.clusters import CLUSTERS, panel_of, sums_by
from monitoring.drift.statistics.histograms import histogram
from monitoring.drift.statistics.kinds import Share

_SALES_FIELDS = frozenset({UNITS_SOLD, "orders", "sale_days", "days_since_sale"})
_PROBED_PRODUCTS = 256
_INPUTS = frozenset(each.name for each in MEASURES)


def source_of(field: str) -> str:
    """The table that a field of the panel is made from."""
    named = {PRICE_MEAN: PRICES, IN_STOCK: AVAILABILITY}
    return named.get(field, SALES if field in _SALES_FIELDS else INVENTORY)


def spread_of_inputs(sample: Panel, clusters: GroupNumbers, weeks: int) -> Iterator[Column]:
    """How units sold, prices and units on hand are spread over products."""
    for field in (UNITS_SOLD, PRICE_MEAN, UNITS_ON_HAND):
        if field in sample.fields:
            values = sample.fields[field][:, -weeks:]
            if field == PRICE_MEAN:
                values = np.where(values > 0, values, np.float32(np.nan))
            spread, counts = histogram(values, clusters)
            sources = frozenset({source_of(field)})
            yield Column(f"{field} by product", INPUT, spread, counts, sources, measure=field)


def features_of_sample(panel: Panel, rows: RowNumbers, feature_set: FeatureSet, weeks: int) -> FloatArray:
    """The features of some products as the model gets them, with what all products have in common.

    Returns:
        Shape ``(features, rows, weeks)``, of the newest weeks.
    """
    of_all = PanelFeatures(feature_set, panel.fields, panel.groups, purchase_orders=panel.purchase_orders)
    shared = of_all.shared_totals(panel.groups)
    panel.release()
    sample = panel_of(panel, rows)
    newest = min(weeks, len(panel.weeks))
    result = np.empty((len(feature_set.features), len(rows), newest), dtype=np.float32)
    features = PanelFeatures(feature_set, sample.fields, sample.groups, shared, sample.purchase_orders)
    for products, values in features.blocks():
        result[:, products] = values[:, :, -newest:]
    return result


def feature_columns(
    values: FloatArray,
    eligible: BoolArray,
    clusters: GroupNumbers,
    feature_set: FeatureSet,
    sources: dict[str, frozenset[str]],
) -> Iterator[Column]:
    """How each feature is spread over the products to which the label applies, and for how many it is not known.

    Args:
        values: Shape ``(features, products, weeks)``.
        eligible: Where the label applies, shape ``(products, weeks)``.
        clusters: Of each product.
        feature_set: Which features they are.
        sources: The tables that each feature is made from, by its name.
    """
    for feature, of_feature in zip(feature_set.features, values, strict=True):
        from_tables = sources[feature.name]
        name = f"{feature.name} (feature)" if feature.name in _INPUTS else feature.name
        spread, counts = histogram(np.where(eligible, of_feature, np.float32(np.nan)), clusters)
        yield Column(name, FEATURE, spread, counts, from_tables, measure=name)
        if feature_set.unknown_allowed:
            unknown = _shares(eligible & ~np.isfinite(of_feature), eligible, clusters)
            share = Share(only_rises=True)  # it falls where the history gets as long as the feature looks back
            yield Column(f"{name} unknown", FEATURE, share, unknown, from_tables, measure=name)


def sources_of(feature_set: FeatureSet, panel: Panel) -> dict[str, frozenset[str]]:
    """The tables that each feature is made from, found out by moving a table's values and looking at what moves."""
    part = panel_of(panel, _probed(panel))
    fields = {name: part.fields[name] for name in feature_set.fields}
    orders = part.purchase_orders
    usual = PanelFeatures(feature_set, fields, part.groups, purchase_orders=orders).of_all_weeks()
    found: dict[str, set[str]] = {name: set() for name in feature_set.feature_names}
    tables = {source_of(name) for name in fields}
    for source in {*tables, PURCHASE_ORDERS} if feature_set.takes_orders else tables:
        moved = {
            name: np.roll(matrix, (1, 1), axis=(0, 1)) if source_of(name) == source else matrix
            for name, matrix in fields.items()
        }
        others = PurchaseOrders.none(orders.products) if orders and source == PURCHASE_ORDERS else orders
        other = PanelFeatures(feature_set, moved, part.groups, purchase_orders=others).of_all_weeks()
        differs = ~((usual == other) | (np.isnan(usual) & np.isnan(other))).all(axis=(1, 2))
        for name in np.array(feature_set.feature_names)[differs]:
            found[str(name)].add(source)
    return {name: frozenset(sources) for name, sources in found.items()}


def _probed(panel: Panel) -> RowNumbers:
    """The first products, of items that several locations have: features look at these together."""
    items = np.array(panel.groups.get(ITEM, panel.product_ids), dtype=np.str_)
    first = np.argsort(items, kind="stable")[:_PROBED_PRODUCTS]
    return np.sort(first)


def _shares(chosen: BoolArray, of: BoolArray, clusters: GroupNumbers) -> DoubleArray:
    return sums_by(clusters, CLUSTERS, np.stack([chosen, of], axis=-1).astype(np.float64))
