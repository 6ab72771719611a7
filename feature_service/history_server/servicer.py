"""The RPCs of the history service: decode, delegate, encode. What they raise becomes a status in ``rpc.handlers``."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from zoneinfo import ZoneInfo

from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb

from data.history.record import Receipt
from feature_service.history_server.recorder import Recorder
from feature_service.history_server.requests import counts_of, sales_of
from feature_service.history_server.watches import Watches
from feature_service.server.rpc.duplex import DuplexMethod
from feature_service.server.rpc.handlers import Method, StreamMethod, UnaryMethod

HISTORY_SERVICE: str = pb.DESCRIPTOR.services_by_name["HistoryService"].full_name


class HistoryServicer:
    """``stockout.v1.HistoryService``.

    Args:
        recorder: Commits events.
        watches: Tells of counts.
        zone: That of the seller's clock.
        stopping: Set when the server drains.
    """

    def __init__(self, recorder: Recorder, watches: Watches, zone: ZoneInfo, stopping: asyncio.Event) -> None:
        self._recorder, self._watches, self._zone = recorder, watches, zone
        self.methods: dict[str, Method] = {
            "RecordSales": UnaryMethod(pb.RecordSalesRequest, self.record_sales),
            "RecordStock": UnaryMethod(pb.RecordStockRequest, self.record_stock),
            "StreamSales": DuplexMethod(pb.StreamSalesRequest, self.stream_sales, stopping),
            "StreamStock": DuplexMethod(pb.StreamStockRequest, self.stream_stock, stopping),
            "WatchStock": StreamMethod(pb.WatchStockRequest, self.watch_stock),
        }

    async def record_sales(self, request: pb.RecordSalesRequest) -> bytes:
        """Answer when the sales are committed."""
        sales = sales_of(request, self._zone, self._now())
        return _response(await self._recorder.record(sales, waits_for_room=False))

    async def record_stock(self, request: pb.RecordStockRequest) -> bytes:
        """Answer when the counts are committed."""
        counts = counts_of(request, self._zone, self._now())
        return _response(await self._recorder.record(counts, waits_for_room=False))

    async def stream_sales(self, request: pb.StreamSalesRequest) -> bytes:
        """Answer a request of a stream when its sales are committed."""
        sales = sales_of(request, self._zone, self._now())
        return _response(await self._recorder.record(sales, waits_for_room=True))

    async def stream_stock(self, request: pb.StreamStockRequest) -> bytes:
        """Answer a request of a stream when its counts are committed."""
        counts = counts_of(request, self._zone, self._now())
        return _response(await self._recorder.record(counts, waits_for_room=True))

    async def watch_stock(self, request: pb.WatchStockRequest) -> AsyncIterator[bytes]:
        """Answer the newest counts, then newer ones at each commit."""
        since = dt.date(request.since.year, request.since.month, request.since.day)
        async for counts, complete in self._watches.watch(since):
            messages = [
                pb.StockCount(
                    product_id=each.product_id,
                    counted_on=date_pb2.Date(
                        year=each.counted_on.year, month=each.counted_on.month, day=each.counted_on.day
                    ),
                    units_on_hand=each.units_on_hand,
                )
                for each in counts
            ]
            yield pb.WatchStockResponse(counts=messages, complete=complete).SerializeToString()

    def _now(self) -> dt.datetime:
        return dt.datetime.now(self._zone)


def _response(receipt: Receipt) -> bytes:
    """All four responses have these two fields by the same numbers."""
    return pb.RecordSalesResponse(recorded=receipt.recorded, known_before=receipt.known_before).SerializeToString()
