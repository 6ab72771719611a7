"""Decisions in the database of the state: recorded each once, and read as plans and as history."""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa

from data.errors import StateError
from data.plans import queries
from data.plans.errors import DecisionClashError, PlanChangedError
from data.plans.past_alerts import PastAlert, past_alerts
from data.plans.plan import STATE_AFTER, Action, Decision, Plan, PlanState, Standing, plan_of
from data.plans.queries import is_one_of, known_plans, stands_at
from data.plans.rows import decision_of
from data.state.database import Database
from data.state.tables import PLAN_DECISIONS
from data.state.times import microseconds

ATTEMPTS = 10
"""At a decision while others decide upon the same product; in each at least one of them succeeds."""

_COLUMNS = PLAN_DECISIONS.c


class Proposal(NamedTuple):
    """A decision that is to be recorded; fields as of ``Decision``, ``request_id`` names it for ever."""

    question: str
    product_id: str
    request_id: str
    author: str
    action: Action
    until: dt.date | None = None
    text: str = ""


class Receipt(NamedTuple):
    """What became of a proposal: the decision, the plan after it, and whether it was recorded before."""

    decision: Decision
    plan: Plan
    known_before: bool


@dataclass(frozen=True)
class Present:
    """What is known at a moment: the time, the day by the calendar of the data, and its newest week."""

    now: dt.datetime
    today: dt.date
    as_of_week: dt.date


class Plans:
    """The decisions and plans in a database. Methods may be called from several threads and processes at a time."""

    def __init__(self, state: Database) -> None:
        self._state = state

    def record(
        self, proposal: Proposal, present: Present, etag: str = "", admit: Callable[[], None] = lambda: None
    ) -> Receipt:
        """Record a decision, unless it is known already.

        Args:
            proposal: What is decided.
            present: When it is.
            etag: Of the plan that it is decided upon; empty: whatever it is by now.
            admit: Called of a decision that is not known yet; what it raises, this raises.
        Raises:
            DecisionClashError: If the request's id was used for another decision.
            PlanChangedError: If the plan is another one.
            StateError: If the database cannot be used, or too many decide at once; nothing is recorded then.
        """
        for _ in range(ATTEMPTS):
            try:
                with self._state.connect(reads_first=True) as connection:
                    return _record(connection, proposal, present, etag, admit)
            except StateError as error:
                if not isinstance(error.__cause__, sa.exc.IntegrityError):
                    raise  # else another one took the number, or sent the same request, at the same moment
        raise StateError(f"many decide upon {proposal.product_id!r} at this moment")

    def of_products(self, question: str, product_ids: Sequence[str], today: dt.date) -> list[Plan]:
        """The plan of each product, in their order.

        Raises:
            StateError: If the database cannot be used.
        """
        storable = {each for each in product_ids if "\0" not in each}
        with self._state.connect() as connection:
            known = {each.product_id: each for each in known_plans(connection, question, today, is_one_of(storable))}
        return [known.get(each) or plan_of(question, each, Standing(), (), today) for each in product_ids]

    def page(
        self, question: str, states: Collection[PlanState], after: str, size: int, today: dt.date
    ) -> tuple[list[Plan], bool]:
        """The next plans by product id, and whether there are more.

        Args:
            question: By name.
            states: Only plans in one of these; none for all.
            after: The product of the last plan of the page before; empty for the first page.
            size: At most so many.
            today: By the calendar of the data.
        Raises:
            StateError: If the database cannot be used.
        """
        wanted, chunk_size = [], size + 1
        if states:
            chunk_size = queries.CHUNK
            if PlanState.OPEN not in states:  # what is decided may be over, and is open then
                wanted = [stands_at(question, [each for each, state in STATE_AFTER.items() if state in states])]
        found: list[Plan] = []
        with self._state.connect() as connection:
            while len(found) <= size:
                page = (_COLUMNS.product_id > after, *wanted)
                chunk = known_plans(connection, question, today, *page, limit=chunk_size)
                found += [each for each in chunk if not states or each.state in states]
                if len(chunk) < chunk_size:
                    break
                after = chunk[-1].product_id
        return found[:size], len(found) > size

    def past_alerts(self, question: str, product_id: str, most: int) -> list[PastAlert]:
        """The newest alerts of a product and what became of them, the newest first; at most so many.

        Raises:
            StateError: If the database cannot be used.
        """
        with self._state.connect() as connection:
            return past_alerts(connection, question, product_id.replace("\0", "\ufffd"), most)

    def history(
        self, question: str, product_id: str, since: dt.datetime | None, before: int | None, size: int
    ) -> tuple[list[Decision], int | None]:
        """The next decisions, newest first, and what to give as ``before`` for those that follow; None: there are none.

        Args:
            question: By name.
            product_id: Only this product's; empty for all.
            since: Only those of this time or later.
            before: As an earlier call gave it.
            size: At most so many.
        Raises:
            StateError: If the database cannot be used.
        """
        wanted = sa.select(PLAN_DECISIONS).where(_COLUMNS.question == question)
        if product_id:
            wanted = wanted.where(_COLUMNS.product_id == product_id.replace("\0", "\ufffd"))
        if since is not None:
            wanted = wanted.where(_COLUMNS.decided_at_us >= microseconds(since))
        if before is not None:
            wanted = wanted.where(_COLUMNS.id < before)
        with self._state.connect() as connection:
            rows = connection.execute(wanted.order_by(_COLUMNS.id.desc()).limit(size + 1)).all()
        shown = rows[:size]
        return [decision_of(each) for each in shown], shown[-1].id if len(rows) > size else None


def _record(
    connection: sa.Connection, proposal: Proposal, present: Present, etag: str, admit: Callable[[], None]
) -> Receipt:
    def plan() -> Plan:
        known = known_plans(connection, proposal.question, present.today, is_one_of([proposal.product_id]))
        return known[0] if known else plan_of(proposal.question, proposal.product_id, Standing(), (), present.today)

    if known := _known(connection, proposal):
        return Receipt(known, plan(), known_before=True)
    admit()
    before = plan()
    if etag not in ("", before.etag):
        raise PlanChangedError(before)
    last = before.standing.last
    row = {
        **proposal._asdict(),
        "action": proposal.action.value,
        "number": last.number + 1 if last else 1,
        "decided_at_us": microseconds(present.now),
        "decided_on": present.today,
        "as_of_week": present.as_of_week,
    }
    connection.execute(PLAN_DECISIONS.insert().values(row))
    after = plan()
    if after.standing.last is None:
        raise AssertionError("a decision that was just recorded is there")
    return Receipt(after.standing.last, after, known_before=False)


def _known(connection: sa.Connection, proposal: Proposal) -> Decision | None:
    row = connection.execute(sa.select(PLAN_DECISIONS).where(_COLUMNS.request_id == proposal.request_id)).one_or_none()
    if row is None:
        return None
    if Proposal(**{name: getattr(row, name) for name in Proposal._fields}) != proposal:
        raise DecisionClashError(proposal.request_id)
    return decision_of(row)
