"""Alert episodes: from weekly alerts of one product to what a planner would call one alert.

An alert of week ``w`` is about the days after that week *until* a day of its own: the end of the question's horizon, or
the day of relief. It *comes true* in the week in which what it warns of happens.

- An episode begins with an alert that continues none.
- An alert **continues** the episode of the product's alerts before it, if it is of a week up to the last week that one
  of them is about, and none of them has come true up to then: the product never ran out, it was warned of all the time.
- An episode **ends** in the week in which one of its alerts comes true. Otherwise it ends with the last week that one
  of its alerts is about, if no alert has continued it by then.
- What has not ended is open. What has ended without coming true *did not* come true if that is known of all its alerts
  and none was disturbed, else its outcome is *unknown*, with the reason of the first such alert.

So each alert is part of exactly one episode. What an episode is depends on the alerts and on what became of them, not
on when or how often it is asked; later weeks never change one that has ended.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from data.weeks import monday_of
from monitoring.outcomes.reasons import OutcomeReason


class Fate(StrEnum):
    """What became of an alert, or of an episode."""

    OPEN = "open"
    CAME_TRUE = "came_true"
    DID_NOT = "did_not"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Alert:
    """An alert of one product in one week.

    Attributes:
        week: Monday of the ``as_of`` week.
        until: The last day that it is about.
        fate: What became of it.
        happened_on: The day on which it came true, where that is known.
        reason: Why it cannot be known, or is not known yet: a sentence.
    """

    week: dt.date
    until: dt.date
    fate: Fate
    happened_on: dt.date | None = None
    reason: str = ""

    @property
    def last_week(self) -> dt.date:
        """Monday of the last week that it is about."""
        return monday_of(self.until)

    @property
    def week_of_truth(self) -> dt.date | None:
        """Monday of the week in which it came true: the last that it is about where the day is not known."""
        if self.fate is not Fate.CAME_TRUE:
            return None
        if self.happened_on is None:
            return self.last_week
        return min(self.last_week, monday_of(self.happened_on))


@dataclass
class Episode:
    """Alerts that a planner would call one.

    Attributes:
        alerts: Oldest first; at least one.
        ended_in: Monday of the week in which it ended; None while it is open.
        fate: What became of it.
        happened_on: The day on which it came true, where that is known.
        reason: Why it cannot be known, or is not known yet.
        true_week: Monday of the week in which it came true.
    """

    alerts: list[Alert]
    ended_in: dt.date | None = None
    fate: Fate = Fate.OPEN
    happened_on: dt.date | None = None
    reason: str = ""
    true_week: dt.date | None = None

    @property
    def first_week(self) -> dt.date:
        """Of its first alert."""
        return self.alerts[0].week

    @property
    def last_week(self) -> dt.date:
        """Of its last alert."""
        return self.alerts[-1].week

    @property
    def until(self) -> dt.date:
        """The last day that one of its alerts is about."""
        return max(each.until for each in self.alerts)

    @property
    def about_up_to(self) -> dt.date:
        """Monday of the last week that one of its alerts is about."""
        return monday_of(self.until)

    @property
    def warning_days(self) -> int | None:
        """Days from the end of the week of its first alert to the day on which it came true; None if not known."""
        if self.happened_on is None:
            return None
        return (self.happened_on - self.first_week).days - 6


def episodes_of(alerts: Sequence[Alert], newest_week: dt.date) -> list[Episode]:
    """The episodes of one product, oldest first.

    Args:
        alerts: Of different weeks, in any order.
        newest_week: Monday of the newest week of which it is known which products had an alert.
    """
    episodes: list[Episode] = []
    for alert in sorted(alerts, key=lambda each: each.week):
        if episodes and _continues(alert, episodes[-1]):
            episodes[-1].alerts.append(alert)
        else:
            episodes.append(Episode([alert]))
        _note_if_true(alert, episodes[-1])
    for episode in episodes:
        _end(episode, newest_week)
    return episodes


def _continues(alert: Alert, episode: Episode) -> bool:
    over = episode.true_week is not None and episode.true_week <= alert.week
    return not over and alert.week <= episode.about_up_to


def _note_if_true(alert: Alert, episode: Episode) -> None:
    week = alert.week_of_truth
    if week is not None and (episode.true_week is None or week < episode.true_week):
        episode.true_week, episode.happened_on = week, alert.happened_on


def _end(episode: Episode, newest_week: dt.date) -> None:
    if episode.true_week is not None:
        episode.fate, episode.ended_in = Fate.CAME_TRUE, episode.true_week
        return
    last = episode.about_up_to
    waiting = [each for each in episode.alerts if each.fate is Fate.OPEN]
    if waiting or newest_week < last:
        episode.reason = waiting[0].reason if waiting else OutcomeReason.MAY_CONTINUE.on(last)
        return
    unknown = [each for each in episode.alerts if each.fate is Fate.UNKNOWN]
    episode.ended_in = last
    episode.fate = Fate.UNKNOWN if unknown else Fate.DID_NOT
    episode.reason = unknown[0].reason if unknown else ""
