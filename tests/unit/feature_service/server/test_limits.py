import pytest
from hypothesis import given
from hypothesis import strategies as st

from feature_service.server.errors import DeadlinePassedError, TooManyStreamsError
from feature_service.server.limits import StreamLimit, TokenBucket, check_deadline


class Call:
    """A call's context with a deadline."""

    def __init__(self, remaining_s: float | None) -> None:
        self._remaining_s = remaining_s

    def time_remaining(self) -> float | None:
        return self._remaining_s


def test_nothing_is_begun_after_the_deadline() -> None:
    with pytest.raises(DeadlinePassedError):
        check_deadline(Call(0.0))


@pytest.mark.parametrize("remaining_s", [0.001, None])
def test_with_time_left_or_no_deadline_work_is_begun(remaining_s: float | None) -> None:
    check_deadline(Call(remaining_s))


def test_one_stream_more_than_allowed_is_refused_until_another_ends() -> None:
    limit = StreamLimit(1)
    with limit.slot(), pytest.raises(TooManyStreamsError), limit.slot():
        pass
    with limit.slot():
        pass


def test_a_stream_that_fails_gives_its_slot_back() -> None:
    limit = StreamLimit(1)
    with pytest.raises(ZeroDivisionError), limit.slot():
        raise ZeroDivisionError
    with limit.slot():
        pass


@given(
    per_second=st.floats(0.1, 1e4),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 10), max_size=100),
)
def test_no_stretch_of_time_lets_more_through_than_its_rate_and_one_burst(
    per_second: float, burst: int, pauses: list[float]
) -> None:
    now = 0.0
    bucket = TokenBucket(per_second, burst, clock=lambda: now)
    passed = 0
    for pause in pauses:
        now += pause
        passed += bucket.take()
    assert passed <= burst + now * per_second + 1e-6


def test_after_a_pause_calls_pass_again() -> None:
    now = 0.0
    bucket = TokenBucket(2.0, 1, clock=lambda: now)
    assert [bucket.take(), bucket.take()] == [True, False]
    now = 0.5
    assert [bucket.take(), bucket.take()] == [True, False]
