"""The RPCs: decode, delegate, encode. What they raise becomes a status in ``handlers``."""

from collections.abc import AsyncIterator, Awaitable
from importlib.metadata import version

from stockout.v1 import feature_service_pb2, risk_service_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksRequest,
    GetPerformanceRequest,
    GetPerformanceResponse,
    GetProductHistoryRequest,
    GetServiceInfoRequest,
    GetServiceInfoResponse,
    Limits,
    ListStockoutRisksRequest,
    ServedQuestion,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)

from feature_service.server.rpc.handlers import Method, StreamMethod, UnaryMethod
from feature_service.server.rpc.requests import (
    asks_features_alone,
    asks_ids_alone,
    day_of,
    feature_query,
    history_query,
    list_query,
    risk_query,
)
from feature_service.server.serving import messages
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.product_history import product_history
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.recorded_stock import RecordedStock
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.settings import Settings

RISK_SERVICE: str = risk_service_pb2.DESCRIPTOR.services_by_name["RiskService"].full_name
FEATURE_SERVICE: str = feature_service_pb2.DESCRIPTOR.services_by_name["FeatureService"].full_name


class RiskServicer:
    """``stockout.v1.RiskService``."""

    def __init__(self, questions: ServedQuestions, recorded: RecordedStock, settings: Settings) -> None:
        self._questions, self._recorded = questions, recorded
        self._limits = Limits(
            max_ids_per_request=settings.max_ids,
            max_message_bytes=settings.max_message_bytes,
            max_concurrent_rpcs=settings.operation.limits.max_rpcs,
            max_streams=settings.operation.limits.max_streams,
        )
        self._version = version("stockout-risk")
        self.methods: dict[str, Method] = {
            "AssessStockoutRisks": UnaryMethod(
                AssessStockoutRisksRequest, self.assess_stockout_risks, self.known_stockout_risks
            ),
            "ListStockoutRisks": UnaryMethod(ListStockoutRisksRequest, self.list_stockout_risks),
            "GetServiceInfo": UnaryMethod(GetServiceInfoRequest, self.get_service_info),
            "GetPerformance": UnaryMethod(GetPerformanceRequest, self.get_performance),
            "GetProductHistory": UnaryMethod(GetProductHistoryRequest, self.get_product_history),
            "StreamStockoutRisks": StreamMethod(StreamStockoutRisksRequest, self.stream_stockout_risks),
            "WatchStockoutRisks": StreamMethod(WatchStockoutRisksRequest, self.watch_stockout_risks),
        }

    def assess_stockout_risks(self, request: AssessStockoutRisksRequest) -> bytes | Awaitable[bytes]:
        """Answer one result per product, in the order of the request."""
        query = risk_query(request)
        return self._questions.place(request.question).get().as_of(query.as_of).risks(query)

    def known_stockout_risks(self, request: AssessStockoutRisksRequest) -> bytes | None:
        """Answer from what is encoded: an id that the snapshot names has kept its rule already."""
        place = self._questions.find(request.question)
        return place.get().known_risks(request.product_ids) if place and asks_ids_alone(request) else None

    def list_stockout_risks(self, request: ListStockoutRisksRequest) -> bytes:
        """Answer a page of the ranked list."""
        query = list_query(request)
        return self._questions.of_page(request.question, query.page_token).page(query)

    def stream_stockout_risks(self, request: StreamStockoutRisksRequest) -> AsyncIterator[bytes]:
        """Answer every product."""
        day = day_of(request)
        return (
            self._questions.place(request.question)
            .get()
            .as_of(day)
            .all_risks(day, include_challenger=request.include_challenger)
        )

    async def watch_stockout_risks(self, request: WatchStockoutRisksRequest) -> AsyncIterator[bytes]:
        """Answer the asked products, then those that changed, at each newer snapshot and with recorded counts."""
        place = self._questions.place(request.question)
        serving = place.get()
        head, before = await _state(serving, request)
        yield head + b"".join(before)
        while True:
            seen, serving = serving, await place.next(serving)
            head, now = await _state(serving, request)
            changed = b"".join(new for new, old in zip(now, before, strict=True) if new != old)
            if changed or serving.id != seen.id:
                yield head + changed
            before = now

    def get_service_info(self, request: GetServiceInfoRequest) -> bytes:
        """Answer what is served."""
        serving = self._questions.place(request.question).get()
        return GetServiceInfoResponse(
            provenance=serving.provenance(),
            limits=self._limits,
            serving_since=messages.timestamp_message(serving.serving_since),
            products=len(serving.assessor),
            server_version=self._version,
            first_week=messages.date_message(serving.assessor.week(0)),
            data_warnings=serving.data_warnings,
            questions=map(self._served_question, self._questions.loaded()),
            recorded_counts=self._recorded.info(serving),
            shard=messages.shard_message(serving.shard),
            challenger=messages.challenger_message(serving.now.writer.challenger),
        ).SerializeToString()

    def get_performance(self, request: GetPerformanceRequest) -> bytes:
        """Answer how past answers turned out."""
        place = self._questions.place(request.question)
        serving = place.get()
        head = GetPerformanceResponse(provenance=serving.provenance()).SerializeToString()
        return head + place.track_record.response(serving.question)

    def get_product_history(self, request: GetProductHistoryRequest) -> Awaitable[bytes]:
        """Answer what is known of a product; quantiles of much demand take long."""
        serving = self._questions.place(request.question).get()
        return compute_in_thread(product_history, serving, history_query(request))

    def _served_question(self, place: CurrentSnapshot) -> ServedQuestion:
        serving = place.get()
        return ServedQuestion(
            provenance=serving.provenance(),
            is_default=place is self._questions.default,
            products=len(serving.assessor),
            serving_since=messages.timestamp_message(serving.serving_since),
        )


async def _state(serving: ServingSnapshot, request: WatchStockoutRisksRequest) -> tuple[bytes, list[bytes]]:
    """What a message of a watch begins with, and what it holds of each product."""
    product_ids = request.product_ids[:]
    if not request.include_challenger:
        return serving.head, list(serving.entries(product_ids))
    entries = await compute_in_thread(serving.entries_with_challenger, product_ids)
    return serving.head_with_challenger(), entries


class FeatureServicer:
    """``stockout.v1.FeatureService``."""

    def __init__(self, questions: ServedQuestions) -> None:
        self._questions = questions
        self.methods: dict[str, Method] = {
            "GetFeatures": UnaryMethod(GetFeaturesRequest, self.get_features, self.known_features),
            "StreamFeatures": StreamMethod(StreamFeaturesRequest, self.stream_features),
        }

    def get_features(self, request: GetFeaturesRequest) -> bytes | Awaitable[bytes]:
        """Answer one result per product, in the order of the request."""
        query = feature_query(request)
        return self._questions.place(request.question).get().as_of(query.as_of).features(query)

    def known_features(self, request: GetFeaturesRequest) -> bytes | None:
        """Answer from what is encoded: an id that the snapshot names has kept its rule already."""
        place = self._questions.find(request.question)
        return place.get().known_features(request.product_ids) if place and asks_features_alone(request) else None

    def stream_features(self, request: StreamFeaturesRequest) -> AsyncIterator[bytes]:
        """Answer every product."""
        day = day_of(request)
        return self._questions.place(request.question).get().as_of(day).all_features(request.feature_set, day)
