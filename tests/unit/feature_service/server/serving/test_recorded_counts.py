"""States of one snapshot with other recorded counts: each call is answered from one, and nothing is encoded twice."""

import asyncio
import datetime as dt
import gc
import threading
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stockout.v1.risk_service_pb2 import StockoutRiskResult, StreamStockoutRisksResponse

from feature_service.server.serving import responses
from feature_service.server.serving.count_log import CountLog, StockCount
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.questions import ServedQuestions
from feature_service.server.serving.rescorer import Rescorer
from feature_service.server.serving.snapshot import ServingSnapshot
from tests.support.serving_fixtures import Published

MONDAY = dt.date(2018, 8, 27)
Counted = tuple[str, int, float]


def counts_of(serving: ServingSnapshot, units: float, first: int = 0, day: dt.date = MONDAY) -> list[StockCount]:
    """Of every second product from ``first`` on."""
    ids = serving.assessor.panel.product_ids[first::2]
    return [StockCount(number, each, day, float(units)) for number, each in enumerate(ids, 1)]


def results_of(messages: list[bytes]) -> list[StockoutRiskResult]:
    return [each for raw in messages for each in StreamStockoutRisksResponse.FromString(raw).results]


def test_a_stream_goes_on_from_what_it_began_with(serving: ServingSnapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "PER_MESSAGE", 30)

    async def streamed(state: ServingSnapshot, place: CurrentSnapshot, *, change_after: int) -> list[bytes]:
        messages = []
        async for message in state.all_risks(None):
            messages.append(message)
            if len(messages) == change_after:
                place.swap_in(state.with_counts(counts_of(state, 7)))
        return messages

    async def all_streams() -> list[list[StockoutRiskResult]]:
        place = CurrentSnapshot()
        place.swap_in(serving)
        before = await streamed(serving, place, change_after=0)
        during = await streamed(serving, place, change_after=2)
        after = await streamed(place.get(), place, change_after=0)
        return [results_of(each) for each in (before, during, after)]

    before, during, after = asyncio.run(all_streams())
    assert before == during
    assert after != before


@pytest.fixture
def no_collector() -> Iterator[None]:
    """What a server holds is frozen, so that the collector of cycles never looks at it."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("states", [1, 3])
def test_a_snapshot_that_nobody_asks_any_more_is_freed_with_its_table(published: Published, states: int) -> None:
    place = CurrentSnapshot()
    place.swap_in(ServingSnapshot.load(published.root))
    ids = place.get().assessor.panel.product_ids
    for units in range(states - 1):
        list(place.get().entries(ids))
        place.swap_in(place.get().with_counts(counts_of(place.get(), units)))
    tables: list[weakref.ref[object]] = [weakref.ref(place.get()), weakref.ref(place.get().assessor)]
    del place
    assert [each() for each in tables] == [None, None]


def test_what_no_count_touches_is_not_encoded_again(serving: ServingSnapshot) -> None:
    ids = serving.assessor.panel.product_ids
    kept = dict(zip(ids, serving.entries(ids), strict=True))
    after = serving.with_counts(counts_of(serving, 9))
    after.take_over(serving)
    now = dict(zip(ids, after.entries(ids), strict=True))
    assert all(now[each] is kept[each] for each in ids[1::2])
    with_a_risk = np.isfinite(serving.assessor.probabilities[::2])
    assert [now[each] != kept[each] for each in ids[::2]] == with_a_risk.tolist()
    assert after.known_risks(ids) is not None
    assert list(serving.entries(ids)) == list(kept.values())


def test_counts_in_parts_and_in_any_order_make_the_same_state(serving: ServingSnapshot) -> None:
    ids, first, second = serving.assessor.panel.product_ids, counts_of(serving, 5), counts_of(serving, 6, 1)
    whole = serving.with_counts([*first, *second])
    parts = serving.with_counts(second).with_counts(first)
    older = (
        serving.with_counts(counts_of(serving, 77)).with_counts(second).with_counts(counts_of(serving, 5, day=MONDAY))
    )
    assert whole.counts_version
    for each in (parts, older):
        assert each.counts_version == whole.counts_version
        assert list(each.entries(ids)) == list(whole.entries(ids))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.integers(0, 3).map(float)), max_size=20))
def test_a_log_holds_each_products_count_of_the_latest_day_and_of_a_day_the_last(told: list[Counted]) -> None:
    log = CountLog()
    newest: dict[str, tuple[int, float]] = {}
    for product_id, day, units in told:
        number = log.number
        log.add(product_id, dt.date(2024, 1, day), units)
        if day >= newest.get(product_id, (0, 0.0))[0]:
            changed = newest.get(product_id) != (day, units)
            newest[product_id] = day, units
            assert [each.product_id for each in log.since(number)] == [product_id] * changed
        else:
            assert log.number == number
    assert {each.product_id: (each.counted_on.day, each.units_on_hand) for each in log.since(0)} == newest


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many counts each re-scoring got; two at the same time fail."""
    batches: list[int] = []
    lock, plain = threading.Lock(), ServingSnapshot.with_counts

    def watched(state: ServingSnapshot, counts: list[StockCount]) -> ServingSnapshot:
        assert lock.acquire(blocking=False)
        try:
            batches.append(len(counts))
            return plain(state, counts)
        finally:
            lock.release()

    monkeypatch.setattr(ServingSnapshot, "with_counts", watched)
    return batches


def test_counts_that_come_during_a_rescoring_are_the_next_batch(
    serving: ServingSnapshot, one_at_a_time: list[int]
) -> None:
    ids = serving.assessor.panel.product_ids

    async def counted() -> ServingSnapshot:
        questions, log = ServedQuestions(), CountLog()
        questions.default.swap_in(serving)
        rescorer = Rescorer(questions, log)
        running = asyncio.create_task(rescorer.run())
        for each in ids:
            log.add(each, MONDAY, 3.0)
            rescorer.wake()
            await asyncio.sleep(0)
        state = serving
        while len(state.assessor.recorded) < len(ids):
            state = await questions.default.next(state)
        running.cancel()
        return state

    state = asyncio.run(counted())
    assert state.counts_version == serving.with_counts(counts_of(serving, 3) + counts_of(serving, 3, 1)).counts_version
    assert len(one_at_a_time) < len(ids) / 2, one_at_a_time
