"""Whatever is decided in whatever order: replaying the history gives the plan."""

import datetime as dt
import secrets
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.plans.plan import Action, Decision, PlanState, Standing, plan_of, standing_of
from data.plans.store import Plans, Proposal
from data.state.database import open_database
from tests.support.plans import PRESENT, TODAY, proposal

DAYS = st.integers(0, 20)
WORDS = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)


@st.composite
def proposals(draw: st.DrawFn) -> list[Proposal]:
    """Decisions upon three products, whose names are new."""
    names = [f"{secrets.token_hex(8)}-{number}" for number in range(3)]
    return [
        proposal(
            draw(st.sampled_from(names)),
            action := draw(st.sampled_from(list(Action))),
            until=TODAY + dt.timedelta(days=draw(DAYS)) if action is Action.SNOOZE else None,
            text=draw(WORDS) if action in (Action.COMMENT, Action.DISMISSAL) else "",
        )
        for _ in range(draw(st.integers(1, 12)))
    ]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Plans:
    folder: Path = tmp_path_factory.mktemp("plans")
    return Plans(open_database(f"sqlite:///{folder / 'state.db'}"))


def decision(proposal: Proposal, number: int) -> Decision:
    facts = (proposal.author, PRESENT.now, PRESENT.today, PRESENT.as_of_week, proposal.action)
    return Decision("p", number, *facts, proposal.until, proposal.text)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(proposals(), DAYS)
def test_the_plan_that_is_told_is_what_the_history_comes_to(plans: Plans, decided: list[Proposal], days: int) -> None:
    etags: dict[str, list[str]] = {}
    for each in decided:
        before = etags.setdefault(each.product_id, [""])
        before.append(plans.record(each, PRESENT, before[-1]).plan.etag)
    for product_id, its_etags in etags.items():
        today = TODAY + dt.timedelta(days=days)
        history, _ = plans.history("inventory", product_id, None, None, 100)
        assert [each.number for each in history] == list(range(len(its_etags) - 1, 0, -1))
        (told,) = plans.of_products("inventory", [product_id], today)
        assert told == plan_of("inventory", product_id, standing_of(reversed(history)), (), today)
        assert told.etag == its_etags[-1]
        assert len(set(its_etags)) == len(its_etags)


@given(proposals(), DAYS)
def test_a_state_ends_by_itself_only_where_a_snooze_has_a_day(decided: list[Proposal], days: int) -> None:
    standing, state = Standing(), PlanState.OPEN
    for number, each in enumerate(decided, start=1):
        standing = standing.after(decision(each, number))
        plan = plan_of("inventory", "p", standing, (), TODAY)
        if each.action is Action.COMMENT:
            assert plan.state is state
        state = plan.state
    later = plan_of("inventory", "p", standing, (), TODAY + dt.timedelta(days=days))
    ended = state is PlanState.SNOOZED and later.state is PlanState.OPEN
    assert later.state is (PlanState.OPEN if ended else state)
    until = standing.decided.until if standing.decided else None
    assert ended == (state is PlanState.SNOOZED and until is not None and until <= TODAY + dt.timedelta(days=days))
