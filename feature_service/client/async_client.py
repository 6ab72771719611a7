"""The client for programs that run on asyncio. Its methods are those of :class:`RiskClient`."""

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import GetServiceInfoRequest, StreamStockoutRisksRequest, WatchStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.client import batching
from feature_service.client.batching import DEFAULT_LIST_LIMIT, DEFAULT_TIMEOUT_S, Item, ListFilter
from feature_service.client.errors import SnapshotChangedError, from_rpc_error
from feature_service.client.messages import info_of, provenance_of, ranked_of, risk_of
from feature_service.client.results import (
    FeatureAnswer,
    ProductRisk,
    RankedAnswer,
    RankedRisk,
    RiskAnswer,
    ServiceInfo,
)
from feature_service.limits import MAX_IDS, MAX_PAGE


class AsyncRiskClient:
    """As :class:`feature_service.client.RiskClient`; create it and use it within one running event loop."""

    def __init__(
        self,
        target: str,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | None = None,
        question: str = "",
    ) -> None:
        self._target, self._timeout_s, self._max_ids = target, timeout_s, MAX_IDS
        self._question = question
        self._channel = (
            grpc.aio.secure_channel(target, credentials, batching.CHANNEL_OPTIONS)
            if credentials
            else grpc.aio.insecure_channel(target, batching.CHANNEL_OPTIONS)
        )
        self._risks: Any = RiskServiceStub(self._channel)
        self._features: Any = FeatureServiceStub(self._channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """See :meth:`RiskClient.close`."""
        await self._channel.close()

    async def health(self, service: str = "") -> str:
        """See :meth:`RiskClient.health`."""
        stub: Any = health_pb2_grpc.HealthStub(self._channel)
        try:
            response = await stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=self._timeout_s)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return "SERVICE_UNKNOWN"
            raise from_rpc_error(error, self._target, self._timeout_s) from error
        name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(response.status)
        return name

    async def info(self) -> ServiceInfo:
        """See :meth:`RiskClient.info`."""
        with self._translate_errors():
            return info_of(await self._ask(self._risks.GetServiceInfo, GetServiceInfoRequest()))

    async def assess(
        self, products: Sequence[str] | Sequence[str | Item], as_of: dt.date | None = None, horizon_weeks: int = 0
    ) -> RiskAnswer:
        """See :meth:`RiskClient.assess`."""
        responses = await self._in_batches(
            self._risks.AssessStockoutRisks,
            lambda size: batching.risk_requests(products, as_of, horizon_weeks, size),
        )
        return batching.risk_answer(responses)

    async def features(
        self, product_ids: Sequence[str], as_of: dt.date | None = None, feature_set: str = ""
    ) -> FeatureAnswer:
        """See :meth:`RiskClient.features`."""
        responses = await self._in_batches(
            self._features.GetFeatures,
            lambda size: batching.feature_requests(product_ids, as_of, feature_set, size),
        )
        return batching.feature_answer(responses)

    async def list_risks(self, list_filter: ListFilter | None = None, limit: int = DEFAULT_LIST_LIMIT) -> RankedAnswer:
        """See :meth:`RiskClient.list_risks`."""
        ranked: list[RankedRisk] = []
        token = ""
        while True:
            size = min(MAX_PAGE, max(1, limit - len(ranked)))
            with self._translate_errors():
                request = batching.list_request(list_filter or ListFilter(), size, token)
                page = await self._ask(self._risks.ListStockoutRisks, request)
            ranked += map(ranked_of, page.risks)
            token = page.next_page_token
            if not token or len(ranked) >= limit:
                return RankedAnswer(provenance_of(page.provenance), page.total_size, ranked[:limit])

    async def stream(self, as_of: dt.date | None = None) -> AsyncIterator[ProductRisk]:
        """See :meth:`RiskClient.stream`."""
        request = StreamStockoutRisksRequest(as_of=batching.date_message(as_of), question=self._question)
        with self._translate_errors():
            async for response in self._risks.StreamStockoutRisks(request, timeout=batching.STREAM_TIMEOUT_S):
                for result in self._of_question(response).results:
                    yield risk_of(result)

    async def watch(self, product_ids: Sequence[str]) -> AsyncIterator[RiskAnswer]:
        """See :meth:`RiskClient.watch`."""
        request = WatchStockoutRisksRequest(product_ids=product_ids, question=self._question)
        with self._translate_errors():
            async for response in self._risks.WatchStockoutRisks(request):
                yield batching.risk_answer([self._of_question(response)])

    async def _ask(self, call: Any, request: Any) -> Any:
        request.question = self._question
        return self._of_question(await call(request, timeout=self._timeout_s))

    def _of_question(self, response: Any) -> Any:
        return batching.of_question(response, self._question, self._target)

    async def _in_batches(self, call: Any, requests_of: Callable[[int], Any]) -> Any:
        """Send all batches; if the snapshot changed between two of them, send all again."""
        for _ in range(batching.TRIES):
            max_ids = self._max_ids  # a call at the same time may find another one
            try:
                responses = [await self._ask(call, request) for request in requests_of(max_ids)]
            except grpc.RpcError as error:
                limit = batching.smaller_limit(error)
                if limit is None or limit >= max_ids:
                    raise from_rpc_error(error, self._target, self._timeout_s) from error
                self._max_ids = limit
                continue
            if batching.are_of_one_snapshot(responses):
                return responses
        raise SnapshotChangedError(self._target)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            yield
        except grpc.RpcError as error:
            raise from_rpc_error(error, self._target, self._timeout_s) from error
