"""What a server of one shard takes beside one of all products: time until it serves, memory then and at most.

The snapshots are those that real runs publish of the invented orders of :mod:`benchmarks.pipeline` (``zero_sales``,
``sales-2``). Every shard's server is started by itself, one after the other; the slowest and the largest are told.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.machine import AS_OF, history, machine
from benchmarks.processes import cpu_seconds, stop_on_sigterm
from tests.support.servers import running_server

QUESTION = ["--label", "zero_sales", "--feature-set", "sales-2", "--backtest-weeks", "8", "--refit-every", "8"]


@dataclass(frozen=True)
class Started:
    """One server that serves: since its process began, and at that moment."""

    products: int
    seconds: float
    cpu_s: float
    load_s: float
    memory_mb: float
    peak_mb: float


def main() -> None:
    """Publish in each number of shards, start the servers, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="1 is Olist's size")
    parser.add_argument("--shards", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--data-dir", type=Path, help="where histories and runs are kept for another run")
    options = parser.parse_args()
    stop_on_sigterm()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        root = options.data_dir or Path(scratch)
        for size in options.sizes:
            columns = ("products", 9), ("s", 6), ("CPU s", 6), ("load s", 7), ("MB", 6), ("peak MB", 8), ("files MB", 9)
            print(f"\nsize {size}: shards", *(f"{name:>{width}}" for name, width in columns), flush=True)
            for count in options.shards:
                folder = _published(size, count, root)
                started = [_started(folder.parent, f"{number}/{count}") for number in range(count)]
                slowest = [max(getattr(each, name) for each in started) for name in vars(started[0])]
                print("{:7} {:6} {:9} {:6.2f} {:6.2f} {:7.2f} {:6.0f} {:8.0f}".format("", count, *slowest), end="")
                print(
                    f" {sum(file.stat().st_size for file in folder.rglob('*') if file.is_file()) / 1e6:9.1f}",
                    flush=True,
                )


def _published(size: int, count: int, root: Path) -> Path:
    """The folder of the snapshot that is served from now on."""
    luigi, work_dir = str(Path(sys.executable).with_name("luigi")), root / f"work-{size}"
    run = [luigi, "--module", "orchestration", "StockoutPipeline", "--local-scheduler", "--source", "olist"]
    run += ["--data-dir", str(history(size, root)), "--work-dir", str(work_dir), "--as-of", str(AS_OF), *QUESTION]
    done = subprocess.run([*run, "--shards", str(count)], check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"the run failed: {(done.stdout + done.stderr).strip()[-2000:]}")
    snapshots = work_dir / "snapshots"
    return snapshots / (snapshots / "CURRENT").read_text(encoding="utf-8").strip()


def _started(snapshots: Path, shard: str) -> Started:
    began = perf_counter()
    with running_server(snapshots, "--shard", shard) as server:
        seconds, process = perf_counter() - began, server.process.pid
        return Started(
            server.wait_for("serving")["products"],
            seconds,
            cpu_seconds(process),
            server.wait_for("loaded")["seconds"],
            psutil.Process(process).memory_info().rss / 1e6,
            _peak_bytes(process) / 1e6,
        )


def _peak_bytes(process: int) -> int:
    """The most memory that it had at a time, files that it maps included."""
    (line,) = (each for each in Path(f"/proc/{process}/status").read_text().splitlines() if each.startswith("VmHWM"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()
