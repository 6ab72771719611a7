"""Several processes on one port: they share the work, and one that dies is not missed for long."""

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import psutil
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from data.snapshots import point_at
from tests.support.damage import publish_snapshot_unseen, truncate
from tests.support.servers import START_TIMEOUT_S, RunningServer, channel_to, running_server
from tests.support.serving_fixtures import Published
from tests.support.snapshots import publish_snapshot, synthetic_panel

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
REQUEST = AssessStockoutRisksRequest(product_ids=["a"]).SerializeToString()
WORKERS = 2
CALLERS = 4
AFTERWARDS = 200


@contextmanager
def running_workers(snapshots: Path, *options: str) -> Iterator[RunningServer]:
    """A supervisor with two workers that serve; none is left behind."""
    with running_server(snapshots, "--workers", str(WORKERS), *options) as server:
        server.wait_for("all workers serve")
        workers = pids_of(server)
        yield server
        workers += pids_of(server)
    _, alive = psutil.wait_procs(map(psutil.Process, filter(psutil.pid_exists, workers)), timeout=START_TIMEOUT_S)
    assert not alive


def pids_of(server: RunningServer) -> list[int]:
    return [line["worker_pid"] for line in server.events if line["event"] == "worker started"]


def one_call(server: RunningServer) -> grpc.StatusCode:
    """Over a connection of its own, as the kernel spreads connections."""
    with channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        code: grpc.StatusCode = call.future(REQUEST, timeout=20, wait_for_ready=True).code()
        return code


@retry(retry=retry_if_result(lambda numbers: numbers != {0, 1}), stop=stop_after_delay(60), wait=wait_fixed(0))
def workers_that_answered(server: RunningServer, since: int = 0) -> set[int]:
    """Those with a call among the log lines after the first ``since``."""
    assert one_call(server) is grpc.StatusCode.OK
    return {line["worker"] for line in server.events[since:] if line["event"] == "call"}


def test_the_workers_share_one_port_and_both_answer(published: Published) -> None:
    with running_workers(published.root, "--log-calls") as server:
        assert workers_that_answered(server) == {0, 1}
        assert {line["port"] for line in server.events if line["event"] == "listening"} == {
            server.wait_for("all workers serve")["port"]
        }


def test_a_killed_worker_costs_only_what_it_had_in_flight_and_is_replaced(published: Published) -> None:
    """Each caller has one call in flight at a time, so the kill can fail one call of each, and not one more."""
    stop, ended = threading.Event(), [Counter[tuple[grpc.StatusCode, str]]() for _ in range(CALLERS)]

    def call_until_stopped(counts: Counter[tuple[grpc.StatusCode, str]]) -> None:
        with channel_to(server) as channel:
            call: Any = channel.unary_unary(ASSESS)
            while not stop.is_set():
                made = call.future(REQUEST, timeout=30, wait_for_ready=True)
                counts[made.code(), made.details()] += 1

    with running_workers(published.root) as server:
        callers = [threading.Thread(target=call_until_stopped, args=(counts,)) for counts in ended]
        for caller in callers:
            caller.start()
        try:
            first, _ = pids_of(server)
            os.kill(first, signal.SIGKILL)
            assert server.wait_for("worker ended")["exit_code"] == -signal.SIGKILL
            third = server.wait_for("worker started", lambda line: line["worker_pid"] not in pids_of(server)[:2])
            assert third["number"] == 0
            server.wait_for("serving", lambda line: line["worker"] == 0 and line is not first_serving(server))
        finally:
            stop.set()
            for caller in callers:
                caller.join()
    for counts in ended:
        assert counts.pop((grpc.StatusCode.OK, "")) > 0
        assert {code for code, _ in counts} <= {grpc.StatusCode.UNAVAILABLE}
        assert counts.total() <= 1, counts


def first_serving(server: RunningServer) -> dict[str, Any]:
    return next(line for line in server.events if line["event"] == "serving" and line["worker"] == 0)


def test_while_a_worker_is_gone_and_when_it_is_back_every_new_connection_is_answered(published: Published) -> None:
    with running_workers(published.root, "--log-calls") as server:
        gone, _ = pids_of(server)
        os.kill(gone, signal.SIGKILL)
        server.wait_for("worker ended")
        meanwhile = []
        while len(served := [line for line in server.events if line["event"] == "serving"]) < WORKERS + 1:
            meanwhile.append(one_call(server))
        assert meanwhile
        assert set(meanwhile) == {grpc.StatusCode.OK}
        assert served[-1]["worker"] == 0
        back = len(server.events)
        assert [one_call(server) for _ in range(AFTERWARDS)] == [grpc.StatusCode.OK] * AFTERWARDS
        assert workers_that_answered(server, back) == {0, 1}


def test_every_worker_takes_a_newer_snapshot_and_refuses_a_broken_one(tmp_path: Path) -> None:
    root = tmp_path / "snapshots"
    publish_snapshot(root, synthetic_panel(products=20, seed=1))
    with running_workers(root, "--log-calls", "--reload-seconds", "0.02") as server:
        newer = publish_snapshot(root, synthetic_panel(products=20, seed=3))
        for line in of_each_worker(server, "reloaded"):
            assert line["snapshot_id"] == newer
        broken = publish_snapshot_unseen(root, newer)
        truncate(root, broken)
        point_at(broken, root)
        for line in of_each_worker(server, "snapshot refused"):
            assert line["served"] == newer
            assert broken in line["error"]
        assert workers_that_answered(server, len(server.events)) == {0, 1}
        assert not [line for line in server.events if line["event"] == "worker ended"]


def of_each_worker(server: RunningServer, event: str) -> list[dict[str, Any]]:
    """The first such log line of every worker."""

    def of(number: int) -> dict[str, Any]:
        return server.wait_for(event, lambda line: line["worker"] == number)

    return [of(number) for number in range(WORKERS)]


def test_sigterm_drains_every_worker(published: Published) -> None:
    with running_workers(published.root) as server:
        assert server.stop() == 0
        assert {line["worker"] for line in server.events if line["event"] == "stopped" and "worker" in line} == {0, 1}


def test_workers_whose_supervisor_is_killed_end_by_themselves(published: Published) -> None:
    with running_workers(published.root) as server:
        workers = [psutil.Process(pid) for pid in pids_of(server)]
        server.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=START_TIMEOUT_S)
        assert not alive


def test_workers_that_cannot_serve_end_the_start(tmp_path: Path) -> None:
    options = ["--snapshots", str(tmp_path), "--port", "0", "--workers", "2"]
    command = [sys.executable, "-m", "feature_service.server", *options]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "no snapshot is published in" in ended.stderr


def test_a_port_that_another_server_listens_on_is_not_shared_with_it(published: Published) -> None:
    with running_workers(published.root) as server:
        port = server.target.rpartition(":")[2]
        options = ["--snapshots", str(published.root), "--port", port, "--workers", "2"]
        command = [sys.executable, "-m", "feature_service.server", *options]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
