"""What an assessor answers, as a client would read it."""

from collections.abc import Sequence

import numpy as np
from google.rpc import error_details_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeaturesResult
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse, StockoutRiskResult

from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.serving import responses
from feature_service.server.serving.entries import risk_entries


def computed(
    assessor: Assessor, product_ids: Sequence[str], column: int, newer_stock: NewerStock | None = None
) -> list[StockoutRiskResult]:
    """On the spot."""
    raw = responses.Writer(assessor).risks(product_ids, column, assessor.scorer, newer_stock)
    return list(AssessStockoutRisksResponse.FromString(raw).results)


def now(assessor: Assessor, product_ids: Sequence[str]) -> list[StockoutRiskResult]:
    """From the table of the newest week."""
    entries = risk_entries(assessor, responses.Writer(assessor), max_bytes=0)
    return list(AssessStockoutRisksResponse.FromString(b"".join(map(entries.__getitem__, product_ids))).results)


def given_to_all(products: int, units_on_hand: float | None, lead_time_days: int | None = None) -> NewerStock:
    """The same for each product."""
    units, days = (np.full(products, np.nan if each is None else each) for each in (units_on_hand, lead_time_days))
    return NewerStock(units, days)


def features(assessor: Assessor, product_ids: Sequence[str], column: int) -> list[ProductFeaturesResult]:
    """The model's inputs."""
    return list(GetFeaturesResponse.FromString(responses.Writer(assessor).features(product_ids, column)).results)


def values_of(result: ProductFeaturesResult) -> bytes:
    """One product's features, float32."""
    return np.array(result.features.values, dtype=np.float32).tobytes()


def reason_of(result: StockoutRiskResult | ProductFeaturesResult) -> str:
    """The ErrorInfo's reason; empty where there is no error."""
    if not result.HasField("error"):
        return ""
    info = error_details_pb2.ErrorInfo()
    result.error.details[0].Unpack(info)
    return str(info.reason)
