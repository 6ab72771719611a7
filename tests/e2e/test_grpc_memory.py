"""Every RPC asked many times, many calls at once: in the end the server holds about what it held in the beginning.

``STOCKOUT_MEMORY_CALLS`` asks for more calls of each kind than fit into an ordinary run of the tests.
"""

import asyncio
import gc
import logging
import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import psutil
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    GetPerformanceRequest,
    GetProductHistoryRequest,
    GetServiceInfoRequest,
    ListStockoutRisksRequest,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.snapshots.track_record import write_track_record
from tests.support.calls import METHODS
from tests.support.outcomes import track_record
from tests.support.servers import running_server
from tests.support.shops import AS_OF_WEEK, Shops

CALLS = int(os.environ.get("STOCKOUT_MEMORY_CALLS", "300"))
AT_ONCE = 100
WARM_UP = 200
GROWTH_BYTES = 32 << 20
PAST = date_pb2.Date(year=2024, month=6, day=2)

Ask = Callable[[int], Awaitable[object]]


def asks(channel: grpc.aio.Channel, shops: Shops) -> dict[str, Ask]:
    """Ways to ask, each answered; by the name of the method, and what is special about it."""
    risks, features = RiskServiceStub(channel), FeatureServiceStub(channel)
    every = list(shops.panel.product_ids)
    assert AS_OF_WEEK.year == PAST.year

    def ids(number: int) -> list[str]:
        """Others each time, and one that nobody else asks."""
        return [*every[number % 200 : number % 200 + 20], f"unknown-{number}"]

    def items(number: int, products: int) -> list[AssessmentItem]:
        return [AssessmentItem(product_id=each, units_on_hand=number % 17) for each in every[:products]]

    async def all_of(stream: Any) -> None:
        async for _ in stream:
            pass

    async def first_of(stream: Any) -> None:
        await stream.read()
        stream.cancel()

    return {
        "AssessStockoutRisks": lambda n: risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=ids(n))),
        "AssessStockoutRisks, past": lambda n: risks.AssessStockoutRisks(
            AssessStockoutRisksRequest(product_ids=ids(n), as_of=PAST)
        ),
        "AssessStockoutRisks, own stock": lambda n: risks.AssessStockoutRisks(
            AssessStockoutRisksRequest(items=items(n, 20))
        ),
        "AssessStockoutRisks, much own stock": lambda n: risks.AssessStockoutRisks(
            AssessStockoutRisksRequest(items=items(n, 100))
        ),
        "AssessStockoutRisks, own stock, past": lambda n: risks.AssessStockoutRisks(
            AssessStockoutRisksRequest(items=items(n, 20), as_of=PAST)
        ),
        "ListStockoutRisks": lambda n: risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=1 + n % 100)),
        "GetServiceInfo": lambda _: risks.GetServiceInfo(GetServiceInfoRequest()),
        "GetPerformance": lambda _: risks.GetPerformance(GetPerformanceRequest()),
        "GetProductHistory": lambda n: risks.GetProductHistory(GetProductHistoryRequest(product_id=every[n % 200])),
        "StreamStockoutRisks": lambda _: all_of(risks.StreamStockoutRisks(StreamStockoutRisksRequest())),
        "WatchStockoutRisks": lambda n: first_of(
            risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=ids(n)))
        ),
        "GetFeatures": lambda n: features.GetFeatures(GetFeaturesRequest(product_ids=ids(n))),
        "GetFeatures, past": lambda n: features.GetFeatures(GetFeaturesRequest(product_ids=ids(n), as_of=PAST)),
        "StreamFeatures": lambda _: all_of(features.StreamFeatures(StreamFeaturesRequest())),
    }


async def ask_many(ask: Ask, calls: int) -> None:
    """``AT_ONCE`` in flight all the time."""
    numbers = iter(range(calls))

    async def caller() -> None:
        for number in numbers:
            await ask(number)

    await asyncio.gather(*(caller() for _ in range(AT_ONCE)))


async def memory_over(shops: Shops, target: str, process: psutil.Process) -> dict[str, int]:
    """Resident bytes after a warm-up, and after the calls of each kind."""
    memory = {}
    async with grpc.aio.insecure_channel(target) as channel:
        every = asks(channel, shops)
        kept_in_memory = {each.name for each in METHODS if each.containing_service.name != "PlanService"}
        assert {name.split(",")[0] for name in every} == kept_in_memory
        for ask in every.values():
            await ask_many(ask, WARM_UP)
        memory["warm-up"] = process.memory_info().rss
        for name, ask in every.items():
            await ask_many(ask, CALLS)
            memory[name] = process.memory_info().rss
    return memory


def test_asking_every_method_again_and_again_leaves_the_memory_as_it_was(shops: Shops, tmp_path: Path) -> None:
    root = shutil.copytree(shops.root, tmp_path / "snapshots")
    write_track_record(track_record("inventory"), root)
    gc.collect()
    with running_server(root) as server:
        memory = asyncio.run(memory_over(shops, server.target, psutil.Process(server.process.pid)))
    began, ended = memory["warm-up"], list(memory.values())[-1]
    in_mb = {name: round(each / 2**20) for name, each in memory.items()}
    logging.getLogger(__name__).info("resident MB: %s", in_mb)
    assert ended - began < GROWTH_BYTES, in_mb
