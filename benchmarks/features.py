"""Items in memory -> dense weekly panel -> 18 features: the product's NumPy path against vectorised pandas.

Each measurement is a process of its own, so that its peak memory is its own; in it, one warm-up, then the median of
the repeats. Rounds alternate between the engines. That all engines give the same numbers is checked first. Two pandas
versions run: ``rolling`` as one would write it (groupby, shift, rolling), and ``shifts``, the fastest found: sums of
shifted float32 columns, which one writes only when one knows that rolling is the slow part.
"""

import argparse
import datetime as dt
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.pandas_features import as_pandas, pandas_panel, pandas_rolling, pandas_shifts
from data.ingest.olist import ingest_olist
from data.ingest.result import read_history, write_history
from data.panel import Panel
from data.panel.build import build_panel
from data.synthetic.olist import write_synthetic_olist
from data.weeks import last_complete_week, monday_of
from feature_service.kernel import FloatArray, feature_set, features_of_all_weeks

SEED_18 = feature_set("seed-18")
REPEATS = {"numpy": 3, "shifts": 3, "rolling": 1}
"""Rolling takes so long that a second time would say nothing new."""


class NumpyFeatures:
    """The product's own way. Its memory is kept from the warm-up on, as the allocator does with pandas' columns."""

    def __init__(self) -> None:
        self._out: FloatArray | None = None

    def __call__(self, panel: Panel) -> FloatArray:
        """Shape ``(18, products, weeks)``."""
        self._out = features_of_all_weeks(SEED_18, panel.fields, self._out)
        return self._out


def steps(engine: str, folder: Path, as_of_week: dt.date) -> tuple[Callable[[], Any], Callable[[Any], Any]]:
    """What is timed: a function that makes the panel, and one that makes features of it."""
    ingested = read_history(folder)
    if engine == "numpy":
        return lambda: build_panel(ingested, as_of_week=as_of_week), NumpyFeatures()
    items = as_pandas(ingested)
    return lambda: pandas_panel(items, as_of_week), {"shifts": pandas_shifts, "rolling": pandas_rolling}[engine]


def measure(engine: str, folder: Path, as_of_week: dt.date) -> dict[str, float]:
    """Seconds of both steps and the process's peak memory in MB."""
    make_panel, make_features = steps(engine, folder, as_of_week)
    taken: list[tuple[float, float]] = []
    for _ in range(REPEATS[engine] + 1):
        start = perf_counter()
        panel = make_panel()
        between = perf_counter()
        features = make_features(panel)
        taken.append((between - start, perf_counter() - between))
        del panel, features
    panels, of_features = zip(*taken[1:], strict=True)
    both = median(sum(pair) for pair in taken[1:])
    return {"panel": median(panels), "features": median(of_features), "both": both, "peak_mb": peak_memory_mb()}


def check_equal(folder: Path, as_of_week: dt.date) -> dict[str, float]:
    """Hold every number of every engine against the product's."""
    panels = {}
    for engine in ("numpy", "shifts", "rolling"):
        make_panel, make_features = steps(engine, folder, as_of_week)
        panels[engine] = make_features(make_panel())
    expected = panels.pop("numpy")
    worst = 0.0
    for columns in panels.values():
        for name, values in zip(SEED_18.feature_names, expected, strict=True):
            found = columns[name].to_numpy().reshape(values.shape)
            np.testing.assert_allclose(values, found, rtol=1e-5, atol=1e-5, err_msg=name)
            worst = max(worst, float(np.nanmax(np.abs(values - found) / np.maximum(1, np.abs(found)))))
    return {"values": float(expected.size), "worst": worst}


def peak_memory_mb() -> float:
    """Of this process alone: unlike ``ru_maxrss``, Linux's VmHWM starts anew when a program does."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource  # noqa: PLC0415 - not on every system

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def machine() -> str:
    """Processor, cores and how busy they are."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    versions = f"Python {platform.python_version()}, pandas {pd.__version__}"
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {versions}"


def in_child(engine: str, folder: Path, as_of_week: dt.date) -> dict[str, float]:
    """Run one engine in a process of its own, on one thread."""
    command = [sys.executable, "-m", "benchmarks.features", "--engine", engine, "--ingested", str(folder)]
    threads = dict.fromkeys(("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    output = subprocess.run(
        [*command, "--as-of", str(as_of_week)], check=True, stdout=subprocess.PIPE, env={**os.environ, **threads}
    ).stdout
    answer: dict[str, float] = json.loads(output)
    return answer


def show(console: Console, results: Mapping[str, list[dict[str, float]]], title: str) -> None:
    """Print medians, and each engine's multiple of the product's."""
    medians = {
        engine: {key: median(round_[key] for round_ in rounds) for key in rounds[0]}
        for engine, rounds in results.items()
    }
    own = medians["numpy"]
    names = {"numpy": "NumPy kernel (this project)", "rolling": "pandas, rolling", "shifts": "pandas, shifts"}
    table = Table(title=title)
    for heading in ("", "panel s", "features s", "both s", "features x", "both x", "peak MB"):
        table.add_column(heading, justify="left" if not heading else "right")
    for engine, row in medians.items():
        seconds = (f"{row[key]:.3f}" for key in ("panel", "features", "both"))
        ratios = (f"{row[key] / own[key]:.1f}" for key in ("features", "both"))
        table.add_row(names[engine], *seconds, *ratios, f"{row['peak_mb']:,.0f}")
    console.print(table)


def main() -> None:
    """Run the rounds and print the table; with ``--engine``, be one measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--data-dir", type=Path, default=os.environ.get("OLIST_DIR"), help="Olist's files; else invented"
    )
    parser.add_argument("--as-of", type=dt.date.fromisoformat, default=dt.date(2018, 8, 26))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--ingested", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.engine:
        run = check_equal if given.engine == "check" else lambda *rest: measure(given.engine, *rest)
        print(json.dumps(run(given.ingested, monday_of(given.as_of))))
        return
    compare(given.data_dir and Path(given.data_dir), last_complete_week(given.as_of), given.rounds)


def compare(data_dir: Path | None, as_of_week: dt.date, rounds: int) -> None:
    """Prepare the items, check that the engines agree, measure them in alternated rounds, print the table."""
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        if data_dir is None:
            write_synthetic_olist(scratch / "olist", seed=7, products=20_000)
        ingested = ingest_olist(data_dir or scratch / "olist", quarantine_file=scratch / "quarantine.parquet")
        write_history(ingested, scratch / "ingested")
        checked = in_child("check", scratch / "ingested", as_of_week)
        console.print(
            f"equal numbers: {checked['values']:,.0f} values, worst difference {checked['worst']:.1e} (relative)"
        )
        results: dict[str, list[dict[str, float]]] = {"numpy": [], "rolling": [], "shifts": []}
        for _ in track(range(rounds), description="rounds", console=Console(stderr=True)):
            for engine, measured in results.items():
                measured.append(in_child(engine, scratch / "ingested", as_of_week))
    source = "Olist" if data_dir else "invented sellers"
    show(
        console, results, f"{source}: {ingested.report.items_used:,} items -> panel -> 18 features, median of {rounds}"
    )
    console.print(machine())


if __name__ == "__main__":
    main()
