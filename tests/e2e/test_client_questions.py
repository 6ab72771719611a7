"""The clients and the command where a server answers several questions."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from stockout.v1 import provenance_pb2
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    GetPerformanceResponse,
    GetProductHistoryResponse,
    GetServiceInfoResponse,
    ListStockoutRisksResponse,
    StreamStockoutRisksResponse,
    WatchStockoutRisksResponse,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceServicer, add_RiskServiceServicer_to_server

from data.snapshots import current_id
from feature_service.client import AsyncRiskClient, OtherQuestionError, RefusedError, RiskClient
from tests.support.processes import BIN
from tests.support.servers import running_server
from tests.support.snapshots import product_id, publish_snapshot, synthetic_panel

DEFAULT, OTHER = "zero_sales", "unusual_zero"
IDS = [product_id(number) for number in range(3)]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("questions") / "snapshots"
    publish_snapshot(folder, synthetic_panel(products=20, seed=1), label=DEFAULT)
    publish_snapshot(folder / OTHER, synthetic_panel(products=30, seed=2), label=OTHER)
    return folder


@pytest.fixture(scope="module")
def target(root: Path) -> Iterator[str]:
    with running_server(root) as server:
        yield server.target


def stockout(target: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "stockout"), *arguments, "--target", target]
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_a_client_asks_its_question_in_every_call(root: Path, target: str) -> None:
    with RiskClient(target, question=OTHER) as client:
        watched = client.watch(IDS)
        answers: list[Any] = [
            client.assess(IDS),
            client.features(IDS),
            client.list_risks(),
            client.info(),
            next(watched),
        ]
        assert {each.provenance.snapshot_id for each in answers} == {current_id(root / OTHER)}
        assert {each.provenance.question for each in answers} == {OTHER}
        assert len(list(client.stream())) == 30


def test_the_asyncio_client_does_so_too(root: Path, target: str) -> None:
    async def asked() -> list[Any]:
        async with AsyncRiskClient(target, question=OTHER) as client:
            watched = await anext(client.watch(IDS))
            streamed = [each async for each in client.stream()]
            answers: list[Any] = [
                await client.assess(IDS),
                await client.features(IDS),
                await client.list_risks(),
                watched,
            ]
            return [*(each.provenance.question for each in answers), len(streamed)]

    assert asyncio.run(asked()) == [OTHER] * 4 + [30]


def test_info_lists_the_questions(target: str) -> None:
    with RiskClient(target) as client:
        served = client.info().questions
    assert [(each.name, each.is_default, each.products) for each in served] == [(DEFAULT, True, 20), (OTHER, False, 30)]


def test_the_command_asks_a_question_by_name_and_lists_them(target: str) -> None:
    answer = json.loads(stockout(target, "assess", IDS[0], "--question", OTHER, "--json").stdout)
    assert answer["provenance"]["question"] == OTHER
    table = " ".join(stockout(target, "info").stdout.split())
    assert f"{DEFAULT} (default): stockout_risk version 7, 20 products, as of 2018-08-20" in table
    assert f"{OTHER}: stockout_risk version 7, 30 products" in table


def test_a_question_that_is_not_served_is_said_in_one_sentence(target: str) -> None:
    ended = stockout(target, "list", "--question", "inventory")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"the question 'inventory' is not served here: ask {DEFAULT}, {OTHER}" in ended.stderr
    with RiskClient(target, question="inventory") as client, pytest.raises(RefusedError, match="NOT_FOUND"):
        client.info()


class Old(RiskServiceServicer):
    """A server of before, which reads over the name of a question and says none."""

    provenance = provenance_pb2.Provenance(label=DEFAULT)

    def AssessStockoutRisks(self, *_: Any) -> AssessStockoutRisksResponse:  # noqa: N802
        return AssessStockoutRisksResponse(provenance=self.provenance)

    def ListStockoutRisks(self, *_: Any) -> ListStockoutRisksResponse:  # noqa: N802
        return ListStockoutRisksResponse(provenance=self.provenance)

    def StreamStockoutRisks(self, *_: Any) -> Iterator[StreamStockoutRisksResponse]:  # noqa: N802
        yield StreamStockoutRisksResponse(provenance=self.provenance)

    def WatchStockoutRisks(self, *_: Any) -> Iterator[WatchStockoutRisksResponse]:  # noqa: N802
        yield WatchStockoutRisksResponse(provenance=self.provenance)

    def GetServiceInfo(self, *_: Any) -> GetServiceInfoResponse:  # noqa: N802
        return GetServiceInfoResponse(provenance=self.provenance)

    def GetPerformance(self, *_: Any) -> GetPerformanceResponse:  # noqa: N802
        return GetPerformanceResponse(provenance=self.provenance)

    def GetProductHistory(self, *_: Any) -> GetProductHistoryResponse:  # noqa: N802
        return GetProductHistoryResponse(provenance=self.provenance)


@pytest.fixture
def old_target() -> Iterator[str]:
    server = grpc.server(ThreadPoolExecutor(2))
    add_RiskServiceServicer_to_server(Old(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def test_no_answer_of_a_server_that_knows_no_questions_passes_for_one_to_the_question_asked(old_target: str) -> None:
    with RiskClient(old_target, question=OTHER) as client:
        for ask in (
            lambda: client.assess(IDS),
            client.list_risks,
            client.info,
            client.performance,
            lambda: client.product_history("a"),
            lambda: next(client.stream()),
            lambda: next(client.watch(IDS)),
        ):
            with pytest.raises(OtherQuestionError, match="does not say which question it answers: update that server"):
                ask()
