"""From a product's decisions to its plan, by pure functions.

A plan is what the last decision made it that is no comment. A snooze ends on its day; an acknowledgement or a dismissal
is over when the alerts that it was about are. Plans are never stored, so none can say otherwise than its decisions.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Action(StrEnum):
    """What somebody decides."""

    ACKNOWLEDGEMENT = "acknowledgement"
    SNOOZE = "snooze"
    DISMISSAL = "dismissal"
    COMMENT = "comment"
    REOPENING = "reopening"


class PlanState(StrEnum):
    """Where a product stands with the planners."""

    OPEN = "OPEN"
    ACKNOWLEDGED = "ACKNOWLEDGED"
    SNOOZED = "SNOOZED"
    DISMISSED = "DISMISSED"


STATE_AFTER = {
    Action.ACKNOWLEDGEMENT: PlanState.ACKNOWLEDGED,
    Action.SNOOZE: PlanState.SNOOZED,
    Action.DISMISSAL: PlanState.DISMISSED,
    Action.REOPENING: PlanState.OPEN,
}
"""What a decision makes of a plan; a comment leaves it as it is."""


@dataclass(frozen=True)
class Decision:
    """What somebody decided upon a product, as it was recorded.

    Attributes:
        product_id: The product.
        number: 1 for the product's first.
        author: Who decided.
        decided_at: When it was recorded, UTC, to the microsecond.
        decided_on: The day by the calendar of the data; see :mod:`.calendar`.
        as_of_week: Monday of the newest week that was known: it is about what was said of that week.
        action: What was decided.
        until: Of a snooze, the day on which it ends.
        text: Of a dismissal the reason, of a comment what it says.
    """

    product_id: str
    number: int
    author: str
    decided_at: dt.datetime
    decided_on: dt.date
    as_of_week: dt.date
    action: Action
    until: dt.date | None = None
    text: str = ""


@dataclass(frozen=True)
class EpisodeWeeks:
    """When an alert episode was open, by Mondays: from ``first`` to before ``closed``, which is None while it is."""

    first: dt.date
    closed: dt.date | None

    def is_open_in(self, week: dt.date) -> bool:
        """Whether it was open when that week was the newest."""
        return self.first <= week and (self.closed is None or week < self.closed)


@dataclass(frozen=True)
class Standing:
    """What of a product's decisions its plan follows from.

    Attributes:
        last: The last one; None where there is none.
        decided: The last that is no comment.
        comments: How many comments there are.
        last_comment: The last one.
    """

    last: Decision | None = None
    decided: Decision | None = None
    comments: int = 0
    last_comment: str = ""

    def after(self, decision: Decision) -> "Standing":
        """With one more decision."""
        if decision.action is Action.COMMENT:
            return replace(self, last=decision, comments=self.comments + 1, last_comment=decision.text)
        return replace(self, last=decision, decided=decision)


@dataclass(frozen=True)
class Plan:
    """Where a product stands with the planners.

    Attributes:
        product_id: The product.
        state: As of a day.
        ended_state: What it was before it became open by itself; None in all other cases.
        standing: The decisions that it follows from.
        etag: Another one after each decision.
    """

    product_id: str
    state: PlanState
    ended_state: PlanState | None
    standing: Standing
    etag: str


def standing_of(decisions: Iterable[Decision]) -> Standing:
    """What the plan of a product follows from; ``decisions`` are all of the product's, oldest first."""
    standing = Standing()
    for decision in decisions:
        standing = standing.after(decision)
    return standing


def plan_of(
    question: str, product_id: str, standing: Standing, episodes: Sequence[EpisodeWeeks], today: dt.date
) -> Plan:
    """The plan of a product on a day.

    Args:
        question: By name.
        product_id: The product.
        standing: What its decisions come to.
        episodes: The product's alert episodes, as far as the ledger knows them.
        today: By the calendar of the data.
    """
    state, ended = PlanState.OPEN, None
    if standing.decided is not None:
        state = STATE_AFTER[standing.decided.action]
        if _is_over(standing.decided, episodes, today):
            state, ended = PlanState.OPEN, state
    return Plan(product_id, state, ended, standing, etag_of(question, product_id, standing.last))


def etag_of(question: str, product_id: str, last: Decision | None) -> str:
    """Names a plan by its last decision, also apart from one of the same number in a database that was restored."""
    number, time = (last.number, last.decided_at.isoformat()) if last else (0, "")
    name = "\0".join([question, product_id, str(number), time])
    return hashlib.blake2b(name.encode(), digest_size=8, person=b"stockout-plan").hexdigest()


def _is_over(decided: Decision, episodes: Sequence[EpisodeWeeks], today: dt.date) -> bool:
    if decided.action is Action.SNOOZE:
        return decided.until is not None and decided.until <= today
    if decided.action is Action.REOPENING:
        return False
    week = decided.as_of_week
    return any(each.first > week or (each.is_open_in(week) and each.closed is not None) for each in episodes)
