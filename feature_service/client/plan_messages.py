"""The messages of the plan service, from and to the plain values of :mod:`feature_service.client.plans`."""

import datetime as dt

from stockout.v1 import plan_service_pb2 as pb

from feature_service.client import batching
from feature_service.client.messages import day_of
from feature_service.client.plans import (
    Acknowledgement,
    Action,
    Comment,
    Decision,
    Dismissal,
    PastAlert,
    Plan,
    RecordedDecision,
    Reopening,
    Snooze,
)


def decision_request(
    product_id: str, action: Action, author: str, etag: str, request_id: str
) -> pb.RecordDecisionRequest:
    """A decision to record."""
    request = pb.RecordDecisionRequest(product_id=product_id, request_id=request_id, etag=etag, author=author)
    match action:
        case Acknowledgement():
            request.acknowledgement.SetInParent()
        case Snooze(until):
            request.snooze.CopyFrom(pb.Snooze(until=batching.date_message(until)))
        case Dismissal(reason):
            request.dismissal.CopyFrom(pb.Dismissal(reason=reason))
        case Comment(text):
            request.comment.CopyFrom(pb.Comment(text=text))
        case Reopening():
            request.reopening.SetInParent()
    return request


def recorded_of(message: pb.RecordDecisionResponse) -> RecordedDecision:
    """Read a message."""
    return RecordedDecision(decision_of(message.decision), plan_of(message.plan), message.known_before)


def plan_of(message: pb.Plan) -> Plan:
    """Read a message."""
    return Plan(
        product_id=message.product_id,
        state=_state(message.state),
        snoozed_until=day_of(message.snoozed_until) if message.HasField("snoozed_until") else None,
        dismissal_reason=message.dismissal_reason,
        ended_state=_state(message.ended_state) if message.ended_state else None,
        decided_by=message.decided_by,
        decided_at=message.decided_at.ToDatetime(dt.UTC) if message.HasField("decided_at") else None,
        changed_by=message.changed_by,
        changed_at=message.changed_at.ToDatetime(dt.UTC) if message.HasField("changed_at") else None,
        comments=message.comments,
        last_comment=message.last_comment,
        etag=message.etag,
    )


def decision_of(message: pb.Decision) -> Decision:
    """Read a message."""
    return Decision(
        product_id=message.product_id,
        number=message.number,
        author=message.author,
        decided_at=message.decided_at.ToDatetime(dt.UTC),
        decided_on=day_of(message.decided_on),
        as_of_week=day_of(message.as_of_week),
        action=message.WhichOneof("action") or "",
        until=day_of(message.snooze.until) if message.HasField("snooze") else None,
        text=message.dismissal.reason or message.comment.text,
    )


def past_alert_of(message: pb.PastAlert) -> PastAlert:
    """Read a message."""
    return PastAlert(
        first_week=day_of(message.first_week),
        last_week=day_of(message.last_week),
        weeks=message.weeks,
        probability=message.probability,
        highest_probability=message.highest_probability,
        outcome=pb.AlertOutcome.Name(message.outcome).removeprefix("ALERT_OUTCOME_"),
        outcome_day=day_of(message.outcome_day) if message.HasField("outcome_day") else None,
        warning_days=message.warning_days if message.HasField("warning_days") else None,
        reason=message.reason,
        acknowledged_at=message.acknowledged_at.ToDatetime(dt.UTC) if message.HasField("acknowledged_at") else None,
    )


def _state(state: pb.PlanState.ValueType) -> str:
    return pb.PlanState.Name(state).removeprefix("PLAN_STATE_")
