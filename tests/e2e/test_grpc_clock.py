"""A wall clock that jumps by years while the server runs; the clock that only goes forward is left alone."""

import datetime as dt
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse

from data.panel import Panel
from data.snapshots import MANIFEST, point_at
from data.weeks import last_complete_week
from feature_service.server.tokens import new_token
from tests.support.clocks import JumpingClock
from tests.support.counted import wait_until
from tests.support.processes import wait_for_http
from tests.support.servers import RunningServer, channel_to
from tests.support.snapshots import publish_snapshot, synthetic_panel

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
WATCH = "/stockout.v1.RiskService/WatchStockoutRisks"
REQUEST = AssessStockoutRisksRequest(product_ids=["a"]).SerializeToString()
JUMPS = ("+3000d", "-3000d", "+0d")
BURST = 2


@contextmanager
def running_by(clock: JumpingClock, snapshots: Path, *options: str) -> Iterator[RunningServer]:
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(snapshots), "--port", "0"]
    command += ["--reload-seconds", "0.02", "--metrics-port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=clock.environment()) as process:
        server = RunningServer(process)
        try:
            server.wait_for("serving")
            yield server
        finally:
            process.kill()
            server.wait()


@pytest.fixture
def clock(tmp_path: Path) -> JumpingClock:
    return JumpingClock(tmp_path / "clock")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "snapshots"
    publish_snapshot(folder, fresh_panel(seed=1))
    return folder


def fresh_panel(seed: int) -> Panel:
    """Up to the last week that is over by the true clock: data of at most a week ago."""
    return synthetic_panel(products=30, seed=seed, as_of_week=last_complete_week(dt.datetime.now(dt.UTC).date()))


def provenance(channel: grpc.Channel) -> Provenance:
    call: Any = channel.unary_unary(ASSESS)
    return AssessStockoutRisksResponse.FromString(call(REQUEST, timeout=20)).provenance


def jump(server: RunningServer, clock: JumpingClock, offset: str) -> None:
    """Until the server goes by it: an HTTP answer tells the time."""
    clock.jump(offset)
    expected = dt.datetime.now(dt.UTC) + dt.timedelta(days=int(offset.removesuffix("d")))
    page = f"http://127.0.0.1:{server.wait_for('metrics')['port']}/metrics"

    def jumped() -> bool:
        with urllib.request.urlopen(page, timeout=20) as response:
            return abs(parsedate_to_datetime(response.headers["Date"]) - expected) < dt.timedelta(days=1)

    wait_until(jumped)


def age_s(server: RunningServer) -> float:
    page = wait_for_http(f"http://127.0.0.1:{server.wait_for('metrics')['port']}/metrics").decode()
    samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
    (age,) = [each.value for each in samples if each.name == "stockout_snapshot_age_seconds"]
    return age


def reload(server: RunningServer, root: Path, name: str) -> None:
    """The reloader looked at the clock at least once before this is over."""
    point_at(name, root)
    server.wait_for("reloaded", lambda line: line["snapshot_id"] == name)


def test_a_clock_that_jumps_makes_nothing_stale_fresh_or_late(clock: JumpingClock, root: Path) -> None:
    with running_by(clock, root, "--max-age-days", "9") as server, channel_to(server) as channel:
        states = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(states).status == health_pb2.HealthCheckResponse.SERVING
        for number, offset in enumerate(JUMPS):
            jump(server, clock, offset)
            assert not provenance(channel).stale
            assert 0 <= age_s(server) < 3600
            lasting: Any = channel.unary_stream(WATCH)
            assert lasting(REQUEST, timeout=0.1).code() is grpc.StatusCode.DEADLINE_EXCEEDED
            if number == 2:  # published at the true time: the page and the reloader have looked at every clock
                reload(server, root, publish_snapshot(root, fresh_panel(seed=2)))
        states.cancel()
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
        assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_a_snapshot_of_the_future_is_served_and_is_as_young_as_can_be(clock: JumpingClock, root: Path) -> None:
    with running_by(clock, root, "--max-age-days", "9") as server, channel_to(server) as channel:
        jump(server, clock, "-3000d")
        newer = publish_snapshot(root, fresh_panel(seed=2))
        server.wait_for("reloaded", lambda line: line["snapshot_id"] == newer)
        found = provenance(channel)
        assert (found.snapshot_id, found.stale) == (newer, False)
        published = json.loads((root / newer / MANIFEST).read_text(encoding="utf-8"))["published_at"]
        assert found.published_at.ToDatetime(dt.UTC) == dt.datetime.fromisoformat(published)
        assert 0 <= age_s(server) < 3600


def test_a_clock_that_jumps_neither_opens_nor_locks_a_tokens_rate(
    clock: JumpingClock, root: Path, tmp_path: Path
) -> None:
    token, line = new_token("one", ("*",), per_second=1e-6, burst=BURST)
    file = tmp_path / "tokens.jsonl"
    file.write_text(line + "\n", encoding="utf-8")
    metadata = (("authorization", f"Bearer {token}"),)
    with running_by(clock, root, "--tokens", str(file)) as server, channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        codes = []
        for offset in JUMPS:
            jump(server, clock, offset)
            codes.append(call.future(REQUEST, metadata=metadata, timeout=20).code())
    assert codes == [grpc.StatusCode.OK] * BURST + [grpc.StatusCode.RESOURCE_EXHAUSTED] * (len(codes) - BURST)
