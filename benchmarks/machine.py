"""The machine and the invented histories that benchmarks of the pipeline share."""

import datetime as dt
import os
import platform
from pathlib import Path

import psutil

from data.synthetic.olist import FIRST_WEEK, WEEKS, write_synthetic_olist

SEED = 7
LISTED_PRODUCTS = 45_000
SCALE = 0.075
AS_OF = FIRST_WEEK + dt.timedelta(weeks=WEEKS, days=-1)


def machine() -> str:
    """Processor, cores and memory."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    name = names[0].split(": ")[1] if names else platform.machine()
    cores, memory = len(os.sched_getaffinity(0)), psutil.virtual_memory().total / 2**30
    return f"{name}, {cores} cores, {memory:.0f} GiB, load {os.getloadavg()[0]:.1f} before"


def history(size: int, root: Path) -> Path:
    """The folder of the invented history of a size, written unless it is there."""
    folder = root / f"orders-{size}"
    if not folder.exists():
        write_synthetic_olist(folder, seed=SEED, products=size * LISTED_PRODUCTS, scale=SCALE)
    return folder
