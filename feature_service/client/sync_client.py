"""The synchronous client."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import (
    GetServiceInfoRequest,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.client import batching
from feature_service.client.batching import DEFAULT_LIST_LIMIT, DEFAULT_TIMEOUT_S, Item, ListFilter, Response
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

Request = TypeVar("Request")


class RiskClient:
    """Asks one server, over one channel, for the risk and the features of products.

    A call that the server refused before it began is repeated within the timeout, as ``batching.SERVICE_CONFIG`` says.

    Args:
        target: ``host:port``.
        timeout_s: Longest wait for each call, in seconds.
        credentials: TLS; None is plaintext.
        question: What every call asks, e.g. ``inventory``; :meth:`info` lists what is served. Empty asks the server's
            default. Answers to another question than the one that is named are refused.
    """

    def __init__(
        self,
        target: str,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | None = None,
        question: str = "",
    ) -> None:
        self._target, self._timeout_s, self._max_ids = target, timeout_s, MAX_IDS
        self._question = question
        self._channel = batching.open_channel(target, credentials)
        self._risks = RiskServiceStub(self._channel)
        self._features = FeatureServiceStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()

    def health(self, service: str = "") -> str:
        """``SERVING``, ``NOT_SERVING`` or ``SERVICE_UNKNOWN``; an empty name asks for the whole server.

        Raises:
            ClientError: If nobody answers in time.
        """
        request = health_pb2.HealthCheckRequest(service=service)
        try:
            status = health_pb2_grpc.HealthStub(self._channel).Check(request, timeout=self._timeout_s).status
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return "SERVICE_UNKNOWN"
            raise from_rpc_error(error, self._target, self._timeout_s) from error
        name: str = health_pb2.HealthCheckResponse.ServingStatus.Name(status)
        return name

    def info(self) -> ServiceInfo:
        """What is served, since when, and within which limits.

        Raises:
            ClientError: If there is no answer.
        """
        with self._translate_errors():
            return info_of(self._ask(self._risks.GetServiceInfo, GetServiceInfoRequest()))

    def assess(
        self, products: Sequence[str] | Sequence[str | Item], as_of: dt.date | None = None, horizon_weeks: int = 0
    ) -> RiskAnswer:
        """The risk of each product, in the order of ``products``; many products are sent in batches.

        Args:
            products: At least one: ids, or items with the caller's own stock figures.
            as_of: The last complete week up to this day is the last that may be known; None is the newest.
            horizon_weeks: 0 stands for the model's horizon.
        Raises:
            ClientError: If there is no answer at all; a product without one is a result, not an error.
        """
        return batching.risk_answer(
            self._in_batches(
                self._risks.AssessStockoutRisks,
                lambda size: batching.risk_requests(products, as_of, horizon_weeks, size),
            )
        )

    def features(
        self, product_ids: Sequence[str], as_of: dt.date | None = None, feature_set: str = ""
    ) -> FeatureAnswer:
        """The features of each product, in the order of ``product_ids``; many ids are sent in batches.

        Args:
            product_ids: At least one.
            as_of: The last complete week up to this day is the last that may be known; None is the newest.
            feature_set: Empty stands for the model's.
        Raises:
            ClientError: If there is no answer at all; a product without one is a result, not an error.
        """
        return batching.feature_answer(
            self._in_batches(
                self._features.GetFeatures,
                lambda size: batching.feature_requests(product_ids, as_of, feature_set, size),
            )
        )

    def list_risks(self, list_filter: ListFilter | None = None, limit: int = DEFAULT_LIST_LIMIT) -> RankedAnswer:
        """The first ``limit`` products of the ranked list, all from one snapshot.

        Raises:
            ClientError: If there is no answer.
        """
        ranked: list[RankedRisk] = []
        token = ""
        while True:
            size = min(MAX_PAGE, max(1, limit - len(ranked)))
            with self._translate_errors():
                request = batching.list_request(list_filter or ListFilter(), size, token)
                page = self._ask(self._risks.ListStockoutRisks, request)
            ranked += map(ranked_of, page.risks)
            token = page.next_page_token
            if not token or len(ranked) >= limit:
                return RankedAnswer(provenance_of(page.provenance), page.total_size, ranked[:limit])

    def stream(self, as_of: dt.date | None = None) -> Iterator[ProductRisk]:
        """The risk of every product, as the server sends it, all from one snapshot.

        Raises:
            ClientError: If the stream does not start, or breaks off.
        """
        request = StreamStockoutRisksRequest(as_of=batching.date_message(as_of), question=self._question)
        responses = self._risks.StreamStockoutRisks(request, timeout=batching.STREAM_TIMEOUT_S)
        with self._translate_errors():
            for response in responses:
                yield from map(risk_of, self._of_question(response).results)

    def watch(self, product_ids: Sequence[str]) -> Iterator[RiskAnswer]:
        """The risk of the products now, then of those that changed, at each newer snapshot.

        It ends when the caller leaves the loop, or with an error when the server stops.

        Raises:
            ClientError: If the server cannot be reached, refuses, or stops.
        """
        request = WatchStockoutRisksRequest(product_ids=product_ids, question=self._question)
        responses: Iterable[Any] = self._risks.WatchStockoutRisks(request)
        with self._translate_errors():
            for response in responses:
                yield batching.risk_answer([self._of_question(response)])

    def _ask(self, call: Any, request: Any) -> Any:
        request.question = self._question
        return self._of_question(call(request, timeout=self._timeout_s))

    def _of_question(self, response: Any) -> Any:
        return batching.of_question(response, self._question, self._target)

    def _in_batches(self, call: Any, requests_of: Callable[[int], Sequence[Any]]) -> list[Response]:
        """Send all batches; if the snapshot changed between two of them, send all again."""
        for _ in range(batching.TRIES):
            max_ids = self._max_ids  # a call at the same time may find another one
            try:
                responses = [self._ask(call, request) for request in requests_of(max_ids)]
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
