"""What a weekly run does about a question."""

import datetime as dt
from dataclasses import replace

import pytest

from orchestration.weekly.plan import DUE, NEVER, NOW, Standing, missed_weeks, next_step

WEEK = dt.date(2024, 8, 5)
LATER = WEEK + dt.timedelta(weeks=1)
STANDING = Standing(served_week=WEEK, served_version="3", champion_version="3", trained_week=WEEK)


def action(standing: Standing, latest_week: dt.date, train: str = DUE) -> str:
    return next_step(standing, latest_week, train=train, train_every_weeks=4).action


def test_nothing_is_done_until_a_whole_new_week_is_there() -> None:
    assert action(STANDING, WEEK) == "nothing to do"
    assert action(STANDING, LATER) == "scored"


def test_a_week_that_comes_late_after_a_newer_one_is_not_served_again() -> None:
    assert action(STANDING, WEEK - dt.timedelta(weeks=1)) == "nothing to do"


def test_a_model_is_trained_when_its_weeks_are_over_and_not_before() -> None:
    assert [action(STANDING, WEEK + dt.timedelta(weeks=weeks)) for weeks in range(6)] == [
        "nothing to do",
        *["scored"] * 3,
        *["trained"] * 2,
    ]


def test_drift_asks_for_a_newer_model_but_not_in_a_week_that_was_served() -> None:
    drifted = replace(STANDING, drift="price_mean: level x1.3")
    assert action(drifted, WEEK) == "nothing to do"
    assert action(drifted, LATER) == "trained"
    assert "price_mean" in next_step(drifted, LATER, train=DUE, train_every_weeks=4).why


@pytest.mark.parametrize("train", [DUE, NOW, NEVER])
def test_without_a_champion_there_is_nothing_to_score_with(train: str) -> None:
    assert action(Standing(), WEEK, train) == "trained"


def test_training_may_be_asked_for_or_forbidden() -> None:
    assert action(STANDING, WEEK, NOW) == "trained"
    assert action(STANDING, WEEK + dt.timedelta(weeks=52), NEVER) == "scored"


def test_a_champion_that_a_rollback_brought_back_is_served_without_a_new_week() -> None:
    assert action(replace(STANDING, champion_version="2"), WEEK) == "scored"


def test_weeks_between_the_served_and_the_latest_were_missed() -> None:
    assert missed_weeks(STANDING, LATER) == []
    assert missed_weeks(STANDING, WEEK + dt.timedelta(weeks=3)) == [LATER, LATER + dt.timedelta(weeks=1)]
    assert missed_weeks(Standing(), WEEK) == []
