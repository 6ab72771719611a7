"""Which day it is for the decisions on a snapshot: that of the wall clock, or of a history of years ago."""

import datetime as dt

CURRENT_DAYS = 56
"""A snapshot that is published so many days after its newest week, or fewer, tells of the present, be it a late one."""

_DAY = dt.timedelta(days=1)


def today_of(last_day: dt.date, published_at: dt.datetime, now: dt.datetime) -> dt.date:
    """Today by UTC; of a history of years ago, the day of the publication counts as the one after its last week.

    Args:
        last_day: Sunday of the snapshot's newest week.
        published_at: When the snapshot was published.
        now: By the wall clock.
    """
    published_on, today = published_at.astimezone(dt.UTC).date(), now.astimezone(dt.UTC).date()
    if (published_on - last_day).days <= CURRENT_DAYS:
        return today
    return last_day + _DAY + max(today - published_on, 0 * _DAY)
