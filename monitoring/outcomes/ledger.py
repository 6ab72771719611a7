"""The ledger of alert episodes, in the database of the state: made to say what the kept files say."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from data.plans.acknowledged import acted_at, decisions_to_act
from data.plans.plan import Decision, EpisodeWeeks
from data.state.database import Database
from data.state.tables import ALERT_EPISODES, OUTCOME_CHANGES
from data.state.times import microseconds, moment
from monitoring.outcomes.alerts import ProductEpisode
from monitoring.outcomes.episodes import Fate
from monitoring.outcomes.reasons import OutcomeReason

_KEY = ("product_id", "first_week")
_ACKNOWLEDGED = "acknowledged_at_us"
_OF_FIRST_ALERT = (
    "units_on_hand",
    "demand_per_week",
    "units_at_risk",
    "revenue_at_risk",
    "price",
    "lead_time_days",
    "reorder_by",
)
_TURNED_OUT = ("outcome", "outcome_day", "last_week", "closed_week")

Key = tuple[str, dt.date]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class LedgerChanges:
    """What a look at the ledger changed.

    Attributes:
        opened: Episodes that are new in it.
        closed: Episodes that ended since the last look, new ones among them.
        changed: Episodes that had ended, and turned out otherwise by newer data.
    """

    opened: int
    closed: int
    changed: int


@dataclass(frozen=True)
class Acknowledgement:
    """That somebody acts upon an episode.

    Attributes:
        product_id: The product.
        first_week: Of the episode.
        last_week: Of the episode.
        at: When, UTC.
    """

    product_id: str
    first_week: dt.date
    last_week: dt.date
    at: dt.datetime


def reconcile(
    database: Database,
    question: str,
    found: Sequence[ProductEpisode],
    weeks: Collection[dt.date],
    now: dt.datetime,
) -> LedgerChanges:
    """Make the ledger say what the kept files say.

    Args:
        database: Of the state.
        question: By name.
        found: Every episode of the kept weeks.
        weeks: The kept weeks; episodes that began in others, of which the files are gone, stay as they are.
        now: When the ledger says that it was changed.
    Raises:
        StateError: If the database cannot be reached, or refuses.
    """
    with database.connect() as connection:
        stored = {key: row for key, row in _stored(connection, question).items() if key[1] in weeks}
        acknowledged = _acknowledged(decisions_to_act(connection, question), found)
        wanted = {_key_of(each): _row(question, each, acknowledged.get(_key_of(each))) for each in found}
        changes = _changes(stored, wanted)
        _write(connection, question, stored, wanted)
        for (product_id, first_week), before, after in changes:
            connection.execute(
                OUTCOME_CHANGES.insert().values(
                    question=question,
                    product_id=product_id,
                    first_week=first_week,
                    noted_at_us=microseconds(now),
                    before=before,
                    after=after,
                )
            )
    closed = [key for key, row in wanted.items() if row["closed_week"] and not _is_closed(stored.get(key))]
    return LedgerChanges(len(wanted.keys() - stored.keys()), len(closed), len(changes))


def acknowledgements(database: Database, question: str) -> list[Acknowledgement]:
    """The episodes that somebody acts upon.

    Raises:
        StateError: If the database cannot be reached, or refuses.
    """
    with database.connect() as connection:
        rows = [row for row in _stored(connection, question).values() if row[_ACKNOWLEDGED] is not None]
    return [
        Acknowledgement(row["product_id"], row["first_week"], row["last_week"], moment(row[_ACKNOWLEDGED]))
        for row in rows
    ]


def episodes_in(database: Database, question: str) -> list[Values]:
    """Every episode of a question as a row of the ledger, the newest first.

    Raises:
        StateError: If the database cannot be reached, or refuses.
    """
    with database.connect() as connection:
        rows = list(_stored(connection, question).values())
    return sorted(rows, key=lambda row: (row["last_week"], row["first_week"], row["product_id"]), reverse=True)


def changes_in(database: Database, question: str) -> list[Values]:
    """What turned out otherwise of episodes that had ended, the newest first.

    Raises:
        StateError: If the database cannot be reached, or refuses.
    """
    of_question = sa.select(OUTCOME_CHANGES).where(OUTCOME_CHANGES.c.question == question)
    with database.connect() as connection:
        rows = connection.execute(of_question.order_by(OUTCOME_CHANGES.c.id.desc())).mappings()
        return [dict(row) for row in rows]


def _stored(connection: sa.Connection, question: str) -> dict[Key, Values]:
    rows = connection.execute(sa.select(ALERT_EPISODES).where(ALERT_EPISODES.c.question == question)).mappings()
    return {(row["product_id"], row["first_week"]): dict(row) for row in rows}


def _key_of(each: ProductEpisode) -> Key:
    return each.product_id, each.episode.first_week


def _acknowledged(decisions: Mapping[str, Sequence[Decision]], found: Sequence[ProductEpisode]) -> dict[Key, int]:
    """When each episode that somebody acted upon was acknowledged, the first time."""
    of_products: dict[str, list[tuple[Key, EpisodeWeeks]]] = {}
    for each in found:
        if each.product_id in decisions:
            weeks = EpisodeWeeks(each.episode.first_week, each.episode.ended_in)
            of_products.setdefault(each.product_id, []).append((_key_of(each), weeks))
    acknowledged: dict[Key, int] = {}
    for product_id, episodes in of_products.items():
        all_weeks = [weeks for _, weeks in episodes]
        for key, weeks in episodes:
            at = acted_at(decisions[product_id], weeks, all_weeks)
            if at is not None:
                acknowledged[key] = microseconds(at)
    return acknowledged


def _row(question: str, each: ProductEpisode, acknowledged_at_us: int | None) -> Values:
    episode = each.episode
    outcome, reason = episode.fate, episode.reason
    acted_on = None if acknowledged_at_us is None else moment(acknowledged_at_us).date()
    if acted_on and outcome in (Fate.DID_NOT, Fate.UNKNOWN) and acted_on <= episode.until:  # it may have prevented it
        outcome, reason = Fate.UNKNOWN, OutcomeReason.ACTED_UPON.on(acted_on)
    return {
        "question": question,
        "product_id": each.product_id,
        "first_week": episode.first_week,
        "last_week": episode.last_week,
        "alerts": len(episode.alerts),
        "snapshot_id": each.note.snapshot_id,
        "published_at_us": microseconds(each.note.published_at),
        "model_name": each.note.model.name,
        "model_version": each.note.model.version,
        "threshold": each.note.threshold,
        "probability": each.first["alert_probability"],
        "highest_probability": each.highest_probability,
        **{name: each.first[name] for name in _OF_FIRST_ALERT},
        "outcome": outcome.value,
        "outcome_day": episode.happened_on,
        "warning_days": episode.warning_days,
        "reason": reason,
        "closed_week": episode.ended_in,
        _ACKNOWLEDGED: acknowledged_at_us,
    }


def _changes(stored: Mapping[Key, Values], wanted: Mapping[Key, Values]) -> list[tuple[Key, str, str]]:
    """What became otherwise of episodes that had ended, or is gone though somebody acted upon it, in words."""
    told = [(key, row, wanted.get(key)) for key, row in stored.items()]
    return [
        (key, _in_words(before), _in_words(after))
        for key, before, after in told
        if (_is_closed(before) and (after is None or any(before[name] != after[name] for name in _TURNED_OUT)))
        or (after is None and before[_ACKNOWLEDGED] is not None)
    ]


def _is_closed(row: Values | None) -> bool:
    return row is not None and row["closed_week"] is not None


def _in_words(row: Values | None) -> str:
    if row is None:
        return "no episode begins in that week"
    day = f" on {row['outcome_day']}" if row["outcome_day"] else ""
    reason = f": {row['reason']}" if row["reason"] else ""
    return f"{row['outcome']}{day}{reason}, alerts up to {row['last_week']}, ended in {row['closed_week']}"


def _write(
    connection: sa.Connection, question: str, stored: Mapping[Key, Values], wanted: Mapping[Key, Values]
) -> None:
    def of_key(key: Key) -> sa.ColumnElement[bool]:
        columns = ALERT_EPISODES.c
        return (columns.question == question) & (columns.product_id == key[0]) & (columns.first_week == key[1])

    for key in stored.keys() - wanted.keys():
        connection.execute(ALERT_EPISODES.delete().where(of_key(key)))
    for key in stored.keys() & wanted.keys():
        different = {name: value for name, value in wanted[key].items() if stored[key][name] != value}
        if different:
            connection.execute(ALERT_EPISODES.update().where(of_key(key)).values(different))
    new = [dict(wanted[key]) for key in sorted(wanted.keys() - stored.keys())]
    if new:
        connection.execute(ALERT_EPISODES.insert(), new)
