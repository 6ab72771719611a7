"""One risk RPC with 1 id and one with 100 ids, against an echo server with messages of the same size.

The echo is the ceiling: same gRPC flavour, same message sizes, no work; the faster one of two, with gRPC's event engine
listener on and off. All servers and the load generator are processes of their own. Where h2load is installed it gives
the calls a second; latencies and the server's CPU come from a generator in Python, which asks risk and echo in turn, in
short blocks, and is itself the limit of its calls a second.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
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

from benchmarks import h2load
from data import snapshots

METHOD = "/stockout.v1.RiskService/AssessStockoutRisks"
BATCHES = (1, 100)
REQUESTS = 2000
CALLS_PER_BLOCK = 320


@dataclass(frozen=True)
class ServerRates:
    """What one server did under load; CPU is the server's, milliseconds are the caller's."""

    name: str
    calls_per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us_per_call: float


@dataclass(frozen=True)
class Comparison:
    """The risk server beside the echo; the ratio of calls a second is the median over the pairs of blocks."""

    risk: ServerRates
    echo: ServerRates
    rate_ratio: float
    rates: Mapping[str, float]

    @property
    def h2load_ratio(self) -> float:
        """Of the risk server's calls a second, by h2load, to those of the faster echo."""
        risk, *echoes = self.rates.values()
        return risk / max(echoes)


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--snapshots", type=Path, help="published snapshots; default: makes one of 33,000 products")
    parser.add_argument("--pairs", type=int, default=100, help=f"of blocks of {CALLS_PER_BLOCK} calls")
    parser.add_argument("--in-flight", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = options.snapshots or made_snapshots(Path(scratch))
        spec_file = Path(scratch) / "spec.json"
        compared = [compare(root, batch, spec_file, options.pairs, options.in_flight) for batch in BATCHES]
    if h2load.is_installed():
        show_rates(compared)
    show(compared, f"{options.in_flight} calls in flight, {options.pairs} pairs of blocks of {CALLS_PER_BLOCK} calls")


def compare(root: Path, batch: int, spec_file: Path, pairs: int, in_flight: int) -> Comparison:
    """Load a risk server and an echo server in turn with requests of ``batch`` random ids of the snapshot."""
    snapshot = snapshots.load(root, snapshots.current_id(root))
    requests = requests_of(snapshot.panel.product_ids, batch)
    with ExitStack() as stack:
        risk, port = stack.enter_context(risk_server(root))
        length = _typical_reply(f"127.0.0.1:{port}", requests)
        echo, echo_port = stack.enter_context(_echo_server(length))
        spec = {
            "sides": [
                {"target": f"127.0.0.1:{port}", "method": METHOD},
                {"target": f"127.0.0.1:{echo_port}", "method": f"/echo.Echo/Reply{length}"},
            ],
            "requests": [each.hex() for each in requests],
            "pairs": pairs,
            "calls_per_block": CALLS_PER_BLOCK,
            "in_flight": in_flight,
        }
        spec_file.write_text(json.dumps(spec), encoding="utf-8")
        before = [_cpu_seconds(process) for process in (risk, echo)]
        command = [sys.executable, "-m", "benchmarks.rpc_load", str(spec_file)]
        answer = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
        cpu = [_cpu_seconds(process) - at for process, at in zip((risk, echo), before, strict=True)]
        rates: dict[str, float] = {}
        if h2load.is_installed():
            _, other_port = stack.enter_context(_echo_server(length, GRPC_EXPERIMENTS="-event_engine_listener"))
            reply = f"/echo.Echo/Reply{length}"
            servers = {"risk": (port, METHOD), "echo": (echo_port, reply), "echo, listener off": (other_port, reply)}
            rates = h2load.rates(servers, requests[0], calls=20_000 if batch == 1 else 10_000)
    names = (f"risk, {batch} id{'s' * (batch > 1)}", f"echo, {len(requests[0])} → {length} bytes")
    return Comparison(
        risk=_rates(names[0], answer[0], cpu[0], pairs),
        echo=_rates(names[1], answer[1], cpu[1], pairs),
        rate_ratio=median(e / r for r, e in zip(answer[0]["seconds"], answer[1]["seconds"], strict=True)),
        rates=rates,
    )


def show_rates(compared: list[Comparison]) -> None:
    """Print calls a second by h2load."""
    how = f"h2load -c {h2load.CONNECTIONS} -m {h2load.STREAMS}, medians of {h2load.ROUNDS} alternated rounds, calls/s"
    table = Table("", *compared[0].rates, "risk / faster echo", title=how)
    for each in compared:
        rates = (f"{rate:,.0f}" for rate in each.rates.values())
        table.add_row(each.risk.name, *rates, f"{each.h2load_ratio:.2f}")
    Console().print(table)


def show(compared: list[Comparison], how: str) -> None:
    """Print the table: each pair of servers, then their ratios."""
    machine = f"{psutil.cpu_count()} CPUs, Python {platform.python_version()}, gRPC {grpc.__version__}"
    table = Table(title=f"{how}\n{machine}")
    for column in ("", "calls/s", "p50 ms", "p99 ms", "server CPU µs/call"):
        table.add_column(column, justify="right" if column else "left")
    for pair in compared:
        for rates in (pair.risk, pair.echo):
            times = (f"{rates.p50_ms:.2f}", f"{rates.p99_ms:.2f}", f"{rates.cpu_us_per_call:.0f}")
            table.add_row(rates.name, f"{rates.calls_per_s:,.0f}", *times)
        risk, echo = pair.risk, pair.echo
        ratios = (risk.p50_ms / echo.p50_ms, risk.p99_ms / echo.p99_ms, risk.cpu_us_per_call / echo.cpu_us_per_call)
        cells = [f"{ratio:.2f}" for ratio in (pair.rate_ratio, *ratios)]
        table.add_row("risk / echo", *cells, style="bold", end_section=True)
    Console().print(table)


def _rates(name: str, answer: dict[str, Any], cpu_seconds: float, pairs: int) -> ServerRates:
    calls = (pairs + 1) * CALLS_PER_BLOCK
    rate = CALLS_PER_BLOCK / median(answer["seconds"])
    return ServerRates(name, rate, answer["p50_ms"], answer["p99_ms"], 1e6 * cpu_seconds / calls)


def requests_of(product_ids: tuple[str, ...], batch: int) -> list[bytes]:
    """Encoded requests of ``batch`` random ids each."""
    rng = np.random.default_rng(0)
    picks = (rng.integers(0, len(product_ids), batch) for _ in range(REQUESTS))
    return [
        AssessStockoutRisksRequest(product_ids=[product_ids[index] for index in pick]).SerializeToString()
        for pick in picks
    ]


def _typical_reply(target: str, requests: list[bytes]) -> int:
    """Mean length of the answers in bytes; asking also warms the server up."""
    with grpc.insecure_channel(target) as channel:
        call: Any = channel.unary_unary(METHOD)
        return round(sum(len(call(request)) for request in requests) / len(requests))


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@contextmanager
def risk_server(root: Path) -> Iterator[tuple[psutil.Process, int]]:
    """A risk server that serves, and its port."""
    command = [sys.executable, "-m", "feature_service.server", "--snapshots", str(root), "--port", "0"]
    with _running(command) as process:
        for line in process.stdout or ():
            event = json.loads(line)
            if event["event"] == "serving":
                yield psutil.Process(process.pid), event["port"]
                return
    raise SystemExit("the server did not start")


@contextmanager
def _echo_server(length: int, **environment: str) -> Iterator[tuple[psutil.Process, int]]:
    with _running([sys.executable, "-m", "benchmarks.echo_server", str(length)], environment) as process:
        assert process.stdout is not None
        yield psutil.Process(process.pid), int(process.stdout.readline())


@contextmanager
def _running(command: list[str], environment: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    env = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.communicate()


def made_snapshots(scratch: Path) -> Path:
    """Publish 33,000 products and a forest."""
    from tests.support.snapshots import publish_snapshot, synthetic_panel  # noqa: PLC0415  training libraries

    root = scratch / "snapshots"
    publish_snapshot(root, synthetic_panel(products=33_000, weeks=90), trees=100, depth=10)
    return root


if __name__ == "__main__":
    main()
