"""What is remembered of requests about one product, and when it is forgotten."""

import pytest

from feature_service.server.serving import remembered as remembered_module
from feature_service.server.serving.remembered import MAX_REQUEST_BYTES, Remembered


def test_the_same_bytes_get_the_answer_that_was_kept_for_them() -> None:
    remembered = Remembered()
    remembered.keep(b"a", b"answer")
    assert (remembered.get(b"a"), remembered.get(b"b")) == (b"answer", None)


def test_a_long_request_is_not_kept() -> None:
    remembered = Remembered()
    remembered.keep(b"a" * (MAX_REQUEST_BYTES + 1), b"answer")
    assert remembered.get(b"a" * (MAX_REQUEST_BYTES + 1)) is None


def test_what_is_kept_is_bounded_and_starts_anew_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_module, "MAX_BYTES", 1000)
    remembered = Remembered()
    most = 0
    for number in range(1000):
        remembered.keep(b"%04d" % number, bytes(96))
        kept = sum(remembered.get(b"%04d" % each) is not None for each in range(number + 1))
        assert remembered.get(b"%04d" % number) is not None
        most = max(most, kept)
    assert 10 <= most <= 11
