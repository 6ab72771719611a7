"""The Python client, the shell and tokens against a real history service."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from data.history.history import open_history
from feature_service.client import HistoryClient, Recorded, RefusedError, Sale, StockCount
from feature_service.server.tokens import new_token
from tests.support.calls import refusal
from tests.support.servers import RunningServer, channel_to, running_history
from tests.support.shell import shell

DAY = dt.date(2024, 1, 10)
ON = date_pb2.Date(year=2024, month=1, day=10)


def sales(name: str) -> pb.RecordSalesRequest:
    return pb.RecordSalesRequest(events=[pb.SaleEvent(event_id=name, product_id="A", on=ON, quantity=2)])


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history") / "work"


@pytest.fixture(scope="module")
def server(work: Path) -> Iterator[RunningServer]:
    with running_history(work, "--time-zone", "UTC") as running:
        yield running


def test_the_client_sends_requests_of_a_size_that_the_server_takes(work: Path, server: RunningServer) -> None:
    sales = [Sale(f"c-{number}", "C", 1.0, on=DAY) for number in range(2500)]
    at = dt.datetime(2024, 1, 10, 12, tzinfo=dt.UTC)
    with HistoryClient(server.target) as client:
        assert client.record_sales([*sales, sales[0]]) == Recorded(2500, 1)
        assert client.record_sales(sales) == Recorded(0, 2500)
        assert client.record_stock([StockCount("c", "C", 4, at=at)]) == Recorded(1, 0)
        with pytest.raises(RefusedError, match=r"'c-0' of sales was recorded with other values.*ALREADY_EXISTS"):
            client.record_sales([Sale("c-0", "C", 2.0, on=DAY)])
        with pytest.raises(ValueError, match="'x' must have an offset"):
            client.record_sales([Sale("x", "C", 2.0, at=at.replace(tzinfo=None))])
    history = open_history(work, {})
    assert history.known_table("sales", history.ledger.loads()).height == 2500


def test_the_shell_records_lines_of_json_and_names_the_one_that_is_wrong(server: RunningServer) -> None:
    def line(name: str, more: str = '"quantity": 2') -> str:
        return f'{{"event_id": "{name}", "product_id": "S", "on": "2024-01-10", {more}}}\n'

    target = ("--target", server.target)
    sent = shell("record-sales", "-", *target, stdin=line("l1") + "\n" + line("l2"))
    assert (sent.returncode, sent.stdout) == (0, "2 recorded, 0 known before\n")
    again = shell("record-stock", "-", *target, stdin=line("l1", '"units_on_hand": 3') * 2)
    assert (again.returncode, again.stdout) == (0, "1 recorded, 1 known before\n")

    wrong = shell("record-sales", "-", *target, stdin=line("l3") + line("l4", '"quantity": "two"'))
    assert wrong.returncode == 2
    assert 'line 2: quantity must be a number, not "two"; nothing was sent' in wrong.stderr
    twice = shell(
        "record-sales", "-", *target, stdin="\ufeff" + line("l1") + line("l5", '"quantity": 2, "quantity": 3')
    )
    assert (twice.returncode, 'line 2: "quantity" is given twice; nothing was sent' in twice.stderr) == (2, True)
    clash = shell("record-sales", "-", *target, stdin=line("l1", '"quantity": 9'))
    assert (clash.returncode, "was recorded with other values" in clash.stderr) == (1, True)
    gone = shell("record-sales", "-", "--target", "127.0.0.1:1", "--timeout-s", "1", stdin=line("l1"))
    assert gone.returncode == 3


def test_without_a_token_nothing_is_recorded(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens.jsonl"
    token, admits = new_token("till", ("stockout.v1.HistoryService/RecordSales",), 1000, 1000)
    tokens.write_text(admits + "\n")
    work = tmp_path / "work"
    with (
        running_history(work, "--time-zone", "UTC", "--tokens", str(tokens)) as guarded,
        channel_to(guarded) as channel,
    ):
        stub = HistoryServiceStub(channel)
        counted = pb.StockEvent(event_id="2", product_id="A", on=ON, units_on_hand=1)
        counts = pb.RecordStockRequest(events=[counted])
        code, _ = refusal(stub.RecordSales, sales("1"))
        assert code is grpc.StatusCode.UNAUTHENTICATED
        metadata = (("authorization", f"Bearer {token}"),)
        assert stub.RecordSales(sales("2"), metadata=metadata).recorded == 1
        with pytest.raises(grpc.RpcError) as denied:
            stub.RecordStock(counts, metadata=metadata)
        assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
    history = open_history(work, {})
    assert history.known_table("sales", history.ledger.loads())["line"].to_list() == ["2"]
