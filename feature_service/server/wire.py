"""Answers as bytes.

Protobuf messages laid end to end parse as their merge: repeated fields append. So a response is its provenance's bytes
and one entry's bytes for each product, joined; both are encoded once and used in every answer.
"""

import datetime as dt
from collections.abc import Sequence

from google.rpc import status_pb2
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeatures, ProductFeaturesResult
from stockout.v1.provenance_pb2 import Evidence, Provenance
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse, StockoutRisk, StockoutRiskResult

from data.snapshot import ModelReference
from feature_service.server.assessor import Assessor, Features, Risk
from feature_service.server.errors import ProductError
from feature_service.server.statuses import status_of
from training.bundle import Contract


class RiskEntries(dict[str, bytes]):
    """The encoded answer of each product for the newest week, by id; encoded when first asked for, then kept.

    What is kept is bounded by the snapshot: an id that it does not name is encoded anew each time.
    """

    def __init__(self, assessor: Assessor) -> None:
        super().__init__()
        self._assessor = assessor

    def __missing__(self, product_id: str) -> bytes:
        entry = risk_entry(product_id, self._assessor.risk_now(product_id))
        if self._assessor.is_known(product_id):
            self[product_id] = entry
        return entry


def risk_head(provenance: Provenance) -> bytes:
    """What a risk response starts with."""
    return AssessStockoutRisksResponse(provenance=provenance).SerializeToString()


def risk_entry(product_id: str, answer: Risk | ProductError) -> bytes:
    """What a risk response holds of one product."""
    return AssessStockoutRisksResponse(results=[_risk_result(product_id, answer)]).SerializeToString()


def features_response(
    provenance: Provenance,
    feature_names: Sequence[str],
    product_ids: Sequence[str],
    answers: Sequence[Features | ProductError],
) -> bytes:
    """A whole features response."""
    return GetFeaturesResponse(
        provenance=provenance,
        feature_names=feature_names,
        results=map(_features_result, product_ids, answers),
    ).SerializeToString()


def provenance_of(snapshot_id: str, model: ModelReference, contract: Contract, week: dt.date) -> Provenance:
    """What answers for ``week`` rest on."""
    return Provenance(
        model_name=model.name,
        model_version=model.version,
        feature_set=contract.feature_set,
        label=contract.label.name,
        threshold=contract.threshold,
        snapshot_id=snapshot_id,
        as_of_week=date_pb2.Date(year=week.year, month=week.month, day=week.day),
        horizon_weeks=contract.label.horizon_weeks,
        evidence=Evidence.Value(f"EVIDENCE_{contract.label.evidence}"),
    )


def _risk_result(product_id: str, answer: Risk | ProductError) -> StockoutRiskResult:
    if isinstance(answer, ProductError):
        return StockoutRiskResult(product_id=product_id, error=_error(answer))
    risk = StockoutRisk(probability=answer.probability, alert=answer.alert)
    return StockoutRiskResult(product_id=product_id, risk=risk)


def _features_result(product_id: str, answer: Features | ProductError) -> ProductFeaturesResult:
    if isinstance(answer, ProductError):
        return ProductFeaturesResult(product_id=product_id, error=_error(answer))
    features = ProductFeatures(values=answer.values, eligible=answer.eligible)
    return ProductFeaturesResult(product_id=product_id, features=features)


def _error(error: ProductError) -> status_pb2.Status:
    _, status = status_of(error)
    return status
