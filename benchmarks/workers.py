"""One worker beside two on one port, and what a kill -9 of one of two costs under load.

Connections, not calls, are spread over the workers, so each round opens new ones, and many. The load comes from
another process: h2load (Debian's nghttp2-client) where it is installed, else Python, which costs more than the server.
Requests of 1,000 items with the caller's stock are dear enough that neither generator is the limit; the machine can be.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table
from stockout.v1.risk_service_pb2 import AssessmentItem, AssessStockoutRisksRequest

from benchmarks.processes import cpu_seconds, stop_on_sigterm
from benchmarks.rpc import METHOD, made_snapshots
from benchmarks.worker_kill import measure_kill
from data import snapshots
from tests.support.servers import RunningServer, channel_to, running_server

CONNECTIONS = 16
ITEMS = 1000
GOAL = 1.7


@dataclass(frozen=True, slots=True)
class Throughput:
    """One block: calls a second, and how many cores the generator, all workers, and everybody else used."""

    calls_per_s: float
    generator_cpu: float
    server_cpu: float
    others_cpu: float


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of a block")
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    stop_on_sigterm()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        root = made_snapshots(Path(name))
        servers = [stack.enter_context(running_server(root, "--workers", str(count))) for count in (1, 2)]
        servers[1].wait_for("all workers serve")
        for title, request in requests(snapshots.load(root, snapshots.current_id(root)).panel.product_ids).items():
            body = Path(name) / "body"
            body.write_bytes(b"\0" + len(request).to_bytes(4, "big") + request)  # gRPC's frame
            for server in servers:
                check_answered(server, request)
            rounds: list[list[Throughput]] = [[], []]
            for number in range(options.rounds):
                for side in (0, 1) if number % 2 else (1, 0):
                    server = servers[side]
                    rounds[side].append(block(server.target, server.process.pid, body, options.seconds))
            show(title, rounds)
        stack.close()
        measure_kill(root, options.kills)


def requests(product_ids: tuple[str, ...]) -> dict[str, bytes]:
    """What is asked, by title."""
    items = [AssessmentItem(product_id=each, units_on_hand=5.0) for each in product_ids[:ITEMS]]
    return {
        "1 id": AssessStockoutRisksRequest(product_ids=product_ids[:1]).SerializeToString(),
        f"{ITEMS:,} items with the caller's stock": AssessStockoutRisksRequest(items=items).SerializeToString(),
    }


def check_answered(server: RunningServer, request: bytes) -> None:
    """h2load sees HTTP's status and not gRPC's, so see first that the request is one that is answered."""
    with channel_to(server) as channel:
        call: Any = channel.unary_unary(METHOD)
        call(request)


def block(target: str, pid: int, body: Path, seconds: float) -> Throughput:
    """Load one server for ``seconds`` over new connections."""
    used, own, all_used, began = cpu_seconds(pid), os.times(), _machine_cpu_seconds(), perf_counter()
    rate = load(target, body, seconds)
    took, after = perf_counter() - began, os.times()
    generator = after.children_user + after.children_system - own.children_user - own.children_system
    server = cpu_seconds(pid) - used
    others = max(0.0, _machine_cpu_seconds() - all_used - generator - server)
    return Throughput(rate, generator / took, server / took, others / took)


def _machine_cpu_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice)


def load(target: str, body: Path, seconds: float) -> float:
    """Calls a second that the generator got answered.

    Raises:
        SystemExit: If a call failed.
    """
    h2load = shutil.which("h2load")
    if h2load is None:
        command = [sys.executable, "-m", "benchmarks.worker_load", target, str(body), str(seconds), str(CONNECTIONS)]
        return float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    headers = ("-H", "content-type: application/grpc", "-H", "te: trailers")
    command = [
        h2load,
        f"--clients={CONNECTIONS}",
        "--max-concurrent-streams=2",
        f"--duration={seconds * 1000:.0f}ms",
        *headers,
    ]
    command += ["--data", str(body), f"http://{target}{METHOD}"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    counts: Any = re.search(r"(\d+) succeeded, (\d+) failed, (\d+) errored", output)
    if counts is None or int(counts[1]) == 0 or int(counts[2]) or int(counts[3]):
        raise SystemExit(f"calls failed:\n{output}")
    return int(counts[1]) / seconds


def show(title: str, rounds: list[list[Throughput]]) -> None:
    """Print the table of one kind of request, and what held the rate back."""
    generator = "h2load" if shutil.which("h2load") else "Python"
    table = Table(title=f"{title} a request, {CONNECTIONS} connections, load from {generator}; CPU in cores")
    for column in ("", "calls/s", "generator CPU", "workers' CPU", "others' CPU"):
        table.add_column(column, justify="right" if column else "left")
    for name, blocks in zip(("1 worker", "2 workers"), rounds, strict=True):
        rate, own, server, others = (median(getattr(each, key) for each in blocks) for key in Throughput.__slots__)
        table.add_row(name, f"{rate:,.0f}", f"{own:.2f}", f"{server:.2f}", f"{others:.2f}")
    ratio = median(two.calls_per_s / one.calls_per_s for one, two in zip(*rounds, strict=True))
    table.add_row("2 workers ÷ 1", f"{ratio:.2f}", "", "", "", style="bold")
    console = Console(width=120)
    console.print(table)
    console.print(limit(rounds, ratio))


def limit(rounds: list[list[Throughput]], ratio: float) -> str:
    """What the ratio says."""
    cores = psutil.cpu_count() or 1
    own, used, others = (median(getattr(each, key) for each in rounds[1]) for key in list(Throughput.__slots__)[1:])
    if ratio >= GOAL:
        return f"Two workers answer {ratio:.2f} times as much as one; {GOAL} was asked for."
    if own + used + others > 0.9 * cores or own > 0.9:
        return (
            f"{ratio:.2f} is no measure of two workers: of this machine's {cores} cores the load generator took "
            f"{own:.2f} and others {others:.2f}, which left the two workers {used:.2f}."
        )
    return f"{ratio:.2f} is below {GOAL}, and neither the generator nor the machine was the limit."


if __name__ == "__main__":
    main()
