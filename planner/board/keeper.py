"""Keeps a board for each question that is looked at: loads it, and follows what changes."""

import asyncio
import datetime as dt
import gc
import time
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from feature_service.client import AsyncRiskClient, ClientError, Plan, RefusedError, ServiceInfo, today_of
from planner.board.reading import read_table
from planner.board.table import RiskTable

POLL_S = 5.0
"""Between two looks for a newer snapshot, newer counts and newer decisions, while somebody has a page open."""
WATCHED_S = 12 * 3600.0
"""A question that nobody asked for so long is not looked after any more."""
PATIENCE_S = 3.0
"""A page waits no longer for a table that is read for the first time."""
_ALL_PLANS_S = 300.0
_OVERLAP = dt.timedelta(seconds=30)
_TRIES = 3
_MOST_PLANS = 10_000_000
_MOST_DECISIONS = 1000
PLANS_OFF = "PLANS_OFF"
"""The reason of a server that keeps no plans."""
STATES = ("OPEN", "ACKNOWLEDGED", "SNOOZED", "DISMISSED")


class StillReadingError(ClientError):
    """The table is being read for the first time, which takes seconds where there are many products."""

    def __init__(self) -> None:
        super().__init__("the table of all products is being read; ask again")


@dataclass
class Board:
    """What is known of a question.

    Attributes:
        table: All products.
        info: What the server said when the table was read.
        read_at: When that was.
        today: The day that plans and dates are held against; see ``PlanService`` in the protos.
        keeps_plans: Whether the server keeps decisions.
        plans: Of products about which something was decided.
        states: Index into ``STATES`` of each row of the table.
        problem: Why the server could not be asked the last time; None if it could.
    """

    table: RiskTable
    info: ServiceInfo
    read_at: dt.datetime
    today: dt.date
    keeps_plans: bool = False
    plans: dict[str, Plan] = field(default_factory=dict)
    states: NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    problem: ClientError | None = None

    @property
    def last_day(self) -> dt.date:
        """Sunday of the newest week."""
        return self.info.provenance.as_of_week + dt.timedelta(days=6)

    @property
    def is_replay(self) -> bool:
        """Whether the calendar of a history of years ago goes on."""
        return (dt.datetime.now(dt.UTC).date() - self.today).days > 1  # not where a day has just begun

    def day_in(self, days: int) -> dt.date:
        """Some days after today."""
        return self.today + dt.timedelta(days=days)

    @property
    def days_old(self) -> int:
        """Days since the last one of the data."""
        return (self.today - (self.info.provenance.data_until or self.last_day)).days

    def state_of(self, product_id: str) -> str:
        """One of ``STATES``."""
        plan = self.plans.get(product_id)
        return plan.state if plan else STATES[0]

    def put(self, plan: Plan) -> None:
        """Know a plan, unless a later one is known: an answer may be older than a decision and come after it."""
        known = self.plans.get(plan.product_id)
        if known and known.changed_at and (plan.changed_at is None or plan.changed_at < known.changed_at):
            return
        self.plans[plan.product_id] = plan
        row = self.table.row_of.get(plan.product_id)
        if row is not None:
            self.states[row] = STATES.index(plan.state)


class _Question:
    """The board of a question, and what is needed to look again."""

    def __init__(self) -> None:
        self.board: Board | None = None
        self.lock = asyncio.Lock()
        self.client: AsyncRiskClient | None = None
        self.first_look: asyncio.Task[None] | None = None
        self.asked_at = self.looked_at = self.all_plans_at = 0.0
        self.seen_until = dt.datetime.min.replace(tzinfo=dt.UTC)


