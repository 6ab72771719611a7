"""This project beside what one would take instead: same forest, same products, same machine, in alternated blocks.

Every server must first give the same numbers as ours; what answers something else is no peer. The ratios are medians
over the rounds, in each of which all servers had a block of their own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import numpy as np
import numpy.typing as npt
import psutil
import requests
from rich.console import Console
from rich.table import Table

from benchmarks.feast_store import fill
from benchmarks.peer_servers import Question, Server, feast_peer, ours_bento, ours_grpc, pyfunc_peers
from benchmarks.processes import stop_on_sigterm
from feature_service.kernel import feature_set, features_at
from tests.support.snapshots import FEATURE_SET, fitted_forest, publish_snapshot, synthetic_panel

BATCHES = (1, 100)
REQUESTS = 100
TOLERANCE = 1e-5
LIMIT = 0.9
"""Share of a core from which on the generator is taken to be the limit."""
TREES, DEPTH = 100, 10

Blocks = list[dict[str, float]]


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--products", type=int, default=33_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.5, help="of a block")
    parser.add_argument("--in-flight", type=int, default=16)
    options = parser.parse_args()
    stop_on_sigterm()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        servers, questions = start(stack, Path(name), options.products)
        for batch in BATCHES:
            batch_questions = [questions.of(batch) for _ in range(REQUESTS)]
            check_equal(servers, batch_questions[:5])
            load = {"rounds": options.rounds, "seconds": options.seconds, "in_flight": options.in_flight}
            show(servers, measured(servers, batch_questions, load, Path(name) / "spec.json"), batch, load)


class Questions:
    """Draws products at random of those that every server can answer."""

    def __init__(self, product_ids: tuple[str, ...], rows: npt.NDArray[np.float32], names: tuple[str, ...]) -> None:
        self._ids, self._rows, self._names = product_ids, rows, names
        sold = rows[:, names.index("sales_qtd_roll_mean_4")] > 0
        self._answerable = np.flatnonzero(np.isfinite(rows).all(axis=1) & sold)
        self._rng = np.random.default_rng(0)

    def of(self, batch: int) -> Question:
        """One request."""
        picked = self._rng.choice(self._answerable, batch)
        return Question([self._ids[index] for index in picked], self._names, self._rows[picked])


def start(stack: ExitStack, scratch: Path, products: int) -> tuple[list[Server], Questions]:
    """Make model and data, start all servers."""
    panel = synthetic_panel(products=products, weeks=90)
    publish_snapshot(scratch / "snapshots", panel, trees=TREES, depth=DEPTH)
    picked = feature_set(FEATURE_SET)
    rows = features_at(picked, panel.fields, len(panel.weeks) - 1)
    columns = dict(zip(picked.feature_names, rows.T, strict=True))
    fill(scratch / "feast", panel.product_ids, columns)
    grpc_servers = ours_grpc(stack, scratch / "snapshots")
    risks = [grpc_servers[0], *ours_bento(stack, scratch, scratch / "bundle", grpc_servers[0])]
    peers = pyfunc_peers(stack, scratch, fitted_forest(panel, TREES, DEPTH))
    features = [grpc_servers[1], *feast_peer(stack, scratch, scratch / "feast", picked.feature_names)]
    return [*risks, *peers, *features], Questions(panel.product_ids, rows, picked.feature_names)


def check_equal(servers: list[Server], batch_questions: list[Question]) -> None:
    """Hold every server's numbers against ours.

    Raises:
        AssertionError: If one says something else.
    """
    expected = {server.gives: [_ask(server, question) for question in batch_questions] for server in reversed(servers)}
    for server in servers:
        for question, numbers in zip(batch_questions, expected[server.gives], strict=True):
            answer = _ask(server, question)
            np.testing.assert_allclose(answer, numbers, rtol=TOLERANCE, atol=TOLERANCE, err_msg=server.name)


def _ask(server: Server, question: Question) -> npt.NDArray[np.floating]:
    body = server.encode(question)
    if server.http:
        url = f"http://{server.address}{server.path}"
        answer = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=30)
        answer.raise_for_status()
        return server.decode(answer.content)
    with grpc.insecure_channel(server.address) as channel:
        call: Any = channel.unary_unary(server.path)
        return server.decode(call(body))


def measured(
    servers: list[Server], batch_questions: list[Question], load: dict[str, float], spec_file: Path
) -> list[Blocks]:
    """What a load generator of its own process sees of each server."""
    sides = [
        {
            **{name: getattr(server, name) for name in ("address", "path", "http", "pids")},
            "bodies": [server.encode(question).hex() for question in batch_questions],
        }
        for server in servers
    ]
    spec_file.write_text(json.dumps({**load, "sides": sides}), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.peer_load", str(spec_file)]
    blocks: list[Blocks] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return blocks


def show(servers: list[Server], blocks_by_server: list[Blocks], batch: int, load: dict[str, float]) -> None:
    """Print the table of one batch size."""
    table = Table(
        title=f"{batch} product{'s' * (batch > 1)} a request, {load['in_flight']} in flight, medians of "
        f"{load['rounds']} alternated blocks of {load['seconds']:g} s; equal answers checked\n"
        f"{psutil.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    for column in ("", "calls/s", "p50 ms", "p99 ms", "CPU µs/call", "gRPC ÷ it", "Bento, rows ÷ it", "generator"):
        table.add_column(column, justify="right" if column else "left")
    rates = {
        server.name: [block["calls_per_s"] for block in blocks]
        for server, blocks in zip(servers, blocks_by_server, strict=True)
    }
    for server, blocks in zip(servers, blocks_by_server, strict=True):
        rate, p50, p99, cpu, generator = (median(block[key] for block in blocks) for key in blocks[0])
        risks = server.gives == "risks"
        table.add_row(
            *(server.name, f"{rate:,.0f}", f"{p50:.2f}", f"{p99:.2f}", f"{cpu:,.0f}"),
            _ratio(rates["gRPC, by id" if risks else "gRPC, GetFeatures"], rates[server.name]),
            _ratio(rates["Bento, rows"], rates[server.name]) if risks else "",
            f"{generator:.0%}{' (the limit)' if generator > LIMIT else ''}",
            end_section=server.name == "Bento, rows" or server.name.startswith("mlflow"),
        )
    Console(width=130).print(table)


def _ratio(ours: list[float], theirs: list[float]) -> str:
    return f"{median(a / b for a, b in zip(ours, theirs, strict=True)):.1f}"


if __name__ == "__main__":
    main()
