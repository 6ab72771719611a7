"""A week that a table does not reach is unknown: refused, taken with a warning, or NaN, never a week without sales."""

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest

from data.errors import AsOfOutsideDataError
from data.ingest.generic import ingest_generic
from data.ingest.olist import ingest_olist
from data.ingest.result import CleanHistory
from data.panel import DAYS_SINCE_SALE, PRICE_MEAN, UNITS_ON_HAND, UNITS_SOLD
from data.panel.build import build_panel
from data.panel.reach import reaches_of, record_days, tables_behind
from data.panel.report import report_of
from data.weeks import monday_of
from tests.support.generic import Row, write_generic
from tests.support.olist import real_olist
from training.labels import label

FIRST = dt.date(2024, 4, 1)
"""A Monday."""

Days = Iterable[dt.date]


def days(first: dt.date, last: dt.date, weekdays: str = "0123456") -> list[dt.date]:
    every = [first + dt.timedelta(days=each) for each in range((last - first).days + 1)]
    return [day for day in every if str(day.weekday()) in weekdays]


def history(folder: Path, *, sales: Days = (), counts: Days = (), flags: Days = ()) -> CleanHistory:
    tables: dict[str, list[Row]] = {
        "sales": [("a", day, 2, 5) for day in sales],
        "inventory": [("a", day, 10 - number % 3) for number, day in enumerate(counts)],
        "availability": [("a", day, 1) for day in flags if day.weekday() == 0],
    }
    write_generic(folder, **{name: rows for name, rows in tables.items() if rows})
    return ingest_generic(folder, quarantine_file=folder / "q.parquet")


def test_a_late_export_is_refused_with_its_table_its_last_day_and_the_as_of(tmp_path: Path) -> None:
    ingested = history(tmp_path, sales=days(FIRST, dt.date(2024, 6, 9)))
    with pytest.raises(AsOfOutsideDataError) as caught:
        build_panel(ingested, as_of_week=dt.date(2024, 6, 24))
    assert str(caught.value) == (
        "the last record of sales up to 2024-06-30, the end of the as_of week, is of 2024-06-09, so that 21 days are "
        "unknown, not empty: export sales anew, ask for --as-of 2024-06-09, or allow --max-missing-days 21 (27 at most)"
    )
    assert caught.value.usable == dt.date(2024, 6, 9)
    build_panel(ingested, as_of_week=monday_of(caught.value.usable))


@pytest.mark.parametrize("stale", ["sales", "counts", "flags"])
def test_a_stale_table_beside_fresh_ones_is_refused_by_its_name(tmp_path: Path, stale: str) -> None:
    last = {name: dt.date(2024, 6, 16) for name in ("sales", "counts", "flags")} | {stale: dt.date(2024, 4, 14)}
    ingested = history(tmp_path, **{name: days(FIRST, until) for name, until in last.items()})
    table = {"sales": "sales", "counts": "inventory", "flags": "availability"}[stale]
    with pytest.raises(AsOfOutsideDataError, match=f"last record of {table} .* is of 2024-04-14, so that 63 days"):
        build_panel(ingested, as_of_week=dt.date(2024, 6, 10))


@pytest.mark.parametrize(
    ("weekdays", "last", "missing"),
    [
        ("0123456", dt.date(2024, 6, 9), 0),
        ("0123456", dt.date(2024, 6, 8), 1),
        ("0123456", dt.date(2024, 6, 7), 2),
        ("012345", dt.date(2024, 6, 8), 0),  # closed on Sundays
        ("012345", dt.date(2024, 6, 7), 1),
        ("01234", dt.date(2024, 6, 7), 0),  # closed on weekends
        ("0", dt.date(2024, 6, 3), 0),  # weekly, dated by the Monday
        ("0", dt.date(2024, 5, 27), 7),
        ("6", dt.date(2024, 6, 9), 0),
        ("14", dt.date(2024, 6, 7), 0),  # twice a week
    ],
)
def test_a_table_is_known_for_as_long_as_it_usually_pauses(
    tmp_path: Path, weekdays: str, last: dt.date, missing: int
) -> None:
    ingested = history(tmp_path, sales=days(FIRST, last, weekdays))
    (reach,) = reaches_of(record_days(ingested), dt.date(2024, 6, 9))
    assert (reach.table, reach.last_day, reach.missing_days) == ("sales", last, missing)


def test_a_hole_in_the_past_does_not_excuse_a_late_export(tmp_path: Path) -> None:
    sales = [*days(FIRST, dt.date(2024, 4, 20)), *days(dt.date(2024, 5, 6), dt.date(2024, 6, 2))]
    with pytest.raises(AsOfOutsideDataError, match="7 days are unknown"):
        build_panel(history(tmp_path, sales=sales), as_of_week=dt.date(2024, 6, 3))


