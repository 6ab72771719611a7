"""What a request asks, once it kept the rules of its proto (:mod:`feature_service.server.rpc.validation`).

``product_ids[:]`` makes a list: reading a repeated field makes a new string each time.
"""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
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

Amounts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Given:
    """What the caller knows of products' stock, shape ``(products,)`` each; NaN is left to the snapshot."""

    units_on_hand: Amounts
    lead_time_days: Amounts

    def of(self, which: npt.NDArray[np.bool_]) -> "Given":
        """That of some of the products."""
        return Given(self.units_on_hand[which], self.lead_time_days[which])


@dataclass(frozen=True, slots=True)
class RiskQuestion:
    """The risk of which products, as of which day (None: newest), over which horizon (0: the model's).

    ``given`` is what the caller knows of each product's stock; None where only ids are asked.
    """

    product_ids: Sequence[str]
    as_of: dt.date | None
    horizon_weeks: int
    given: Given | None = None


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
    # item by item, since each reading of a repeated field makes its messages anew
    told = [(item.product_id, _units_on_hand(item), _lead_time_days(item)) for item in request.items]
    product_ids, units_on_hand, lead_time_days = zip(*told, strict=True)
    given = Given(np.array(units_on_hand, dtype=np.float64), np.array(lead_time_days, dtype=np.float64))
    return RiskQuestion(product_ids, as_of, horizon_weeks, given)


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


def _units_on_hand(item: AssessmentItem) -> float:
    """Asking whether a field is set takes as long as reading it, so only of 0 is it asked."""
    return item.units_on_hand or (0.0 if item.HasField("units_on_hand") else math.nan)


def _lead_time_days(item: AssessmentItem) -> float:
    return item.lead_time_days or (0.0 if item.HasField("lead_time_days") else math.nan)
