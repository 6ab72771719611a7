"""ISO weeks, Monday to Sunday, each named by its Monday."""

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt

DateArray = npt.NDArray[np.datetime64]

WeekNumbers = npt.NDArray[np.integer[Any]]
"""Weeks since the first Monday of 1970."""

_WEEK = dt.timedelta(weeks=1)
_FIRST_MONDAY = np.datetime64("1970-01-05")


def monday_of(day: dt.date) -> dt.date:
    """The Monday of the ISO week that ``day`` lies in."""
    return day - dt.timedelta(days=day.weekday())


def last_complete_week(day: dt.date) -> dt.date:
    """The Monday of the last ISO week whose Sunday is at or before ``day``."""
    return monday_of(day + dt.timedelta(days=1)) - _WEEK


def calendar(first_monday: dt.date, last_monday: dt.date) -> DateArray:
    """Every Monday from first to last, both included, as ``datetime64[D]``; no week is left out."""
    return np.arange(np.datetime64(first_monday), np.datetime64(last_monday + _WEEK), np.timedelta64(7, "D"))


def iso_name(monday: dt.date) -> str:
    """The week's ISO 8601 name, e.g. ``2018-W34``."""
    return f"{monday:%G-W%V}"


def week_number(weeks: DateArray) -> WeekNumbers:
    """The number of each week, in as few bytes as it takes."""
    return ((weeks.astype("datetime64[D]") - _FIRST_MONDAY).astype(np.int64) // 7).astype(np.int32)


def monday(week: int) -> np.datetime64:
    """The date of a week number."""
    return _FIRST_MONDAY + np.timedelta64(7 * week, "D")


def mondays(week: WeekNumbers) -> DateArray:
    """The dates of week numbers."""
    dates: DateArray = _FIRST_MONDAY + week.astype(np.int64) * np.timedelta64(7, "D")
    return dates