def test_a_product_that_sells_on_few_days_is_no_late_export(tmp_path: Path) -> None:
    rows: list[Row] = [("often", day, 1, 5) for day in days(FIRST, dt.date(2024, 6, 9))]
    write_generic(tmp_path, sales=[*rows, ("seldom", FIRST, 1, 5)])
    ingested = ingest_generic(tmp_path, quarantine_file=tmp_path / "q.parquet")
    panel = build_panel(ingested, as_of_week=dt.date(2024, 6, 3))
    assert panel.fields[UNITS_SOLD][1].tolist() == [1] + [0] * 9


def test_weeks_after_the_last_sale_that_are_allowed_are_unknown_and_teach_nothing(tmp_path: Path) -> None:
    ingested = history(tmp_path, sales=days(FIRST, dt.date(2024, 6, 9)), counts=days(FIRST, dt.date(2024, 6, 30)))
    panel = build_panel(ingested, as_of_week=dt.date(2024, 6, 24), max_missing_days=21)
    for name in (UNITS_SOLD, PRICE_MEAN, DAYS_SINCE_SALE):
        assert np.isfinite(panel.fields[name][0]).tolist() == [True] * 10 + [False] * 3, name
    assert np.isfinite(panel.fields[UNITS_ON_HAND][0]).all()
    assert np.isfinite(label("zero_sales").outcome(panel)[0]).tolist() == [True] * 9 + [False] * 4
    assert panel.data_until == dt.date(2024, 6, 9)


def test_what_was_known_at_an_earlier_week_does_not_depend_on_later_records(tmp_path: Path) -> None:
    ingested = history(tmp_path, sales=[*days(FIRST, dt.date(2024, 6, 9)), *days(FIRST, dt.date(2024, 7, 28), "2")])
    with pytest.raises(AsOfOutsideDataError, match="up to 2024-06-16"):
        build_panel(ingested, as_of_week=dt.date(2024, 6, 10))
    assert build_panel(ingested, as_of_week=dt.date(2024, 6, 3)).data_until == dt.date(2024, 6, 9)


Warned = Callable[[CleanHistory, dt.date], tuple[str, ...]]


@pytest.fixture
def warned() -> Warned:
    return lambda ingested, week: report_of(build_panel(ingested, as_of_week=week), ingested).warnings


def test_a_whole_export_has_no_warning(tmp_path: Path, warned: Warned) -> None:
    until = dt.date(2024, 6, 9)
    ingested = history(
        tmp_path, sales=days(FIRST, until, "012345"), counts=days(FIRST, until), flags=days(FIRST, until)
    )
    assert warned(ingested, dt.date(2024, 6, 3)) == ()


def test_a_day_that_may_lack_is_a_warning(tmp_path: Path, warned: Warned) -> None:
    ingested = history(tmp_path, sales=days(FIRST, dt.date(2024, 6, 8)))
    assert warned(ingested, dt.date(2024, 6, 3)) == (
        "the last record of sales is of 2024-06-08: up to 2024-06-09 1 day of the as_of week may lack",
    )


def test_empty_weeks_between_and_a_thin_last_week_are_warnings(tmp_path: Path, warned: Warned) -> None:
    sales = [*days(FIRST, dt.date(2024, 4, 28)), *days(dt.date(2024, 5, 13), dt.date(2024, 6, 30))]
    sales += [dt.date(2024, 7, 7)]
    assert warned(history(tmp_path, sales=sales), dt.date(2024, 7, 1)) == (
        "2 weeks between 2024-04-01 and 2024-07-01 hold no record of sales: no sales",
        "the week of 2024-07-01 holds 1 row of sales, the weeks before it 7: look whether the export is whole",
    )


def test_the_real_orders_reach_to_the_week_before_their_thin_tail(tmp_path: Path, warned: Warned) -> None:
    folder = real_olist()
    if folder is None:
        pytest.skip("the real orders are not here")
    ingested = ingest_olist(folder, quarantine_file=tmp_path / "q")
    assert build_panel(ingested, as_of_week=dt.date(2018, 8, 20)).data_until == dt.date(2018, 8, 26)
    assert all("between 2016-" in each for each in warned(ingested, dt.date(2018, 8, 20)))
    for week, last in ((dt.date(2018, 8, 27), "2018-08-29"), (dt.date(2018, 10, 8), "2018-09-03")):
        with pytest.raises(AsOfOutsideDataError, match=f"last record of orders up to .* is of {last}") as caught:
            build_panel(ingested, as_of_week=week)
        assert caught.value.usable == dt.date(2018, 8, 26)


def test_a_table_that_stays_behind_is_named_once_a_whole_week_waits_for_it(tmp_path: Path) -> None:
    ended = dt.date(2024, 6, 16)

    def behind(counts_until: dt.date) -> tuple[str, ...] | None:
        ingested = history(tmp_path, sales=days(FIRST, ended), counts=days(FIRST, counts_until))
        found = tables_behind(record_days(ingested), dt.date(2024, 6, 20), 1)
        return found and tuple(each.table for each in found)

    assert behind(ended) is None
    assert behind(ended - dt.timedelta(days=1)) is None
    assert behind(ended - dt.timedelta(days=2)) == ("inventory", "sales")
