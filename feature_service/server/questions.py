"""What a request asks, once it kept the rules of its proto (:mod:`feature_service.server.rules`).

``product_ids[:]`` makes a list: reading a repeated field makes a new string each time.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    Order,
    StreamStockoutRisksRequest,
)

DEFAULT_PAGE = 50


@dataclass(frozen=True, slots=True)
class Stock:
    """What the caller knows of one product's stock; None is left to the snapshot."""

    units_on_hand: float | None
    lead_time_days: int | None


@dataclass(frozen=True, slots=True)
class RiskQuestion:
    """The risk of which products, as of which day (None: newest), over which horizon (0: the model's).

    ``stock`` has one for each product, or is None where the caller knows of none.
    """

    product_ids: Sequence[str]
    as_of: dt.date | None
    horizon_weeks: int
    stock: Sequence[Stock] | None = None


@dataclass(frozen=True, slots=True)
class FeatureQuestion:
    """The features of which products, as of which day (None: newest), in which set (empty: the model's)."""

    product_ids: Sequence[str]
    as_of: dt.date | None
    feature_set: str


@dataclass(frozen=True, slots=True)
class ListFilter:
    """Which products a ranked list holds, and in which order."""

    category: str
    evidence: Evidence.ValueType
    minimum_probability: float
    alert_only: bool
    order: Order.ValueType


@dataclass(frozen=True, slots=True)
class ListQuestion:
    """A page of a ranked list."""

    filter: ListFilter
    page_size: int
    page_token: str


def risk_question(request: AssessStockoutRisksRequest) -> RiskQuestion:
    """Read a request."""
    as_of, horizon_weeks = day_of(request), request.horizon_weeks
    if not request.items:
        return RiskQuestion(request.product_ids[:], as_of, horizon_weeks)
    product_ids = [item.product_id for item in request.items]
    return RiskQuestion(product_ids, as_of, horizon_weeks, [_stock(item) for item in request.items])


def feature_question(request: GetFeaturesRequest) -> FeatureQuestion:
    """Read a request."""
    return FeatureQuestion(request.product_ids[:], day_of(request), request.feature_set)


def list_question(request: ListStockoutRisksRequest) -> ListQuestion:
    """Read a request."""
    asked = ListFilter(
        request.category,
        request.evidence,
        request.minimum_probability,
        request.alert_only,
        request.order or Order.ORDER_PROBABILITY,
    )
    return ListQuestion(asked, request.page_size or DEFAULT_PAGE, request.page_token)


def day_of(
    request: AssessStockoutRisksRequest | GetFeaturesRequest | StreamStockoutRisksRequest | StreamFeaturesRequest,
) -> dt.date | None:
    """The day as of which is asked; None is the newest."""
    if not request.HasField("as_of"):
        return None
    return dt.date(request.as_of.year, request.as_of.month, request.as_of.day)


def _stock(item: AssessmentItem) -> Stock:
    return Stock(
        units_on_hand=item.units_on_hand if item.HasField("units_on_hand") else None,
        lead_time_days=item.lead_time_days if item.HasField("lead_time_days") else None,
    )
