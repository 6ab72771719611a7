"""Decisions in a real SQLite file and a real PostgreSQL: each once, none over another that was not seen."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from data.plans.errors import DecisionClashError, PlanChangedError
from data.plans.plan import Action, PlanState
from data.plans.store import Plans, Receipt
from data.state import database as state
from data.state.database import Database, open_database
from data.state.tables import ALERT_EPISODES
from tests.support.plans import PRESENT, TODAY, WEEK, proposal

NOW = PRESENT.now


@pytest.fixture
def database(state_url: str) -> Database:
    return open_database(state_url)


@pytest.fixture
def plans(database: Database) -> Plans:
    return Plans(database)


def test_a_decision_that_is_sent_again_is_recorded_once_and_answered_as_it_was(plans: Plans) -> None:
    first = plans.record(proposal("a", request_id="1"), PRESENT)
    plans.record(proposal("a", Action.COMMENT, text="x"), PRESENT)
    later = replace(PRESENT, now=NOW + dt.timedelta(hours=1))
    again = plans.record(proposal("a", request_id="1"), later, etag="an old one", admit=refuse)
    assert (first.known_before, again.known_before) == (False, True)
    assert again.decision == first.decision
    assert again.plan.standing.comments == 1
    assert len(plans.history("inventory", "", None, None, 10)[0]) == 2


def refuse() -> None:
    raise AssertionError("a decision that is known is not looked at again")


@pytest.mark.parametrize(
    "other",
    [
        {"product_id": "b"},
        {"author": "bob"},
        {"action": Action.REOPENING},
        {"question": "inventory-4-weeks"},
        {"action": Action.SNOOZE, "until": TODAY},
    ],
    ids=lambda other: next(iter(other)),
)
def test_an_id_that_was_used_for_another_decision_is_refused(plans: Plans, other: dict[str, Any]) -> None:
    plans.record(proposal("a", request_id="1"), PRESENT)
    with pytest.raises(DecisionClashError):
        plans.record(proposal("a", request_id="1")._replace(**other), PRESENT)
    assert len(plans.history("inventory", "", None, None, 10)[0]) == 1


def test_a_decision_on_a_plan_that_was_changed_since_is_refused(plans: Plans) -> None:
    (unseen,) = plans.of_products("inventory", ["a"], TODAY)
    first = plans.record(proposal("a"), PRESENT, unseen.etag)
    with pytest.raises(PlanChangedError) as refused:
        plans.record(proposal("a", Action.DISMISSAL, text="no"), PRESENT, unseen.etag)
    assert refused.value.plan == first.plan
    assert plans.record(proposal("a", Action.DISMISSAL, text="no"), PRESENT, first.plan.etag).plan.etag != unseen.etag


def test_of_many_writers_that_saw_the_same_plan_exactly_one_wins(plans: Plans) -> None:
    etag = plans.record(proposal("a"), PRESENT).plan.etag

    def write(number: int) -> Receipt | PlanChangedError:
        try:
            return plans.record(proposal("a", Action.DISMISSAL, text=str(number)), PRESENT, etag)
        except PlanChangedError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(write, range(8)))
    (winner,) = [each for each in results if isinstance(each, Receipt)]
    assert all(each.plan == winner.plan for each in results if isinstance(each, PlanChangedError))
    assert plans.of_products("inventory", ["a"], TODAY) == [winner.plan]


def test_writers_that_want_no_etag_all_write_and_the_same_request_once(plans: Plans) -> None:
    proposals = [proposal("a", Action.COMMENT, text=str(number)) for number in range(6)] * 2
    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda each: plans.record(each, PRESENT), proposals))
    assert sum(each.known_before for each in receipts) == 6
    assert {each.decision.number for each in receipts} == set(range(1, 7))


def test_pages_of_plans_are_in_the_order_of_bytes_and_hold_each_once(
    plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("data.plans.queries.CHUNK", 3)
    names = ["B", "a", "a-1", "a1", "b", "Ä", "é", "z", "10", "9"]
    for name in names:
        plans.record(proposal(name), PRESENT)
    plans.record(proposal("b", Action.SNOOZE, until=TODAY + dt.timedelta(days=1)), PRESENT)
    found: list[str] = []
    more = True
    while more:
        page, more = plans.page("inventory", (), found[-1] if found else "", 4, TODAY)
        found += [each.product_id for each in page]
    assert found == sorted(names, key=str.encode)
    snoozed, more = plans.page("inventory", {PlanState.SNOOZED}, "", 4, TODAY)
    assert ([each.product_id for each in snoozed], more) == (["b"], False)
    later = TODAY + dt.timedelta(days=1)
    assert [each.product_id for each in plans.page("inventory", {PlanState.OPEN}, "", 4, later)[0]] == ["b"]
    assert plans.page("another", (), "", 4, TODAY) == ([], False)


def test_history_is_the_newest_first_of_one_or_all_products_and_since_a_time(plans: Plans) -> None:
    for hour, product_id in enumerate("abab"):
        plans.record(proposal(product_id), replace(PRESENT, now=NOW + dt.timedelta(hours=hour)))
    first, before = plans.history("inventory", "", None, None, 3)
    rest, end = plans.history("inventory", "", None, before, 3)
    assert [(each.product_id, each.number) for each in first + rest] == [("b", 2), ("a", 2), ("b", 1), ("a", 1)]
    assert end is None
    assert [each.number for each in plans.history("inventory", "a", None, None, 9)[0]] == [2, 1]
    assert len(plans.history("inventory", "", NOW + dt.timedelta(hours=2), None, 9)[0]) == 2
    assert first[0].decided_at == NOW + dt.timedelta(hours=3)


def test_an_id_that_no_database_holds_is_a_product_of_which_nothing_is_known(plans: Plans) -> None:
    plans.record(proposal("a"), PRESENT)
    first, second = plans.of_products("inventory", ["a\0", "a"], TODAY)
    assert (first.state, second.state) == (PlanState.OPEN, PlanState.ACKNOWLEDGED)
    assert plans.history("inventory", "a\0", None, None, 9) == ([], None)


def test_what_is_over_by_the_ledger_is_open(plans: Plans, database: Database) -> None:
    plans.record(proposal("a"), PRESENT)
    (plan,) = plans.of_products("inventory", ["a"], TODAY)
    assert plan.state is PlanState.ACKNOWLEDGED
    with database.connect() as connection:
        connection.execute(ALERT_EPISODES.insert(), episode_row("a", WEEK, closed=WEEK + dt.timedelta(weeks=1)))
    (plan,) = plans.of_products("inventory", ["a"], TODAY)
    assert (plan.state, plan.ended_state) == (PlanState.OPEN, PlanState.ACKNOWLEDGED)


def test_what_the_ledger_held_as_acknowledged_before_is_a_decision_after_the_migration(
    state_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_upgrade", upgrade_to_0005)
    old = open_database(state_url)
    at_us = 1_717_500_000_123_456
    with old.connect() as connection:
        rows = [episode_row("a", WEEK), episode_row("a", WEEK - dt.timedelta(weeks=4)), episode_row("b", WEEK)]
        connection.execute(ALERT_EPISODES.insert(), rows)
        of_a = ALERT_EPISODES.c.product_id == "a"
        connection.execute(ALERT_EPISODES.update().where(of_a).values(acknowledged_at_us=at_us))
    monkeypatch.undo()
    found, _ = Plans(open_database(state_url)).history("inventory", "", None, None, 9)
    assert [(each.product_id, each.number, each.action) for each in found] == [
        ("a", 2, Action.ACKNOWLEDGEMENT),
        ("a", 1, Action.ACKNOWLEDGEMENT),
    ]
    assert {each.as_of_week for each in found} == {WEEK, WEEK - dt.timedelta(weeks=4)}
    assert found[0].decided_at == dt.datetime(2024, 6, 4, 11, 20, 0, 123456, tzinfo=dt.UTC)


def upgrade_to_0005(connection: sa.Connection, *_: object) -> None:
    config = Config()
    config.set_main_option("script_location", str(state._MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0005")


def episode_row(product_id: str, first: dt.date, closed: dt.date | None = None) -> dict[str, object]:
    known = {"question": "inventory", "product_id": product_id, "first_week": first, "last_week": first, "alerts": 1}
    said = dict.fromkeys(("snapshot_id", "model_name", "model_version", "outcome", "reason"), "")
    figures = dict.fromkeys(("published_at_us", "threshold", "probability", "highest_probability"), 0)
    return known | said | figures | {"closed_week": closed}
