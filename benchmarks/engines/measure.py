"""One measurement of one engine, the whole step or the features alone; :mod:`benchmarks.engines.contest` starts it."""

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from benchmarks.engines.interface import Engine

Figures = dict[str, float]


def main() -> None:
    """``python -m benchmarks.engines.measure {whole|features} ENGINE FOLDER TABLE REPEATS``; prints JSON."""
    part, name, folder, to, repeats = sys.argv[1:]
    engine = engine_called(name)
    if part == "features":
        figures = features_figures(engine, Path(folder), int(repeats))
    else:
        figures = whole_figures(engine, Path(folder), Path(to))
    print(json.dumps(figures))


def engine_called(name: str) -> Engine:
    """An engine by its module and class; no other is imported, so that no other's memory is in the peak."""
    module, _, of_class = name.partition(".")
    engine: Engine = getattr(importlib.import_module(f"benchmarks.engines.{module}"), of_class)()
    return engine


def whole_figures(engine: Engine, folder: Path, to: Path) -> Figures:
    """Seconds of each step and of all, CPU seconds, peak memory in MB."""
    start, worked = perf_counter(), process_time()
    steps = engine.run(folder, to)
    whole = {"seconds": perf_counter() - start, "cpu": process_time() - worked, "peak_mb": peak_memory_mb()}
    return {step: seconds for step, seconds in asdict(steps).items() if seconds is not None} | whole


def features_figures(engine: Engine, folder: Path, repeats: int) -> Figures:
    """Seconds of the first time, medians of seconds and CPU seconds of the repeats; of the first if there are none."""
    panel = engine.panel(folder)
    taken = []
    for _ in range(repeats + 1):
        start, worked = perf_counter(), process_time()
        features = engine.features(panel)
        taken.append((perf_counter() - start, process_time() - worked))
        del features
    seconds, cpu = zip(*(taken[1:] or taken), strict=True)
    return {"first": taken[0][0], "seconds": median(seconds), "cpu": median(cpu)}


def peak_memory_mb() -> float:
    """The highest resident memory of this process so far; unlike ``ru_maxrss``, not that of the one it came from."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
