"""The synchronous client."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from stockout.v1.risk_service_pb2 import StreamStockoutRisksRequest, WatchStockoutRisksRequest

from feature_service.client import batching, exchanges
from feature_service.client.batching import DEFAULT_LIST_LIMIT, DEFAULT_TIMEOUT_S, Item, ListFilter
from feature_service.client.connection import Connection
from feature_service.client.exchanges import Exchange, Outcome, Round
from feature_service.client.fleet.reader_threads import reader_threads
from feature_service.client.fleet.servers import Fleet
from feature_service.client.fleet.streams import JoinedStream, JoinedWatch
from feature_service.client.messages import risk_of
from feature_service.client.past_methods import PastMethods
from feature_service.client.plan_methods import PlanMethods
from feature_service.client.results import FeatureAnswer, ProductRisk, RankedAnswer, RiskAnswer, ServiceInfo

Answer = TypeVar("Answer")


class RiskClient(PastMethods, PlanMethods):
    """Asks a server, or the servers of all shards as if they were one, for the risk and the features of products.

    A call that a server refused before it began is repeated within the timeout, as ``batching.SERVICE_CONFIG`` says.

    Args:
        target: ``host:port``; of a server for each shard, in the order of the shards, ``host-a:port,host-b:port,...``.
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
        self._timeout_s, self._fleet = timeout_s, Fleet(target, question)
        self._connections = [
            Connection(self._fleet, server, batching.open_channel(each, credentials), timeout_s)
            for server, each in enumerate(self._fleet.targets)
        ]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channels; calls in flight are cancelled."""
        for each in self._connections:
            each.close()

    def health(self, service: str = "") -> str:
        """``SERVING``, ``NOT_SERVING`` or ``SERVICE_UNKNOWN``; an empty name asks for the whole server.

        Of several servers, ``SERVING`` only if all of them are.

        Raises:
            ClientError: If one does not answer in time.
        """
        return self._run(exchanges.health(self._fleet, service))

    def info(self) -> ServiceInfo:
        """What is served, since when, and within which limits.

        Raises:
            ClientError: If there is no answer.
        """
        return self._run(exchanges.info(self._fleet))

    def assess(
        self,
        products: Sequence[str] | Sequence[str | Item],
        as_of: dt.date | None = None,
        horizon_weeks: int = 0,
        *,
        include_challenger: bool = False,
    ) -> RiskAnswer:
        """The risk of each product, in the order of ``products``; many products are sent in batches.

        Args:
            products: At least one: ids, or items with the caller's own stock figures.
            as_of: The last complete week up to this day is the last that may be known; None is the newest. A past week
                is answered as it was then, where ``provenance.snapshot_id`` is the snapshot of that week.
            horizon_weeks: 0 stands for the model's horizon.
            include_challenger: Also what the challenger gives, where there is one.
        Raises:
            ClientError: If there is no answer at all; a product without one is a result, not an error.
        """
        asked = exchanges.assess(self._fleet, products, as_of, horizon_weeks, challenger=include_challenger)
        return self._run(asked)

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
        return self._run(exchanges.features(self._fleet, product_ids, as_of, feature_set))

    def list_risks(self, list_filter: ListFilter | None = None, limit: int = DEFAULT_LIST_LIMIT) -> RankedAnswer:
        """The first ``limit`` products of the ranked list, all from one snapshot.

        Raises:
            ClientError: If there is no answer, or the servers do not hold all products.
        """
        return self._run(exchanges.list_risks(self._fleet, list_filter or ListFilter(), limit))

    def stream(self, as_of: dt.date | None = None, *, include_challenger: bool = False) -> Iterator[ProductRisk]:
        """The risk of every product, as it is sent, in the snapshot's order, all from one snapshot.

        Raises:
            ClientError: If the stream does not start, or breaks off, or the servers do not hold all products.
        """
        request = batching.stream_request(as_of, self._fleet.question, include_challenger=include_challenger)
        return self._joined_stream(request) if self._fleet.is_sharded else self._stream(request)

    def _stream(self, request: StreamStockoutRisksRequest) -> Iterator[ProductRisk]:
        responses = self._connections[0].stream("StreamStockoutRisks", request, batching.STREAM_TIMEOUT_S)
        while (response := self._next(0, responses)) is not None:
            self._fleet.of_question(0, response)
            if response.HasField("provenance"):
                self._run(exchanges.check_whole(self._fleet, response.provenance.snapshot_id))
            yield from map(risk_of, response.results)

    def _joined_stream(self, request: StreamStockoutRisksRequest) -> Iterator[ProductRisk]:
        self._run(exchanges.check_fleet(self._fleet))
        for pause_s in self._fleet.pauses_s:
            time.sleep(pause_s)
            joined = JoinedStream(self._fleet)
            with self._streams(request) as streams:
                while missing := joined.missing():
                    for server in missing:
                        joined.add(server, self._next(server, streams[server]))
                    if joined.is_mixed:
                        break
                    yield from joined.take()
                else:
                    return
        raise joined.mixed_snapshots()

    def watch(self, product_ids: Sequence[str]) -> Iterator[RiskAnswer]:
        """The risk of the products now, then of those that changed, at each newer snapshot.

        Several servers take a newer snapshot one after the other, and each says so by itself. It ends when the caller
        leaves the loop, or with an error when a server stops.

        Raises:
            ClientError: If a server cannot be reached, refuses, or stops.
        """
        return self._joined_watch(product_ids) if self._fleet.is_sharded else self._watch(product_ids)

    def _watch(self, product_ids: Sequence[str]) -> Iterator[RiskAnswer]:
        request = WatchStockoutRisksRequest(product_ids=product_ids, question=self._fleet.question)
        responses = self._connections[0].stream("WatchStockoutRisks", request, None)
        while (response := self._next(0, responses)) is not None:
            yield batching.risk_answer([[self._fleet.of_question(0, response)]], response.results)

    def _joined_watch(self, product_ids: Sequence[str]) -> Iterator[RiskAnswer]:
        self._run(exchanges.check_fleet(self._fleet))
        joined = JoinedWatch(self._fleet, product_ids, self._timeout_s)
        streams = {
            server: self._connections[server].stream("WatchStockoutRisks", request, None)
            for server, request in joined.requests().items()
        }
        with reader_threads(streams) as readers:
            while True:
                try:
                    server, message = readers.take(joined.wait_s())
                except TimeoutError:
                    raise joined.late() from None
                if message is None:
                    return
                if isinstance(message, grpc.RpcError):
                    raise self._connections[server].error(message)
                if answer := joined.add(server, message):
                    yield answer

    def _run(self, exchange: Exchange[Answer]) -> Answer:
        try:
            calls = next(exchange)
            while True:
                calls = exchange.send(self._outcomes(calls))
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    def _outcomes(self, calls: Round) -> list[Outcome]:
        if calls.pause_s:
            time.sleep(calls.pause_s)
        if len(calls.calls) == 1:  # a call that waits for itself is faster than a future
            (only,) = calls.calls
            return [self._outcome(only.server, lambda: self._connections[only.server].call(only.method, only.request))]
        futures = [
            (each.server, self._connections[each.server].future(each.method, each.request)) for each in calls.calls
        ]
        return [self._outcome(server, future.result) for server, future in futures]

    def _outcome(self, server: int, wait: Callable[[], Any]) -> Outcome:
        try:
            return wait()
        except grpc.RpcError as error:
            return self._connections[server].error(error)

    @contextmanager
    def _streams(self, request: StreamStockoutRisksRequest) -> Iterator[list[Any]]:
        streams = [each.stream("StreamStockoutRisks", request, batching.STREAM_TIMEOUT_S) for each in self._connections]
        try:
            yield streams
        finally:
            for each in streams:
                each.cancel()

    def _next(self, server: int, responses: Any) -> Any:
        """The next message of a stream; None at its end."""
        try:
            return next(responses, None)
        except grpc.RpcError as error:
            raise self._connections[server].error(error) from error
