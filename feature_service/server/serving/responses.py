"""Answers as bytes.

Protobuf messages laid end to end parse as their merge: repeated fields append. So a response is its provenance's bytes
and one entry's bytes for each product, joined; both are encoded once and used in every answer.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from copy import copy

import numpy as np
from google.rpc import status_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse, ProductFeatures, ProductFeaturesResult
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    ListStockoutRisksResponse,
    RankedStockoutRisk,
    StockoutRisk,
    StockoutRiskResult,
)

from data.snapshots import ChallengerScores
from feature_service.kernel.arrays import RowNumbers
from feature_service.server.product_errors import OutOfStockError, ProductError
from feature_service.server.scoring.assessment import Assessment
from feature_service.server.scoring.assessor import Assessor
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.scorer import Inputs, Scorer, State
from feature_service.server.serving import encoder
from feature_service.server.serving.encoder import field, tag_of
from feature_service.server.serving.orders import OrderWriter
from feature_service.server.statuses import out_of_stock, status_of

MAX_KEPT_ERRORS = 4096

PER_MESSAGE = 1000
"""Products in one message of a stream: some 100 kB, so that one slow reader holds no more than a few of them."""

_RISK_RESULT = tag_of(AssessStockoutRisksResponse, "results")  # the same in the streams' and the watch's messages
_FEATURES_RESULT = tag_of(GetFeaturesResponse, "results")
_PRODUCT_ID, _RISK, _ERROR = (tag_of(StockoutRiskResult, name) for name in ("product_id", "risk", "error"))
_FEATURES = tag_of(ProductFeaturesResult, "features")
_ELIGIBLE = tag_of(ProductFeatures, "eligible") + b"\x01"
_CATEGORY = tag_of(StockoutRisk, "category")
_ORDER = tag_of(StockoutRisk, "suggested_order")
_NEXT_DELIVERY = tag_of(StockoutRisk, "next_delivery")
_RANKED = tag_of(ListStockoutRisksResponse, "risks")
_RANK, _RANKED_ID, _RANKED_RISK, _RANKED_OUT_OF_STOCK = (
    tag_of(RankedStockoutRisk, name) for name in ("rank", "product_id", "risk", "out_of_stock")
)
_ERROR_FIELDS: dict[tuple[type[ProductError], str], bytes] = {}


class Writer:
    """Writes what responses hold of one snapshot's products.

    Args:
        assessor: Has the products and their answers.
        alike: A writer of the same snapshot, if there is one already: the categories are encoded once.
        challenger: What the challenger gives the same products; of a writer that is alike it is taken over.
    """

    def __init__(
        self, assessor: Assessor, alike: "Writer | None" = None, challenger: ChallengerScores | None = None
    ) -> None:
        self._assessor = assessor
        self.category: Mapping[str, bytes] = alike.category if alike else _category_fields(assessor)
        self.orders: OrderWriter = alike.orders if alike else OrderWriter(assessor)
        self.challenger: ChallengerScores | None = alike.challenger if alike else challenger
        self._includes_challenger = False

    def including(self, *, challenger: bool) -> "Writer":
        """This one, or where it is asked and there is a challenger, one that also writes what that gives."""
        if not challenger or self.challenger is None:
            return self
        writer = copy(self)
        writer._includes_challenger = True  # noqa: SLF001 - its own class
        return writer

    def risks(
        self, product_ids: Sequence[str], column: int, scorer: Scorer, caller_stock: NewerStock | None = None
    ) -> bytes:
        """What a risk response holds of products, computed on the spot.

        Args:
            product_ids: The products.
            column: The week.
            scorer: The model.
            caller_stock: What the caller knows of each product's stock.
        """
        rows = list(map(self._assessor.row, product_ids))
        known = np.array([row is not None for row in rows], dtype=np.bool_)
        answers = self._assessor.answers(_present(rows), column, scorer, caller_stock and caller_stock.of(known))
        return b"".join(self._risk_results(product_ids, rows, answers))

    def newest_entries(self, product_ids: Sequence[str]) -> list[bytes]:
        """What a risk response for the newest week holds of each product, out of the table."""
        rows = list(map(self._assessor.row, product_ids))
        answers = self._assessor.newest_answers(_present(rows))
        return list(self._risk_results(product_ids, rows, answers))

    def risk_entries(self, answers: Assessment) -> list[bytes]:
        """What a risk response holds of each of these rows."""
        ids = map(self._assessor.panel.product_ids.__getitem__, answers.rows.tolist())
        outcomes = self._risk_outcomes(answers)
        return [_result(_RISK_RESULT, each, outcome) for each, outcome in zip(ids, outcomes, strict=True)]

    def risk_absence(self, product_id: str) -> bytes:
        """What a risk response for the newest week holds of an id without a row."""
        return _result(_RISK_RESULT, product_id, self._newest_absence(product_id))

    def feature_entries(self, rows: RowNumbers) -> list[bytes]:
        """What a features response for the newest week holds of each of these rows."""
        ids = map(self._assessor.panel.product_ids.__getitem__, rows.tolist())
        outcomes = self._feature_outcomes(rows, self._assessor.newest)
        return [_result(_FEATURES_RESULT, each, outcome) for each, outcome in zip(ids, outcomes, strict=True)]

    def feature_absence(self, product_id: str) -> bytes:
        """What a features response for the newest week holds of an id without a row."""
        return _result(_FEATURES_RESULT, product_id, self._newest_absence(product_id))

    def features(self, product_ids: Sequence[str], column: int, inputs: Inputs | None = None) -> bytes:
        """What a features response holds of products; ``inputs`` are those of another feature set than the model's."""
        rows = list(map(self._assessor.row, product_ids))
        outcomes = self._feature_outcomes(_present(rows), column, inputs)
        return b"".join(self._results(_FEATURES_RESULT, product_ids, rows, iter(outcomes), column))

    def ranked(self, answers: Assessment, first_rank: int) -> bytes:
        """What a page of a ranked list holds of rows that all have a probability or are out of stock."""
        ids = map(self._assessor.panel.product_ids.__getitem__, answers.rows.tolist())
        supply = self._supply(answers)
        outcomes = [field(_RANKED_RISK, risk) for risk in self._risks(answers, supply)]
        for position in np.flatnonzero(answers.scores.states == State.OUT_OF_STOCK).tolist():
            row, recorded = int(answers.rows[position]), bool(answers.recorded[position])
            error = self._assessor.stock_out_of(row, count_recorded=recorded)
            error.suggested_order, error.next_delivery = supply[position]
            lost = out_of_stock(error)
            outcomes[position] = field(_RANKED_OUT_OF_STOCK, lost.SerializeToString())
        return b"".join(
            field(_RANKED, encoder.whole_number(_RANK, rank) + field(_RANKED_ID, each.encode()) + outcome)
            for rank, each, outcome in zip(
                range(first_rank, first_rank + len(answers.rows)), ids, outcomes, strict=True
            )
        )

    def _risk_results(
        self, product_ids: Sequence[str], rows: Sequence[int | None], answers: Assessment
    ) -> Iterator[bytes]:
        return self._results(_RISK_RESULT, product_ids, rows, iter(self._risk_outcomes(answers)), answers.column)

    def _results(
        self, tag: bytes, product_ids: Sequence[str], rows: Sequence[int | None], outcomes: Iterator[bytes], column: int
    ) -> Iterator[bytes]:
        for each, row in zip(product_ids, rows, strict=True):
            absent = row is None
            outcome = _error_field(self._assessor.absence(each, column)) if absent else next(outcomes)
            yield _result(tag, each, outcome)

    def _risk_outcomes(self, answers: Assessment) -> list[bytes]:
        errors, supply = self._assessor.risk_problems(answers), self._supply(answers)
        for position, error in errors.items():
            if isinstance(error, OutOfStockError):
                error.suggested_order, error.next_delivery = supply[position]
        problems, risks = _fields_of(errors), self._risks(answers, supply)
        return [problems.get(position) or field(_RISK, risk) for position, risk in enumerate(risks)]

    def _supply(self, answers: Assessment) -> list[tuple[bytes, bytes]]:
        """Of each row a whole ``SuggestedOrder`` and a whole ``NextDelivery``, empty where there is none."""
        deliveries = encoder.deliveries(answers.figures, self._last_day(answers))
        return list(zip(self.orders.messages(answers), deliveries, strict=True))

    def _last_day(self, answers: Assessment) -> dt.date:
        return self._assessor.week(answers.column) + dt.timedelta(days=6)

    def _risks(self, answers: Assessment, supply: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Whole ``StockoutRisk`` messages."""
        rows, panel, last_day = answers.rows.tolist(), self._assessor.panel, self._last_day(answers)
        risks = encoder.risks(answers, last_day)
        categories = [self.category[panel.categories[row]] for row in rows]
        categories = [
            each + (order and field(_ORDER, order)) + (delivery and field(_NEXT_DELIVERY, delivery))
            for each, (order, delivery) in zip(categories, supply, strict=True)
        ]
        reasons = self._assessor.reasons
        if self._includes_challenger:
            categories = list(map(bytes.__add__, categories, self._challenger_fields(answers)))
        if reasons is None or not answers.with_reasons:
            return list(map(bytes.__add__, risks, categories))
        reason_fields = (b"".join(map(encoder.reason, reasons.of(row))) for row in rows)
        return [risk + why + category for risk, why, category in zip(risks, reason_fields, categories, strict=True)]

    def _challenger_fields(self, answers: Assessment) -> list[bytes]:
        """It was told what was published, so it says nothing of an answer that stands on anything else."""
        if self.challenger is None:
            return [b""] * len(answers.rows)
        probabilities = np.where(answers.as_published, self.challenger.probabilities[answers.rows], np.nan)
        return encoder.challenger(probabilities, self.challenger.alerts[answers.rows])

    def _newest_absence(self, product_id: str) -> bytes:
        return _error_field(self._assessor.absence(product_id, self._assessor.newest))

    def _feature_outcomes(self, rows: RowNumbers, column: int, inputs: Inputs | None = None) -> list[bytes]:
        values, states = self._assessor.features(rows, column, inputs)
        problems = _fields_of(self._assessor.feature_problems(rows, column, states, inputs))
        eligible = [_ELIGIBLE if state == State.SCORED else b"" for state in states.tolist()]
        features = zip(encoder.floats(values), eligible, strict=True)
        return [problems.get(position) or field(_FEATURES, b"".join(each)) for position, each in enumerate(features)]


def _present(rows: Sequence[int | None]) -> RowNumbers:
    return np.array([row for row in rows if row is not None], dtype=np.intp)


def _category_fields(assessor: Assessor) -> dict[str, bytes]:
    return {each: field(_CATEGORY, each.encode()) if each else b"" for each in set(assessor.panel.categories)}


def message_rows(products: int) -> Iterator[slice]:
    """The rows of each message of a stream; at least one, so that a stream of nothing says what it rests on."""
    return (slice(start, start + PER_MESSAGE) for start in range(0, max(1, products), PER_MESSAGE))


def risk_head(provenance: Provenance) -> bytes:
    """What a risk response starts with, be it a whole answer or the first message of a stream."""
    return AssessStockoutRisksResponse(provenance=provenance).SerializeToString()


def features_head(provenance: Provenance, feature_names: Sequence[str]) -> bytes:
    """What a features response starts with, be it a whole answer or the first message of a stream."""
    return GetFeaturesResponse(provenance=provenance, feature_names=feature_names).SerializeToString()


def list_response(provenance: Provenance, ranked: bytes, next_page_token: str, total_size: int) -> bytes:
    """A whole page of a ranked list, out of what :meth:`Writer.ranked` gave."""
    head = ListStockoutRisksResponse(provenance=provenance)
    tail = ListStockoutRisksResponse(next_page_token=next_page_token, total_size=total_size)
    return b"".join([head.SerializeToString(), ranked, tail.SerializeToString()])


def _result(tag: bytes, product_id: str, outcome: bytes) -> bytes:
    """One of a response's ``results``."""
    return field(tag, field(_PRODUCT_ID, product_id.encode()) + outcome)


def _fields_of(problems: Mapping[int, ProductError]) -> dict[int, bytes]:
    encoded = {error: _error_field(error) for error in set(problems.values())}  # most products share theirs
    return {position: encoded[error] for position, error in problems.items()}


def _error_field(error: ProductError) -> bytes:
    """Encoded once for all products with the same error: many have one, and few errors differ."""
    if isinstance(error, OutOfStockError):  # each has figures of its own
        return field(_ERROR, _error(error).SerializeToString())
    facts = type(error), str(error)
    if facts not in _ERROR_FIELDS:
        if len(_ERROR_FIELDS) >= MAX_KEPT_ERRORS:
            _ERROR_FIELDS.clear()
        _ERROR_FIELDS[facts] = field(_ERROR, _error(error).SerializeToString())
    return _ERROR_FIELDS[facts]


def _error(error: ProductError) -> status_pb2.Status:
    _, status = status_of(error)
    return status
