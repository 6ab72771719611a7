"""The plan service of a server without a database: each method says how to turn it on. Needs no SQLAlchemy."""

from typing import NoReturn

from stockout.v1 import plan_service_pb2 as pb

from feature_service.server.plan_errors import PlansOffError
from feature_service.server.rpc.handlers import Method, UnaryMethod

PLAN_SERVICE: str = pb.DESCRIPTOR.services_by_name["PlanService"].full_name


def methods_that_refuse() -> dict[str, Method]:
    """Of the whole service."""
    requests = {
        "RecordDecision": pb.RecordDecisionRequest,
        "GetPlans": pb.GetPlansRequest,
        "ListPlans": pb.ListPlansRequest,
        "ListDecisions": pb.ListDecisionsRequest,
        "GetPastAlerts": pb.GetPastAlertsRequest,
    }
    return {name: UnaryMethod(request_type, _refuse) for name, request_type in requests.items()}


def _refuse(_: object) -> NoReturn:
    raise PlansOffError
