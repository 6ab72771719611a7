"""The outbox says each change once to each channel, whatever runs repeat, die or wait for."""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from data.state.database import Database, open_database
from data.state.tables import OUTBOX
from monitoring.notifications.digest import Digest, Drift, Failure
from monitoring.notifications.message import Message
from monitoring.notifications.outbox import (
    CLAIM,
    GIVE_UP_AFTER,
    Claim,
    Waiting,
    claim,
    enqueue,
    note_failed,
    note_sent,
    waiting,
)
from monitoring.notifications.settings import Channel, Slack
from tests.support.digests import HOUR, MINUTE, MONDAY, alert, digest, resolved

SLACK = Slack(name="slack", url_env="URL")
LIMIT = 10


@pytest.fixture
def state(state_url: str) -> Database:
    """An empty database."""
    return open_database(state_url)


@pytest.fixture
def lite(tmp_path_factory: pytest.TempPathFactory) -> Database:
    """An empty file, where one kind of database is as good as the other."""
    return open_database(f"sqlite:///{tmp_path_factory.mktemp('state') / 'state.db'}")


def say(state: Database, said: Digest, *channels: Channel) -> tuple[str, ...]:
    with state.connect() as connection:
        return enqueue(connection, said, channels or (SLACK,))


def take(state: Database, now: dt.datetime = MONDAY, limit: int = LIMIT, channel: str = "slack") -> Claim | None:
    with state.connect() as connection:
        return claim(connection, channel, limit, now)


def sent(state: Database, now: dt.datetime = MONDAY, limit: int = LIMIT, channel: str = "slack") -> Message:
    claimed = take(state, now, limit, channel)
    assert claimed is not None
    with state.connect() as connection:
        note_sent(connection, claimed, None, now)
    return claimed.message


def fail(state: Database, claimed: Claim, now: dt.datetime, retry_after_s: float | None = None) -> str:
    with state.connect() as connection:
        return note_failed(connection, claimed, "no answer", retry_after_s, now)


def left(state: Database, now: dt.datetime = MONDAY, limit: int = LIMIT) -> Waiting:
    with state.connect() as connection:
        return waiting(connection, "slack", limit, now)


def products(message: Message) -> list[str]:
    return [each.product_id for each in message.new]


def test_a_run_that_is_repeated_says_nothing_twice(state: Database) -> None:
    said = digest(new=(alert("A"), alert("B")), worse=(alert("C"),), resolved=(resolved("A"),))
    assert say(state, said) == ("slack",)
    assert say(state, said) == ()
    message = sent(state)
    assert say(state, digest("run-2", new=(alert("B"), alert("E")), resolved=(resolved("A"),))) == ("slack",)

    assert (message.new, message.worse, message.resolved) == (said.new, said.worse, said.resolved)
    second = sent(state)
    assert products(second) == ["E"]
    assert second.resolved == ()
    assert take(state) is None


def test_what_a_run_said_that_was_rolled_back_is_said_by_the_next(state: Database) -> None:
    with state.connect() as connection:
        assert enqueue(connection, digest(new=(alert(),)), (SLACK,)) == ("slack",)
        connection.rollback()  # as when the run dies
    assert take(state) is None

    say(state, digest("run-2", new=(alert(),)))
    assert sent(state).runs[0].run_id == "run-2"


@pytest.mark.parametrize("commits", [True, False])
def test_of_two_runs_at_once_that_say_the_same_one_tells_it(state: Database, commits: bool) -> None:
    with ThreadPoolExecutor() as pool:
        with state.connect() as connection:
            enqueue(connection, digest(new=(alert(),)), (SLACK,))
            other = pool.submit(say, state, digest("run-2", new=(alert(),)))  # it waits for the first to end
            if not commits:
                connection.rollback()
        assert other.result() == (() if commits else ("slack",))
    assert [run.run_id for run in sent(state).runs] == ["run-1" if commits else "run-2"]


def test_an_episode_is_told_when_it_begins_worsens_and_ends_and_the_next_anew(lite: Database) -> None:
    week: list[dict[str, Any]] = [
        {"new": (alert(),)},
        {"new": (alert(),), "worse": (alert(),)},
        {"worse": (alert(),)},
        {"resolved": (resolved(),)},
        {"new": (alert(episode="2"),)},
    ]
    told = [say(lite, digest(f"run-{number}", **facts)) for number, facts in enumerate(week)]
    assert told == [("slack",), ("slack",), (), ("slack",), ("slack",)]
    message = sent(lite)
    assert [each.episode_id for each in message.new] == ["1", "2"]
    assert (len(message.worse), len(message.resolved)) == (1, 1)


