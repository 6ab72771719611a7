"""The RPCs of the plan service: decode, delegate, encode. What they raise becomes a status in ``rpc.handlers``."""

from stockout.v1 import plan_service_pb2 as pb

from feature_service.server.plans.page_token import page_token, position_in
from feature_service.server.plans.requests import (
    DEFAULT_PAGE,
    DEFAULT_PAST_ALERTS,
    check_admitted,
    present_of,
    proposal_of,
    since_of,
    states_of,
)
from feature_service.server.plans.responses import decision_message, past_alert_message, plan_message
from feature_service.server.plans.threads import PlanThreads
from feature_service.server.rpc.caller import token_holder
from feature_service.server.rpc.handlers import Method, UnaryMethod
from feature_service.server.serving.messages import date_message
from feature_service.server.serving.questions import ServedQuestions


class PlanServicer:
    """``stockout.v1.PlanService``.

    Args:
        questions: Upon whose products is decided.
        plans: Keeps what is decided.
        wants_tokens: Whether every call has the token of somebody, who then is the author.
    """

    def __init__(self, questions: ServedQuestions, plans: PlanThreads, *, wants_tokens: bool) -> None:
        self._questions, self._plans, self._wants_tokens = questions, plans, wants_tokens
        self.methods: dict[str, Method] = {
            "RecordDecision": UnaryMethod(pb.RecordDecisionRequest, self.record_decision),
            "GetPlans": UnaryMethod(pb.GetPlansRequest, self.get_plans),
            "ListPlans": UnaryMethod(pb.ListPlansRequest, self.list_plans),
            "ListDecisions": UnaryMethod(pb.ListDecisionsRequest, self.list_decisions),
            "GetPastAlerts": UnaryMethod(pb.GetPastAlertsRequest, self.get_past_alerts),
        }

    async def record_decision(self, request: pb.RecordDecisionRequest) -> bytes:
        """Answer when the decision is committed."""
        serving = self._questions.place(request.question).get()
        holder = token_holder.get()
        if self._wants_tokens and holder is None:
            raise AssertionError("a call without a token came past the doorkeeper")
        proposal, present = proposal_of(request, serving.question, holder), present_of(serving)
        receipt = await self._plans.run(
            lambda plans: plans.record(
                proposal, present, request.etag, lambda: check_admitted(proposal, present, serving)
            )
        )
        return pb.RecordDecisionResponse(
            decision=decision_message(receipt.decision),
            plan=plan_message(receipt.plan),
            known_before=receipt.known_before,
        ).SerializeToString()

    async def get_plans(self, request: pb.GetPlansRequest) -> bytes:
        """Answer the plan of each product, in the order of the request."""
        serving = self._questions.place(request.question).get()
        question, today = serving.question, present_of(serving).today
        product_ids = request.product_ids[:]
        plans = await self._plans.run(lambda plans: plans.of_products(question, product_ids, today))
        return pb.GetPlansResponse(
            plans=map(plan_message, plans), today=date_message(today), question=question
        ).SerializeToString()

    async def list_plans(self, request: pb.ListPlansRequest) -> bytes:
        """Answer a page of plans."""
        serving = self._questions.place(request.question).get()
        question, today = serving.question, present_of(serving).today
        states, size = states_of(request), request.page_size or DEFAULT_PAGE
        after = position_in(request.page_token, "plans", question, sorted(states))
        plans, has_more = await self._plans.run(lambda plans: plans.page(question, states, after, size, today))
        return pb.ListPlansResponse(
            plans=map(plan_message, plans),
            next_page_token=page_token(plans[-1].product_id, "plans", question, sorted(states)) if has_more else "",
            today=date_message(today),
            question=question,
        ).SerializeToString()

    async def list_decisions(self, request: pb.ListDecisionsRequest) -> bytes:
        """Answer a page of decisions."""
        question = self._questions.place(request.question).get().question
        product_id, since, size = request.product_id, since_of(request), request.page_size or DEFAULT_PAGE
        query = ("decisions", question, product_id, since)
        position = position_in(request.page_token, *query)
        before = int(position) if position else None
        decisions, following = await self._plans.run(
            lambda plans: plans.history(question, product_id, since, before, size)
        )
        return pb.ListDecisionsResponse(
            decisions=map(decision_message, decisions),
            next_page_token="" if following is None else page_token(str(following), *query),
            question=question,
        ).SerializeToString()

    async def get_past_alerts(self, request: pb.GetPastAlertsRequest) -> bytes:
        """Answer the last alerts of a product."""
        question = self._questions.place(request.question).get().question
        product_id, most = request.product_id, request.limit or DEFAULT_PAST_ALERTS
        alerts = await self._plans.run(lambda plans: plans.past_alerts(question, product_id, most))
        return pb.GetPastAlertsResponse(alerts=map(past_alert_message, alerts), question=question).SerializeToString()
