"""What weekly orders would have cost, by policy: ``python -m benchmarks.planning [NAME ...]``.

The rules and costs are those of the VN2 challenge (see :mod:`benchmarks.planning.simulation`), on its own history and
on stores with counted stock; both from ``STOCKOUT_REAL_DATA`` or ``../shared/data``. The product's own policy was
chosen on the weeks before those that are reported, all but its season (ADR 131). Weeks in which a product was out of
stock do not count: what was wanted in them is not known. Status 1 if the suggestion does not cost 10 % less than the
benchmark.
"""

import argparse
import datetime as dt
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.cases import CASES, LAST_DAYS, real_data
from benchmarks.machine import machine
from benchmarks.model import SEED, ingest
from benchmarks.planning.policies import (
    LEAD_TIME_WEEKS,
    Case,
    all_weeks_quantile,
    days_of_cover,
    known_ahead,
    seasonal_average,
    suggestion,
)
from benchmarks.planning.simulation import Outcome, Policy, simulate
from data.panel.build import build_panel
from data.weeks import last_complete_week

REPORTED_FROM: Mapping[str, dt.date] = {"vn2": dt.date(2022, 11, 7), "store_inventory": dt.date(2024, 4, 29)}
"""The Monday from which weeks are reported; those before were for choosing."""

CHOSEN_FROM: Mapping[str, dt.date] = {"vn2": dt.date(2022, 3, 14), "store_inventory": dt.date(2024, 3, 25)}
TARGET = -0.10
STATED_LEVELS = (0.7, 0.8, 0.9, 0.95, 0.98)
_WARM_UP_WEEKS = 6
_SUGGESTION, _BENCHMARK = "suggested order", "4 weeks of a seasonal 13-week average"
_console = Console(width=150 if not sys.stdout.isatty() else None, highlight=False)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"of {', '.join(REPORTED_FROM)}; by default both")
    parser.add_argument("--chosen", action="store_true", help="the weeks on which choices were made")
    given = parser.parse_args()
    print(machine())
    missed = [name for name in given.names or REPORTED_FROM if not _measured(name, chosen=given.chosen)]
    if missed:
        sys.exit(f"the suggested orders do not cost 10 % less than the benchmark on {', '.join(missed)}")


def policies(case: Case) -> Mapping[str, Policy]:
    """By name, the benchmark first."""
    return {
        _BENCHMARK: seasonal_average(case),
        "(s, S): at 3 weeks of cover up to 4": days_of_cover(case, 3, 4),
        "(s, S): at 3 weeks of cover up to 5": days_of_cover(case, 3, 5),
        "quantile of all weeks' demand": all_weeks_quantile(case),
        _SUGGESTION: suggestion(case),
        "  without a season": suggestion(case, with_season=False),
        "  out-of-stock weeks taken as they are": suggestion(case, with_out_weeks=True),
        "known ahead (the floor)": known_ahead(case),
    }


def _measured(name: str, *, chosen: bool) -> bool:
    case, start, stop = _case(name), REPORTED_FROM[name], None
    if chosen:
        start, stop = CHOSEN_FROM[name], REPORTED_FROM[name]
    mondays = case.panel.weeks.tolist()
    weeks = range(mondays.index(start), mondays.index(stop) if stop else len(mondays))
    counts = case.counts(after_launch_weeks=LEAD_TIME_WEEKS + 2)
    outcomes = {
        policy: simulate(case.wanted, counts, order, weeks, _WARM_UP_WEEKS, LEAD_TIME_WEEKS)
        for policy, order in policies(case).items()
    }
    levels = {
        level: simulate(
            case.wanted, counts, suggestion(case, service_level=level), weeks, _WARM_UP_WEEKS, LEAD_TIME_WEEKS
        )
        for level in STATED_LEVELS
    }
    _print(f"{name}: {len(case.units)} products, {len(weeks)} weeks from {start}", outcomes)
    reached = (f"{level:.2f} -> {outcome.service_level:.2f}" for level, outcome in levels.items())
    _console.print(f"service level stated -> share of weeks in which nothing was lost: {', '.join(reached)}\n")
    return outcomes[_SUGGESTION].difference(outcomes[_BENCHMARK], SEED)[0] <= TARGET


def _case(name: str) -> Case:
    case = next(each for each in CASES if each.name == name)
    with tempfile.TemporaryDirectory() as folder:
        history = ingest(real_data(case), Path(folder) / "quarantine.parquet")
    return Case(build_panel(history, as_of_week=last_complete_week(LAST_DAYS[name])))


def _print(title: str, outcomes: Mapping[str, Outcome]) -> None:
    table = Table(title=title, box=box.SIMPLE, title_justify="left")
    table.add_column("policy")
    for column in (
        "cost",
        "shortage",
        "holding",
        "fill rate",
        "weeks without loss",
        "against the benchmark [95 % over products]",
    ):
        table.add_column(column, justify="right")
    for name, outcome in outcomes.items():
        value, low, high = outcome.difference(outcomes[_BENCHMARK], SEED)
        totals = (f"{each.sum():,.0f}" for each in (outcome.cost, outcome.shortage, outcome.holding))
        against = "" if name == _BENCHMARK else f"{value:+.1%} [{low:+.1%}, {high:+.1%}]"
        table.add_row(name, *totals, f"{outcome.fill_rate:.3f}", f"{outcome.service_level:.3f}", against)
    _console.print(table)


if __name__ == "__main__":
    main()
