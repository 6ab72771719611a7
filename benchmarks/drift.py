"""The alarm for drift beside Evidently's default preset, on the same rows: ``make bench-drift``.

First where nothing changes: weekly runs over a year in invented shops (``benchmarks.drift_shops``), and over the weeks
of the public data sets, where seasons and holidays do change things. Then where something is injected: how many weeks
until it is named, and whether the first thing that is named is what was changed. Evidently gets the rows of the newest
week and of its eight reference weeks (``monitoring.drift.report.evidently_page.frames``). It costs 4 to 10 seconds of
CPU each time, so it is asked less often.
"""

import argparse
import dataclasses
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, LAST_DAYS, Case
from benchmarks.drift_evidently import Flagged, flagged_columns
from benchmarks.drift_shops import INJECTED, Injected, shop_panel
from benchmarks.machine import machine
from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.panel import Panel
from data.panel.build import build_panel
from data.weeks import last_complete_week
from monitoring.drift import DEFAULT_SEED, Watched
from monitoring.drift.alarm.causes import causes
from monitoring.drift.watch import observe
from training.labels import label

SIZES = (300, 1_000, 4_000)
WEEKS, ONSET = 60, 50
_LOOK_WEEKS = 40
_YEAR_HEADINGS = ("runs", "naming", "a year", "watching", "Evidently: flagging", "columns flagged")
_STOCK = Watched(label("inventory"), "stock-1")
_console = Console(width=170, highlight=False)


@dataclasses.dataclass(frozen=True)
class Year:
    """Weekly runs over one history: for each that could tell something the week, what it named, whether it watched."""

    weeks: tuple[int, ...]
    named: tuple[tuple[str, ...], ...]
    watched: tuple[bool, ...]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--years", type=int, default=24, help="simulated years of each size without drift")
    parser.add_argument("--seeds", type=int, default=8, help="shops into which each change is injected")
    parser.add_argument("--evidently-runs", type=int, default=12, help="weekly runs of Evidently in each table's line")
    options = parser.parse_args()
    _console.print(machine())
    with ProcessPoolExecutor(2) as pool:
        _without_drift(pool, options.years, options.evidently_runs)
        _on_real_data(options.evidently_runs)
        _with_drift(pool, options.seeds)


def _without_drift(pool: ProcessPoolExecutor, years: int, evidently_runs: int) -> None:
    table = _table("no drift", *_YEAR_HEADINGS)
    for products in SIZES:
        seeds = range(1_000, 1_000 + years)
        found = list(pool.map(_year_of_shop, [products] * years, seeds))
        theirs = list(pool.map(_evidently_on_shop, [products] * evidently_runs, range(evidently_runs)))
        table.add_row(f"{products:,} products", *_cells(found), *_evidently_cells(theirs))
    _console.print(table)


def _on_real_data(evidently_runs: int) -> None:
    table = _table("real weeks", *_YEAR_HEADINGS)
    for folder, case in _real_cases():
        panel = _real_panel(folder, case)
        watched = Watched(label(case.label), case.feature_set)
        year = _all_weeks(panel, watched)
        asked = np.unique(np.linspace(12, len(panel.weeks) - 1, evidently_runs).astype(int))
        theirs = [flagged_columns(_until(panel, int(week)), case.feature_set) for week in asked]
        table.add_row(f"{case.name}, {len(panel.product_ids):,}", *_cells([year]), *_evidently_cells(theirs))
        _print_named(panel, year)
    _console.print(table)


def _with_drift(pool: ProcessPoolExecutor, seeds: int) -> None:
    headings = ("products", "named", "after weeks: median", "last", "first named is right", "Evidently flags", "of it")
    table = _table(f"injected, {seeds} shops each", *headings)
    for place, injected in enumerate(INJECTED):
        for products in SIZES:
            found = list(pool.map(_weeks_until_named, [place] * seeds, [products] * seeds, range(seeds)))
            theirs = flagged_columns(_changed_shop(injected, products, 0, until=ONSET + 1), _STOCK.feature_set)
            named = [weeks for weeks, _ in found if weeks is not None]
            row = [
                f"{len(named)} of {seeds}",
                f"{statistics.median(named):g}" if named else "",
                f"{max(named, default='')}",
            ]
            right = sum(is_right for _, is_right in found)
            own = sorted(set(theirs.flagged) & {"units_sold", "price_mean", "units_on_hand"})
            cells = [f"{products:,}", *row, f"{right} of {len(named)}", theirs.count, ", ".join(own)]
            table.add_row(injected.name, *cells)
    _console.print(table)


