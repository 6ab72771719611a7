"""One message to one channel: what a run says to it, or several runs where the channel had to wait."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from monitoring.notifications.digest import Digest, Facts, Run


@dataclass(frozen=True, kw_only=True)
class Message(Facts):
    """What is sent at once.

    Attributes:
        key: The same however often it is sent, so that a receiver can drop what it has.
        channel: The name of the channel.
        runs: Whose word it is, oldest first.
        notes: What the reader must know of other messages.
        is_test: Whether nothing in it is true.
    """

    key: str
    channel: str
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = ()
    is_test: bool = False


def message_key(channel: str, fact_keys: Collection[str]) -> str:
    """The key of the message that says these facts to a channel: 64 hexadecimal digits."""
    return hashlib.sha256("\n".join([channel, *sorted(fact_keys)]).encode()).hexdigest()


def merged(channel: str, key: str, digests: Sequence[Digest], notes: Sequence[str]) -> Message:
    """The digests as one message, oldest first."""
    return Message(
        key=key,
        channel=channel,
        runs=tuple(digest.run for digest in digests),
        notes=tuple(notes),
        new=tuple(fact for digest in digests for fact in digest.new),
        worse=tuple(fact for digest in digests for fact in digest.worse),
        resolved=tuple(fact for digest in digests for fact in digest.resolved),
        drift=tuple(fact for digest in digests for fact in digest.drift),
        failures=tuple(fact for digest in digests for fact in digest.failures),
        warnings=tuple(dict.fromkeys(warning for digest in digests for warning in digest.warnings)),
    )
