"""Requests that wait are committed together, and what waits is bounded."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from data.history.events import SaleEvent
from data.history.history import History, open_history
from data.history.record import Receipt
from feature_service.history_server import recorder as recording
from feature_service.history_server.recorder import Recorder
from feature_service.server.errors import DrainingError
from feature_service.server.recording_errors import EventClashError, HistoryRefusalError, TooManyWaitingError


def sales(*names: str, units: float = 2.0) -> list[SaleEvent]:
    return [SaleEvent(name, "A", dt.date(2024, 1, 3), None, units, None) for name in names]


@pytest.fixture
def history(tmp_path: Path) -> History:
    return open_history(tmp_path / "work", {})


def recorder_of(history: History, time_zone: str = "UTC") -> Recorder:
    return Recorder(history, time_zone, on_commit=lambda: None)


def test_requests_that_wait_are_one_load_and_each_is_answered_by_itself(history: History) -> None:
    async def run() -> list[Receipt | BaseException]:
        recorder = recorder_of(history)
        calls = [
            recorder.record(each, waits_for_room=False)
            for each in (sales("1", "2"), sales("2"), sales("2", units=9), sales("3"))
        ]
        answers = asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0)  # all of them wait before the first commit begins
        task = asyncio.create_task(recorder.run())
        results = await answers
        task.cancel()
        return results

    first, again, clash, last = asyncio.run(run())

    assert (first, again, last) == (Receipt(2, 0), Receipt(0, 1), Receipt(1, 0))
    assert isinstance(clash, EventClashError)
    assert [load.tables["sales"].rows_new for load in history.ledger.loads()] == [3]


def test_a_full_queue_refuses_a_request_and_lets_a_stream_wait(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_WAITING", 2)

    async def run() -> Receipt:
        recorder = recorder_of(history)
        waiting = asyncio.create_task(recorder.record(sales("1", "2"), waits_for_room=False))
        await asyncio.sleep(0)
        with pytest.raises(TooManyWaitingError, match="send again in a moment"):
            await recorder.record(sales("3"), waits_for_room=False)
        stream = asyncio.create_task(recorder.record(sales("4"), waits_for_room=True))
        task = asyncio.create_task(recorder.run())
        assert await waiting == Receipt(2, 0)
        receipt = await stream
        task.cancel()
        return receipt

    assert asyncio.run(run()) == Receipt(1, 0)


def test_a_recorder_that_is_closed_takes_no_more_and_commits_what_waits(history: History) -> None:
    async def run() -> Receipt:
        recorder = recorder_of(history)
        waiting = asyncio.create_task(recorder.record(sales("1"), waits_for_room=False))
        await asyncio.sleep(0)
        recorder.close()
        with pytest.raises(DrainingError):
            await recorder.record(sales("2"), waits_for_room=False)
        task = asyncio.create_task(recorder.run())
        receipt = await waiting
        task.cancel()
        return receipt

    assert asyncio.run(run()) == Receipt(1, 0)


def test_a_history_that_is_on_another_clock_by_now_refuses(history: History) -> None:
    async def run(time_zone: str, name: str) -> Receipt:
        recorder = recorder_of(history, time_zone)
        task = asyncio.create_task(recorder.run())
        try:
            return await recorder.record(sales(name), waits_for_room=False)
        finally:
            task.cancel()

    assert asyncio.run(run("Europe/Berlin", "1")) == Receipt(1, 0)
    with pytest.raises(HistoryRefusalError, match="clock of Europe/Berlin"):
        asyncio.run(run("UTC", "2"))
