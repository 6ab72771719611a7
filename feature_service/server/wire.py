"""Answers as bytes.

Protobuf messages laid end to end parse as their merge: repeated fields append. So a response is its provenance's bytes
and one entry's bytes for each product, joined; both are encoded once and used in every answer.
"""

import datetime as dt
from collections.abc import Iterable, Sequence

from google.protobuf import timestamp_pb2
from google.rpc import status_pb2
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeatures, ProductFeaturesResult
from stockout.v1.provenance_pb2 import Evidence, Provenance
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    ListStockoutRisksResponse,
    RankedStockoutRisk,
    Reason,
    StockoutRisk,
)

from data.snapshot import Snapshot
from feature_service.server.assessor import Assessor, Features, Risk
from feature_service.server.errors import ProductError
from feature_service.server.statuses import status_of
from training.bundle import Contract

MAX_KEPT_ERRORS = 4096
_ERROR_FIELDS: dict[tuple[type[ProductError], str], bytes] = {}


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
    """What a risk response starts with, be it a whole answer or the first message of a stream."""
    return AssessStockoutRisksResponse(provenance=provenance).SerializeToString()


def risk_entry(product_id: str, answer: Risk | ProductError) -> bytes:
    """What a risk response holds of one product.

    Put together by hand: of messages within messages protobuf makes an object each, which takes three times as long.
    """
    outcome = _error_field(answer) if isinstance(answer, ProductError) else _field(0x12, _risk_bytes(answer))
    return _field(0x12, _field(0x0A, product_id.encode()) + outcome)


def features_head(provenance: Provenance, feature_names: Sequence[str]) -> bytes:
    """What a features response starts with, be it a whole answer or the first message of a stream."""
    return GetFeaturesResponse(provenance=provenance, feature_names=feature_names).SerializeToString()


def features_entries(product_ids: Sequence[str], answers: Sequence[Features | ProductError]) -> bytes:
    """What a features response holds of products."""
    return GetFeaturesResponse(results=map(_features_result, product_ids, answers)).SerializeToString()


def provenance_of(snapshot: Snapshot, contract: Contract, week: dt.date, stale: bool = False) -> Provenance:
    """What answers for ``week`` rest on."""
    return Provenance(
        model_name=snapshot.model.name,
        model_version=snapshot.model.version,
        feature_set=contract.feature_set,
        label=contract.label.name,
        threshold=contract.threshold,
        snapshot_id=snapshot.id,
        as_of_week=date_message(week),
        horizon_weeks=contract.label.horizon_weeks,
        evidence=Evidence.Value(f"EVIDENCE_{contract.label.evidence}"),
        published_at=timestamp_message(snapshot.published_at),
        stale=stale,
    )


def list_response(
    provenance: Provenance, ranked: Iterable[tuple[int, str, Risk]], next_page_token: str, total_size: int
) -> bytes:
    """A whole page of a ranked list: rank, product id and risk of each."""
    return ListStockoutRisksResponse(
        provenance=provenance,
        risks=[RankedStockoutRisk(rank=rank, product_id=each, risk=risk_message(risk)) for rank, each, risk in ranked],
        next_page_token=next_page_token,
        total_size=total_size,
    ).SerializeToString()


def risk_message(risk: Risk) -> StockoutRisk:
    """What is not known stays unset."""
    plan = risk.plan
    return StockoutRisk(
        probability=risk.probability,
        alert=risk.alert,
        units_on_hand=plan.units_on_hand,
        expected_demand_units=plan.expected_demand_units,
        expected_units_lost=plan.expected_units_lost,
        revenue_at_risk=plan.revenue_at_risk,
        weeks_of_cover=plan.weeks_of_cover,
        expected_stockout_date=plan.expected_stockout_date and date_message(plan.expected_stockout_date),
        reorder_by_date=plan.reorder_by_date and date_message(plan.reorder_by_date),
        reasons=[
            Reason(feature=each.feature, value=each.value, contribution=each.contribution, text=each.text)
            for each in risk.reasons
        ],
        category=risk.category,
    )


def timestamp_message(moment: dt.datetime) -> timestamp_pb2.Timestamp:
    """A moment, by UTC."""
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    return message


def date_message(day: dt.date) -> date_pb2.Date:
    """A day of the calendar."""
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def _risk_bytes(risk: Risk) -> bytes:
    return risk_message(risk).SerializeToString()


def _error_field(error: ProductError) -> bytes:
    """Encoded once for all products with the same error: many have one, and few errors differ."""
    facts = type(error), str(error)
    if facts not in _ERROR_FIELDS:
        if len(_ERROR_FIELDS) >= MAX_KEPT_ERRORS:
            _ERROR_FIELDS.clear()
        _ERROR_FIELDS[facts] = _field(0x1A, _error(error).SerializeToString())
    return _ERROR_FIELDS[facts]


def _field(tag: int, content: bytes) -> bytes:
    """A length-delimited field of a message."""
    length = len(content)
    if length < 0x80:
        return b"%c%c%b" % (tag, length, content)
    if length < 0x4000:
        return b"%c%c%c%b" % (tag, length & 0x7F | 0x80, length >> 7, content)
    return b"%c%c%c%c%b" % (tag, length & 0x7F | 0x80, length >> 7 & 0x7F | 0x80, length >> 14, content)


def _features_result(product_id: str, answer: Features | ProductError) -> ProductFeaturesResult:
    if isinstance(answer, ProductError):
        return ProductFeaturesResult(product_id=product_id, error=_error(answer))
    features = ProductFeatures(values=answer.values, eligible=answer.eligible)
    return ProductFeaturesResult(product_id=product_id, features=features)


def _error(error: ProductError) -> status_pb2.Status:
    _, status = status_of(error)
    return status
