"""Kill -9 of one of two workers under load: seconds until both serve again, and the calls that failed."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest

from benchmarks.rpc import METHOD
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.snapshots import product_id

CALLERS = 16
TIMEOUT_S = 30.0
ENOUGH = 1000
"""Calls before the first kill, and after each."""


class Callers:
    """What the callers saw; each has a connection of its own and one call in flight."""

    def __init__(self, server: RunningServer) -> None:
        self._server = server
        self._stop, self._lock, self._came = threading.Event(), threading.Lock(), threading.Condition()
        self.codes: Counter[str] = Counter()
        self.longest_s = 0.0

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Call all the while."""
        threads = [threading.Thread(target=self._call) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def wait_for_more(self) -> None:
        """Until ``ENOUGH`` more calls were answered."""
        with self._came:
            until = self.codes.total() + ENOUGH
            self._came.wait_for(lambda: self.codes.total() >= until, timeout=TIMEOUT_S)

    def _call(self) -> None:
        request = AssessStockoutRisksRequest(product_ids=[product_id(1)]).SerializeToString()
        with channel_to(self._server) as channel:
            call: Any = channel.unary_unary(METHOD)
            while not self._stop.is_set():
                began = perf_counter()
                code = call.future(request, timeout=TIMEOUT_S, wait_for_ready=True).code()
                with self._came:
                    self.codes[code.name] += 1
                    self.longest_s = max(self.longest_s, perf_counter() - began)
                    self._came.notify_all()


def measure_kill(root: Path, kills: int) -> None:
    """Kill one worker ``kills`` times, each time when both serve, and print what it cost."""
    with running_server(root, "--workers", "2") as server:
        server.wait_for("all workers serve")
        callers = Callers(server)
        with callers.calling():
            took = [_killed(server, callers) for _ in range(kills)]
        failed = {code: count for code, count in callers.codes.items() if code != "OK"}
    print(
        f"kill -9 of one of two workers under load, {kills} times: both serve again after {median(took):.2f} s "
        f"(median; longest {max(took):.2f} s). {failed or 'None'} of {callers.codes.total():,} calls failed, "
        f"{CALLERS} were in flight at each kill; the longest call took {callers.longest_s:.2f} s."
    )


def _killed(server: RunningServer, callers: Callers) -> float:
    """Seconds from the kill until the one that takes its place serves."""
    callers.wait_for_more()
    started = [line for line in server.events if line["event"] == "worker started"][-1]
    before = len(server.events)
    began = perf_counter()
    os.kill(started["worker_pid"], signal.SIGKILL)
    server.wait_for("serving", lambda line: line["worker"] == started["number"] and line in server.events[before:])
    return perf_counter() - began
