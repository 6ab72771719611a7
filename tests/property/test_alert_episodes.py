"""Alert episodes out of any sequence of weeks: each alert is part of one, and what has ended stays as it is."""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.outcomes.episodes import Alert, Episode, Fate, episodes_of

FIRST = dt.date(2024, 1, 1)
WEEK = dt.timedelta(weeks=1)
WEEKS = 16

History = tuple[list[int], dict[int, int], set[int], list[int]]


def week(number: int) -> dt.date:
    return FIRST + number * WEEK


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Weeks with an alert, days on which the product ran out by week, weeks that nothing tells of, and weeks ahead."""
    numbers = st.integers(0, WEEKS - 1)
    return (
        sorted(draw(st.sets(numbers))),
        draw(st.dictionaries(numbers, st.integers(0, 6), max_size=4)),
        draw(st.sets(numbers, max_size=3)),
        draw(st.lists(st.integers(1, 4), min_size=WEEKS, max_size=WEEKS)),
    )


def seen_at(now: int, history: History) -> list[Alert]:
    """The alerts up to a week, with what its data tell of them."""
    weeks, out, untold, horizon = history
    alerts = []
    for number in (each for each in weeks if each <= now):
        ahead = range(number + 1, number + horizon[number] + 1)
        until = week(ahead[-1]) + dt.timedelta(days=6)
        days = [week(each) + dt.timedelta(days=out[each]) for each in ahead if each in out and each <= now]
        if days:
            alerts.append(Alert(week(number), until, Fate.CAME_TRUE, min(days)))
        elif ahead[-1] > now:
            alerts.append(Alert(week(number), until, Fate.OPEN, reason="not over"))
        elif untold & set(ahead):
            alerts.append(Alert(week(number), until, Fate.UNKNOWN, reason="not counted"))
        else:
            alerts.append(Alert(week(number), until, Fate.DID_NOT))
    return alerts


def look(now: int, history: History) -> list[Episode]:
    return episodes_of(seen_at(now, history), week(now))


@given(histories(), st.integers(0, WEEKS + 4))
def test_each_alert_is_part_of_exactly_one_episode_and_each_episode_has_ended_or_is_open(
    history: History, now: int
) -> None:
    episodes = look(now, history)
    in_episodes = [alert.week for episode in episodes for alert in episode.alerts]
    assert in_episodes == [week(each) for each in history[0] if each <= now]
    for episode in episodes:
        assert (episode.fate is Fate.OPEN) == (episode.ended_in is None)
        assert bool(episode.reason) == (episode.fate in (Fate.OPEN, Fate.UNKNOWN))
        if episode.fate is Fate.CAME_TRUE:
            assert episode.warning_days is not None
            assert episode.warning_days >= 1
            assert episode.happened_on is not None
            assert week(now) + WEEK > episode.happened_on
        before = [max(each.until for each in episode.alerts[:place]) for place in range(1, len(episode.alerts))]
        assert all(later.week <= until for later, until in zip(episode.alerts[1:], before, strict=True))


@given(histories())
@settings(max_examples=40)
def test_an_episode_that_has_ended_stays_as_it_is_whatever_weeks_follow(
    history: History,
) -> None:
    ended: dict[dt.date, Episode] = {}
    for now in range(WEEKS + 5):
        episodes = {each.first_week: each for each in look(now, history)}
        for first_week, before in ended.items():
            assert episodes[first_week] == before
        ended = {first_week: each for first_week, each in episodes.items() if each.ended_in}
    assert sum(len(each.alerts) for each in ended.values()) == len(history[0])


@given(histories(), st.data())
def test_the_order_in_which_alerts_are_told_does_not_matter(history: History, data: st.DataObject) -> None:
    alerts = seen_at(WEEKS, history)
    shuffled = data.draw(st.permutations(alerts))
    assert episodes_of(shuffled, week(WEEKS)) == episodes_of(alerts, week(WEEKS))


@given(histories())
def test_no_product_is_warned_of_through_a_stock_out(
    history: History,
) -> None:
    for episode in look(WEEKS + 4, history):
        if episode.happened_on is not None:
            assert episode.last_week + dt.timedelta(days=6) < episode.happened_on
