"""The ledger of alert episodes: what the files say, once, with what people did and what turned out otherwise."""

import datetime as dt
import secrets
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data.plans.plan import Action
from data.plans.store import Plans, Present, Proposal
from data.state.database import Database, open_database
from data.state.tables import ALERT_EPISODES, OUTCOME_CHANGES
from data.state.times import microseconds
from monitoring.outcomes.alerts import ProductEpisode
from monitoring.outcomes.episodes import Alert, Fate, episodes_of
from monitoring.outcomes.ledger import LedgerChanges, acknowledgements, episodes_in, reconcile
from monitoring.outcomes.predictions import PREDICTION_COLUMNS
from tests.support.outcomes import note, until, week

NOW = dt.datetime(2024, 7, 1, 6, tzinfo=dt.UTC)
IN_TIME = dt.datetime(2024, 6, 23, 20, tzinfo=dt.UTC)
"""On the last day that an alert of week 5 looks ahead to."""
QUESTION = "inventory"


WEEKS = {week(number) for number in range(6)}


def found(*alerts: Alert, product_id: str = "p") -> list[ProductEpisode]:
    first = dict.fromkeys(PREDICTION_COLUMNS) | {
        "alert_probability": 0.1 + 0.2,
        "units_on_hand": 3.0,
        "reorder_by": week(0),
    }
    return [ProductEpisode(product_id, each, first, note(0, 0), 0.7) for each in episodes_of(alerts, max(WEEKS))]


def in_vain(*numbers: int) -> list[Alert]:
    return [Alert(week(number), until(number), Fate.DID_NOT) for number in numbers]


def came_true(number: int, day: int = 2) -> Alert:
    return Alert(week(number), until(number), Fate.CAME_TRUE, week(number + 1) + dt.timedelta(days=day))


def decide(
    database: Database, as_of_week: dt.date, at: dt.datetime, action: Action = Action.ACKNOWLEDGEMENT, text: str = ""
) -> None:
    proposal = Proposal(QUESTION, "p", secrets.token_hex(8), "ana", action, text=text)
    Plans(database).record(proposal, Present(at, at.date(), as_of_week))


def changes(database: Database) -> list[dict[str, Any]]:
    with database.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(OUTCOME_CHANGES)).mappings()]


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'state.db'}")


def test_an_episode_is_a_row_with_what_was_said_and_what_became_of_it(database: Database) -> None:
    alerts = [*in_vain(0, 1), came_true(2)]
    assert reconcile(database, QUESTION, found(*alerts), WEEKS, NOW) == LedgerChanges(1, 1, 0)
    (row,) = episodes_in(database, QUESTION)
    assert (row["first_week"], row["last_week"], row["alerts"]) == (week(0), week(2), 3)
    assert (row["outcome"], row["outcome_day"], row["closed_week"]) == ("came_true", dt.date(2024, 5, 29), week(3))
    assert row["warning_days"] == 17
    assert (row["probability"], row["highest_probability"], row["units_on_hand"]) == (0.1 + 0.2, 0.7, 3.0)
    assert episodes_in(database, "another") == []


@pytest.mark.parametrize("server", ["sqlite", "postgresql"])
def test_looking_again_changes_nothing(server: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}" if server == "sqlite" else request.getfixturevalue("postgres")
    database = open_database(url)
    episodes = [*found(*in_vain(0, 1), came_true(4)), *found(*in_vain(2), product_id="q")]
    reconcile(database, QUESTION, episodes, WEEKS, NOW)
    before = episodes_in(database, QUESTION)
    assert len(before) == 3
    assert reconcile(database, QUESTION, episodes, WEEKS, NOW + dt.timedelta(days=1)) == LedgerChanges(0, 0, 0)
    assert episodes_in(database, QUESTION) == before
    assert changes(database) == []


def test_what_later_data_say_of_an_episode_that_had_ended_is_noted(database: Database) -> None:
    reconcile(database, QUESTION, found(*in_vain(0)), WEEKS, NOW)
    assert reconcile(database, QUESTION, found(came_true(0)), WEEKS, NOW).changed == 1
    (row,) = episodes_in(database, QUESTION)
    assert row["outcome"] == "came_true"
    (change,) = changes(database)
    assert (change["product_id"], change["first_week"], change["noted_at_us"]) == ("p", week(0), microseconds(NOW))
    assert change["before"].startswith("did_not, alerts up to 2024-05-06")
    assert change["after"].startswith("came_true on 2024-05-15")


