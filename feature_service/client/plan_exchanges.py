"""What the clients ask of the plan service; see :mod:`feature_service.client.exchanges`."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from google.protobuf import timestamp_pb2
from stockout.v1 import plan_service_pb2 as pb

from feature_service.client.errors import ClientError, OtherQuestionError
from feature_service.client.exchanges import Call, Exchange, Round, check_fleet
from feature_service.client.fleet.servers import Fleet
from feature_service.client.messages import day_of
from feature_service.client.plan_messages import decision_of, past_alert_of, plan_of, recorded_of
from feature_service.client.plans import Decision, DecisionsAnswer, PastAlertsAnswer, PlansAnswer, RecordedDecision
from feature_service.limits import MAX_PAGE


def record(fleet: Fleet, request: pb.RecordDecisionRequest) -> Exchange[RecordedDecision]:
    """Record a decision with the server that holds its product."""
    if fleet.is_sharded and fleet.key is None:
        yield from check_fleet(fleet)
    (server,) = fleet.split([request.product_id], str).parts
    return recorded_of((yield from _ask(fleet, "RecordDecision", request, server)))


def plans(fleet: Fleet, product_ids: Sequence[str]) -> Exchange[PlansAnswer]:
    """The plan of each product; every server has those of all."""
    responses = []
    most = min(fleet.max_ids, MAX_PAGE)
    for start in range(0, max(1, len(product_ids)), most):
        request = pb.GetPlansRequest(product_ids=product_ids[start : start + most])
        responses.append((yield from _ask(fleet, "GetPlans", request)))
    return _plans_answer(responses, [plan for each in responses for plan in each.plans])


def list_plans(fleet: Fleet, states: Sequence[str], limit: int) -> Exchange[PlansAnswer]:
    """The first plans by product id."""
    wanted = [pb.PlanState.Value(f"PLAN_STATE_{each}") for each in states]
    request = pb.ListPlansRequest(states=wanted)
    responses: list[pb.ListPlansResponse] = []
    found: list[pb.Plan] = []
    while not responses or (responses[-1].next_page_token and len(found) < limit):
        request.page_size = min(MAX_PAGE, limit - len(found))
        request.page_token = responses[-1].next_page_token if responses else ""
        responses.append((yield from _ask(fleet, "ListPlans", request)))
        found += responses[-1].plans
    return _plans_answer(responses, found)


def decisions(fleet: Fleet, product_id: str, since: dt.datetime | None, limit: int) -> Exchange[DecisionsAnswer]:
    """The newest decisions."""
    request, response = pb.ListDecisionsRequest(product_id=product_id), None
    found: list[Decision] = []
    if since is not None:
        request.since.CopyFrom(_timestamp(since))
    while response is None or (response.next_page_token and len(found) < limit):
        request.page_size = min(MAX_PAGE, limit - len(found))
        request.page_token = response.next_page_token if response else ""
        response = yield from _ask(fleet, "ListDecisions", request)
        found += map(decision_of, response.decisions)
    return DecisionsAnswer(response.question, found)


def past_alerts(fleet: Fleet, product_id: str, limit: int) -> Exchange[PastAlertsAnswer]:
    """The last alerts of a product; every server has those of all."""
    told = yield from _ask(fleet, "GetPastAlerts", pb.GetPastAlertsRequest(product_id=product_id, limit=limit))
    return PastAlertsAnswer(told.question, list(map(past_alert_of, told.alerts)))


def _plans_answer(responses: Sequence[Any], found: Sequence[pb.Plan]) -> PlansAnswer:
    return PlansAnswer(responses[0].question, day_of(responses[0].today), [plan_of(each) for each in found])


def _ask(fleet: Fleet, method: str, request: Any, server: int = 0) -> Exchange[Any]:
    request.question = fleet.question
    (outcome,) = yield Round([Call(server, method, request)])
    if isinstance(outcome, ClientError):
        raise outcome
    answered = getattr(outcome, "question", fleet.question)
    if fleet.question and answered != fleet.question:
        raise OtherQuestionError(fleet.name(server), fleet.question, answered)
    return outcome


def _timestamp(time: dt.datetime) -> timestamp_pb2.Timestamp:
    """The moment, of a time with an offset from UTC.

    Raises:
        ValueError: If it has none.
    """
    if time.tzinfo is None:
        raise ValueError("since must have an offset from UTC, such as Z or +01:00")
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(time)
    return message
