"""Times as the tables of the state hold them: microseconds since 1970, UTC."""

import datetime as dt

_BEGINNING = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def microseconds(time: dt.datetime) -> int:
    """Since 1970, UTC."""
    return (time - _BEGINNING) // _MICROSECOND


def moment(time_us: int) -> dt.datetime:
    """The time of ``microseconds``, UTC."""
    return _BEGINNING + time_us * _MICROSECOND
