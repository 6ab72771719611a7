"""How old what a product's page shows is: what the notices above it tell."""

import datetime as dt
from dataclasses import dataclass

from feature_service.client import ProductHistory, today_of


@dataclass(frozen=True)
class Freshness:
    """As the notices take it of the list's table.

    Attributes:
        info: Whose ``provenance`` says what is shown.
        now: By the clock of the page's machine.
        problem: Why the server could not be asked; None, since there is no page then.
        keeps_plans: Whether decisions can be recorded; where not, the page's own part about them says so.
    """

    info: ProductHistory
    now: dt.datetime
    problem: None = None
    keeps_plans: bool = True

    @property
    def last_day(self) -> dt.date:
        """Sunday of the newest week."""
        return self.info.provenance.as_of_week + dt.timedelta(days=6)

    @property
    def today(self) -> dt.date:
        """By the calendar of the data."""
        return today_of(self.last_day, self.info.provenance.published_at, self.now)

    @property
    def is_replay(self) -> bool:
        """Whether the calendar of a history of years ago goes on."""
        return self.today != self.now.date()

    @property
    def days_old(self) -> int:
        """Days since the last one of the data."""
        return (self.today - (self.info.provenance.data_until or self.last_day)).days