class Boards:
    """The boards of all questions, by the name that requests give."""

    def __init__(self) -> None:
        self._questions: dict[str, _Question] = {}

    async def of(self, question: str, client: AsyncRiskClient) -> Board:
        """The board as the server's answers were at most ``POLL_S`` or so ago, or when it answered last.

        Raises:
            StillReadingError: If it is read for the first time, and that takes long.
            ClientError: If the server never answered.
        """
        found = self._questions.setdefault(question, _Question())
        found.client, found.asked_at = client, time.monotonic()
        if found.board is None:
            await self._wait_for_first(question, found)
        elif found.asked_at - found.looked_at > 2 * POLL_S:
            await self._look(found)
        assert found.board is not None  # noqa: S101 - or an error was raised
        return found.board

    async def _wait_for_first(self, question: str, found: _Question) -> None:
        """All who ask wait for one reading, which goes on when they have lost their patience."""
        reading = found.first_look = found.first_look or asyncio.create_task(self._look(found))
        done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S)
        if not done:
            raise StillReadingError
        found.first_look = None
        if reading.exception():
            self._questions.pop(question, None)  # only what the server knows is kept
        await reading

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            for name, found in list(self._questions.items()):
                if found.board is None:
                    continue  # it is being read
                if time.monotonic() - found.asked_at > WATCHED_S:
                    del self._questions[name]
                else:
                    with suppress(ClientError):
                        await self._look(found)

    async def _look(self, found: _Question) -> None:
        began = time.monotonic()
        async with found.lock:
            if found.looked_at > began:  # another one looked while this one waited
                return
            try:
                await self._update(found)
            except ClientError as error:
                if found.board is None:
                    raise
                found.board.problem = error
            finally:
                found.looked_at = time.monotonic()

    async def _update(self, found: _Question) -> None:
        client = found.client
        assert client is not None  # noqa: S101 - whoever asks brings one
        info = await client.info()
        if found.board is None or _version(info) != _version(found.board.info):
            board = await _read(client)
            found.all_plans_at = 0.0
        else:
            board = found.board
            board.info = info
        board.today = _today(info)
        await _read_plans(client, board, found)
        board.problem, found.board = None, board


async def _read(client: AsyncRiskClient) -> Board:
    for last in range(_TRIES - 1, -1, -1):
        before = await client.info()
        table = await read_table(client.stream())
        if not last or _version(await client.info()) == _version(before):
            break
    gc.freeze()  # else a collection walks through all products while pages are waiting
    states = np.zeros(len(table), np.int8)
    return Board(table, before, dt.datetime.now(dt.UTC), _today(before), states=states)


def _version(info: ServiceInfo) -> tuple[str, str]:
    return info.provenance.snapshot_id, info.provenance.counts_version


def _today(info: ServiceInfo) -> dt.date:
    last_day = info.provenance.as_of_week + dt.timedelta(days=6)
    return today_of(last_day, info.provenance.published_at, dt.datetime.now(dt.UTC))


async def _read_plans(client: AsyncRiskClient, board: Board, found: _Question) -> None:
    """All of them now and then, and where a day begins; in between those about which something was decided."""
    try:
        if time.monotonic() - found.all_plans_at > _ALL_PLANS_S:
            await _read_all_plans(client, board, found)
        elif board.keeps_plans:
            await _read_new_plans(client, board, found)
    except RefusedError as error:
        if error.reason != PLANS_OFF:
            raise
        board.keeps_plans, found.all_plans_at = False, time.monotonic()


async def _read_all_plans(client: AsyncRiskClient, board: Board, found: _Question) -> None:
    newest = await client.decisions(limit=1)
    found.seen_until = max((each.decided_at for each in newest.results), default=found.seen_until)
    answer = await client.list_plans(limit=_MOST_PLANS)
    board.keeps_plans = True
    for plan in answer.results:
        board.put(plan)
    found.all_plans_at = time.monotonic()


async def _read_new_plans(client: AsyncRiskClient, board: Board, found: _Question) -> None:
    since = found.seen_until - _OVERLAP if found.seen_until.year > 1 else None
    newest = (await client.decisions(since=since, limit=_MOST_DECISIONS)).results
    changed = {each.product_id for each in newest if _is_news(board.plans.get(each.product_id), each.decided_at)}
    if changed:
        for plan in (await client.plans(sorted(changed))).results:
            board.put(plan)
        found.seen_until = max(each.decided_at for each in newest)


def _is_news(known: Plan | None, decided_at: dt.datetime) -> bool:
    return known is None or known.changed_at is None or known.changed_at < decided_at
