"""The alarm for drift beside Evidently's default preset, on the same rows: ``make bench-drift``.

First where nothing changes: weekly runs over a year in invented shops (``benchmarks.drift_shops``), and over the weeks
of the public data sets, where seasons and holidays do change things. Then where something is injected: run by run from
the change on, how many weeks until it is named, whether the first thing that is named is what was changed, and for how
many of ten runs a training is asked. Evidently gets the rows of the newest week and of its eight reference weeks
(``monitoring.drift.report.evidently_page.frames``). It costs 4 to 10 seconds of CPU each time, so it is asked less
often. Each line is printed as soon as it is known, as a line of a Markdown table.
"""

import argparse
import dataclasses
import datetime as dt
import os
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from benchmarks.cases import CASES, LAST_DAYS, Case
from benchmarks.drift_evidently import Flagged, flagged_columns
from benchmarks.drift_shops import INJECTED, shop_panel
from benchmarks.machine import machine
from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.panel import Panel
from data.panel.build import build_panel
from data.weeks import last_complete_week
from monitoring.drift import DEFAULT_SEED, Watched, watch
from monitoring.drift.alarm.causes import causes
from monitoring.drift.watch import observe
from orchestration.weekly.plan import drift_to_learn
from training.labels import label

WEEKS, ONSET = 60, 50
_LOOK_WEEKS = 40
_YEAR_HEADINGS = ("weekly runs", "naming something", "a year", "watching", "Evidently: flagging", "columns flagged")
_INJECTED_HEADINGS = (
    *("products", "named", "after weeks: median", "last", "first named is right", "named first"),
    *("trainings in 10 weeks", "Evidently flags", "of what changed"),
)
_STOCK = Watched(label("inventory"), "stock-1")


@dataclasses.dataclass(frozen=True)
class Year:
    """Weekly runs over one history: for each that could tell something the week, what it named, whether it watched."""

    weeks: tuple[int, ...]
    named: tuple[tuple[str, ...], ...]
    watched: tuple[bool, ...]


@dataclasses.dataclass(frozen=True)
class Aftermath:
    """The weekly runs after a change.

    Attributes:
        weeks: Up to the first run that names anything; None: none does.
        first: What that names first; empty: nothing.
        is_right: Whether that is what was changed.
        trainings: How often a training is asked for.
    """

    weeks: int | None
    first: str
    is_right: bool
    trainings: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[300, 1_000], help="products of the invented shops")
    parser.add_argument("--years", type=int, default=12, help="simulated years of each size without drift")
    parser.add_argument("--seeds", type=int, default=8, help="shops into which each change is injected")
    parser.add_argument("--evidently-runs", type=int, default=6, help="weekly runs of Evidently in each table's line")
    options = parser.parse_args()
    print(machine())
    with ProcessPoolExecutor(2) as pool:
        _with_drift(pool, options.sizes, options.seeds)
        _without_drift(pool, options.sizes, options.years, options.evidently_runs)
        _on_real_data(options.evidently_runs)


def _without_drift(pool: ProcessPoolExecutor, sizes: Sequence[int], years: int, evidently_runs: int) -> None:
    _head("no drift", *_YEAR_HEADINGS)
    for products in sizes:
        seeds = range(1_000, 1_000 + years)
        found = list(pool.map(_year_of_shop, [products] * years, seeds))
        theirs = list(pool.map(_evidently_on_shop, [products] * evidently_runs, range(evidently_runs)))
        _row(f"{products:,} products", *_cells(found), *_evidently_cells(theirs))


def _on_real_data(evidently_runs: int) -> None:
    _head("real weeks", *_YEAR_HEADINGS)
    named = []
    for folder, case in _real_cases():
        panel = _real_panel(folder, case)
        watched = Watched(label(case.label), case.feature_set)
        year = _all_weeks(panel, watched)
        asked = np.unique(np.linspace(12, len(panel.weeks) - 1, evidently_runs).astype(int))
        theirs = [flagged_columns(_until(panel, int(week)), case.feature_set) for week in asked]
        _row(f"{case.name}, {len(panel.product_ids):,}", *_cells([year]), *_evidently_cells(theirs))
        named += [
            f"  {case.name}, week of {panel.weeks[week]}: {'; '.join(columns)}"
            for week, columns in zip(year.weeks, year.named, strict=True)
            if columns
        ]
    print("", *named, sep="\n", flush=True)


def _with_drift(pool: ProcessPoolExecutor, sizes: Sequence[int], seeds: int) -> None:
    _head(f"injected, {seeds} shops each", *_INJECTED_HEADINGS)
    for place, injected in enumerate(INJECTED):
        for products in sizes:
            found = list(pool.map(_aftermath, [place] * seeds, [products] * seeds, range(seeds)))
            theirs = flagged_columns(_until(_changed_shop(place, products, 0), ONSET + 1), _STOCK.feature_set)
            weeks = [each.weeks for each in found if each.weeks is not None]
            own = sorted(set(theirs.flagged) & {"units_sold", "price_mean", "units_on_hand"})
            trainings = Counter(each.trainings for each in found)
            _row(
                injected.name,
                f"{products:,}",
                f"{len(weeks)} of {seeds}",
                f"{statistics.median(weeks):g}" if weeks else "",
                f"{max(weeks, default='')}",
                f"{sum(each.is_right for each in found)} of {len(weeks)}",
                ", ".join(name for name, _ in Counter(each.first for each in found if each.first).most_common()),
                ", ".join(f"{count} in {shops}" for count, shops in sorted(trainings.items())),
                theirs.count,
                ", ".join(own),
            )


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


def _changed_shop(place: int, products: int, seed: int) -> Panel:
    return shop_panel(products, WEEKS, 3_000 + seed, INJECTED[place], ONSET)


def _aftermath(place: int, products: int, seed: int) -> Aftermath:
    """Each run looks at the weeks up to its own, as it would in its week."""
    panel = _changed_shop(place, products, seed)  # what it does to records cannot be sent to another process
    trained: dt.date = panel.weeks[ONSET - 1].item()
    weeks, first, trainings = None, "", 0
    for week in range(ONSET, WEEKS):
        report = watch(_until(panel, week), _STOCK)
        if report.drifted and weeks is None:
            weeks, first = week - ONSET + 1, report.drifted[0].column
        if drift_to_learn(report.drifted, trained):
            trained, trainings = report.as_of_week, trainings + 1
    is_right = any(right in first for right in INJECTED[place].named)
    return Aftermath(weeks, first, is_right, trainings)


def _until(panel: Panel, week: int) -> Panel:
    fields = {name: matrix[:, : week + 1] for name, matrix in panel.fields.items()}
    return dataclasses.replace(panel, weeks=panel.weeks[: week + 1], fields=fields)


def _real_cases() -> Iterator[tuple[Path, Case]]:
    beside = Path(__file__).parents[2] / "shared" / "data"
    root = Path(os.environ.get("STOCKOUT_REAL_DATA", beside))
    return ((root / case.name, case) for case in CASES if (root / case.name).is_dir())


def _real_panel(folder: Path, case: Case) -> Panel:
    ingest = ingest_olist if case.label == "zero_sales" else ingest_generic
    with tempfile.TemporaryDirectory() as temporary:  # an atomic writer would replace the null device
        history = ingest(folder, quarantine_file=Path(temporary) / "quarantine.parquet")
    return build_panel(history, as_of_week=last_complete_week(LAST_DAYS[case.name]))


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


def _head(title: str, *columns: str) -> None:
    print(f"\n| {title} | {' | '.join(columns)} |\n|---|{'--:|' * len(columns)}", flush=True)


def _row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s")
