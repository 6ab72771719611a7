"""Decisions of planners for tests."""

import datetime as dt
import secrets

from data.plans.plan import Action
from data.plans.store import Present, Proposal

WEEK = dt.date(2024, 6, 3)
TODAY = dt.date(2024, 6, 11)
PRESENT = Present(dt.datetime(2024, 6, 11, 9, 0, 0, 123456, tzinfo=dt.UTC), TODAY, WEEK)


def proposal(
    product_id: str,
    action: Action = Action.ACKNOWLEDGEMENT,
    *,
    request_id: str = "",
    until: dt.date | None = None,
    text: str = "",
) -> Proposal:
    """A decision of Ana's, by default with an id of its own."""
    return Proposal("inventory", product_id, request_id or secrets.token_hex(8), "ana", action, until, text)
