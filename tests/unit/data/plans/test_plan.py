"""A plan is what its decisions make it; what was decided on an alert is over when the alert is."""

import datetime as dt

import pytest

from data.plans.acknowledged import acted_at
from data.plans.plan import Action, Decision, EpisodeWeeks, Plan, PlanState, plan_of, standing_of
from feature_service.data_calendar import CURRENT_DAYS, today_of

MONDAY = dt.date(2024, 6, 3)
"""Of the newest week that was known when things were decided; they were, on the Tuesday after it."""
TUESDAY = MONDAY + dt.timedelta(days=8)


def week(number: int) -> dt.date:
    return MONDAY + number * dt.timedelta(weeks=1)


def decision(number: int, action: Action, days: int = 0, **more: object) -> Decision:
    day = TUESDAY + dt.timedelta(days=days)
    at = dt.datetime.combine(day, dt.time(9, number), dt.UTC)
    facts = {"until": None, "text": ""} | more
    return Decision("p", number, "ana", at, day, week(days // 7), action, **facts)  # type: ignore[arg-type]


def plan(*decisions: Decision, episodes: tuple[EpisodeWeeks, ...] = (), days: int = 0) -> Plan:
    return plan_of("inventory", "p", standing_of(decisions), episodes, TUESDAY + dt.timedelta(days=days))


def test_without_a_decision_it_is_open_and_nothing_ended() -> None:
    found = plan()
    assert (found.state, found.ended_state, found.standing.last) == (PlanState.OPEN, None, None)


def test_a_comment_leaves_the_state_and_changes_the_etag() -> None:
    dismissal, comment = decision(1, Action.DISMISSAL, text="seasonal"), decision(2, Action.COMMENT, text="sure?")
    before, after = plan(dismissal), plan(dismissal, comment)
    assert before.state is after.state is PlanState.DISMISSED
    assert (after.standing.comments, after.standing.last_comment) == (1, "sure?")
    assert len({plan().etag, before.etag, after.etag}) == 3


def test_a_snooze_ends_by_itself_on_its_day_and_leaves_the_etag() -> None:
    snooze = decision(1, Action.SNOOZE, until=TUESDAY + dt.timedelta(days=3))
    before, after = plan(snooze, days=2), plan(snooze, days=3)
    assert (before.state, before.ended_state) == (PlanState.SNOOZED, None)
    assert (after.state, after.ended_state) == (PlanState.OPEN, PlanState.SNOOZED)
    assert before.etag == after.etag


OPEN_EPISODE = EpisodeWeeks(week(-1), None)
OVER = EpisodeWeeks(week(-1), week(1))
LATER = EpisodeWeeks(week(5), None)
EARLIER = EpisodeWeeks(week(-6), week(-2))
JUST_OVER = EpisodeWeeks(week(-3), week(0))


@pytest.mark.parametrize("action", [Action.ACKNOWLEDGEMENT, Action.DISMISSAL])
@pytest.mark.parametrize(
    ("episodes", "is_over"),
    [
        ((), False),
        ((EARLIER,), False),
        ((JUST_OVER,), False),
        ((EARLIER, OPEN_EPISODE), False),
        ((OVER,), True),
        ((OPEN_EPISODE, LATER), True),
        ((LATER,), True),
    ],
)
def test_what_is_decided_on_an_alert_is_over_with_it(
    action: Action, episodes: tuple[EpisodeWeeks, ...], is_over: bool
) -> None:
    found = plan(decision(1, action, text="x"), episodes=episodes, days=60)
    assert (found.state is PlanState.OPEN) is is_over
    assert (found.ended_state is not None) is is_over


def test_what_is_reopened_is_open_and_did_not_end_by_itself() -> None:
    found = plan(decision(1, Action.ACKNOWLEDGEMENT), decision(2, Action.REOPENING), episodes=(OVER,))
    assert (found.state, found.ended_state) == (PlanState.OPEN, None)


def test_a_decision_is_about_the_later_of_two_episodes_that_are_open() -> None:
    waiting, newest = EpisodeWeeks(week(-5), None), EpisodeWeeks(week(0), None)
    acknowledged = [decision(1, Action.ACKNOWLEDGEMENT)]
    assert acted_at(acknowledged, newest, (waiting, newest)) == acknowledged[0].decided_at
    assert acted_at(acknowledged, waiting, (waiting, newest)) is None


def test_the_first_acknowledgement_counts_that_was_not_taken_back() -> None:
    episode = EpisodeWeeks(week(0), None)
    decisions = [
        decision(1, Action.ACKNOWLEDGEMENT),
        decision(2, Action.REOPENING),
        decision(3, Action.ACKNOWLEDGEMENT),
        decision(4, Action.DISMISSAL, text="it was nothing"),
        decision(5, Action.ACKNOWLEDGEMENT),
    ]
    assert acted_at(decisions, episode, (episode,)) == decisions[2].decided_at
    assert acted_at(decisions[:2], episode, (episode,)) is None


NOW = dt.datetime(2026, 11, 27, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(("published_days_ago", "late_days"), [(0, 1), (6, 2), (30, CURRENT_DAYS)])
def test_today_is_the_day_of_the_wall_clock_where_the_data_are_of_now(published_days_ago: int, late_days: int) -> None:
    published = NOW - dt.timedelta(days=published_days_ago)
    assert today_of(published.date() - dt.timedelta(days=late_days), published, NOW) == NOW.date()


def test_the_calendar_of_an_old_history_goes_on_from_its_newest_week() -> None:
    sunday = dt.date(2018, 8, 26)
    assert today_of(sunday, NOW, NOW) == dt.date(2018, 8, 27)
    assert today_of(sunday, NOW, NOW + dt.timedelta(days=3)) == dt.date(2018, 8, 30)
    assert today_of(sunday, NOW, NOW - dt.timedelta(days=1)) == dt.date(2018, 8, 27), "a clock that goes wrong"
