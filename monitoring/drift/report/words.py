"""What was found, in words and records."""

import datetime as dt
import math
from collections.abc import Iterable, Sequence

import numpy as np

from data.weeks import DateArray
from feature_service.kernel.arrays import DoubleArray
from monitoring.drift.alarm.alarms import DRIFTED, STEADY, UNKNOWN, WATCH, Alarms
from monitoring.drift.alarm.causes import Cause
from monitoring.drift.alarm.usual import LEAST_USUAL_WEEKS
from monitoring.drift.columns.column import Column, in_words
from monitoring.drift.report.record import ColumnReport, Finding

_DIGITS = 6


def column_reports(columns: Sequence[Column], found: Alarms, weeks: DateArray) -> tuple[ColumnReport, ...]:
    """Every column in the newest week.

    Args:
        columns: What is watched.
        found: Their alarms.
        weeks: Mondays of the weeks that are watched.
    """
    last = len(weeks) - 1
    return tuple(
        _report(place, column, state, found, weeks)
        for place, (column, state) in enumerate(zip(columns, found.states(last), strict=True))
    )


def findings(
    found: Iterable[Cause], columns: Sequence[Column], alarms: Alarms, weeks: DateArray
) -> tuple[Finding, ...]:
    """The causes as people read them."""
    return tuple(_finding(each, columns, alarms, weeks) for each in found)


def _report(place: int, column: Column, state: str, found: Alarms, weeks: DateArray) -> ColumnReport:
    last, values = len(weeks) - 1, found.distances.values[place]
    is_out = state in (WATCH, DRIFTED)
    return ColumnReport(
        name=column.title,
        about=column.about,
        state=state,
        sentence=_why_unknown(place, found) if state == UNKNOWN else _said(place, column, found, last),
        week=_monday(weeks, max(last - column.late_weeks, 0)),
        since=_monday(weeks, found.since(place, last)) if is_out else None,
        distance=_rounded(values[last]),
        usual=_rounded(found.usual[place, last]),
        floor=round(column.statistic.floor, _DIGITS),
        p=None if math.isnan(found.p[place, last]) else float(f"{found.p[place, last]:.3g}"),
        history=_history(values) if state != STEADY else (),
    )


def _finding(cause: Cause, columns: Sequence[Column], alarms: Alarms, weeks: DateArray) -> Finding:
    column, last = columns[cause.column], len(weeks) - 1
    followers = tuple(columns[each].title for each in cause.followers)
    if cause.is_passing:  # what looks back over weeks still sees it
        week = int(np.flatnonzero(alarms.is_alarming[cause.column])[-1])
        sentence = f"{column.title} was out of the ordinary in the week of {_monday(weeks, week)}"
    else:
        of_one = [each for each in (cause.column, *cause.followers) if columns[each].measure == column.measure]
        week = min(alarms.since(each, last) for each in of_one)
        sentence = f"{column.title}: {_said(cause.column, column, alarms, last)}, since {_monday(weeks, week)}"
    since, state = _monday(weeks, week), WATCH if cause.is_passing else DRIFTED
    return Finding(f"{column.title} {since}", state, column.title, sentence + _follow(followers), since, followers)


def _said(place: int, column: Column, found: Alarms, week: int) -> str:
    return in_words(column, week, found.reference(place, week))


def _follow(followers: Sequence[str]) -> str:
    if not followers:
        return ""
    return f"; {len(followers)} column{'s' if len(followers) > 1 else ''} follow{'' if len(followers) > 1 else 's'}"


def _why_unknown(place: int, found: Alarms) -> str:
    last = found.p.shape[1] - 1
    if not found.distances.is_enough[place, last]:
        return "too few products, or too few weeks before, to compare"
    known = found.weeks[place, last]
    weeks = 0 if math.isnan(known) else int(known)
    return f"{weeks} past weeks say what is usual, {LEAST_USUAL_WEEKS} are needed"


def _history(values: DoubleArray) -> tuple[float | None, ...]:
    return tuple(_rounded(each) for each in values)


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else round(float(value), _DIGITS)


def _monday(weeks: DateArray, place: int) -> dt.date:
    day: dt.date = weeks[place].item()
    return day
