"""How long each stage of the pipeline takes and how much memory it needs, for histories of growing size.

Invented orders as sparse as Olist's, 32,500 products and 112,000 items at size 1. Each run is a process of its own, in
a work dir of its own; a stage's CPU time and peak are those of the process since the stage before it ended (Linux
counts them). Memory of the programs that a stage starts, as BentoML's, is not in it. CPU time tells more than seconds
where other work runs beside it.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from benchmarks.machine import AS_OF, history, machine

SIZES = (1, 10)
_STAGE = re.compile(r"^\d\d:\d\d:\d\d  (\w+) +(.*)  \((\d+\.\d) s\)$")
_RESET_PEAK = "5"


@dataclass(frozen=True)
class StageCost:
    """What one stage, or the whole run, needed."""

    stage: str
    seconds: float
    cpu_seconds: float
    peak_bytes: int
    said: str


def main() -> None:
    """Run the pipeline for each size and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="1 is Olist's size; 100 takes a while")
    parser.add_argument("--data-dir", type=Path, help="where the histories are kept for another run")
    parser.add_argument("--work-dir", type=Path, help="where the runs are kept")
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        for size in options.sizes:
            data_dir = history(size, options.data_dir or Path(scratch))
            work_dir = (options.work_dir or Path(scratch)) / f"work-{size}"
            print(f"\nsize {size}: {'stage':9} {'seconds':>8} {'CPU s':>8} {'peak GiB':>9}", flush=True)
            for cost in stage_costs(data_dir, work_dir):
                peak = f"{cost.peak_bytes / 2**30:9.2f}"
                print(
                    f"{'':8} {cost.stage:9} {cost.seconds:8.1f} {cost.cpu_seconds:8.1f} {peak}  {cost.said}", flush=True
                )


def stage_costs(data_dir: Path, work_dir: Path) -> Iterator[StageCost]:
    """Run the pipeline; what each stage needed as soon as it ends, and the whole at the end.

    Raises:
        SystemExit: If the run fails, with what it said last.
    """
    command = [str(Path(sys.executable).with_name("luigi")), "--module", "orchestration", "StockoutPipeline"]
    command += ["--source", "olist", "--data-dir", str(data_dir), "--work-dir", str(work_dir), "--as-of", f"{AS_OF}"]
    command += ["--label", "zero_sales", "--feature-set", "sales-2", "--local-scheduler"]
    started, highest, worked, line = perf_counter(), 0, 0.0, ""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as run:
        for line in run.stderr or ():
            stage = _STAGE.match(line)
            if stage:
                peak = peak_since_last(run.pid)
                highest, before, worked = max(highest, peak), worked, cpu_seconds(run.pid)
                yield StageCost(stage[1], float(stage[3]), worked - before, peak, stage[2])
    if run.returncode:
        sys.exit(f"the run failed: {line.strip()}")
    yield StageCost("whole", perf_counter() - started, worked, highest, "from the command to its end")


def cpu_seconds(pid: int) -> float:
    """Of a process so far, with that of the programs that it started and that have ended."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system + times.children_user + times.children_system


def peak_since_last(pid: int) -> int:
    """The highest resident memory of a process since this was asked before, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK, encoding="ascii")
    return peak


if __name__ == "__main__":
    main()
