"""Calls a second by h2load (Debian's ``nghttp2-client``), a generator in C that leaves the server most CPU."""

import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

CONNECTIONS, STREAMS = 8, 4
ROUNDS = 5


def is_installed() -> bool:
    """Whether it can be used."""
    return shutil.which("h2load") is not None


def rates(servers: Mapping[str, tuple[int, str]], request: bytes, calls: int) -> dict[str, float]:
    """Calls a second of each server: medians over rounds in which each has its turn.

    Args:
        servers: By name, port and gRPC method, e.g. ``/package.Service/Method``.
        request: One encoded request, sent again and again.
        calls: In a turn.
    """
    by_name: dict[str, list[float]] = {name: [] for name in servers}
    with tempfile.NamedTemporaryFile() as body:
        body.write(struct.pack(">BI", 0, len(request)) + request)
        body.flush()
        for number in range(ROUNDS + 1):
            for name, (port, method) in servers.items():
                rate = _rate(f"http://127.0.0.1:{port}{method}", Path(body.name), calls)
                if number:  # the first round warms up
                    by_name[name].append(rate)
    return {name: median(each) for name, each in by_name.items()}


def _rate(url: str, body: Path, calls: int) -> float:
    headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    load = ["-n", str(calls), "-c", str(CONNECTIONS), "-m", str(STREAMS), "-d", str(body)]
    ended = subprocess.run(["h2load", *load, *headers, url], check=True, capture_output=True, text=True).stdout
    rate, succeeded = re.search(r"finished in .*?, ([\d.]+) req/s", ended), re.search(r"(\d+) succeeded", ended)
    if rate is None or succeeded is None or int(succeeded[1]) != calls:
        raise SystemExit(f"h2load did not get {calls} answers from {url}:\n{ended}")
    return float(rate[1])
