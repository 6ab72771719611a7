"""Disks that are full, and readers of the log that went away: the server answers on, and nothing is left half done."""

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest, AssessStockoutRisksResponse

from data.snapshots import Snapshot, SnapshotError, current_id, load, publish
from tests.support.disks import SmallDisk, small_disk
from tests.support.processes import free_port, wait_for_http
from tests.support.servers import START_TIMEOUT_S, channel_to, running_server
from tests.support.serving_fixtures import Published
from tests.support.snapshots import MODEL, publish_snapshot, synthetic_panel

ASSESS = "/stockout.v1.RiskService/AssessStockoutRisks"
REQUEST = AssessStockoutRisksRequest(product_ids=["a"]).SerializeToString()
MALFORMED = b"\xff"
"""Leaves a log line."""


class Address(NamedTuple):
    target: str


def codes_of(server: Any, raw: bytes, times: int) -> set[grpc.StatusCode]:
    with channel_to(server) as channel:
        health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=START_TIMEOUT_S, wait_for_ready=True
        )
        call: Any = channel.unary_unary(ASSESS)
        return {call.future(raw, timeout=20, wait_for_ready=True).code() for _ in range(times)}


def serving_state(server: Any) -> Any:
    """The state that is not 'being loaded'; the server's log cannot tell it."""
    with channel_to(server) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        for each in stub.Watch(health_pb2.HealthCheckRequest(), timeout=START_TIMEOUT_S, wait_for_ready=True):
            if each.status == health_pb2.HealthCheckResponse.SERVING:
                return each.status
    return None


@contextmanager
def logging_to(
    stdout: int, published: Path, errors_file: Path, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], Address]]:
    """A server whose log goes to a file descriptor that may not take it, and what it says on stderr to a file."""
    port = free_port()
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(published), "--port", str(port)]
    with (
        errors_file.open("wb") as stderr,
        subprocess.Popen([*command, *options], stdout=stdout, stderr=stderr) as process,
    ):
        try:
            address = Address(f"127.0.0.1:{port}")
            assert serving_state(address) == health_pb2.HealthCheckResponse.SERVING
            yield process, address
        finally:
            process.kill()


def full_device() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def pipe_without_a_reader() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("no_log", "options"),
    [(full_device, ()), (pipe_without_a_reader, ("--workers", "2"))],
    ids=["full disk", "no reader, workers"],
)
def test_a_log_that_takes_no_line_costs_nothing_but_its_lines(
    published: Published, tmp_path: Path, no_log: Any, options: tuple[str, ...]
) -> None:
    stdout, errors_file = no_log(), tmp_path / "stderr"
    try:
        with logging_to(stdout, published.root, errors_file, *options) as (process, address):
            assert codes_of(address, MALFORMED, 200) == {grpc.StatusCode.INVALID_ARGUMENT}
            assert codes_of(address, REQUEST, 200) == {grpc.StatusCode.OK}
            process.terminate()
            assert process.wait(START_TIMEOUT_S) == 0
    finally:
        os.close(stdout)
    assert errors_file.read_text(encoding="utf-8") == ""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path, kibibytes=256) as made:
        yield made


def test_a_log_on_a_disk_that_fills_up_says_later_how_many_lines_it_lost(
    published: Published, disk: SmallDisk, tmp_path: Path
) -> None:
    file = disk.folder / "server.log"
    stdout = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    refused = 300
    try:
        with logging_to(stdout, published.root, tmp_path / "stderr") as (_, address):
            disk.fill()
            codes_of(address, MALFORMED, refused)  # the last page of the file takes some of their lines still
            disk.make_room()
            codes_of(address, MALFORMED, 1)
    finally:
        os.close(stdout)
    lines = [as_json(line) for line in file.read_text(encoding="utf-8").splitlines()]
    lost = sum(line["lines"] for line in lines if line and line["event"] == "log lines lost")
    assert lost > 0
    assert sum(line["event"] == "call" for line in lines if line) + lost == refused + 1
    assert lines.count(None) <= 1, "the one line that the disk took half of"