def year_of(panel: Panel, watched: Watched) -> Year:
    """What each weekly run says that can tell something, all of them from one look at the panel."""
    observed = observe(panel, watched, DEFAULT_SEED)
    weeks = np.flatnonzero(np.isfinite(observed.alarms.p).any(axis=0)).tolist()
    named = []
    for week in weeks:
        found = causes(observed.columns, observed.groups, observed.alarms, week)
        named.append(tuple(observed.columns[each.column].title for each in found if not each.is_passing))
    alarming = observed.alarms.is_alarming
    first = len(panel.weeks) - alarming.shape[1]
    watching = tuple(bool(alarming[:, week].any()) for week in weeks)
    return Year(tuple(first + week for week in weeks), tuple(named), watching)


def _all_weeks(panel: Panel, watched: Watched) -> Year:
    """The runs of a history that is longer than what one look at it watches, a look for each year."""
    whole = Year((), (), ())
    for last in range(len(panel.weeks) - 1, 0, -_LOOK_WEEKS):
        year = year_of(_until(panel, last), watched)
        new = slice(sum(week <= last - _LOOK_WEEKS for week in year.weeks), None)
        whole = Year(year.weeks[new] + whole.weeks, year.named[new] + whole.named, year.watched[new] + whole.watched)
    return whole


def _year_of_shop(products: int, seed: int) -> Year:
    return year_of(shop_panel(products, WEEKS, seed), _STOCK)


def _evidently_on_shop(products: int, seed: int) -> Flagged:
    return flagged_columns(shop_panel(products, 30, 2_000 + seed), _STOCK.feature_set)


def _changed_shop(injected: Injected, products: int, seed: int, until: int = WEEKS - 1) -> Panel:
    return _until(shop_panel(products, WEEKS, 3_000 + seed, injected, ONSET), until)


def _weeks_until_named(place: int, products: int, seed: int) -> tuple[int | None, bool]:
    """Weeks up to the first run after the change that names anything, and whether it names the right thing first."""
    injected = INJECTED[place]  # what it does to records cannot be sent to another process
    year = year_of(_changed_shop(injected, products, seed), _STOCK)
    for week, named in zip(year.weeks, year.named, strict=True):
        if week >= ONSET and named:
            return week - ONSET + 1, any(right in named[0] for right in injected.named)
    return None, False


def _until(panel: Panel, week: int) -> Panel:
    fields = {name: matrix[:, : week + 1] for name, matrix in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[: week + 1], fields=fields)


def _real_cases() -> Iterator[tuple[Path, Case]]:
    beside = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("STOCKOUT_REAL_DATA", beside))
    return ((root / case.name, case) for case in CASES if (root / case.name).is_dir())


def _real_panel(folder: Path, case: Case) -> Panel:
    ingest = ingest_olist if case.label == "zero_sales" else ingest_generic
    quarantine = Path(os.devnull)
    history = ingest(folder, quarantine_file=quarantine)
    return build_panel(history, as_of_week=last_complete_week(LAST_DAYS[case.name]))


def _print_named(panel: Panel, year: Year) -> None:
    for week, named in zip(year.weeks, year.named, strict=True):
        if named:
            _console.print(f"  week of {panel.weeks[week]}: {'; '.join(named)}")


def _cells(years: Sequence[Year]) -> list[str]:
    runs = sum(len(year.weeks) for year in years)
    named = sum(bool(each) for year in years for each in year.named)
    watched = sum(sum(year.watched) for year in years)
    return [
        f"{runs:,}",
        f"{named} ({named / runs:.1%})",
        f"{52 * named / runs:.1f}",
        f"{watched} ({watched / runs:.1%})",
    ]


def _evidently_cells(theirs: Sequence[Flagged]) -> list[str]:
    counts = [len(each.flagged) for each in theirs]
    any_flagged = sum(count > 0 for count in counts)
    mean = statistics.mean(counts)
    return [f"{any_flagged} of {len(theirs)}", f"{mean:.1f} of {theirs[0].columns} ({min(counts)} to {max(counts)})"]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    return table


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    _console.print(f"{time.perf_counter() - started:.0f} s")
