"""Plans and decisions as messages."""

import datetime as dt

from stockout.v1 import plan_service_pb2 as pb

from data.plans.past_alerts import PastAlert
from data.plans.plan import Action, Decision, Plan, PlanState
from feature_service.server.serving.messages import date_message, timestamp_message


def plan_message(plan: Plan) -> pb.Plan:
    """A plan, with what its state follows from."""
    standing = plan.standing
    decided, last = standing.decided, standing.last
    message = pb.Plan(
        product_id=plan.product_id,
        state=_state(plan.state),
        ended_state=_state(plan.ended_state),
        comments=standing.comments,
        last_comment=standing.last_comment,
        etag=plan.etag,
    )
    if plan.state is PlanState.SNOOZED and decided and decided.until:
        message.snoozed_until.CopyFrom(date_message(decided.until))
    if plan.state is PlanState.DISMISSED and decided:
        message.dismissal_reason = decided.text
    if decided is not None:
        message.decided_by = decided.author
        message.decided_at.CopyFrom(timestamp_message(decided.decided_at))
    if last is not None:
        message.changed_by = last.author
        message.changed_at.CopyFrom(timestamp_message(last.decided_at))
    return message


def decision_message(decision: Decision) -> pb.Decision:
    """A decision, as it was recorded."""
    message = pb.Decision(
        product_id=decision.product_id,
        number=decision.number,
        author=decision.author,
        decided_at=timestamp_message(decision.decided_at),
        decided_on=date_message(decision.decided_on),
        as_of_week=date_message(decision.as_of_week),
    )
    match decision.action:
        case Action.ACKNOWLEDGEMENT:
            message.acknowledgement.SetInParent()
        case Action.SNOOZE:
            message.snooze.until.CopyFrom(date_message(decision.until or dt.date.min))
        case Action.DISMISSAL:
            message.dismissal.reason = decision.text
        case Action.COMMENT:
            message.comment.text = decision.text
        case Action.REOPENING:
            message.reopening.SetInParent()
    return message


def past_alert_message(alert: PastAlert) -> pb.PastAlert:
    """An alert, and what became of it."""
    day, acted_at = alert.outcome_day, alert.acknowledged_at
    return pb.PastAlert(
        first_week=date_message(alert.first_week),
        last_week=date_message(alert.last_week),
        weeks=alert.weeks,
        probability=alert.probability,
        highest_probability=alert.highest_probability,
        outcome=pb.AlertOutcome.Value(f"ALERT_OUTCOME_{alert.outcome.upper()}"),
        outcome_day=None if day is None else date_message(day),
        warning_days=alert.warning_days,
        reason=alert.reason,
        acknowledged_at=None if acted_at is None else timestamp_message(acted_at),
    )


def _state(state: PlanState | None) -> pb.PlanState.ValueType:
    return pb.PLAN_STATE_UNSPECIFIED if state is None else pb.PlanState.Value(f"PLAN_STATE_{state}")
