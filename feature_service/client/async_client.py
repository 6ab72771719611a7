"""The client for programs that run on asyncio. Its methods are those of :class:`RiskClient`."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar

import grpc
from stockout.v1.risk_service_pb2 import StreamStockoutRisksRequest, WatchStockoutRisksRequest

from feature_service.client import batching, exchanges
from feature_service.client.batching import DEFAULT_LIST_LIMIT, DEFAULT_TIMEOUT_S, Item, ListFilter
from feature_service.client.connection import Connection
from feature_service.client.errors import ClientError
from feature_service.client.exchanges import Call, Exchange, Outcome, Round
from feature_service.client.fleet.servers import Fleet
from feature_service.client.fleet.streams import JoinedStream, JoinedWatch
from feature_service.client.messages import risk_of
from feature_service.client.past_methods import AsyncPastMethods
from feature_service.client.plan_methods import AsyncPlanMethods
from feature_service.client.results import FeatureAnswer, ProductRisk, RankedAnswer, RiskAnswer, ServiceInfo

Answer = TypeVar("Answer")


class AsyncRiskClient(AsyncPastMethods, AsyncPlanMethods):
    """As :class:`feature_service.client.RiskClient`; create it and use it within one running event loop."""

    def __init__(
        self,
        target: str,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        credentials: grpc.ChannelCredentials | None = None,
        question: str = "",
    ) -> None:
        self._timeout_s, self._fleet = timeout_s, Fleet(target, question)
        self._connections = [
            Connection(self._fleet, server, batching.open_async_channel(each, credentials), timeout_s)
            for server, each in enumerate(self._fleet.targets)
        ]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """See :meth:`RiskClient.close`."""
        for each in self._connections:
            await each.close()

    async def health(self, service: str = "") -> str:
        """See :meth:`RiskClient.health`."""
        return await self._run(exchanges.health(self._fleet, service))

    async def info(self) -> ServiceInfo:
        """See :meth:`RiskClient.info`."""
        return await self._run(exchanges.info(self._fleet))

    async def assess(
        self,
        products: Sequence[str] | Sequence[str | Item],
        as_of: dt.date | None = None,
        horizon_weeks: int = 0,
        *,
        include_challenger: bool = False,
    ) -> RiskAnswer:
        """See :meth:`RiskClient.assess`."""
        asked = exchanges.assess(self._fleet, products, as_of, horizon_weeks, challenger=include_challenger)
        return await self._run(asked)

    async def features(
        self, product_ids: Sequence[str], as_of: dt.date | None = None, feature_set: str = ""
    ) -> FeatureAnswer:
        """See :meth:`RiskClient.features`."""
        return await self._run(exchanges.features(self._fleet, product_ids, as_of, feature_set))

    async def list_risks(self, list_filter: ListFilter | None = None, limit: int = DEFAULT_LIST_LIMIT) -> RankedAnswer:
        """See :meth:`RiskClient.list_risks`."""
        return await self._run(exchanges.list_risks(self._fleet, list_filter or ListFilter(), limit))

    def stream(self, as_of: dt.date | None = None, *, include_challenger: bool = False) -> AsyncIterator[ProductRisk]:
        """See :meth:`RiskClient.stream`."""
        request = batching.stream_request(as_of, self._fleet.question, include_challenger=include_challenger)
        return self._joined_stream(request) if self._fleet.is_sharded else self._stream(request)

    async def _stream(self, request: StreamStockoutRisksRequest) -> AsyncIterator[ProductRisk]:
        responses = self._connections[0].stream("StreamStockoutRisks", request, batching.STREAM_TIMEOUT_S)
        while (response := await self._next(0, responses)) is not None:
            self._fleet.of_question(0, response)
            if response.HasField("provenance"):
                await self._run(exchanges.check_whole(self._fleet, response.provenance.snapshot_id))
            for each in response.results:
                yield risk_of(each)

    async def _joined_stream(self, request: StreamStockoutRisksRequest) -> AsyncIterator[ProductRisk]:
        await self._run(exchanges.check_fleet(self._fleet))
        for pause_s in self._fleet.pauses_s:
            await asyncio.sleep(pause_s)
            joined = JoinedStream(self._fleet)
            async with self._streams(request) as streams:
                while missing := joined.missing():
                    for server in missing:
                        joined.add(server, await self._next(server, streams[server]))
                    if joined.is_mixed:
                        break
                    for each in joined.take():
                        yield each
                else:
                    return
        raise joined.mixed_snapshots()

    def watch(self, product_ids: Sequence[str]) -> AsyncIterator[RiskAnswer]:
        """See :meth:`RiskClient.watch`."""
        return self._joined_watch(product_ids) if self._fleet.is_sharded else self._watch(product_ids)

    async def _watch(self, product_ids: Sequence[str]) -> AsyncIterator[RiskAnswer]:
        request = WatchStockoutRisksRequest(product_ids=product_ids, question=self._fleet.question)
        responses = self._connections[0].stream("WatchStockoutRisks", request, None)
        while (response := await self._next(0, responses)) is not None:
            yield batching.risk_answer([[self._fleet.of_question(0, response)]], response.results)

    async def _joined_watch(self, product_ids: Sequence[str]) -> AsyncIterator[RiskAnswer]:
        await self._run(exchanges.check_fleet(self._fleet))
        joined = JoinedWatch(self._fleet, product_ids, self._timeout_s)
        async with self._readers(joined.requests()) as came:
            while True:
                try:
                    server, message = await asyncio.wait_for(came.get(), joined.wait_s())
                except TimeoutError:
                    raise joined.late() from None
                if message is None:
                    return
                if isinstance(message, Exception):
                    raise message
                if answer := joined.add(server, message):
                    yield answer

    async def _run(self, exchange: Exchange[Answer]) -> Answer:
        try:
            calls = next(exchange)
            while True:
                calls = exchange.send(await self._outcomes(calls))
        except StopIteration as end:
            answer: Answer = end.value
            return answer

    async def _outcomes(self, calls: Round) -> Sequence[Outcome]:
        if calls.pause_s:
            await asyncio.sleep(calls.pause_s)
        if len(calls.calls) == 1:  # without a task of its own
            return [await self._outcome(calls.calls[0])]
        return await asyncio.gather(*map(self._outcome, calls.calls))

    async def _outcome(self, call: Call) -> Outcome:
        connection = self._connections[call.server]
        try:
            return await connection.call(call.method, call.request)
        except grpc.RpcError as error:
            return connection.error(error)

    @asynccontextmanager
    async def _streams(self, request: StreamStockoutRisksRequest) -> AsyncIterator[list[Any]]:
        streams = [each.stream("StreamStockoutRisks", request, batching.STREAM_TIMEOUT_S) for each in self._connections]
        try:
            yield streams
        finally:
            for each in streams:
                each.cancel()

    @asynccontextmanager
    async def _readers(
        self, requests: Mapping[int, WatchStockoutRisksRequest]
    ) -> AsyncIterator["asyncio.Queue[tuple[int, Any]]"]:
        """Watches that are read into a queue, which is no longer than a message."""
        came: asyncio.Queue[tuple[int, Any]] = asyncio.Queue(maxsize=1)

        async def read(server: int, request: WatchStockoutRisksRequest) -> None:
            responses = self._connections[server].stream("WatchStockoutRisks", request, None)
            try:
                while (message := await self._next(server, responses)) is not None:
                    await came.put((server, message))
                await came.put((server, None))
            except ClientError as error:
                await came.put((server, error))
            finally:
                responses.cancel()

        tasks = [asyncio.create_task(read(server, request)) for server, request in requests.items()]
        try:
            yield came
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _next(self, server: int, responses: Any) -> Any:
        """The next message of a stream; None at its end."""
        try:
            message = await responses.read()
        except grpc.RpcError as error:
            raise self._connections[server].error(error) from error
        return None if message is grpc.aio.EOF else message
