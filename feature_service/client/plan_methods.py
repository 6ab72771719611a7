"""The methods of the two clients that ask the plan service."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import TypeVar

from feature_service.client import plan_exchanges
from feature_service.client.exchanges import Exchange
from feature_service.client.fleet.servers import Fleet
from feature_service.client.plan_messages import decision_request
from feature_service.client.plans import Action, DecisionsAnswer, PastAlertsAnswer, PlansAnswer, RecordedDecision

Answer = TypeVar("Answer")

DEFAULT_PLANS_LIMIT = 100
DEFAULT_PAST_ALERTS = 20


class PlanMethods:
    """What :class:`RiskClient` asks of the plan service."""

    _fleet: Fleet

    def decide(
        self, product_id: str, action: Action, *, author: str = "", etag: str = "", request_id: str = ""
    ) -> RecordedDecision:
        """Record what somebody decides upon a product; when this returns, it is committed.

        Args:
            product_id: The product.
            action: What is decided.
            author: Who decides; empty where the server wants tokens, which say so.
            etag: Of the plan that was looked at; empty: whatever it is by now.
            request_id: Names the decision: after an error it can be sent again with the same and is recorded once.
                Empty: a new one.
        Raises:
            PlanChangedError: If the plan is another one by now.
            ClientError: If it was not recorded, or, after a DeadlineError, nobody knows.
        """
        request = decision_request(product_id, action, author, etag, request_id or str(uuid.uuid4()))
        return self._run(plan_exchanges.record(self._fleet, request))

    def plans(self, product_ids: Sequence[str]) -> PlansAnswer:
        """The plan of each product, in the order of ``product_ids``, which are at least one.

        Raises:
            ClientError: If there is no answer, as from a server that keeps no plans.
        """
        return self._run(plan_exchanges.plans(self._fleet, product_ids))

    def list_plans(self, states: Sequence[str] = (), limit: int = DEFAULT_PLANS_LIMIT) -> PlansAnswer:
        """The first ``limit`` plans by product id, of those about which something was decided.

        Args:
            states: Only those that are ``OPEN``, ``ACKNOWLEDGED``, ``SNOOZED`` or ``DISMISSED``; none for all.
            limit: At least 1.
        Raises:
            ClientError: If there is no answer.
            ValueError: If there is no such state.
        """
        return self._run(plan_exchanges.list_plans(self._fleet, states, limit))

    def decisions(
        self, product_id: str = "", since: dt.datetime | None = None, limit: int = DEFAULT_PLANS_LIMIT
    ) -> DecisionsAnswer:
        """The newest ``limit`` decisions, the newest first.

        Args:
            product_id: Only those upon this product; empty for all.
            since: Only those of this time or later, with an offset from UTC.
            limit: At least 1.
        Raises:
            ClientError: If there is no answer.
            ValueError: If ``since`` has no offset.
        """
        return self._run(plan_exchanges.decisions(self._fleet, product_id, since, limit))

    def past_alerts(self, product_id: str, limit: int = DEFAULT_PAST_ALERTS) -> PastAlertsAnswer:
        """The last alerts of a product and what became of them, the newest first; none where no run has told them.

        Args:
            product_id: The product.
            limit: 1 to 100.
        Raises:
            ClientError: If there is no answer, as from a server without the database of the runs.
        """
        return self._run(plan_exchanges.past_alerts(self._fleet, product_id, limit))

    def _run(self, exchange: Exchange[Answer]) -> Answer:
        raise NotImplementedError


class AsyncPlanMethods:
    """As :class:`PlanMethods`, for :class:`AsyncRiskClient`."""

    _fleet: Fleet

    async def decide(
        self, product_id: str, action: Action, *, author: str = "", etag: str = "", request_id: str = ""
    ) -> RecordedDecision:
        """See :meth:`PlanMethods.decide`."""
        request = decision_request(product_id, action, author, etag, request_id or str(uuid.uuid4()))
        return await self._run(plan_exchanges.record(self._fleet, request))

    async def plans(self, product_ids: Sequence[str]) -> PlansAnswer:
        """See :meth:`PlanMethods.plans`."""
        return await self._run(plan_exchanges.plans(self._fleet, product_ids))

    async def list_plans(self, states: Sequence[str] = (), limit: int = DEFAULT_PLANS_LIMIT) -> PlansAnswer:
        """See :meth:`PlanMethods.list_plans`."""
        return await self._run(plan_exchanges.list_plans(self._fleet, states, limit))

    async def decisions(
        self, product_id: str = "", since: dt.datetime | None = None, limit: int = DEFAULT_PLANS_LIMIT
    ) -> DecisionsAnswer:
        """See :meth:`PlanMethods.decisions`."""
        return await self._run(plan_exchanges.decisions(self._fleet, product_id, since, limit))

    async def past_alerts(self, product_id: str, limit: int = DEFAULT_PAST_ALERTS) -> PastAlertsAnswer:
        """See :meth:`PlanMethods.past_alerts`."""
        return await self._run(plan_exchanges.past_alerts(self._fleet, product_id, limit))

    async def _run(self, exchange: Exchange[Answer]) -> Answer:
        raise NotImplementedError
