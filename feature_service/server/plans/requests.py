"""From a request that has kept the rules of its proto to what is decided, or asked."""

import datetime as dt

from google.protobuf import timestamp_pb2
from stockout.v1 import plan_service_pb2 as pb

from data.plans.plan import Action, PlanState
from data.plans.store import Present, Proposal
from feature_service.data_calendar import today_of
from feature_service.server.errors import InvalidFieldError
from feature_service.server.plan_errors import AuthorDeniedError
from feature_service.server.serving.snapshot import ServingSnapshot

MOST_SNOOZED_DAYS = 366
DEFAULT_PAGE = 50
DEFAULT_PAST_ALERTS = 20

_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799
"""Of the years 1 to 9999."""
_NANOS = 1_000_000_000


def present_of(serving: ServingSnapshot) -> Present:
    """What is known at this moment."""
    assessor, now = serving.assessor, dt.datetime.now(dt.UTC)
    return Present(now, today_of(assessor.last_day, serving.published_at, now), assessor.week(assessor.newest))


def proposal_of(request: pb.RecordDecisionRequest, question: str, holder: str | None) -> Proposal:
    """What is to be recorded.

    Args:
        request: The message.
        question: That it is about, by its name.
        holder: To whom the caller's token was given; None where the server wants none.
    Raises:
        InvalidFieldError: If nobody is named who decides.
        AuthorDeniedError: If somebody else is named than the token's holder.
    """
    until, text = None, ""
    action = Action(str(request.WhichOneof("action")))
    if action is Action.SNOOZE:
        day = request.snooze.until
        until = dt.date(day.year, day.month, day.day)
    elif action is Action.DISMISSAL:
        text = request.dismissal.reason
    elif action is Action.COMMENT:
        text = request.comment.text
    author = _author(request.author, holder)
    return Proposal(question, request.product_id, request.request_id, author, action, until, text)


def check_admitted(proposal: Proposal, present: Present, serving: ServingSnapshot) -> None:
    """Whether a decision that is not known yet can be taken as things are now.

    Raises:
        ProductError: If the snapshot does not have the product.
        InvalidFieldError: If a snooze would end today or in the past, or too late.
    """
    assessor = serving.assessor
    if assessor.row(proposal.product_id) is None:
        raise assessor.absence(proposal.product_id, assessor.newest)
    if proposal.until is not None:
        latest = present.today + dt.timedelta(days=MOST_SNOOZED_DAYS)
        if not present.today < proposal.until <= latest:
            days = f"after today, {present.today}, and not after {latest}"
            raise InvalidFieldError("snooze.until", f"must be {days}; it is {proposal.until}")


def states_of(request: pb.ListPlansRequest) -> frozenset[PlanState]:
    """Which states are asked for; none for all."""
    return frozenset(PlanState(pb.PlanState.Name(each).removeprefix("PLAN_STATE_")) for each in request.states)


def since_of(request: pb.ListDecisionsRequest) -> dt.datetime | None:
    """From when on decisions are asked for.

    Raises:
        InvalidFieldError: If it is no time.
    """
    if not request.HasField("since"):
        return None
    since: timestamp_pb2.Timestamp = request.since
    if not (_FIRST_SECOND <= since.seconds <= _LAST_SECOND and 0 <= since.nanos < _NANOS):
        raise InvalidFieldError("since", "must be a moment of the years 1 to 9999 with nanos from 0 to 999,999,999")
    microseconds = -(-since.nanos // 1000)  # a part of one later than asked for would be earlier
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=since.seconds, microseconds=microseconds)


def _author(author: str, holder: str | None) -> str:
    if holder is None:
        if not author.strip():
            raise InvalidFieldError("author", "must say who decides, since this server wants no tokens that do")
        return author
    if author not in ("", holder):
        raise AuthorDeniedError(holder, author)
    return holder
