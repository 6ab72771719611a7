"""One risk RPC with 1 id and one with 100 ids, against an echo server with messages of the same size.

The echo is the ceiling: same gRPC flavour, same message sizes, no work. Servers and load generator are processes of
their own; rounds alternate between the two servers, medians are compared. Where the load generator is the
limit, calls a second say little: the CPU time that the server spends on a call is given beside them.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from data import snapshot as snapshots

METHOD = "/stockout.v1.RiskService/AssessStockoutRisks"
BATCHES = (1, 100)
WARM_CALLS = 40


@dataclass(frozen=True)
class Side:
    """One server under load."""

    process: psutil.Process
    target: str
    method: str


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snapshots", type=Path, help="published snapshots; default: makes one of 33,000 products")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round")
    parser.add_argument("--in-flight", type=int, default=32)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = asked.snapshots or _made_snapshots(Path(scratch))
        rows = [
            row
            for batch in BATCHES
            for row in compare(root, batch, Path(scratch), asked.rounds, asked.seconds, asked.in_flight)
        ]
    show(rows, asked.rounds, asked.in_flight)


def compare(
    root: Path, batch: int, scratch: Path, rounds: int, seconds: float, in_flight: int
) -> list[tuple[str, dict[str, float]]]:
    """Medians of the risk server and of the echo, with the name of each."""
    snapshot = snapshots.load(root, snapshots.current_id(root))
    requests = _requests(snapshot.panel.product_ids, batch)
    requests_file = scratch / f"requests-{batch}.json"
    requests_file.write_text(json.dumps([each.hex() for each in requests]), encoding="utf-8")
    with ExitStack() as stack:
        process, port = stack.enter_context(_risk_server(root))
        risk = Side(process, f"127.0.0.1:{port}", METHOD)
        length = _typical_reply(risk, requests)
        process, port = stack.enter_context(_echo_server(length))
        echo = Side(process, f"127.0.0.1:{port}", f"/echo.Echo/Reply{length}")
        measured: dict[Side, list[dict[str, float]]] = {risk: [], echo: []}
        for number in range(rounds + 1):
            for side in (risk, echo) if number % 2 else (echo, risk):
                measured[side].append(_round(side, requests_file, in_flight, seconds))
    names = {risk: f"risk, {batch} id{'s' * (batch > 1)}", echo: f"echo, {len(requests[0])} → {length} bytes"}
    return [(names[side], _medians(measured[side][1:])) for side in (risk, echo)]


def show(rows: list[tuple[str, dict[str, float]]], rounds: int, in_flight: int) -> None:
    """Print the table: each risk row is followed by its echo's, then their ratio."""
    machine = f"{psutil.cpu_count()} CPUs, Python {platform.python_version()}, gRPC {grpc.__version__}"
    title = f"{in_flight} calls in flight, medians of {rounds} alternated rounds; CPU is the server's\n{machine}"
    table = Table(title=title)
    for column in ("", "calls/s", "p50 ms", "p99 ms", "CPU µs/call", "CPU %"):
        table.add_column(column, justify="right" if column else "left")
    for (risk_name, risk), (echo_name, echo) in zip(rows[::2], rows[1::2], strict=True):
        for name, values in ((risk_name, risk), (echo_name, echo)):
            table.add_row(
                name,
                f"{values['calls_per_s']:,.0f}",
                *(f"{values[key]:.2f}" for key in ("p50_ms", "p99_ms")),
                f"{values['cpu_us']:.0f}",
                f"{values['cpu_percent']:.0f}",
            )
        ratios = [f"{risk[key] / echo[key]:.2f}" for key in ("calls_per_s", "p50_ms", "p99_ms", "cpu_us")]
        table.add_row("risk / echo", *ratios, "", style="bold", end_section=True)
    Console().print(table)


def _requests(product_ids: tuple[str, ...], batch: int) -> list[bytes]:
    rng = np.random.default_rng(0)
    picks = (rng.integers(0, len(product_ids), batch) for _ in range(2000))
    return [
        AssessStockoutRisksRequest(product_ids=[product_ids[index] for index in pick]).SerializeToString()
        for pick in picks
    ]


def _typical_reply(side: Side, requests: list[bytes]) -> int:
    """Median length of the answers; asking also warms the server up."""
    with grpc.insecure_channel(side.target) as channel:
        call: Any = channel.unary_unary(side.method)
        return int(median(len(call(request)) for request in requests))


def _round(side: Side, requests_file: Path, in_flight: int, seconds: float) -> dict[str, float]:
    before = sum(side.process.cpu_times()[:2])
    command = [
        sys.executable,
        "-m",
        "benchmarks.rpc_load",
        side.target,
        side.method,
        str(requests_file),
        str(in_flight),
    ]
    answer = subprocess.run([*command, str(seconds)], check=True, capture_output=True, text=True)
    seen: dict[str, float] = json.loads(answer.stdout)
    cpu = sum(side.process.cpu_times()[:2]) - before
    return {**seen, "cpu_us": 1e6 * cpu / seen["calls"], "cpu_percent": 100 * cpu * seen["calls_per_s"] / seen["calls"]}


def _medians(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: median(each[key] for each in rounds) for key in rounds[0]}


@contextmanager
def _risk_server(root: Path) -> Iterator[tuple[psutil.Process, int]]:
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(root), "--port", "0"]
    with _running(command) as process:
        for line in process.stdout or ():
            event = json.loads(line)
            if event["event"] == "serving":
                yield psutil.Process(process.pid), event["port"]
                return
    raise SystemExit("the server did not start")


@contextmanager
def _echo_server(length: int) -> Iterator[tuple[psutil.Process, int]]:
    with _running([sys.executable, "-m", "benchmarks.echo_server", str(length)]) as process:
        assert process.stdout is not None
        yield psutil.Process(process.pid), int(process.stdout.readline())


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def _made_snapshots(scratch: Path) -> Path:
    from tests.support.snapshots import publish_snapshot, synthetic_panel  # noqa: PLC0415  training libraries

    root = scratch / "snapshots"
    publish_snapshot(root, synthetic_panel(products=33_000, weeks=90), trees=100, depth=10)
    return root


if __name__ == "__main__":
    main()
