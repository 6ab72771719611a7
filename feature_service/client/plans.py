"""What planners decided, as plain values; see ``PlanService`` in the protos."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Acknowledgement:
    """Somebody acts upon the alert."""


@dataclass(frozen=True)
class Snooze:
    """Nobody wants to see the product before the day ``until``."""

    until: dt.date


@dataclass(frozen=True)
class Dismissal:
    """Nothing is to be done about the alert, for a reason."""

    reason: str


@dataclass(frozen=True)
class Comment:
    """Something that others should know."""

    text: str


@dataclass(frozen=True)
class Reopening:
    """What was decided before is taken back."""


Action = Acknowledgement | Snooze | Dismissal | Comment | Reopening


@dataclass(frozen=True)
class Decision:
    """A decision, as it was recorded.

    Attributes:
        product_id: The product.
        number: 1 for the product's first.
        author: Who decided.
        decided_at: When, UTC.
        decided_on: The day, by the calendar of the data.
        as_of_week: Monday of the newest week that was known then.
        action: ``acknowledgement``, ``snooze``, ``dismissal``, ``comment`` or ``reopening``.
        until: Of a snooze, the day on which it ends.
        text: Of a dismissal the reason, of a comment what it says.
    """

    product_id: str
    number: int
    author: str
    decided_at: dt.datetime
    decided_on: dt.date
    as_of_week: dt.date
    action: str
    until: dt.date | None
    text: str


@dataclass(frozen=True)
class Plan:
    """Where a product stands with the planners.

    Attributes:
        product_id: The product.
        state: ``OPEN``, ``ACKNOWLEDGED``, ``SNOOZED`` or ``DISMISSED``.
        snoozed_until: Where it is snoozed, the day on which it is open again.
        dismissal_reason: Where it is dismissed.
        ended_state: What it was before it became open by itself; None in all other cases.
        decided_by: Who brought it into that state; empty where nobody did.
        decided_at: When, UTC.
        changed_by: Who recorded the last decision, comments included.
        changed_at: When, UTC.
        comments: How many there are.
        last_comment: The last one.
        etag: To decide upon it as it is here.
    """

    product_id: str
    state: str
    snoozed_until: dt.date | None
    dismissal_reason: str
    ended_state: str | None
    decided_by: str
    decided_at: dt.datetime | None
    changed_by: str
    changed_at: dt.datetime | None
    comments: int
    last_comment: str
    etag: str


@dataclass(frozen=True)
class PlansAnswer:
    """Plans of a question's products, as of a day by the calendar of the data."""

    question: str
    today: dt.date
    results: Sequence[Plan]


@dataclass(frozen=True)
class DecisionsAnswer:
    """Decisions upon a question's products, the newest first."""

    question: str
    results: Sequence[Decision]


@dataclass(frozen=True)
class PastAlert:
    """Weekly alerts of a product in a row, and what became of them.

    Attributes:
        first_week: Monday of the newest week that was known when the first was raised.
        last_week: The same of the last one so far.
        weeks: In how many weeks there was one.
        probability: What the first one said.
        highest_probability: The highest that one of them said.
        outcome: ``OPEN``, ``CAME_TRUE``, ``DID_NOT`` or ``UNKNOWN``.
        outcome_day: On which it came true; None where the data do not tell the day.
        warning_days: From the end of the first week to that day.
        reason: Why it is open or unknown.
        acknowledged_at: When somebody first acted upon it, UTC.
    """

    first_week: dt.date
    last_week: dt.date
    weeks: int
    probability: float
    highest_probability: float
    outcome: str
    outcome_day: dt.date | None
    warning_days: int | None
    reason: str
    acknowledged_at: dt.datetime | None


@dataclass(frozen=True)
class PastAlertsAnswer:
    """The last alerts of a product for a question, the newest first."""

    question: str
    results: Sequence[PastAlert]


@dataclass(frozen=True)
class RecordedDecision:
    """A decision that is committed, the plan after it, and whether an earlier request had recorded it."""

    decision: Decision
    plan: Plan
    known_before: bool
