"""A board follows the server: newer snapshots, newer decisions, and what is left when nobody answers."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from feature_service.client import (
    Decision,
    DecisionsAnswer,
    Plan,
    PlansAnswer,
    ProductRisk,
    RefusedError,
    ServerUnavailableError,
    ServiceInfo,
)
from planner.board import keeper
from planner.board.keeper import Board, Boards, StillReadingError
from tests.support.boards import AS_OF_WEEK, PUBLISHED_AT, TODAY, info, plan

SECOND = dt.timedelta(seconds=1)


class Server:
    """Answers as the client does; what it knows can be changed."""

    def __init__(self) -> None:
        self.told = info()
        self.products = ["a", "b"]
        self.known: list[Plan] | None = []
        self.is_away = False
        self.may_read: asyncio.Event | None = None
        self.asked: list[str] = []

    async def info(self) -> ServiceInfo:
        self._ask("info")
        return self.told

    async def stream(self) -> AsyncIterator[ProductRisk]:
        self._ask("stream")
        if self.may_read:
            await self.may_read.wait()
        for each in self.products:
            yield ProductRisk(each, 0.5, True, None)

    async def list_plans(self, limit: int) -> PlansAnswer:  # noqa: ARG002 - the client's
        self._ask("list_plans")
        return self._plans(lambda _: True)

    async def plans(self, product_ids: Sequence[str]) -> PlansAnswer:
        self._ask("plans")
        return self._plans(lambda each: each.product_id in product_ids)

    async def decisions(self, since: dt.datetime | None = None, limit: int = 0) -> DecisionsAnswer:
        self._ask("decisions")
        plans = self._plans(lambda each: since is None or (each.changed_at or since) >= since).results
        return DecisionsAnswer("inventory", [_decision(each) for each in plans][-limit:])

    def _plans(self, wanted: Any) -> PlansAnswer:
        if self.known is None:
            raise RefusedError("FAILED_PRECONDITION", "no plans", reason="PLANS_OFF")
        return PlansAnswer("inventory", TODAY, list(filter(wanted, self.known)))

    def _ask(self, method: str) -> None:
        self.asked.append(method)
        if self.is_away:
            raise ServerUnavailableError("here:1", "gone")


def _decision(of: Plan) -> Decision:
    at = of.changed_at or PUBLISHED_AT
    return Decision(of.product_id, 1, "ana", at, TODAY, AS_OF_WEEK, "acknowledgement", None, "")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request looks again."""
    monkeypatch.setattr(keeper, "POLL_S", 0.0)


def boards_seen(server: Any, *changes: Any) -> list[Board]:
    """The board at first, and after each of the changes."""

    async def look() -> list[Board]:
        boards = Boards()
        seen = [await boards.of("", server)]
        for change in changes:
            change()
            seen.append(await boards.of("", server))
        return seen

    return asyncio.run(look())


def test_a_newer_snapshot_or_newer_counts_are_read_and_nothing_else_is_read_twice() -> None:
    server = Server()

    def publish() -> None:
        server.told, server.products = info("2024-W31-b"), ["a", "b", "c"]

    def count() -> None:
        server.told = info("2024-W31-b", "counts-1")

    seen = boards_seen(server, lambda: None, publish, count)
    assert [len(each.table) for each in seen] == [2, 2, 3, 3]
    assert seen[0] is seen[1]
    assert server.asked.count("stream") == 3


def test_what_others_decide_is_seen_without_reading_all_plans_again() -> None:
    server = Server()
    server.known = [plan("a", "ACKNOWLEDGED")]
    later = [plan("b", "DISMISSED", PUBLISHED_AT + SECOND), plan("b", "OPEN", PUBLISHED_AT + 2 * SECOND)]

    async def look() -> list[tuple[str, str]]:
        boards, told = Boards(), []
        for newer in (None, *later):
            server.known = [plan("a", "ACKNOWLEDGED"), *([newer] if newer else [])]
            board = await boards.of("", server)  # type: ignore[arg-type]
            told.append((board.state_of("a"), board.state_of("b")))
        return told

    assert asyncio.run(look()) == [("ACKNOWLEDGED", "OPEN"), ("ACKNOWLEDGED", "DISMISSED"), ("ACKNOWLEDGED", "OPEN")]
    assert server.asked.count("list_plans") == 1


def test_without_plans_the_board_says_so_and_lists_the_risks() -> None:
    server = Server()
    server.known = None
    (board,) = boards_seen(server)
    assert (board.keeps_plans, len(board.table)) == (False, 2)


def test_a_server_that_is_away_leaves_the_last_table_and_says_so() -> None:
    server = Server()

    def go() -> None:
        server.is_away = True

    def come_back() -> None:
        server.is_away = False

    async def look() -> None:
        boards = Boards()
        board = await boards.of("", server)  # type: ignore[arg-type]
        go()
        assert await boards.of("", server) is board  # type: ignore[arg-type]
        assert "no server answers at here:1" in str(board.problem)
        come_back()
        assert (await boards.of("", server)).problem is None  # type: ignore[arg-type]

    asyncio.run(look())


def test_a_server_that_never_answered_is_an_error() -> None:
    server = Server()
    server.is_away = True
    with pytest.raises(ServerUnavailableError):
        boards_seen(server)


def test_nobody_waits_long_for_a_first_reading_and_all_wait_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "PATIENCE_S", 0.01)
    server = Server()

    async def look() -> int:
        server.may_read = asyncio.Event()
        boards = Boards()
        for _ in range(2):
            with pytest.raises(StillReadingError):
                await boards.of("", server)  # type: ignore[arg-type]
        server.may_read.set()
        monkeypatch.setattr(keeper, "PATIENCE_S", 30.0)
        return len((await boards.of("", server)).table)  # type: ignore[arg-type]

    assert asyncio.run(look()) == 2
    assert server.asked.count("stream") == 1


def test_today_goes_on_from_a_history_of_years_ago() -> None:
    board, *_ = boards_seen(Server())
    assert not board.is_replay  # published on the Monday after its week, so that it tells of the present
    assert board.today == dt.datetime.now(dt.UTC).date()
