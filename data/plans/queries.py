"""Plans read from the database of the state."""

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby

import sqlalchemy as sa

from data.plans.plan import Action, EpisodeWeeks, Plan, Standing, plan_of, standing_of
from data.plans.rows import decision_of
from data.state.tables import ALERT_EPISODES, PLAN_DECISIONS

CHUNK = 1000
"""Plans that are read at a time."""

_COLUMNS = PLAN_DECISIONS.c


def is_one_of(product_ids: Iterable[str]) -> sa.ColumnElement[bool]:
    """These products."""
    return _COLUMNS.product_id.in_(sorted(product_ids))


def known_plans(
    connection: sa.Connection, question: str, today: dt.date, products: sa.ColumnElement[bool]
) -> list[Plan]:
    """The first ``CHUNK`` plans of some products, by product id; of each product three decisions are read at most.

    Args:
        connection: To the database of the state.
        question: By name.
        today: By the calendar of the data.
        products: Which ones, by the columns of the decisions.
    """
    is_comment, number = _COLUMNS.action == Action.COMMENT.value, _COLUMNS.number
    heads = (
        sa.select(
            _COLUMNS.product_id,
            sa.func.max(number).label("last"),
            sa.func.max(sa.case((~is_comment, number))).label("decided"),
            sa.func.max(sa.case((is_comment, number))).label("comment"),
            sa.func.count(sa.case((is_comment, 1))).label("comments"),
        )
        .where(_COLUMNS.question == question, products)
        .group_by(_COLUMNS.product_id)
        .order_by(_COLUMNS.product_id)
        .limit(CHUNK)
        .subquery()
    )
    of_heads = number.in_([heads.c.last, heads.c.decided, heads.c.comment])
    rows = connection.execute(
        sa.select(PLAN_DECISIONS, heads.c.comments)
        .join(heads, (_COLUMNS.product_id == heads.c.product_id) & of_heads)
        .where(_COLUMNS.question == question)
        .order_by(_COLUMNS.product_id, number)
    ).all()
    standings = {
        product_id: _standing(list(its_rows)) for product_id, its_rows in groupby(rows, lambda row: row.product_id)
    }
    episodes = _episodes(connection, question, standings)
    return [
        plan_of(question, product_id, standing, episodes.get(product_id, ()), today)
        for product_id, standing in standings.items()
    ]


def _standing(rows: Sequence[sa.Row[tuple[object, ...]]]) -> Standing:
    standing = standing_of(map(decision_of, rows))
    return Standing(standing.last, standing.decided, rows[0].comments, standing.last_comment)


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
