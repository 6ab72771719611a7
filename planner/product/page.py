"""All that the page of a product shows, asked of the server."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from feature_service.client import (
    AsyncRiskClient,
    Decision,
    PastAlert,
    Plan,
    ProductHistory,
    ProductRisk,
    RefusedError,
    SuggestedOrder,
)
from planner.product.arithmetic import REVIEW_DAYS, OrderLines, order_lines
from planner.product.freshness import Freshness
from planner.product.timeline import Week, timeline
from planner.product.what_if import WhatIf, last_day_of

Answer = TypeVar("Answer")

SHOWN_DECISIONS = 50
NOT_KEPT = ("FAILED_PRECONDITION", "PERMISSION_DENIED")
"""The codes of a server that keeps neither plans nor alerts, or does not show them to the visitor."""


class Standing(StrEnum):
    """What the page is about."""

    AT_RISK = "at risk"
    OUT_OF_STOCK = "out of stock"
    NOT_ASSESSED = "not assessed"


@dataclass(frozen=True)
class Assessed:
    """What follows from what is known, or from what is supposed.

    Attributes:
        history: What is known, and the demand forecast.
        risk: The server's answer.
        feature_set: Of the model that gave it.
        what_if: What is supposed.
        weeks: Past and to come.
        order: The arithmetic of the suggested order; None where there is none.
    """

    history: ProductHistory
    risk: ProductRisk
    feature_set: str
    what_if: WhatIf
    weeks: Sequence[Week]
    order: OrderLines | None

    @property
    def standing(self) -> Standing:
        """By the server's answer."""
        if self.risk.error is None:
            return Standing.AT_RISK
        return Standing.OUT_OF_STOCK if self.reason == "OUT_OF_STOCK" else Standing.NOT_ASSESSED

    @property
    def reason(self) -> str:
        """Why there is no risk, for programs; empty where there is one."""
        return self.risk.error.reason if self.risk.error else ""

    @property
    def units_on_hand(self) -> float | None:
        """That the answer stands on."""
        return _units_on_hand(self.risk, self.what_if)

    @property
    def lead_time_days(self) -> int:
        """That the answer stands on."""
        supposed = self.what_if.lead_time_days
        return self.history.lead_time_days if supposed is None else supposed

    @property
    def freshness(self) -> Freshness:
        """How old it is now."""
        return Freshness(self.history, dt.datetime.now(dt.UTC))

    @property
    def forecast_until(self) -> dt.date | None:
        """The last day of the weeks to come; None where there are none."""
        last = self.weeks[-1] if self.weeks else None
        return None if last is None or last.is_past else last.monday + dt.timedelta(days=6)

    def fact(self, name: str) -> float | None:
        """A figure of what a product without a risk is said of, by its name in the protos."""
        text = self.risk.error.metadata.get(name) if self.risk.error else None
        return None if text is None else float(text)

    @property
    def out_since(self) -> dt.date | None:
        """Since when it is out of stock, where that is known."""
        text = self.risk.error.metadata.get("since") if self.risk.error else None
        return None if text is None else dt.date.fromisoformat(text)


@dataclass(frozen=True)
class Record:
    """What was said and decided before; None where the server keeps, or shows, none of it.

    Attributes:
        alerts: The last ones, the newest first.
        plan: Where the product stands with the planners.
        decisions: The newest first.
    """

    alerts: Sequence[PastAlert] | None
    plan: Plan | None
    decisions: Sequence[Decision] | None


async def assess(client: AsyncRiskClient, product_id: str, what_if: WhatIf, weeks: int) -> Assessed:
    """Ask for a product's weeks and its risk.

    Raises:
        RefusedError: If the server has no row of the product; its ``reason`` says why.
        ClientError: If there is no answer.
    """
    history = await client.product_history(product_id, weeks)  # tells what is on its way
    answer = await client.assess([what_if.product(history)])
    (risk,) = answer.results
    units_on_hand, order = _units_on_hand(risk, what_if), risk.suggested_order
    return Assessed(
        history=history,
        risk=risk,
        feature_set=answer.provenance.feature_set,
        what_if=what_if,
        weeks=timeline(
            history, units_on_hand, risk.run_out_probabilities, what_if.arrivals(history), what_if.demand_factor
        ),
        order=_order_lines(order, units_on_hand, history, what_if),
    )


async def record(client: AsyncRiskClient, product_id: str) -> Record:
    """Ask for what was said of the product and decided upon it.

    Raises:
        ClientError: If there is no answer.
    """
    alerts, plans, decisions = await asyncio.gather(
        _if_kept(client.past_alerts(product_id)),
        _if_kept(client.plans([product_id])),
        _if_kept(client.decisions(product_id, limit=SHOWN_DECISIONS)),
    )
    return Record(
        alerts=alerts.results if alerts else None,
        plan=plans.results[0] if plans else None,
        decisions=decisions.results if decisions else None,
    )


async def _if_kept(asked: Awaitable[Answer]) -> Answer | None:
    try:
        return await asked
    except RefusedError as error:
        if error.code not in NOT_KEPT:
            raise
        return None


def _order_lines(
    order: SuggestedOrder | None, units_on_hand: float | None, history: ProductHistory, what_if: WhatIf
) -> OrderLines | None:
    if order is None or units_on_hand is None:
        return None
    arrives = order.protection_days - REVIEW_DAYS
    coming = [((each.day - last_day_of(history)).days, each.units) for each in what_if.arrivals(history)]
    until_arrival = sum(units for day, units in coming if day <= arrives)
    later = sum(units for day, units in coming if arrives < day < order.protection_days)
    return order_lines(order, units_on_hand, until_arrival, later)


def _units_on_hand(risk: ProductRisk, what_if: WhatIf) -> float | None:
    if risk.error is None:
        return risk.units_on_hand
    if risk.error.reason == "OUT_OF_STOCK":
        return 0.0
    return what_if.units_on_hand