def test_a_channel_that_was_added_later_does_not_hear_how_what_it_never_heard_of_ended(lite: Database) -> None:
    say(lite, digest(new=(alert("A"), alert("B"), alert("C"))))
    late = Slack(name="late", url_env="URL")
    closer = Slack(name="closer", url_env="URL", on=("resolved",))
    ends = digest("run-2", worse=(alert("B"),), resolved=(resolved("A"), resolved("B")))
    assert say(lite, ends, SLACK, late, closer) == ("closer", "late", "slack")
    assert say(lite, digest("run-3", resolved=(resolved("A"), resolved("C"))), late) == ()
    told = {name: sent(lite, channel=name).resolved for name in ("slack", "late", "closer")}
    assert {name: [each.product_id for each in ended] for name, ended in told.items()} == {
        "slack": ["A", "B"],
        "late": ["B"],  # it heard that it was worse
        "closer": ["A", "B"],  # it wants to hear of ends alone
    }


def test_the_same_product_of_another_question_is_another_alert(lite: Database) -> None:
    say(lite, digest(new=(alert(),)))
    say(lite, digest("run-2", new=(alert(question="zero_sales"),)))
    assert [each.question for each in sent(lite).new] == ["inventory", "zero_sales"]


def test_a_product_that_a_digest_names_twice_is_told_once(lite: Database) -> None:
    say(lite, digest(new=(alert(), alert())))
    assert products(sent(lite)) == ["SKU-1"]


def test_drift_is_told_once_while_it_lasts_and_a_failure_once_in_a_run(lite: Database) -> None:
    drift = (Drift(drift_id="price-1", sentence="prices are twice what they were"),)
    failure = (Failure(stage="Train", sentence="12 of 90 rows are bad"),)
    again, another = (Failure(stage="Train", sentence=each) for each in ("13 of 91 rows are bad", "a column is gone"))
    assert say(lite, digest("run-1", drift=drift, failures=failure))
    assert not say(lite, digest("run-1", drift=drift, failures=(again,)))
    assert say(lite, digest("run-1", drift=drift, failures=(another,)))
    assert say(lite, digest("run-2", drift=drift, failures=failure))
    message = sent(lite)
    assert (message.drift, message.failures) == (drift, (*failure, another, *failure))


def test_a_channel_is_told_of_what_it_wants(lite: Database) -> None:
    said = digest(new=(alert("A"),), resolved=(resolved("B"),), failures=(Failure(stage="Train", sentence="no rows"),))
    on_call = Slack(name="on-call", url_env="URL", on=("failures",))
    buyers = Slack(name="buyers", url_env="URL", on=("alerts", "drift"))
    assert say(lite, said, buyers, on_call) == ("buyers", "on-call")
    assert say(lite, digest("run-2", resolved=(resolved("C"),)), buyers, on_call) == ()
    first, second = sent(lite, channel="buyers"), sent(lite, channel="on-call")
    assert (products(first), first.resolved, first.failures) == (["A"], (), ())
    assert (second.new, second.failures) == ((), said.failures)


def test_warnings_go_along_and_are_no_reason_to_write(lite: Database) -> None:
    assert not say(lite, digest(warnings=("3 rows in quarantine",)))
    say(lite, digest("run-2", new=(alert(),), warnings=("3 rows in quarantine",)))
    assert sent(lite).warnings == ("3 rows in quarantine",)


def test_what_is_unknown_and_what_numpy_counts_is_told(state: Database) -> None:
    said = alert(probability=np.float32(0.5), units_on_hand=np.int64(3), revenue_at_risk=np.float32("nan"))
    say(state, digest(new=(said, alert("N\x00\ud800", units_on_hand=float("nan")))))
    first, second = sent(state).new
    assert (first.probability, first.units_on_hand, first.revenue_at_risk) == (0.5, 3, None)
    assert (second.product_id, second.units_on_hand) == ("N\x00\ud800", None)


def test_a_probability_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="'SKU-1' is nan: it lies between 0 and 1"):
        alert(probability=float("nan"))


def test_many_thousand_alerts_are_each_told_once(lite: Database) -> None:
    many = tuple(alert(f"SKU-{number}") for number in range(1_200))
    say(lite, digest(new=many[:700]))
    say(lite, digest("run-2", new=many))
    assert products(sent(lite)) == [each.product_id for each in many]


def test_a_message_is_tried_with_the_same_key_and_content_until_it_is_sent(state: Database) -> None:
    say(state, digest(new=(alert("A"),)))
    first = take(state)
    assert first is not None
    assert (fail(state, first, MONDAY), take(state)) == ("no answer", None)
    say(state, digest("run-2", new=(alert("B"),)))
    say(state, digest("run-3", new=(alert("C"),)))
    assert left(state) == Waiting(3, MONDAY + MINUTE, "no answer")

    again = sent(state, MONDAY + MINUTE)
    after = sent(state, MONDAY + MINUTE)
    assert again == first.message
    assert (products(after), [run.run_id for run in after.runs]) == (["B", "C"], ["run-2", "run-3"])
    assert after.key != again.key
    assert left(state) == Waiting(0, None, None)


def test_two_channels_have_keys_of_their_own(lite: Database) -> None:
    other = Slack(name="other", url_env="URL")
    say(lite, digest(new=(alert(),)), SLACK, other)
    assert sent(lite).key != sent(lite, channel="other").key