def test_an_acknowledgement_stays_and_says_why_nothing_happened(database: Database) -> None:
    open_alert = Alert(week(5), until(5), Fate.OPEN, reason="the data end")
    reconcile(database, QUESTION, found(open_alert), WEEKS, NOW)
    decide(database, week(5), IN_TIME)
    reconcile(database, QUESTION, found(open_alert), WEEKS, NOW)
    (known,) = acknowledgements(database, QUESTION)
    assert (known.product_id, known.first_week, known.at) == ("p", week(5), IN_TIME)
    later = WEEKS | {week(6)}
    over = [
        ProductEpisode("p", each, found(*in_vain(5))[0].first, note(0, 0), 0.7)
        for each in episodes_of(in_vain(5), week(6))
    ]
    reconcile(database, QUESTION, over, later, NOW)
    (row,) = episodes_in(database, QUESTION)
    assert (row["outcome"], row["reason"]) == ("unknown", "acted upon on 2024-06-23")
    assert row["acknowledged_at_us"] == microseconds(IN_TIME)
    with database.connect() as connection:
        connection.execute(ALERT_EPISODES.delete())
    reconcile(database, QUESTION, over, later, NOW)
    assert episodes_in(database, QUESTION) == [row], "the ledger can be made anew"
    decide(database, week(5), IN_TIME, Action.REOPENING)
    reconcile(database, QUESTION, over, later, NOW)
    assert episodes_in(database, QUESTION)[0]["outcome"] == "did_not", "it was taken back"
    decide(database, week(5), IN_TIME + dt.timedelta(days=1))
    reconcile(database, QUESTION, over, later, NOW)
    (row,) = episodes_in(database, QUESTION)
    assert row["acknowledged_at_us"] == microseconds(IN_TIME + dt.timedelta(days=1))
    assert row["outcome"] == "did_not", "it was over when somebody acted"


@pytest.mark.parametrize(
    "action", [Action.SNOOZE, Action.DISMISSAL, Action.COMMENT], ids=lambda action: str(action.value)
)
def test_what_is_only_put_off_or_talked_about_was_not_acted_upon(database: Database, action: Action) -> None:
    decide(database, week(4), IN_TIME - dt.timedelta(weeks=1), action, text="later")
    reconcile(database, QUESTION, found(*in_vain(4)), WEEKS, NOW)
    assert episodes_in(database, QUESTION)[0]["outcome"] == "did_not"


def test_a_later_decision_is_about_the_later_episode(database: Database) -> None:
    decide(database, week(0), dt.datetime(2024, 5, 14, tzinfo=dt.UTC))
    decide(database, week(3), dt.datetime(2024, 6, 4, tzinfo=dt.UTC), Action.REOPENING)
    reconcile(database, QUESTION, found(*in_vain(0, 3)), WEEKS, NOW)
    later, earlier = episodes_in(database, QUESTION)
    assert (earlier["outcome"], later["outcome"]) == ("unknown", "did_not")


def test_an_episode_that_turns_out_to_be_part_of_another_brings_its_acknowledgement(database: Database) -> None:
    acted_at = dt.datetime(2024, 6, 2, 20, tzinfo=dt.UTC)
    reconcile(database, QUESTION, found(*in_vain(0, 2)), WEEKS, NOW)
    decide(database, week(2), acted_at)
    reconcile(database, QUESTION, found(*in_vain(0, 1, 2)), WEEKS, NOW)
    (row,) = episodes_in(database, QUESTION)
    assert (row["first_week"], row["last_week"]) == (week(0), week(2))
    assert row["acknowledged_at_us"] == microseconds(acted_at)
    assert {(each["first_week"], each["after"].split(",")[0]) for each in changes(database)} == {
        (week(0), "unknown: acted upon on 2024-06-02"),
        (week(2), "no episode begins in that week"),
    }


def test_episodes_of_weeks_whose_files_are_gone_stay(database: Database) -> None:
    reconcile(database, QUESTION, found(*in_vain(0)), WEEKS, NOW)
    reconcile(database, QUESTION, found(*in_vain(4)), WEEKS - {week(0)}, NOW)
    assert [row["first_week"] for row in episodes_in(database, QUESTION)] == [week(4), week(0)]
