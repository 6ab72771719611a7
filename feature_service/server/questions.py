"""What a request asks, checked against the limits before any work is done."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.provenance_pb2 import Evidence
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    ListStockoutRisksRequest,
    Order,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

from feature_service.server.errors import InvalidFieldError, TooManyProductsError
from feature_service.server.settings import MAX_ID_BYTES

MAX_LEAD_TIME_DAYS = 365
MAX_PAGE = 1000
DEFAULT_PAGE = 50
_SURELY_SHORT = MAX_ID_BYTES // 4  # no character takes more than 4 bytes of UTF-8


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


def risk_question(request: AssessStockoutRisksRequest, max_ids: int) -> RiskQuestion:
    """Read a request.

    Raises:
        InvalidFieldError: If a field holds what it must not.
        TooManyProductsError: If there are more than ``max_ids`` ids.
    """
    as_of = _date(request.as_of) if request.HasField("as_of") else None
    if not request.items:
        return RiskQuestion(_product_ids(request.product_ids, max_ids), as_of, request.horizon_weeks)
    if request.product_ids:
        raise InvalidFieldError("items", "must be empty where product_ids are given: ask with one of the two")
    _check_count(len(request.items), max_ids)
    product_ids = [item.product_id for item in request.items]
    _check_each(product_ids, "items[{}].product_id")
    stock = [_stock(position, item) for position, item in enumerate(request.items)]
    return RiskQuestion(product_ids, as_of, request.horizon_weeks, stock)


def feature_question(request: GetFeaturesRequest, max_ids: int) -> FeatureQuestion:
    """Read a request.

    Raises:
        InvalidFieldError: If a field holds what it must not.
        TooManyProductsError: If there are more than ``max_ids`` ids.
    """
    return FeatureQuestion(
        product_ids=_product_ids(request.product_ids, max_ids),
        as_of=_date(request.as_of) if request.HasField("as_of") else None,
        feature_set=request.feature_set,
    )


def list_question(request: ListStockoutRisksRequest) -> ListQuestion:
    """Read a request.

    Raises:
        InvalidFieldError: If a field holds what it must not.
    """
    least, size = request.minimum_probability, request.page_size
    _check("page_size", 0 <= size <= MAX_PAGE, f"must be 0 to {MAX_PAGE}")
    _check("category", len(request.category.encode()) <= MAX_ID_BYTES, f"must be at most {MAX_ID_BYTES} bytes of UTF-8")
    _check("evidence", request.evidence in Evidence.values(), "must be one of the values of Evidence")
    _check("minimum_probability", 0 <= least <= 1, "must be 0 to 1")
    _check("order", request.order in Order.values(), "must be one of the values of Order")
    asked = ListFilter(
        request.category,
        request.evidence,
        least,
        request.alert_only,
        request.order or Order.ORDER_PROBABILITY,
    )
    return ListQuestion(asked, size or DEFAULT_PAGE, request.page_token)


def watched_ids(request: WatchStockoutRisksRequest, max_ids: int) -> Sequence[str]:
    """Read a request.

    Raises:
        InvalidFieldError: If a field holds what it must not.
        TooManyProductsError: If there are more than ``max_ids`` ids.
    """
    return _product_ids(request.product_ids, max_ids)


def day_of(request: StreamStockoutRisksRequest | StreamFeaturesRequest) -> dt.date | None:
    """The day as of which everything is asked; None is the newest.

    Raises:
        InvalidFieldError: If it is no date.
    """
    return _date(request.as_of) if request.HasField("as_of") else None


def _product_ids(repeated: Sequence[str], max_ids: int) -> Sequence[str]:
    _check_count(len(repeated), max_ids)
    if not repeated:
        raise InvalidFieldError("product_ids", "must hold at least one product id")
    product_ids = repeated[:]  # a list: reading a repeated field makes a new string each time
    if "" in product_ids or max(map(len, product_ids)) > _SURELY_SHORT:
        _check_each(product_ids, "product_ids[{}]")
    return product_ids


def _check_count(asked: int, max_ids: int) -> None:
    if asked > max_ids:
        raise TooManyProductsError(asked, max_ids)


def _check_each(product_ids: Sequence[str], path: str) -> None:
    for position, product_id in enumerate(product_ids):
        if not 1 <= len(product_id.encode()) <= MAX_ID_BYTES:
            raise InvalidFieldError(path.format(position), f"must be 1 to {MAX_ID_BYTES} bytes of UTF-8")


def _stock(position: int, item: AssessmentItem) -> Stock:
    units = item.units_on_hand if item.HasField("units_on_hand") else None
    days = item.lead_time_days if item.HasField("lead_time_days") else None
    if units is not None and not 0 <= units < math.inf:
        raise InvalidFieldError(f"items[{position}].units_on_hand", "must be a finite number of at least 0")
    if days is not None and not 0 <= days <= MAX_LEAD_TIME_DAYS:
        raise InvalidFieldError(f"items[{position}].lead_time_days", f"must be 0 to {MAX_LEAD_TIME_DAYS}")
    return Stock(units, days)


def _check(field: str, holds: bool, must: str) -> None:
    if not holds:
        raise InvalidFieldError(field, must)


def _date(message: date_pb2.Date) -> dt.date:
    try:
        return dt.date(message.year, message.month, message.day)
    except ValueError:
        raise InvalidFieldError("as_of", "must be a full date of the calendar: year, month and day") from None
