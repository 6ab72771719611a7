"""Which day a sale belongs to, on the seller's clock."""

import datetime as dt

import polars as pl
import pytest

from data.ingest.dialect.dates import local_times

SAO_PAULO = "America/Sao_Paulo"


def day_of(text: str, zone: str = SAO_PAULO) -> dt.date | None:
    time = local_times(pl.Series([text, "2018-01-01 00:00:00"]), zone)[0]
    return None if time is None else time.date()


@pytest.mark.parametrize("text", ["2017-10-15 00:00:00", "2017-10-15 00:30:00", "2017-10-15T00:59:59", "2017-10-15"])
def test_an_hour_that_the_clocks_skipped_is_kept_as_it_was_written(text: str) -> None:
    assert day_of(text) == dt.date(2017, 10, 15)


@pytest.mark.parametrize("text", ["2018-02-17 23:00:00", "2018-02-17 23:59:59"])
def test_an_hour_that_the_clocks_repeated_stays_on_its_day(text: str) -> None:
    assert day_of(text) == dt.date(2018, 2, 17)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2017-10-15 02:59:59Z", dt.date(2017, 10, 14)),  # 23:59:59 at -3
        ("2017-10-15 03:00:00Z", dt.date(2017, 10, 15)),  # the clocks go from 00:00 to 01:00 at -2
        ("2017-10-16T01:59:59Z", dt.date(2017, 10, 15)),
        ("2017-10-16T02:00:00+00:00", dt.date(2017, 10, 16)),
        ("2018-02-18 01:30:00Z", dt.date(2018, 2, 17)),  # 23:30 at -2, the first time
        ("2018-02-18 02:30:00.250Z", dt.date(2018, 2, 17)),  # 23:30 at -3, the second time
        ("2018-02-18 03:00:00Z", dt.date(2018, 2, 18)),
        ("2018-02-18T00:00-03:00", dt.date(2018, 2, 18)),
        ("2018-02-18T00:00-0200", dt.date(2018, 2, 17)),
    ],
)
def test_a_time_with_an_offset_is_moved_to_the_sellers_clock(text: str, day: dt.date) -> None:
    assert day_of(text) == day


@pytest.mark.parametrize("text", ["", "soon", "2018-13-01 00:00:00", "2018-01-01 25:00:00", "2018-01-01 10:00:00 XM"])
def test_what_is_no_time_is_null(text: str) -> None:
    assert day_of(text) is None


def test_the_zone_draws_the_line_between_days() -> None:
    assert day_of("2018-01-01 01:00:00Z", "Asia/Tokyo") == dt.date(2018, 1, 1)
    assert day_of("2018-01-01 01:00:00Z", SAO_PAULO) == dt.date(2017, 12, 31)
