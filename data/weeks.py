"""ISO weeks, Monday to Sunday, each named by its Monday."""

import datetime as dt

import numpy as np
import numpy.typing as npt

DateArray = npt.NDArray[np.datetime64]

_WEEK = dt.timedelta(weeks=1)


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
