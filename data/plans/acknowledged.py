"""Who acted upon which alert episode, as the decisions say it."""

import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from data.plans.plan import Action, Decision, EpisodeWeeks
from data.plans.rows import decision_of
from data.state.tables import PLAN_DECISIONS

_ACTED = (Action.ACKNOWLEDGEMENT.value, Action.REOPENING.value)


def decisions_to_act(connection: sa.Connection, question: str) -> dict[str, list[Decision]]:
    """Acknowledgements, and reopenings that may take them back, by product, oldest first."""
    columns = PLAN_DECISIONS.c
    wanted = sa.select(PLAN_DECISIONS).where(columns.question == question, columns.action.in_(_ACTED))
    decisions: dict[str, list[Decision]] = {}
    for row in connection.execute(wanted.order_by(columns.product_id, columns.number)):
        decisions.setdefault(row.product_id, []).append(decision_of(row))
    return decisions


def acted_at(
    decisions: Iterable[Decision], episode: EpisodeWeeks, episodes: Sequence[EpisodeWeeks]
) -> dt.datetime | None:
    """When somebody first acted upon an episode, and did not take it back; None if nobody did.

    A decision is about the episode that was open in its week, or the later one of two.

    Args:
        decisions: The product's, oldest first.
        episode: One of ``episodes``.
        episodes: All of the product's.
    Returns:
        By the calendar of the data: on the day of the decision there, at the time of day by UTC at which it was made.
    """
    found: Decision | None = None
    for decision in decisions:
        about = max((each for each in episodes if each.is_open_in(decision.as_of_week)), key=_first, default=None)
        if about != episode:
            continue
        if decision.action is Action.REOPENING:
            found = None
        elif decision.action is Action.ACKNOWLEDGEMENT:
            found = found or decision
    return None if found is None else dt.datetime.combine(found.decided_on, found.decided_at.timetz())


def _first(episode: EpisodeWeeks) -> dt.date:
    return episode.first
