"""The outbox: what is to be said is committed with the change that it tells of, and sent afterwards, at least once."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from data.state.tables import OUTBOX, OUTBOX_CHANNELS, OUTBOX_FACTS
from feature_service.json_record import read_record
from monitoring.notifications.digest import KINDS, NEW, RESOLVED, Digest, as_record
from monitoring.notifications.hourly import Hour
from monitoring.notifications.message import Message, merged, message_key
from monitoring.notifications.settings import Channel

PENDING, SENT, GIVEN_UP = "pending", "sent", "given_up"
CLAIM = dt.timedelta(minutes=2)
"""For how long nobody else sends a message that somebody has begun to send; longer than an attempt takes."""
GIVE_UP_AFTER = dt.timedelta(hours=72)
"""Since the first attempt."""
LONGEST_PAUSE = dt.timedelta(hours=1)
"""Between two attempts; the first pause is a minute, and each is twice the one before."""

_AT_A_TIME = 500


@dataclass(frozen=True)
class Claim:
    """A message that the caller is to send, and nobody else for a while.

    Attributes:
        attempt: The first is 1.
        first_attempt_at: When that was.
    """

    message: Message
    attempt: int
    first_attempt_at: dt.datetime


@dataclass(frozen=True)
class Waiting:
    """What has not been sent to a channel yet.

    Attributes:
        changes: How many.
        until: Before which time it is not sent; None: it may be at once, or nothing waits.
        problem: Why it waits, as far as that is known.
    """

    changes: int
    until: dt.datetime | None
    problem: str | None


def enqueue(connection: sa.Connection, digest: Digest, channels: Iterable[Channel]) -> tuple[str, ...]:
    """Note what each channel is to be told: of what it wants, what it was never told, whichever run said it.

    It happens in the caller's transaction: if that is rolled back, nothing was said. Nothing is sent yet.

    Returns:
        The names of the channels that there is something new for.
    """
    told = []
    for channel in sorted(channels, key=lambda each: each.name):  # two runs at once lock in the same order
        places = _begun(connection, channel, digest, digest.keys(channel.kinds))
        new = _note_facts(connection, channel.name, places)
        if not new:
            continue
        told.append(channel.name)
        said = digest.only({places[key] for key in new})
        connection.execute(
            OUTBOX.insert().values(
                channel=channel.name,
                state=PENDING,
                digest=as_record(said),
                created_at_us=_us(digest.run.at),
                notes=[],
                attempts=0,
                next_attempt_at_us=0,
            )
        )
    return tuple(told)


def claim(connection: sa.Connection, channel: str, limit_per_hour: int, now: dt.datetime) -> Claim | None:
    """Take the message that is to be sent to a channel next, and count the attempt.

    There is one at a time: it is tried until it is sent or given up. All that comes meanwhile, or is over the limit of
    an hour, becomes the message after it.

    Returns:
        None if there is nothing, if its time has not come, or somebody else is sending it.
    """
    _lock(connection, channel, now)
    rows = _pending(connection, channel)
    begun = [row for row in rows if row.message_key is not None]
    if begun:
        return _begin(connection, begun, begun[0].notes, now) if begun[0].next_attempt_at_us <= _us(now) else None
    hour = Hour.of(connection, channel, limit_per_hour)
    if not rows or not hour.has_room(now):
        return None
    waited = [(_time(row.created_at_us), _changes(row)) for row in rows]
    return _begin(connection, rows, [*hour.notes(waited, now), *_lost(connection, channel)], now)


def note_sent(connection: sa.Connection, claimed: Claim, remark: str | None, now: dt.datetime) -> None:
    """Note that a message was taken, and what the receiver remarked."""
    connection.execute(_of(claimed).values(state=SENT, sent_at_us=_us(now), last_error=remark))


def note_failed(
    connection: sa.Connection, claimed: Claim, problem: str, retry_after_s: float | None, now: dt.datetime
) -> str:
    """Note that a message was not taken, and when to try again; give it up after :data:`GIVE_UP_AFTER`.

    Returns:
        The sentence that is noted.
    """
    tried_for = now - claimed.first_attempt_at
    mine = _of(claimed).where(OUTBOX.c.state == PENDING, OUTBOX.c.attempts == claimed.attempt)  # or another has it
    if tried_for >= GIVE_UP_AFTER:
        sentence = (
            f"given up after {claimed.attempt} attempts in {tried_for / dt.timedelta(hours=1):.0f} hours: {problem}"
        )
        connection.execute(mine.values(state=GIVEN_UP, last_error=sentence))
        return sentence
    pause = min(dt.timedelta(minutes=1) * 2 ** min(claimed.attempt - 1, 10), LONGEST_PAUSE)
    wanted = dt.timedelta(seconds=min(retry_after_s or 0, LONGEST_PAUSE.total_seconds()))
    connection.execute(mine.values(next_attempt_at_us=_us(now + max(pause, wanted)), last_error=problem))
    return problem


def waiting(connection: sa.Connection, channel: str, limit_per_hour: int, now: dt.datetime) -> Waiting:
    """What waits for a channel, until when, and why."""
    rows = _pending(connection, channel)
    changes = sum(_changes(row) for row in rows)
    begun = [row for row in rows if row.message_key is not None]
    if begun:
        return Waiting(changes, _time(begun[0].next_attempt_at_us), begun[0].last_error)
    hour = Hour.of(connection, channel, limit_per_hour)
    if not rows or hour.has_room(now):
        return Waiting(changes, None, None)
    return Waiting(changes, hour.free_at, f"held back, as at most {limit_per_hour:,} messages an hour are sent")


def forgotten(connection: sa.Connection, channels: Collection[str]) -> tuple[str, ...]:
    """The other channels that something waits for: the settings named them when it was said, and do so no more."""
    query = sa.select(OUTBOX.c.channel).where(OUTBOX.c.state == PENDING, OUTBOX.c.channel.not_in(channels)).distinct()
    return tuple(sorted(connection.execute(query).scalars()))


def _begun(
    connection: sa.Connection, channel: Channel, digest: Digest, places: dict[str, tuple[str, int]]
) -> dict[str, tuple[str, int]]:
    """Without the ends of alerts of which a channel that wants alerts was never told, as one that was added later."""
    if NEW not in channel.kinds:
        return places
    beginnings = {key: digest.beginnings(place) for key, (kind, place) in places.items() if kind == RESOLVED}
    told = places.keys() | _noted(connection, channel.name, [each for keys in beginnings.values() for each in keys])
    return {key: each for key, each in places.items() if told.intersection(beginnings.get(key, (key,)))}


def _noted(connection: sa.Connection, channel: str, keys: Sequence[str]) -> set[str]:
    noted = set[str]()
    for first in range(0, len(keys), _AT_A_TIME):
        query = sa.select(OUTBOX_FACTS.c.fact_key).where(
            OUTBOX_FACTS.c.channel == channel, OUTBOX_FACTS.c.fact_key.in_(keys[first : first + _AT_A_TIME])
        )
        noted |= set(connection.execute(query).scalars())
    return noted


def _note_facts(connection: sa.Connection, channel: str, keys: Collection[str]) -> set[str]:
    """Note facts as told, and give those that were not noted before."""
    ordered, new = sorted(keys), set[str]()
    for first in range(0, len(ordered), _AT_A_TIME):
        rows = [{"channel": channel, "fact_key": key} for key in ordered[first : first + _AT_A_TIME]]
        statement = _insert(connection, OUTBOX_FACTS).values(rows).on_conflict_do_nothing()
        new |= set(connection.execute(statement.returning(OUTBOX_FACTS.c.fact_key)).scalars())
    return new


def _lock(connection: sa.Connection, channel: str, now: dt.datetime) -> None:
    """Be the only one that looks for what is to be sent to a channel, until the transaction ends."""
    looked = {"looked_at_us": _us(now)}
    statement = _insert(connection, OUTBOX_CHANNELS).values(channel=channel, **looked)
    connection.execute(statement.on_conflict_do_update(index_elements=[OUTBOX_CHANNELS.c.channel], set_=looked))


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An ``INSERT`` that knows of ``ON CONFLICT``, which SQLAlchemy has for each database by itself."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


def _pending(connection: sa.Connection, channel: str) -> Sequence[Any]:
    query = sa.select(OUTBOX).where(OUTBOX.c.channel == channel, OUTBOX.c.state == PENDING)
    return connection.execute(query.order_by(OUTBOX.c.id)).all()


def _begin(connection: sa.Connection, rows: Sequence[Any], notes: list[str], now: dt.datetime) -> Claim:
    """Make the rows one message, if they are not yet, and count an attempt."""
    channel, attempt = rows[0].channel, rows[0].attempts + 1
    digests = [_digest(row) for row in rows]
    key = rows[0].message_key or message_key(channel, [key for digest in digests for key in digest.keys(KINDS)])
    first = rows[0].first_attempt_at_us or _us(now)
    begun = OUTBOX.update().where(OUTBOX.c.id.in_([row.id for row in rows]))
    connection.execute(
        begun.values(
            message_key=key,
            notes=notes,
            attempts=attempt,
            first_attempt_at_us=first,
            next_attempt_at_us=_us(now + CLAIM),
        )
    )
    return Claim(merged(channel, key, digests, notes), attempt, _time(first))


def _lost(connection: sa.Connection, channel: str) -> list[str]:
    """What the channel must know of messages that it never took, since the last that it took."""
    of_channel = OUTBOX.c.channel == channel
    last = sa.select(sa.func.coalesce(sa.func.max(OUTBOX.c.id), 0)).where(of_channel, OUTBOX.c.state == SENT)
    query = sa.select(OUTBOX).where(of_channel, OUTBOX.c.state == GIVEN_UP, OUTBOX.c.id > last.scalar_subquery())
    lost = connection.execute(query.order_by(OUTBOX.c.id)).all()
    if not lost:
        return []
    changes = sum(_changes(row) for row in lost)
    since = f"{_time(lost[0].created_at_us):%Y-%m-%d}"
    return [f"Changes of {since} and later could not be told here and were given up: {changes:,}."]


def _of(claimed: Claim) -> sa.Update:
    message = claimed.message
    return OUTBOX.update().where(OUTBOX.c.channel == message.channel, OUTBOX.c.message_key == message.key)


def _changes(row: Any) -> int:
    return sum(len(row.digest[kind]) for kind in KINDS)


def _digest(row: Any) -> Digest:
    return read_record(Digest, row.digest)


def _us(time: dt.datetime) -> int:
    return round(time.timestamp() * 1e6)


def _time(microseconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(microseconds / 1e6, dt.UTC)
