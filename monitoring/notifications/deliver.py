"""Send what waits in the outbox, to every channel by itself: one that fails keeps no other waiting."""

import datetime as dt
import os
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from data.state.database import Database
from monitoring.notifications import outbox
from monitoring.notifications.channels.slack import send_to_slack
from monitoring.notifications.channels.smtp import send_mail
from monitoring.notifications.channels.webhook import send_to_webhook
from monitoring.notifications.digest import Alert, Digest, Run
from monitoring.notifications.errors import NotifySettingError, NotSentError
from monitoring.notifications.message import Message, merged, message_key
from monitoring.notifications.settings import Channel, NotifySettings, Slack, Smtp

Clock = Callable[[], dt.datetime]

ATTEMPT_S = 60
"""The longest that one attempt takes, whatever the other side does."""


@dataclass(frozen=True)
class Delivery:
    """What became of what was waiting for a channel.

    Attributes:
        channel: Its name.
        sent: How many messages were taken.
        waiting: How many changes still wait.
        next_attempt_at: When to deliver again; None: nothing waits, or for no channel of the settings.
        problem: What went wrong, or why something waits, in a sentence.
    """

    channel: str
    sent: int
    waiting: int
    next_attempt_at: dt.datetime | None
    problem: str | None


def deliver(
    database: Database, settings: NotifySettings, clock: Clock, environment: Mapping[str, str] = os.environ
) -> tuple[Delivery, ...]:
    """Send all that is due, and note what became of it; several processes may do so at once.

    A process that dies leaves its message to whoever delivers after :data:`outbox.CLAIM`. It is then sent again with
    the same key, since nobody can tell whether it had been taken.

    Args:
        database: With the outbox.
        settings: The channels.
        clock: Gives the time, with its zone.
        environment: Holds the secrets that the settings name.
    Returns:
        One for each channel of the settings, and for each other that something waits for.
    Raises:
        StateError: If the database cannot be used. A channel's failure is no error: it is in the outbox, and returned.
    """
    told = [_deliver_to(channel, database, settings, clock, environment) for channel in settings.channels]
    return (*told, *_forgotten(database, settings, clock))


def send_test(settings: NotifySettings, channel: str, clock: Clock, environment: Mapping[str, str] = os.environ) -> str:
    """Send a test message to one channel at once, past the outbox; arguments as of :func:`deliver`.

    Returns:
        What became of it, in a sentence.
    Raises:
        NotifySettingError: If there is no such channel.
        NotSentError: If it was not taken.
    """
    names = [each.name for each in settings.channels]
    if channel not in names:
        raise NotifySettingError(f"notify has no channel {channel!r}; it has: {', '.join(names) or 'none'}")
    now = clock()
    example = Alert(
        question="example",
        product_id="EXAMPLE-1",
        episode_id="test",
        probability=0.9,
        units_on_hand=4,
        reorder_by=now.date(),
        revenue_at_risk=120,
    )
    message = Message(
        key=message_key(channel, [f"test {now.isoformat()}"]),
        channel=channel,
        runs=(Run(run_id="test", at=now, questions=("example",)),),
        new=(example,),
        is_test=True,
    )
    remark = _send(settings.channels[names.index(channel)], message, settings, now, environment)
    return f"{channel} took the test message" + (f", but {remark}" if remark else "")


def send_at_once(
    digest: Digest, settings: NotifySettings, clock: Clock, environment: Mapping[str, str] = os.environ
) -> tuple[Delivery, ...]:
    """Send to every channel past the outbox, for when that cannot be used; nothing remembers it or tries again.

    Args:
        digest: What is said; a channel that wants nothing of it is left out.
        settings: The channels.
        clock: Gives the time, with its zone.
        environment: Holds the secrets that the settings name.
    """
    deliveries = []
    for channel in settings.channels:
        places = digest.keys(channel.kinds)
        if places:
            said, problem = digest.only(set(places.values())), None
            message = merged(channel.name, message_key(channel.name, places), [said], ())
            try:
                _send(channel, message, settings, clock(), environment)
            except NotSentError as error:
                problem = str(error)
            deliveries.append(Delivery(channel.name, int(problem is None), 0, None, problem))
    return tuple(deliveries)


def _deliver_to(
    channel: Channel, database: Database, settings: NotifySettings, clock: Clock, environment: Mapping[str, str]
) -> Delivery:
    sent, problem, failed = 0, None, False
    while not failed:
        with database.connect() as connection:
            claimed = outbox.claim(connection, channel.name, settings.limit_per_hour, clock())
        if claimed is None:
            break
        try:
            problem = _send(channel, claimed.message, settings, clock(), environment)
            with database.connect() as connection:
                outbox.note_sent(connection, claimed, problem, clock())
            sent += 1
        except NotSentError as error:
            failed = True
            with database.connect() as connection:
                problem = outbox.note_failed(connection, claimed, str(error), error.retry_after_s, clock())
    with database.connect() as connection:
        left = outbox.waiting(connection, channel.name, settings.limit_per_hour, clock())
    return Delivery(channel.name, sent, left.changes, left.until, problem or left.problem)


def _forgotten(database: Database, settings: NotifySettings, clock: Clock) -> list[Delivery]:
    with database.connect() as connection:
        names = outbox.forgotten(connection, {channel.name for channel in settings.channels})
        left = [outbox.waiting(connection, name, settings.limit_per_hour, clock()) for name in names]
    problem = "the settings have no channel of that name any more: name one so, and it is told"
    return [Delivery(name, 0, each.changes, None, problem) for name, each in zip(names, left, strict=True)]


def _send(
    channel: Channel, message: Message, settings: NotifySettings, now: dt.datetime, environment: Mapping[str, str]
) -> str | None:
    """Send within :data:`ATTEMPT_S`, and give what the receiver remarked.

    Raises:
        NotSentError: If it was not taken, for whatever reason.
    """
    outcome: Future[str | None] = Future()

    def attempt() -> None:
        try:
            outcome.set_result(_send_by(channel, message, settings, now, environment))
        except Exception as error:  # the word of one channel must not keep the others', nor the run, from going on
            outcome.set_exception(error)

    # each wait of a library ends by itself, but a server that sends a byte now and then may make it begin anew for ever
    threading.Thread(target=attempt, name=f"notify {channel.name}", daemon=True).start()
    try:
        return outcome.result(ATTEMPT_S)
    except NotSentError:
        raise
    except TimeoutError:
        raise NotSentError(f"{channel.name} was still at it after {ATTEMPT_S} s") from None
    except Exception as error:
        raise NotSentError(f"{channel.name} could not be sent: {type(error).__name__}: {error}") from error


def _send_by(
    channel: Channel, message: Message, settings: NotifySettings, now: dt.datetime, environment: Mapping[str, str]
) -> str | None:
    if isinstance(channel, Smtp):
        return send_mail(channel, message, settings.templates, now, environment)
    if isinstance(channel, Slack):
        send_to_slack(channel, message, settings.templates, environment)
    else:
        send_to_webhook(channel, message, now, environment)
    return None
