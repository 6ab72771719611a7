"""Plans read from the database of the state."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace

import sqlalchemy as sa

from data.plans.plan import Action, Decision, EpisodeWeeks, Plan, Standing, plan_of, standing_of
from data.plans.rows import decision_of
from data.state.tables import ALERT_EPISODES, PLAN_DECISIONS

CHUNK = 1000
"""Plans that are read at a time."""

_COLUMNS = PLAN_DECISIONS.c


def is_one_of(product_ids: Iterable[str]) -> sa.ColumnElement[bool]:
    """These products."""
    return _COLUMNS.product_id.in_(sorted(product_ids))


def stands_at(question: str, actions: Iterable[Action]) -> sa.ColumnElement[bool]:
    """Products upon which one of these was the last that was decided, comments aside."""
    later, of_it = PLAN_DECISIONS.alias("later"), PLAN_DECISIONS.alias("of_it")
    is_undone = sa.exists().where(
        later.c.question == question,
        later.c.product_id == of_it.c.product_id,
        later.c.number > of_it.c.number,
        later.c.action != Action.COMMENT.value,
    )
    wanted = of_it.c.action.in_(sorted(each.value for each in actions))
    return _COLUMNS.product_id.in_(
        sa.select(of_it.c.product_id).where(of_it.c.question == question, wanted, ~is_undone)
    )


def known_plans(
    connection: sa.Connection, question: str, today: dt.date, *products: sa.ColumnElement[bool], limit: int = CHUNK
) -> list[Plan]:
    """The first plans of some products, by product id; of each product three decisions are read at most.

    Args:
        connection: To the database of the state.
        question: By name.
        today: By the calendar of the data.
        products: Which ones, by the columns of the decisions.
        limit: At most so many.
    """
    is_comment, row = _COLUMNS.action == Action.COMMENT.value, _COLUMNS.id  # of a product, ids grow with the numbers
    heads = connection.execute(
        sa.select(
            _COLUMNS.product_id,
            sa.func.max(row),
            sa.func.max(sa.case((~is_comment, row))),
            sa.func.max(sa.case((is_comment, row))),
            sa.func.count(sa.case((is_comment, 1))),
        )
        .where(_COLUMNS.question == question, *products)
        .group_by(_COLUMNS.product_id)
        .order_by(_COLUMNS.product_id)
        .limit(limit)
    ).all()
    ids = {each for _, *of_head, _ in heads for each in of_head if each is not None}
    rows = connection.execute(sa.select(PLAN_DECISIONS).where(row.in_(sorted(ids))).order_by(row))
    decisions: dict[str, list[Decision]] = {product_id: [] for product_id, *_ in heads}
    for each in rows:
        decisions[each.product_id].append(decision_of(each))
    standings = {
        product_id: replace(standing_of(decisions[product_id]), comments=comments) for product_id, *_, comments in heads
    }
    episodes = _episodes(connection, question, standings)
    return [
        plan_of(question, product_id, standing, episodes.get(product_id, ()), today)
        for product_id, standing in standings.items()
    ]


def _episodes(
    connection: sa.Connection, question: str, standings: dict[str, Standing]
) -> dict[str, list[EpisodeWeeks]]:
    """Episodes by which decisions upon alerts may be over."""
    weeks = {
        product_id: each.decided.as_of_week
        for product_id, each in standings.items()
        if each.decided and each.decided.action in (Action.ACKNOWLEDGEMENT, Action.DISMISSAL)
    }
    if not weeks:
        return {}
    columns = ALERT_EPISODES.c
    rows = connection.execute(
        sa.select(columns.product_id, columns.first_week, columns.closed_week).where(
            columns.question == question,
            columns.product_id.in_(sorted(weeks)),
            columns.closed_week.is_(None) | (columns.closed_week > min(weeks.values())),
        )
    )
    found: dict[str, list[EpisodeWeeks]] = {}
    for product_id, first, closed in rows:
        found.setdefault(product_id, []).append(EpisodeWeeks(first, closed))
    return found
