"""Whatever runs repeat, die or wait, and whoever delivers or dies at it: each change is told once to each channel."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from unittest import mock

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from data.state.database import Database, open_database
from data.state.tables import OUTBOX, OUTBOX_CHANNELS, OUTBOX_FACTS
from monitoring.notifications import deliver as delivering
from monitoring.notifications.deliver import deliver
from monitoring.notifications.digest import Alert, Digest
from monitoring.notifications.errors import NotSentError
from monitoring.notifications.message import Message
from monitoring.notifications.outbox import enqueue
from monitoring.notifications.settings import Channel, NotifySettings, Slack
from tests.support.digests import HOUR, MINUTE, MONDAY, alert, digest, resolved

CHANNELS = (Slack(name="all", url_env="U"), Slack(name="buyers", url_env="U", on=("alerts",)))
SETTINGS = NotifySettings(limit_per_hour=2, slack=CHANNELS)
TAKES, REFUSES, KILLED_BEFORE, KILLED_AFTER = "takes", "refuses", "killed before", "killed after"

Change = tuple[str, str]
CHANGES = st.frozensets(st.tuples(st.sampled_from(["new", "worse", "resolved"]), st.sampled_from("ABC")), max_size=5)
OUTCOMES = st.lists(st.sampled_from([TAKES, REFUSES, KILLED_BEFORE, KILLED_AFTER]), max_size=3)
STEPS = st.lists(st.tuples(CHANGES, st.booleans(), OUTCOMES, st.integers(0, 70)), max_size=6)
"""What a run says, whether it commits, what becomes of each attempt that follows, and minutes that pass."""


class Killed(BaseException):
    """The process is gone."""


class Receivers:
    """What the channels took, as they would."""

    def __init__(self) -> None:
        self.took: dict[str, list[Message]] = defaultdict(list)
        self.outcomes: list[str] = []

    def send(self, channel: Channel, message: Message, *_: object) -> None:
        outcome = self.outcomes.pop(0) if self.outcomes else TAKES
        if outcome == REFUSES:
            raise NotSentError("not now")
        if outcome != KILLED_BEFORE:
            self.took[channel.name].append(message)
        if outcome != TAKES:
            raise Killed


class Story:
    """Runs and deliveries, one after the other."""

    def __init__(self, state: Database) -> None:
        self.state, self.receivers, self.now, self.runs = state, Receivers(), MONDAY, 0
        self.said: dict[str, set[Change]] = defaultdict(set)

    def run(self, changes: frozenset[Change], commits: bool) -> None:
        self.runs += 1
        with self.state.connect() as connection:
            enqueue(connection, said(f"run-{self.runs}", self.now, changes), CHANNELS)
            if commits:
                for channel in CHANNELS:
                    heard = self.said[channel.name]
                    heard |= {change for change in changes if change[0] in channel.kinds and change[0] != "resolved"}
                    begun = {product for _, product in heard} if "new" in channel.kinds else set("ABC")
                    ends = {change for change in changes if change[0] == "resolved" and change[1] in begun}
                    heard |= ends if "resolved" in channel.kinds else set()
            else:
                connection.rollback()

    def deliver(self, outcomes: Sequence[str] = ()) -> bool:
        """Whether nothing waits any more."""
        self.receivers.outcomes = list(outcomes)
        try:
            return not any(each.waiting for each in deliver(self.state, SETTINGS, lambda: self.now, {}))
        except Killed:
            return False


def said(run_id: str, at: dt.datetime, changes: frozenset[Change]) -> Digest:
    def alerts(kind: str) -> tuple[Alert, ...]:
        return tuple(alert(product) for each, product in sorted(changes) if each == kind)

    ended = tuple(resolved(product) for kind, product in sorted(changes) if kind == "resolved")
    return digest(run_id, at, new=alerts("new"), worse=alerts("worse"), resolved=ended)


def changes_of(message: Message) -> list[Change]:
    return [(kind, fact.product_id) for kind in ("new", "worse", "resolved") for fact in getattr(message, kind)]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Database:
    return open_database(f"sqlite:///{tmp_path_factory.mktemp('state') / 'state.db'}")


@given(steps=STEPS)
@settings(max_examples=30)
def test_each_change_of_an_episode_is_told_once_to_each_channel(
    state: Database, steps: list[tuple[frozenset[Change], bool, list[str], int]]
) -> None:
    with state.connect() as connection:
        for table in (OUTBOX, OUTBOX_FACTS, OUTBOX_CHANNELS):
            connection.execute(sa.delete(table))
    story = Story(state)
    with mock.patch.object(delivering, "_send", story.receivers.send):
        for changes, commits, outcomes, minutes in steps:
            story.run(changes, commits)
            story.deliver(outcomes)
            story.now += minutes * MINUTE
        while not story.deliver():
            story.now += HOUR

    for channel in CHANNELS:
        messages = {message.key: message for message in story.receivers.took[channel.name]}
        assert all(messages[message.key] == message for message in story.receivers.took[channel.name])
        told = [change for message in messages.values() for change in changes_of(message)]
        assert sorted(told) == sorted(story.said[channel.name])