def test_a_message_whose_sender_died_is_taken_by_the_next_after_a_while(state: Database) -> None:
    say(state, digest(new=(alert(),)))
    first = take(state)
    assert take(state, MONDAY + CLAIM / 2) is None
    second = take(state, MONDAY + CLAIM)
    assert first is not None
    assert second is not None
    assert (second.message, second.attempt) == (first.message, 2)


def test_a_late_word_of_the_first_sender_undoes_nothing_of_the_second(lite: Database) -> None:
    say(lite, digest(new=(alert(),)))
    first, second = take(lite), take(lite, MONDAY + CLAIM)
    assert first is not None
    assert second is not None
    fail(lite, first, MONDAY + CLAIM)
    assert left(lite).until == MONDAY + 2 * CLAIM, "the second is still at it"
    with lite.connect() as connection:
        note_sent(connection, first, None, MONDAY + CLAIM)
    fail(lite, second, MONDAY + CLAIM)
    assert left(lite) == Waiting(0, None, None)


def test_pauses_double_up_to_an_hour_or_are_what_the_receiver_wants(lite: Database) -> None:
    say(lite, digest(new=(alert(),)))
    now, pauses = MONDAY, []
    for wanted in (None, None, 30.0, 600.0, 1e9, None, None, None):
        claimed = take(lite, now)
        assert claimed is not None
        fail(lite, claimed, now, wanted)
        until = left(lite).until
        assert until is not None
        pauses.append((until - now) / MINUTE)
        now = until
    assert pauses == [1, 2, 4, 10, 60, 32, 60, 60]


def test_a_message_that_nobody_takes_is_given_up_and_the_next_one_says_so(state: Database) -> None:
    say(state, digest(new=(alert("A"), alert("B"))))
    late = MONDAY + 30 * HOUR  # nobody delivered before
    first = take(state, late)
    assert first is not None
    fail(state, first, late)
    last = take(state, late + GIVE_UP_AFTER)
    assert last is not None
    assert fail(state, last, late + GIVE_UP_AFTER) == "given up after 2 attempts in 72 hours: no answer"
    with state.connect() as connection:
        row = connection.execute(sa.select(OUTBOX)).one()
    assert (row.state, row.last_error) == ("given_up", "given up after 2 attempts in 72 hours: no answer")

    assert not say(state, digest("run-2", new=(alert("A"),))), "it is not begun anew"
    say(state, digest("run-3", new=(alert("C"),)))
    say(state, digest("run-4", new=(alert("D"),), at=late))
    assert sent(state, late + GIVE_UP_AFTER).notes == (
        "Changes of 2018-08-27 and later could not be told here and were given up: 2.",
    )
    say(state, digest("run-5", new=(alert("E"),)))
    assert sent(state, late + GIVE_UP_AFTER).notes == ()


def test_what_is_over_the_limit_of_an_hour_waits_and_comes_in_one_message_that_says_so(state: Database) -> None:
    say(state, digest(new=(alert("A"),)))
    assert sent(state, MONDAY, 2).notes == ()
    say(state, digest("run-2", new=(alert("B"),), at=MONDAY + 10 * MINUTE))
    assert sent(state, MONDAY + 10 * MINUTE, 2).notes == (
        "The last message before 2018-08-27 07:00 UTC, of at most 2 an hour: what changes until then comes in one.",
    )
    say(state, digest("run-3", new=(alert("C"), alert("D")), at=MONDAY + 20 * MINUTE))
    say(state, digest("run-4", new=(alert("E"),), at=MONDAY + 30 * MINUTE))
    assert take(state, MONDAY + 59 * MINUTE, 2) is None
    assert left(state, MONDAY + 59 * MINUTE, 2) == Waiting(
        3, MONDAY + HOUR, "held back, as at most 2 messages an hour are sent"
    )

    held = sent(state, MONDAY + HOUR, 2)
    assert products(held) == ["C", "D", "E"]
    assert held.notes == (
        "3 held back since 2018-08-27 06:20 UTC: at most 2 messages an hour.",
        "The last message before 2018-08-27 07:10 UTC, of at most 2 an hour: what changes until then comes in one.",
    )
    say(state, digest("run-5", new=(alert("F"),), at=MONDAY + 9 * HOUR))
    assert sent(state, MONDAY + 9 * HOUR, 2).notes == ()


def test_a_limit_of_one_message_an_hour_holds(lite: Database) -> None:
    for number in range(3):
        say(lite, digest(f"run-{number}", new=(alert(f"SKU-{number}"),), at=MONDAY + number * MINUTE))
        took = take(lite, MONDAY + number * MINUTE, 1)
        assert (took is not None) == (number == 0)
        if took is not None:
            assert took.message.notes[0].startswith("The last message before 2018-08-27 07:00 UTC")
            with lite.connect() as connection:
                note_sent(connection, took, None, MONDAY)
    assert products(sent(lite, MONDAY + HOUR, 1)) == ["SKU-1", "SKU-2"]
