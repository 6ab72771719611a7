"""Snapshots of past weeks are loaded once, kept in a bounded number, and freed."""

import asyncio
import dataclasses
import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from data.snapshots import load, publish
from feature_service.bundle import LabelContract
from feature_service.server.errors import TooManyPastWeeksError
from feature_service.server.serving import computing
from feature_service.server.serving.replay.snapshots import PastSnapshots
from feature_service.server.serving.scored_snapshot import ScoredSnapshot
from feature_service.shards import Shard
from tests.support.snapshots import MODEL, publish_snapshot, synthetic_panel

PANEL = synthetic_panel(products=20)
WEEKS = range(7, 13)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A snapshot of each of six weeks."""
    root = tmp_path_factory.mktemp("past") / "snapshots"
    eligible = load(root, publish_snapshot(root, PANEL, trees=2)).eligible
    ids = []
    for weeks in WEEKS:
        fields = {name: matrix[:, :weeks] for name, matrix in PANEL.fields.items()}
        panel = dataclasses.replace(PANEL, weeks=PANEL.weeks[:weeks], fields=fields)
        ids.append(publish(panel, eligible[:, :weeks], root.parent / "bundle", MODEL, root))
    return [root / each for each in ids]


@pytest.fixture(scope="module")
def label(folders: list[Path]) -> LabelContract:
    return ScoredSnapshot.load(folders[0].parent, folders[0].name).contract.label


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """What a server holds is frozen, so that the collector of cycles never looks at it."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A thread may hold what it loaded until it is given something else, so there is no other that could be."""
    with ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr(computing, "_threads", threads)
        yield


def test_only_those_that_were_asked_for_last_stay_in_memory(folders: list[Path], label: LabelContract) -> None:
    async def in_memory_after() -> list[list[int]]:
        past, seen, after = PastSnapshots(label), {}, []
        for number in (0, 1, 0, 2, 3, 3):
            scored = await past.get(folders[number])
            assert scored is not None
            seen[number] = weakref.ref(scored.assessor)
            del scored
            after.append([each for each, assessor in seen.items() if assessor() is not None])
        return after

    assert asyncio.run(in_memory_after()) == [[0], [0, 1], [0, 1], [0, 2], [2, 3], [2, 3]]


def test_what_nobody_asked_for_a_while_is_freed_and_loaded_again(
    folders: list[Path], label: LabelContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def looked() -> tuple[bool, bool, bool]:
        past = PastSnapshots(label)
        freed = weakref.ref(await past.get(folders[0]) or past)
        await past.get(folders[1])
        past.forget_unasked()
        before = freed() is not None
        monkeypatch.setattr(PastSnapshots, "KEEP_S", -1.0)
        past.forget_unasked()
        return before, freed() is not None, await past.get(folders[0]) is not None

    assert asyncio.run(looked()) == (True, False, True)


def test_what_streams_still_read_is_not_loaded_twice_and_leaves_room_for_no_more(
    folders: list[Path], label: LabelContract
) -> None:
    async def held() -> None:
        past = PastSnapshots(label)
        reading = [await past.get(each) for each in folders[:4]]
        assert await past.get(folders[0]) is reading[0]
        with pytest.raises(TooManyPastWeeksError, match="streams of 4 other past weeks are open"):
            await past.get(folders[4])
        del reading[1]
        assert await past.get(folders[4]) is not None

    asyncio.run(held())


def test_a_loading_goes_on_for_the_others_when_the_first_who_asked_leaves(
    folders: list[Path], label: LabelContract, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_load, loads = threading.Event(), []
    really = ScoredSnapshot.load

    def waiting(root: Path, snapshot_id: str, shard: Shard | None) -> ScoredSnapshot:
        loads.append(snapshot_id)
        may_load.wait()
        return really(root, snapshot_id, shard)

    monkeypatch.setattr(ScoredSnapshot, "load", waiting)

    async def asked() -> ScoredSnapshot | None:
        past = PastSnapshots(label)
        first, second = (asyncio.create_task(past.get(folders[0])) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        may_load.set()
        return await second

    assert asyncio.run(asked()) is not None
    assert loads == [folders[0].name]


@pytest.mark.parametrize(("retry_s", "found"), [(60.0, False), (0.0, True)])
def test_one_that_cannot_be_used_is_tried_again_after_a_while(
    folders: list[Path],
    label: LabelContract,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    retry_s: float,
    found: bool,
) -> None:
    monkeypatch.setattr(PastSnapshots, "RETRY_S", retry_s)
    folder = tmp_path / folders[0].name

    async def asked() -> ScoredSnapshot | None:
        past = PastSnapshots(label)
        assert await past.get(folder) is None
        folder.symlink_to(folders[0])
        return await past.get(folder)

    assert (asyncio.run(asked()) is not None) == found
