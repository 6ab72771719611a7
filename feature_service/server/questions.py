"""What a request asks, checked against the limits before any work is done."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from feature_service.server.errors import InvalidFieldError, TooManyProductsError
from feature_service.server.settings import MAX_ID_BYTES

_SURELY_SHORT = MAX_ID_BYTES // 4  # no character takes more than 4 bytes of UTF-8


@dataclass(frozen=True, slots=True)
class RiskQuestion:
    """The risk of which products, as of which day (None: newest), over which horizon (0: the model's)."""

    product_ids: Sequence[str]
    as_of: dt.date | None
    horizon_weeks: int


@dataclass(frozen=True, slots=True)
class FeatureQuestion:
    """The features of which products, as of which day (None: newest), in which set (empty: the model's)."""

    product_ids: Sequence[str]
    as_of: dt.date | None
    feature_set: str


def risk_question(request: AssessStockoutRisksRequest, max_ids: int) -> RiskQuestion:
    """Read a request.

    Raises:
        InvalidFieldError: If a field holds what it must not.
        TooManyProductsError: If there are more than ``max_ids`` ids.
    """
    return RiskQuestion(
        product_ids=_product_ids(request.product_ids, max_ids),
        as_of=_date(request.as_of) if request.HasField("as_of") else None,
        horizon_weeks=request.horizon_weeks,
    )


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


def _product_ids(repeated: Sequence[str], max_ids: int) -> Sequence[str]:
    if len(repeated) > max_ids:
        raise TooManyProductsError(len(repeated), max_ids)
    if not repeated:
        raise InvalidFieldError("product_ids", "must hold at least one product id")
    product_ids = repeated[:]  # a list: reading a repeated field makes a new string each time
    if "" in product_ids or max(map(len, product_ids)) > _SURELY_SHORT:
        _check_each(product_ids)
    return product_ids


def _check_each(product_ids: Sequence[str]) -> None:
    for position, product_id in enumerate(product_ids):
        if not 1 <= len(product_id.encode()) <= MAX_ID_BYTES:
            raise InvalidFieldError(f"product_ids[{position}]", f"must be 1 to {MAX_ID_BYTES} bytes of UTF-8")


def _date(message: date_pb2.Date) -> dt.date:
    try:
        return dt.date(message.year, message.month, message.day)
    except ValueError:
        raise InvalidFieldError("as_of", "must be a full date of the calendar: year, month and day") from None