def as_json(line: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return found


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A snapshot to publish on disks that have no room for it."""
    root = tmp_path_factory.mktemp("newer") / "snapshots"
    return load(root, publish_snapshot(root, synthetic_panel(products=200, seed=3)))


def publish_again(snapshot: Snapshot, to: Path) -> str:
    return publish(snapshot.panel, snapshot.eligible, snapshot.bundle_dir, MODEL, to)


def test_a_snapshot_that_finds_no_room_leaves_the_server_and_its_folder_as_they_were(
    newer: Snapshot, disk: SmallDisk
) -> None:
    root = disk.folder / "snapshots"
    first = publish_snapshot(root, synthetic_panel(products=60))
    with running_server(root, "--reload-seconds", "0.02", "--metrics-port", "0") as server:
        disk.fill()
        before = names_in(root)
        with pytest.raises(SnapshotError, match=r"no snapshot can be published in .*; 0 bytes are free there"):
            publish_again(newer, root)
        assert names_in(root) == before
        assert current_id(root) == first
        assert answered_from(server) == first
        disk.make_room()
        second = publish_again(newer, root)
        assert server.wait_for("reloaded")["snapshot_id"] == second
        assert answered_from(server) == second
        assert reload_failures(server) == 0
        assert not [line for line in server.events if line["event"] == "snapshot refused"]


def test_on_a_disk_of_any_size_a_snapshot_is_whole_or_not_there(newer: Snapshot, tmp_path: Path) -> None:
    """NumPy buffers, and would find the disk full when it closes the file: is it asked?"""
    outcomes = set()
    for kibibytes in range(8, 120, 8):
        mount_point = tmp_path / str(kibibytes)
        mount_point.mkdir()
        with small_disk(mount_point, kibibytes) as small:
            root = small.folder / "snapshots"
            try:
                assert load(root, publish_again(newer, root)).panel.product_ids == newer.panel.product_ids
                outcomes.add("whole")
            except SnapshotError:
                assert not {name for name in names_in(root) if name.startswith(".")} - {".CURRENT.lock"}
                assert "CURRENT" not in names_in(root)
                outcomes.add("not there")
    assert outcomes == {"whole", "not there"}


def test_a_file_that_may_not_grow_is_met_like_a_full_disk(newer: Snapshot, tmp_path: Path) -> None:
    """A limit on the size of files, EFBIG, which needs no disk of its own and fails at the same places."""
    root = tmp_path / "snapshots"
    publish_snapshot(root, synthetic_panel(products=20))
    before, first = names_in(root), current_id(root)
    process = get_context("spawn").Process(target=publish_limited, args=(newer, root))
    process.start()
    process.join(START_TIMEOUT_S)
    assert process.exitcode == 0
    assert (names_in(root), current_id(root)) == (before, first)


def publish_limited(snapshot: Snapshot, root: Path) -> None:
    """Runs in a process of its own, where the limit harms nobody."""
    for bytes_at_most in (5_000, 100, 0):
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_at_most, bytes_at_most))
        with pytest.raises(SnapshotError, match=r"no snapshot can be published"):
            publish_again(snapshot, root)


def names_in(root: Path) -> list[str]:
    return sorted(each.name for each in root.iterdir()) if root.exists() else []


def answered_from(server: Any) -> str:
    with channel_to(server) as channel:
        call: Any = channel.unary_unary(ASSESS)
        return AssessStockoutRisksResponse.FromString(call(REQUEST, timeout=20)).provenance.snapshot_id


def reload_failures(server: Any) -> float:
    page = wait_for_http(f"http://127.0.0.1:{server.wait_for('metrics')['port']}/metrics").decode()
    samples = [each for family in text_string_to_metric_families(page) for each in family.samples]
    return sum(each.value for each in samples if each.name == "stockout_snapshot_reload_failures_total")
