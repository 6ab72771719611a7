"""The history service over the wire: a real server process, a real history, both databases of the state."""

import datetime as dt
import random
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import polars as pl
import pytest
from google.protobuf import timestamp_pb2
from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from data.history.account import account
from data.history.history import STATE_URL, open_history
from tests.support.calls import reason_in, refusal
from tests.support.databases import postgres  # noqa: F401 - a fixture
from tests.support.processes import run
from tests.support.servers import RunningServer, channel_to, history_command, running_history

DAY = dt.date(2024, 1, 10)


def day(number: int = 0) -> date_pb2.Date:
    on = DAY + dt.timedelta(days=number)
    return date_pb2.Date(year=on.year, month=on.month, day=on.day)


def sale(name: str, units: float = 2.0, product: str = "A", days: int = 0) -> pb.SaleEvent:
    return pb.SaleEvent(event_id=name, product_id=product, on=day(days), quantity=units, unit_price=5.0)


def count(name: str, units: float, product: str = "A", days: int = 0) -> pb.StockEvent:
    return pb.StockEvent(event_id=name, product_id=product, on=day(days), units_on_hand=units)


def sales_lines(work: Path, state: str = "") -> pl.DataFrame:
    """The recorded lines, once the account is found even."""
    history = open_history(work, {STATE_URL: state} if state else {})
    assert all(line.is_even for line in account(history))
    return history.known_table("sales", history.ledger.loads()).sort("line")


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("history") / "work"


@pytest.fixture(scope="module")
def server(work: Path) -> Iterator[RunningServer]:
    with running_history(work, "--time-zone", "America/Sao_Paulo") as running:
        yield running


@pytest.fixture
def stub(server: RunningServer) -> Iterator[HistoryServiceStub]:
    with channel_to(server) as channel:
        yield HistoryServiceStub(channel)


def test_what_is_acknowledged_is_in_the_history_and_counts_once(work: Path, stub: HistoryServiceStub) -> None:
    request = pb.RecordSalesRequest(events=[sale("once-1"), sale("once-2"), sale("once-1")])

    first, again = stub.RecordSales(request), stub.RecordSales(request)

    assert (first.recorded, first.known_before) == (2, 1)
    assert (again.recorded, again.known_before) == (0, 3)
    lines = sales_lines(work).filter(pl.col("line").str.starts_with("once"))
    assert lines["line"].to_list() == ["once-1", "once-2"]


def test_a_moment_is_of_the_day_of_the_sellers_clock(work: Path, stub: HistoryServiceStub) -> None:
    at = timestamp_pb2.Timestamp()
    at.FromDatetime(dt.datetime(2024, 1, 10, 1, 30, tzinfo=dt.UTC))  # 22:30 the day before in Sao Paulo
    stub.RecordSales(pb.RecordSalesRequest(events=[pb.SaleEvent(event_id="m", product_id="A", at=at, quantity=1)]))

    assert sales_lines(work).filter(pl.col("line") == "m")["sold_on"].to_list() == [dt.date(2024, 1, 9)]


def test_a_clash_is_named_and_nothing_of_its_request_is_recorded(work: Path, stub: HistoryServiceStub) -> None:
    stub.RecordSales(pb.RecordSalesRequest(events=[sale("clash")]))

    code, status = refusal(stub.RecordSales, pb.RecordSalesRequest(events=[sale("beside"), sale("clash", units=9)]))

    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert reason_in(status)[1:] == ("EVENT_CLASH", {"event_id": "clash"})
    assert "beside" not in sales_lines(work)["line"].to_list()


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (pb.SaleEvent(event_id="x", product_id="A", on=day(), quantity=0), "events[1].quantity"),
        (pb.SaleEvent(event_id="x", product_id="A", quantity=1), "events[1].time"),
        (pb.SaleEvent(event_id="x\0", product_id="A", on=day(), quantity=1), "events[1].event_id"),
        (pb.SaleEvent(event_id="x", product_id="A\n", on=day(), quantity=1), "events[1].product_id"),
        (pb.SaleEvent(event_id="x", product_id="A", on=day(), quantity=1e300), "events[1].quantity"),
        (pb.SaleEvent(event_id="x", product_id="A", on=day(), quantity=1e9, unit_price=1e9), "events[1].quantity"),
        (pb.SaleEvent(event_id="x", product_id="A", on=day(-36_500), quantity=1), "events[1].on"),
        (pb.SaleEvent(event_id="x", product_id="A", on=day(18_000), quantity=1), "events[1].on"),
        (
            pb.SaleEvent(event_id="x", product_id="A", at=timestamp_pb2.Timestamp(nanos=-1), quantity=1),
            "events[1].at",
        ),
        (
            pb.SaleEvent(event_id="x", product_id="A", at=timestamp_pb2.Timestamp(seconds=2**62), quantity=1),
            "events[1].at",
        ),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_recorded(
    work: Path, stub: HistoryServiceStub, event: pb.SaleEvent, field: str
) -> None:
    code, status = refusal(stub.RecordSales, pb.RecordSalesRequest(events=[sale("right"), event]))

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_in(status)[1:] == ("INVALID_FIELD", {"field": field})
    assert "right" not in sales_lines(work)["line"].to_list()


