"""How old a snapshot and its data are."""

import datetime as dt
from time import monotonic


class Ages:
    """By the wall clock when the snapshot was loaded, since then by one that never jumps.

    Args:
        published_at: When it was published.
        data_until: The last day that its data tells of.
        loaded_at: Now.
    """

    def __init__(self, published_at: dt.datetime, data_until: dt.date, loaded_at: dt.datetime) -> None:
        end_of_data = dt.datetime.combine(data_until + dt.timedelta(days=1), dt.time(), dt.UTC)
        self._snapshot, self._data = (_seconds(since, loaded_at) - monotonic() for since in (published_at, end_of_data))

    @property
    def snapshot_s(self) -> float:
        """Seconds since it was published."""
        return self._snapshot + monotonic()

    @property
    def data_s(self) -> float:
        """Seconds since the end (by UTC) of the last day that the data tells of."""
        return self._data + monotonic()


def _seconds(since: dt.datetime, until: dt.datetime) -> float:
    """Of a publisher whose clock is ahead: as young as can be."""
    return max(0.0, (until - since).total_seconds())
