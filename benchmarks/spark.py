"""What the Spark engine costs beside one machine's, and how it grows with cores: from a loaded history to its table.

The run is ``Features`` (clean facts, panel, training table of ``sales-2``) on the invented orders of
:mod:`benchmarks.pipeline`. CPU seconds and memory are those of all processes of the run, looked at five times a second;
CPU time tells more than seconds where other work runs beside it.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.machine import AS_OF, history, machine

ENGINES = {
    "one machine": [],
    "local[1]": ["--engine", "spark", "--spark-master", "local[1]"],
    "local[2]": ["--engine", "spark", "--spark-master", "local[2]"],
}
_STAGES = ("ingest", "panel", "clean", "parts", "features")
_LOOK_S = 0.2


@dataclass
class Usage:
    """CPU seconds of each process seen, and the most memory that all had at one time, in bytes."""

    cpu_seconds: dict[int, float] = field(default_factory=dict)
    peak_bytes: int = 0

    def look(self, run: psutil.Process) -> None:
        """Look at a process and all that it started."""
        total = 0
        try:
            for each in (run, *run.children(recursive=True)):
                times = each.cpu_times()
                self.cpu_seconds[each.pid] = times.user + times.system
                total += each.memory_info().rss
        except psutil.NoSuchProcess:
            return
        self.peak_bytes = max(self.peak_bytes, total)


def main() -> None:
    """Run each engine for each size and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10], help="1 is Olist's size")
    parser.add_argument("--data-dir", type=Path, help="where the histories are kept for another run")
    options = parser.parse_args()
    print(machine(), flush=True)
    for size in options.sizes:
        with tempfile.TemporaryDirectory() as scratch:
            work_dir = Path(scratch) / "work"
            orders = history(size, options.data_dir or Path(scratch))
            _run("LoadHistory", work_dir, "--source", "olist", "--data-dir", str(orders))
            columns = f"{'engine':12} {'seconds':>8} {'CPU s':>8} {'peak GiB':>9}  SHA-256 of the table"
            print(f"\nsize {size}: {columns}", flush=True)
            for engine, words in ENGINES.items():
                print(_line(engine, words, work_dir), flush=True)


def _line(engine: str, words: list[str], work_dir: Path) -> str:
    for name in _STAGES:
        shutil.rmtree(work_dir / name, ignore_errors=True)
    question = ["--source", "history", "--as-of", f"{AS_OF}", "--label", "zero_sales", "--feature-set", "sales-2"]
    started = perf_counter()
    usage = _run("Features", work_dir, *question, *words)
    (table,) = (work_dir / "features").glob("*/*.parquet")
    digest = hashlib.sha256(table.read_bytes()).hexdigest()[:12]
    cpu = sum(usage.cpu_seconds.values())
    return f"{'':8} {engine:12} {perf_counter() - started:8.1f} {cpu:8.1f} {usage.peak_bytes / 2**30:9.2f}  {digest}"


def _run(task: str, work_dir: Path, *words: str) -> Usage:
    luigi = str(Path(sys.executable).with_name("luigi"))
    command = [luigi, "--module", "orchestration", task, "--local-scheduler", "--work-dir", str(work_dir), *words]
    usage, ended = Usage(), threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        process = psutil.Process(run.pid)

        def watch() -> None:
            while not ended.wait(_LOOK_S):
                usage.look(process)

        watcher = threading.Thread(target=watch)
        watcher.start()
        said = run.stdout.read() if run.stdout else ""
        ended.set()
        watcher.join()
    if run.returncode:
        sys.exit(f"the run failed: {said.strip()[-2000:]}")
    return usage


if __name__ == "__main__":
    main()
