"""A history service that is killed, whose database restarts, whose disk is full: what it acknowledged is there once."""

import contextlib
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
from google.type import date_pb2
from stockout.v1 import history_service_pb2 as pb
from stockout.v1.history_service_pb2_grpc import HistoryServiceStub

from data.history.account import account
from data.history.folder import DeliveryFolder
from data.history.history import STATE_URL, open_history
from data.history.load import load_delivery
from tests.support.calls import reason_in, refusal
from tests.support.databases import own_postgres
from tests.support.disks import small_disk
from tests.support.servers import RunningServer, channel_to, history_command, running_history, serving_process


def sales(*names: str) -> list[pb.SaleEvent]:
    on = date_pb2.Date(year=2024, month=1, day=10)
    return [pb.SaleEvent(event_id=name, product_id="A", on=on, quantity=2, unit_price=5) for name in names]


def assert_each_once(work: Path, names: set[str], **environment: str) -> None:
    history = open_history(work, environment)
    assert all(line.is_even for line in account(history))
    lines = history.known_table("sales", history.ledger.loads())["line"].to_list()
    assert len(lines) == len(set(lines))
    assert set(lines) == names
    assert sorted(history.tables.facts("sales").collect()["line"]) == sorted(lines)  # nor a row of what died


class Sender:
    """Streams sales, one a request, as fast as they are answered, until the server is gone."""

    def __init__(self, server: RunningServer, name: str) -> None:
        self.sent: list[str] = []
        self.acknowledged: list[str] = []
        self._server, self._name = server, name
        self.has_many = threading.Event()
        self._came = threading.Condition()
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _requests(self) -> Iterator[pb.StreamSalesRequest]:
        for number in range(100_000):
            self.sent.append(f"{self._name}-{number}")
            yield pb.StreamSalesRequest(events=sales(self.sent[-1]))

    def goes_on_after(self, acknowledged: int) -> bool:
        """Whether more than so many are acknowledged, at once or within a minute."""
        with self._came:
            return self._came.wait_for(lambda: len(self.acknowledged) > acknowledged, timeout=60)

    def _send(self) -> None:
        with channel_to(self._server) as channel, contextlib.suppress(grpc.RpcError):
            for _ in HistoryServiceStub(channel).StreamSales(self._requests()):
                with self._came:
                    self.acknowledged.append(self.sent[len(self.acknowledged)])
                    self._came.notify_all()
                if len(self.acknowledged) == 20:
                    self.has_many.set()


def test_a_server_that_is_killed_amid_streams_lost_nothing_that_it_acknowledged(tmp_path: Path) -> None:
    work = tmp_path / "work"
    senders: list[Sender] = []
    for kill in range(3):
        with running_history(work, "--time-zone", "UTC") as server:
            running = [Sender(server, f"{kill}-{sender}") for sender in range(2)]
            assert all(sender.has_many.wait(60) for sender in running)
            server.process.kill()
            for sender in running:
                sender.thread.join(60)
        senders += running
    names = [name for sender in senders for name in sender.sent]
    acknowledged = {name for sender in senders for name in sender.acknowledged}

    with running_history(work) as server, channel_to(server) as channel:
        stub = HistoryServiceStub(channel)
        for start in range(0, len(names), 500):
            stub.RecordSales(pb.RecordSalesRequest(events=sales(*names[start : start + 500])))
        known = stub.RecordSales(pb.RecordSalesRequest(events=sales(*list(acknowledged)[:1000])))
        assert known.recorded == 0
    assert_each_once(work, set(names))


def test_what_was_acknowledged_is_there_before_anything_is_sent_again(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with running_history(work, "--time-zone", "UTC") as server:
        sender = Sender(server, "s")
        assert sender.has_many.wait(60)
        server.process.kill()
        sender.thread.join(60)

    history = open_history(work, {})
    known = set(history.known_table("sales", history.ledger.loads())["line"])
    assert set(sender.acknowledged) <= known <= set(sender.sent)


def test_a_database_that_restarts_amid_requests_loses_nothing(tmp_path: Path) -> None:
    work = tmp_path / "work"
    with own_postgres(tmp_path / "pg") as (url, restart):
        with running_history(work, "--time-zone", "UTC", **{STATE_URL: url}) as server, channel_to(server) as channel:
            stub = HistoryServiceStub(channel)
            restarter = threading.Thread(target=restart)
            names, refusals = [f"r-{number}" for number in range(60)], set[grpc.StatusCode]()
            for number, name in enumerate(names):
                if number == 20:
                    restarter.start()
                while True:  # ends, as the database comes back
                    try:
                        stub.RecordSales(pb.RecordSalesRequest(events=sales(name)), timeout=60)
                    except grpc.RpcError as error:
                        refusals.add(error.code())
                    else:
                        break
            restarter.join()
        assert refusals <= {grpc.StatusCode.UNAVAILABLE}
        assert_each_once(work, set(names), **{STATE_URL: url})


def test_a_full_disk_is_unavailable_and_recording_goes_on_when_there_is_room(tmp_path: Path) -> None:
    mount = tmp_path / "disk"
    mount.mkdir()
    with small_disk(mount, 4096) as disk:
        command = disk.command(history_command(mount / "work", "--time-zone", "UTC", "--port", "0"))
        with serving_process(command) as server, channel_to(server) as channel:
            stub = HistoryServiceStub(channel)
            stub.RecordSales(pb.RecordSalesRequest(events=sales("before")))
            disk.fill()
            code, status = refusal(stub.RecordSales, pb.RecordSalesRequest(events=sales("full")))
            assert code is grpc.StatusCode.UNAVAILABLE
            assert reason_in(status)[1] == "HISTORY_UNAVAILABLE"
            assert "nothing was acknowledged, send it again" in status.message

            disk.make_room()
            assert stub.RecordSales(pb.RecordSalesRequest(events=sales("full", "before"))).recorded == 1
        shutil.copytree(disk.folder / "work", tmp_path / "copy")
    assert_each_once(tmp_path / "copy", {"before", "full"})


def test_files_are_loaded_amid_streams_of_events_and_both_count(tmp_path: Path) -> None:
    work, landing = tmp_path / "work", tmp_path / "landing"
    landing.mkdir()
    (landing / "source.toml").write_text('[sales]\nkey = "receipt"\nfiles = "sales_*.csv"\n')
    header = "receipt,product_id,sold_at,quantity,unit_price\n"
    with running_history(work, "--time-zone", "UTC") as server:
        senders = [Sender(server, str(sender)) for sender in range(2)]
        assert all(sender.has_many.wait(60) for sender in senders)
        history = open_history(work, {})
        for number in range(3):
            (landing / f"sales_{number}.csv").write_text(f"{header}file-{number},A,2024-01-1{number},1,5\n")
            folder = DeliveryFolder("generic", landing, tmp_path / "quarantine.parquet", None, None, 0.0)
            acknowledged = [len(sender.acknowledged) for sender in senders]
            assert load_delivery(history, folder) is not None
            assert all(sender.goes_on_after(count) for sender, count in zip(senders, acknowledged, strict=True))
        assert server.stop() == 0
        for sender in senders:
            sender.thread.join(60)

    known = set(history.known_table("sales", history.ledger.loads())["line"])
    assert {f"file-{number}" for number in range(3)} <= known
    assert {name for sender in senders for name in sender.acknowledged} <= known
    assert all(line.is_even for line in account(history))
