"""Why a decision is not recorded.

DataError
├── DecisionClashError   a request's id was used for another decision
└── PlanChangedError     the plan is not the one that was decided upon
"""

from data.errors import DataError
from data.plans.plan import Plan


class DecisionClashError(DataError):
    """A request's id was used for another decision."""

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        super().__init__(
            f"the request_id {request_id!r} was used for another decision, and this one was not recorded: "
            "give each decision an id of its own, such as a random UUID"
        )


class PlanChangedError(DataError):
    """The plan is not the one that was decided upon."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        last = plan.standing.last
        since = f" since: {last.author} was the last, at {last.decided_at.isoformat(' ', 'seconds')}" if last else ""
        super().__init__(
            f"the plan of {plan.product_id!r} was changed{since}, and it is {plan.state} now; "
            "nothing was recorded: look at it and decide again"
        )
