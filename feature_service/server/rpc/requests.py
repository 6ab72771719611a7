"""From a request that has kept the rules of its proto to what it asks.

``product_ids[:]`` makes a list: reading a repeated field makes a new string each time.
"""

import datetime as dt
import math
from collections.abc import Iterable

import numpy as np
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetProductHistoryRequest,
    ListStockoutRisksRequest,
    Order,
    StreamStockoutRisksRequest,
)

from feature_service.kernel.deliveries import Incoming
from feature_service.server.scoring.newer_stock import NewerStock, Stated
from feature_service.server.scoring.queries import (
    FeatureQuery,
    HistoryQuery,
    ListQuery,
    RankFilter,
    RankOrder,
    RiskQuery,
)

DEFAULT_PAGE = 50
DEFAULT_HISTORY_WEEKS = 52

ORDERS = {
    Order.ORDER_UNSPECIFIED: RankOrder.RELIEF_PROBABILITY,
    Order.ORDER_PROBABILITY: RankOrder.PROBABILITY,
    Order.ORDER_REVENUE_AT_RISK: RankOrder.REVENUE_AT_RISK,
    Order.ORDER_REORDER_BY_DATE: RankOrder.REORDER_BY_DATE,
    Order.ORDER_RELIEF_PROBABILITY: RankOrder.RELIEF_PROBABILITY,
    Order.ORDER_REVENUE_AT_RISK_BEFORE_RELIEF: RankOrder.REVENUE_AT_RISK_BEFORE_RELIEF,
    Order.ORDER_EXPEDITE_BY_DATE: RankOrder.EXPEDITE_BY_DATE,
}


def risk_query(request: AssessStockoutRisksRequest) -> RiskQuery:
    """Which products' risk is asked."""
    as_of, horizon_weeks = day_of(request), request.horizon_weeks
    if not request.items:
        return RiskQuery(request.product_ids[:], as_of, horizon_weeks, include_challenger=request.include_challenger)
    # item by item, since each reading of a repeated field makes its messages anew
    items = [(item.product_id, _units_on_hand(item), _lead_time_days(item), _says_more(item)) for item in request.items]
    product_ids, units_on_hand, lead_time_days, says_more = zip(*items, strict=True)
    stated = _stated(request.items) if any(says_more) else None
    stock = NewerStock(
        np.array(units_on_hand, dtype=np.float64), np.array(lead_time_days, dtype=np.float64), stated=stated
    )
    return RiskQuery(product_ids, as_of, horizon_weeks, stock, request.include_challenger)


def asks_ids_alone(request: AssessStockoutRisksRequest) -> bool:
    """Whether products are asked by id and nothing else is said, so that the newest week's answers are wanted."""
    return bool(request.product_ids) and not (
        request.items or request.horizon_weeks or request.include_challenger or request.HasField("as_of")
    )


def feature_query(request: GetFeaturesRequest) -> FeatureQuery:
    """Which products' features are asked."""
    return FeatureQuery(request.product_ids[:], day_of(request), request.feature_set)


def asks_features_alone(request: GetFeaturesRequest) -> bool:
    """Whether nothing but ids is said, so that the newest week in the model's set is wanted."""
    return bool(request.product_ids) and not (request.feature_set or request.HasField("as_of"))


def list_query(request: ListStockoutRisksRequest) -> ListQuery:
    """Which page of which list is asked."""
    rank_filter = RankFilter(
        category=request.category,
        evidence=Evidence.Name(request.evidence).removeprefix("EVIDENCE_") if request.evidence else "",
        minimum_probability=request.minimum_probability,
        alert_only=request.alert_only,
        order=ORDERS[request.order],
        include_out_of_stock=request.include_out_of_stock,
    )
    return ListQuery(rank_filter, request.page_size or DEFAULT_PAGE, request.page_token, request.include_challenger)


def history_query(request: GetProductHistoryRequest) -> HistoryQuery:
    """How much of which product's past is asked."""
    return HistoryQuery(request.product_id, request.weeks or DEFAULT_HISTORY_WEEKS)


def day_of(
    request: AssessStockoutRisksRequest | GetFeaturesRequest | StreamStockoutRisksRequest | StreamFeaturesRequest,
) -> dt.date | None:
    """The day as of which is asked; None is the newest."""
    if not request.HasField("as_of"):
        return None
    return dt.date(request.as_of.year, request.as_of.month, request.as_of.day)


def _says_more(item: AssessmentItem) -> bool:
    return item.HasField("deliveries") or item.HasField("unit_price") or item.HasField("demand_factor")


def _stated(items: Iterable[AssessmentItem]) -> Stated:
    """What else is said than stock and lead time."""
    prices, factors, knows, row, days, units = [], [], [], [], [], []
    for number, item in enumerate(items):
        prices.append(item.unit_price or (0.0 if item.HasField("unit_price") else math.nan))
        factors.append(item.demand_factor or 1.0)
        knows.append(item.HasField("deliveries"))
        for delivery in item.deliveries.deliveries if knows[-1] else ():
            row.append(number)
            days.append(delivery.in_days)
            units.append(delivery.units)
    incoming = Incoming.listed(
        len(knows), np.array(row, dtype=np.int64), np.array(days, dtype=np.int64), np.array(units, dtype=np.float64)
    )
    return Stated(incoming, np.array(knows), np.array(prices, dtype=np.float64), np.array(factors, dtype=np.float64))


def _units_on_hand(item: AssessmentItem) -> float:
    """Asking whether a field is set takes as long as reading it, so only of 0 is it asked."""
    return item.units_on_hand or (0.0 if item.HasField("units_on_hand") else math.nan)


def _lead_time_days(item: AssessmentItem) -> float:
    return item.lead_time_days or (0.0 if item.HasField("lead_time_days") else math.nan)