def test_each_request_of_a_stream_is_answered_and_the_first_wrong_one_ends_it(
    work: Path, stub: HistoryServiceStub
) -> None:
    requests = [pb.StreamSalesRequest(events=[sale(f"s{number}"), sale("s0")]) for number in range(50)]
    responses = list(stub.StreamSales(iter(requests), timeout=60))
    assert [(each.recorded, each.known_before) for each in responses] == [(1, 1)] * 50

    wrong = pb.StreamSalesRequest(events=[sale("s0", units=7)])
    call = stub.StreamSales(iter([pb.StreamSalesRequest(events=[sale("before")]), wrong]), timeout=60)
    assert next(call).recorded == 1
    with pytest.raises(grpc.RpcError) as refused:
        next(call)
    assert refused.value.code() is grpc.StatusCode.ALREADY_EXISTS
    assert "before" in sales_lines(work)["line"].to_list()


def test_a_watch_tells_the_newest_counts_and_then_each_newer_one(stub: HistoryServiceStub) -> None:
    stub.RecordStock(
        pb.RecordStockRequest(events=[count("w1", 9, "W"), count("w2", 4, "W", 1), count("v", 1, "V", -9)])
    )
    watch = stub.WatchStock(pb.WatchStockRequest(since=day(-1)), timeout=60)

    def told() -> list[tuple[str, int, float]]:
        message = next(watch)
        assert message.complete
        return [(each.product_id, each.counted_on.day, each.units_on_hand) for each in message.counts]

    assert told() == [("W", 11, 4.0)]
    stub.RecordStock(pb.RecordStockRequest(events=[count("w3", 8, "W")]))  # of an earlier day: not newer
    stub.RecordStock(pb.RecordStockRequest(events=[count("w4", 3, "W", 1), count("u", 0, "U", 2)]))
    assert told() == [("U", 12, 0.0), ("W", 11, 3.0)]
    watch.cancel()


def test_a_watch_of_nothing_is_complete_at_once(stub: HistoryServiceStub) -> None:
    watch = stub.WatchStock(pb.WatchStockRequest(since=day(1000)), timeout=60)
    message = next(watch)
    assert (list(message.counts), message.complete) == ([], True)
    watch.cancel()


def test_a_watch_hears_of_what_another_process_records(work: Path, stub: HistoryServiceStub) -> None:
    with running_history(work) as other, channel_to(other) as channel:
        watch = stub.WatchStock(pb.WatchStockRequest(since=day(500)), timeout=60)
        assert next(watch).complete
        HistoryServiceStub(channel).RecordStock(pb.RecordStockRequest(events=[count("other", 6, "O", 501)]))
        assert [each.product_id for each in next(watch).counts] == ["O"]


@pytest.mark.parametrize("state", ["sqlite", "postgresql"])
def test_events_sent_twice_and_out_of_order_by_many_count_once(
    state: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if state == "postgresql" else ""
    events = [sale(f"e{number}", product=f"P{number % 7}") for number in range(300)]

    def send(seed: int) -> int:
        mine = events * 2
        random.Random(seed).shuffle(mine)
        with channel_to(busy) as channel:
            stub = HistoryServiceStub(channel)
            requests = [pb.RecordSalesRequest(events=mine[start : start + 20]) for start in range(0, len(mine), 20)]
            return sum(stub.RecordSales(each, timeout=60).recorded for each in requests)

    extra = {STATE_URL: url} if url else {}
    with running_history(tmp_path / "work", "--time-zone", "UTC", **extra) as busy, ThreadPoolExecutor(4) as senders:
        recorded = sum(senders.map(send, range(4)))

    assert recorded == 300
    assert sales_lines(tmp_path / "work", url)["line"].n_unique() == sales_lines(tmp_path / "work", url).height == 300


def test_a_server_that_drains_ends_its_watches_and_streams_with_unavailable(tmp_path: Path) -> None:
    with running_history(tmp_path / "work", "--time-zone", "UTC") as server, channel_to(server) as channel:
        stub = HistoryServiceStub(channel)
        watch = stub.WatchStock(pb.WatchStockRequest(since=day()))
        assert next(watch).complete
        idle = threading.Event()

        def one_request() -> Iterator[pb.StreamSalesRequest]:
            yield pb.StreamSalesRequest(events=[sale("1")])
            idle.wait()

        stream = stub.StreamSales(one_request())
        assert next(stream).recorded == 1
        assert server.stop() == 0
        for call in (watch, stream):
            with pytest.raises(grpc.RpcError) as ended:
                next(call)
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        idle.set()


def test_an_empty_history_needs_a_clock_and_another_one_is_refused(
    work: Path, server: RunningServer, tmp_path: Path
) -> None:

    empty = run(history_command(tmp_path / "work", "--port", "0"))
    assert (empty.returncode, "say --time-zone, such as Europe/Berlin" in empty.stdout) == (1, True)
    other = run(history_command(work, "--port", "0", "--time-zone", "UTC"))
    assert (other.returncode, "on the clock of America/Sao_Paulo" in other.stdout) == (1, True)
    wrong = run(history_command(work, "--time-zone", "Mars/Base"))
    assert (wrong.returncode, "is no IANA time zone" in wrong.stdout) == (2, True)


def test_an_install_without_the_extra_is_told_which_one() -> None:
    without = "import sys; sys.modules['deltalake'] = None; import feature_service.history_server.__main__"
    ended = run([sys.executable, "-c", without])
    assert ended.returncode == 1
    assert ended.stdout.startswith("stockout-history: deltalake is not installed: install stockout-risk[pipeline]")
    assert ended.stdout.count("\n") == 1
