"""What an assessor answers, as a client would read it."""

from collections.abc import Sequence

import numpy as np
from google.rpc import error_details_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeaturesResult
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse, StockoutRiskResult

from feature_service.server import wire
from feature_service.server.assessor import Assessor
from feature_service.server.questions import Stock


def computed(
    assessor: Assessor, product_ids: Sequence[str], column: int, stock: Sequence[Stock] | None = None
) -> list[StockoutRiskResult]:
    """On the spot; with a stock for each product, all of which must have a row."""
    raw = wire.Writer(assessor).risks(product_ids, lambda rows: assessor.computed(rows, column, stock=stock), column)
    return list(AssessStockoutRisksResponse.FromString(raw).results)


def now(assessor: Assessor, product_ids: Sequence[str]) -> list[StockoutRiskResult]:
    """From the table of the newest week."""
    raw = wire.Writer(assessor).risks(product_ids, assessor.now, assessor.newest)
    return list(AssessStockoutRisksResponse.FromString(raw).results)


def features(assessor: Assessor, product_ids: Sequence[str], column: int) -> list[ProductFeaturesResult]:
    """The model's inputs."""
    return list(GetFeaturesResponse.FromString(wire.Writer(assessor).features(product_ids, column)).results)


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
