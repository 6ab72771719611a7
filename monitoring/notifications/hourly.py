"""The limit of messages that go to a channel within an hour."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from data.state.tables import OUTBOX

_HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Hour:
    """The newest messages that a channel took, at most as many as an hour may have.

    Attributes:
        limit: How many it may have.
        sent_at: When they were taken, newest first.
    """

    limit: int
    sent_at: tuple[dt.datetime, ...]

    @classmethod
    def of(cls, connection: sa.Connection, channel: str, limit: int) -> "Hour":
        """That of a channel."""
        ended = sa.func.max(OUTBOX.c.sent_at_us)
        taken = sa.select(ended).where(OUTBOX.c.channel == channel, OUTBOX.c.sent_at_us.is_not(None))
        times = connection.execute(taken.group_by(OUTBOX.c.message_key).order_by(ended.desc()).limit(limit)).scalars()
        return cls(limit, tuple(dt.datetime.fromtimestamp(time / 1e6, dt.UTC) for time in times))

    @property
    def free_at(self) -> dt.datetime | None:
        """When the next message may be sent; None: at any time."""
        return self.sent_at[-1] + _HOUR if len(self.sent_at) == self.limit else None

    def has_room(self, now: dt.datetime) -> bool:
        """Whether a message may be sent now."""
        return self.free_at is None or self.free_at <= now

    def notes(self, waited: Sequence[tuple[dt.datetime, int]], now: dt.datetime) -> list[str]:
        """What the reader of a message that is sent now must know of the limit.

        Args:
            waited: Of each run in the message, when it spoke, and how many changes it told of.
            now: The time.
        """
        notes = []
        held = [(at, changes) for at, changes in waited if self.free_at is not None and at < self.free_at]
        if held:
            changes = sum(changes for _, changes in held)
            notes.append(f"{changes:,} held back since {_clock(held[0][0])}: at most {self.limit:,} messages an hour.")
        after = Hour(self.limit, (now, *self.sent_at)[: self.limit])
        if not after.has_room(now) and after.free_at is not None:
            notes.append(
                f"The last message before {_clock(after.free_at)}, of at most {self.limit:,} an hour: "
                "what changes until then comes in one."
            )
        return notes


def _clock(time: dt.datetime) -> str:
    return f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
