"""CSV files -> weekly panel -> 18 features -> Parquet: this project beside the original's method and five engines.

Every measurement is a process of its own, so that its peak memory is its own; rounds go over all engines in turn, and
all have the machine's cores. First the whole step, imports left out, whose tables must hold the same rows and numbers
or this ends with exit status 1. Then the features alone, of a panel that is there: medians of the repeats after a
first one, in which memory is new. The original's method runs once in each. CPU seconds tell more than seconds where
other work runs beside it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np
import polars as pl
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.engines.interface import KEYS
from benchmarks.engines.measure import Figures, engine_called
from benchmarks.machine import history, machine
from training.dataset import PRODUCT as PRODUCT_ROW

PRODUCT, ORIGINAL = "product.Product", "with_pandas.Original"
ENGINES = (
    PRODUCT,
    ORIGINAL,
    "with_pandas.PandasRolling",
    "with_pandas.PandasShifts",
    "with_polars.PolarsRolling",
    "with_polars.PolarsShifts",
    "with_duckdb.DuckdbWindows",
    "with_duckdb.DuckdbLags",
    "with_mlforecast.Mlforecast",
)
SLOW = (ORIGINAL, "with_pandas.PandasRolling")
"""They take so long that a second time would say nothing new."""

WHOLE_COLUMNS = ("panel", "features", "table", "seconds", "cpu", "peak_mb")
FEATURES_COLUMNS = ("first", "seconds", "cpu")

LARGEST_DIFFERENCE = 1e-6
"""Of a feature, as a share of its largest value: rolling in float32 leaves traces of what has left the window."""


class DifferentNumbersError(Exception):
    """Two engines wrote different tables."""


def main() -> None:
    """Run the contest for each size, or on Olist's own files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=(1,), help="1 is Olist's size")
    parser.add_argument("--olist-dir", type=Path, help="Olist's own files instead of invented ones")
    parser.add_argument("--data-dir", type=Path, help="where the invented files are kept for another run")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--without-slow", action="store_true", help="leave out what takes minutes at size 1")
    options = parser.parse_args()
    console = Console(width=140)
    engines = [name for name in ENGINES if not (options.without_slow and name in SLOW)]
    with tempfile.TemporaryDirectory() as scratch:
        sizes = (history(size, options.data_dir or Path(scratch)) for size in options.sizes)
        for folder in [options.olist_dir] if options.olist_dir else sizes:
            compare(console, engines, folder, Path(scratch), options.rounds)


def compare(console: Console, engines: Sequence[str], folder: Path, scratch: Path, rounds: int) -> None:
    """Both parts on one folder, and their tables.

    Raises:
        SystemExit: If two engines give different numbers.
    """
    console.print(machine())
    wholes: dict[str, list[Figures]] = {name: [] for name in engines}
    for number in track(range(rounds), description="whole step", console=Console(stderr=True)):
        for name in engines:
            if number == 0 or name not in SLOW:
                wholes[name].append(in_child(name, "whole", folder, scratch, rounds))
    try:
        lines = [same_numbers(scratch, name) for name in engines if name != PRODUCT]
    except DifferentNumbersError as error:
        sys.exit(str(error))
    console.print(f"{folder}: {row_count(scratch):,} rows of 18 features in each table", *lines, sep="\n  ")
    features = {
        name: [in_child(name, "features", folder, scratch, 0 if name in SLOW else rounds)]
        for name in track(engines, description="features", console=Console(stderr=True))
    }
    show(console, f"files to Parquet, medians of {rounds}", WHOLE_COLUMNS, wholes)
    show(console, f"features alone, medians of {rounds}", FEATURES_COLUMNS, features)


def in_child(name: str, part: str, folder: Path, scratch: Path, rounds: int) -> Figures:
    """One measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.engines.measure", part, name, str(folder)]
    command += [str(table_file(scratch, name)), str(rounds)]
    figures: Figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return figures


def table_file(scratch: Path, name: str) -> Path:
    """Where an engine writes its table."""
    return scratch / f"{name}.parquet"


def row_count(scratch: Path) -> int:
    """Rows of this project's table."""
    rows: int = pl.scan_parquet(table_file(scratch, PRODUCT)).select(pl.len()).collect().item()
    return rows


def same_numbers(scratch: Path, name: str) -> str:
    """Hold an engine's table against this project's, and say how far apart they are.

    Raises:
        DifferentNumbersError: If rows or outcomes differ, or a feature by more than rounding explains.
    """
    own, other = (sorted_table(table_file(scratch, each)) for each in (PRODUCT, name))
    if not own.select(KEYS).equals(other.select(KEYS)):
        raise DifferentNumbersError(f"{name} wrote other rows or outcomes than {PRODUCT}")
    names = [name for name in own.columns if name not in (*KEYS, PRODUCT_ROW)]
    expected, found = own.select(names).to_numpy(), other.select(names).to_numpy()
    largest = np.maximum(1, np.abs(expected).max(axis=0))
    difference = np.abs(expected - found).max(axis=0) / largest
    worst = int(np.argmax(difference))
    if not difference[worst] <= LARGEST_DIFFERENCE:
        raise DifferentNumbersError(f"{name} differs in {names[worst]} by {difference[worst]:.1e} of its largest value")
    share = float((expected == found).mean())
    apart = f"the others within {difference[worst]:.0e} of the feature's largest value" if share < 1 else "none apart"
    return f"{engine_called(name).name}: {share:.2%} of the numbers equal to the bit, {apart}"


def sorted_table(path: Path) -> pl.DataFrame:
    """A table with rows in order and keys in one type each."""
    table = pl.read_parquet(path).with_columns(pl.col("product_id").cast(pl.String), pl.col("as_of_week").cast(pl.Date))
    return table.sort("product_id", "as_of_week")


def show(console: Console, title: str, columns: Sequence[str], results: Mapping[str, list[Figures]]) -> None:
    """Print medians, and each engine's multiple of this project's seconds and CPU seconds."""
    medians = {
        name: {column: median(each[column] for each in rounds) for column in columns if column in rounds[0]}
        for name, rounds in results.items()
    }
    own = medians[PRODUCT]
    table = Table(title=title)
    for heading in ("", *columns, "times", "times cpu"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, row in medians.items():
        cells = [number(row.get(column)) for column in columns]
        table.add_row(engine_called(name).name, *cells, *(f"{row[key] / own[key]:,.1f}" for key in ("seconds", "cpu")))
    console.print(table)


def number(value: float | None) -> str:
    """Three digits of what is small, none after the point of what is large."""
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:.3f}"


if __name__ == "__main__":
    main()
