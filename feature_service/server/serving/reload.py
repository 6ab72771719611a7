"""Hot reload: looks for newer snapshots, loads each in a thread, swaps it in between two requests.

A snapshot that cannot be served is refused, logged once and counted, and the one before stays. Questions are loaded one
after the other, so that memory peaks for one at a time. The age of the data is taken from the wall clock once, when a
snapshot is loaded, and grows with a clock that only goes forward: setting the machine's clock makes no server stale, or
fresh.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import monotonic, perf_counter

import structlog

from data import snapshots
from feature_service.bundle import LabelContract
from feature_service.kernel import StockoutError
from feature_service.server.errors import MisplacedQuestionError, OtherQuestionError
from feature_service.server.serving.current import CurrentSnapshot
from feature_service.server.serving.questions import ServedQuestions, published_beside
from feature_service.server.serving.snapshot import ServingSnapshot
from feature_service.server.serving.start import load_at_start
from feature_service.server.serving.track_records import is_another, read_again
from feature_service.server.settings import Settings
from feature_service.shards import Shard

RETRY_SECONDS = 60.0
"""A refused snapshot is tried again after this: a full disk or a network folder may have been the cause."""

OnRefusal = Callable[[str], None]
"""Called with the question's name at each snapshot that cannot be served."""

Prepare = Callable[[ServingSnapshot], Awaitable[ServingSnapshot]]
"""Brings a snapshot that was loaded up to date before it is answered from."""

_log = structlog.stdlib.get_logger("stockout.reload")


class Reloader:
    """Keeps ``questions`` at what is published in the folder of snapshots, and the folders of questions beside it.

    No question that fails keeps another one from being loaded.
    """

    def __init__(self, settings: Settings, questions: ServedQuestions, prepare: Prepare, on_refusal: OnRefusal) -> None:
        self._root, self._shard, self._questions = settings.snapshots, settings.shard, questions
        self._prepare, self._on_refusal = prepare, on_refusal
        self._default = self._reloader(self._root, questions.default)
        self._beside: dict[str, _QuestionReloader] = {}
        self._hidden = ""

    async def look(self) -> None:
        """Swap in newer snapshots that can be served, and take up questions that were published since."""
        await self._default.look()
        self._questions.name_default()
        await self.look_beside()

    async def look_at_default_record(self) -> None:
        """Read how the default's past answers turned out, where another file tells it."""
        await self._default.look_at_record()

    async def look_beside(self) -> None:
        """The same, of the questions beside the default."""
        self.take_up_beside()
        for name, each in self._beside.items():
            await each.look()
            served = self._questions.find(name) is not None
            if each.current.is_loaded and not served:
                self._questions.add(name, each.current)
            elif served and not each.current.is_loaded:
                self._questions.remove(name)

    def take_up_beside(self) -> None:
        """Find questions that were published since; calls that name one are told that it is being loaded."""
        for name in self._new_names():
            place = CurrentSnapshot(self._questions.max_age_s)
            self._beside[name] = self._reloader(self._root / name, place)
            self._questions.add(name, place)

    def _reloader(self, root: Path, place: CurrentSnapshot) -> "_QuestionReloader":
        return _QuestionReloader(root, self._shard, place, self._prepare, self._on_refusal)

    def _new_names(self) -> list[str]:
        try:
            names = published_beside(self._root)
        except OSError:  # said already, since the default's pointer lies there, too
            return []
        default = self._questions.default.get().question
        if default in names and default != self._hidden:
            self._hidden = default
            self._on_refusal(default)
            folder = str(self._root / default)
            _log.error("snapshot refused", error=f"{folder} has the name of the default question", question=default)
        return [name for name in names if name not in self._beside and name != default]


class _QuestionReloader:
    """Keeps ``current`` at the snapshot that is published in ``root``; the question has one name for ever."""

    def __init__(
        self, root: Path, shard: Shard | None, current: CurrentSnapshot, prepare: Prepare, on_refusal: OnRefusal
    ) -> None:
        self.current = current
        self._root, self._shard, self._prepare, self._on_refusal = root, shard, prepare, on_refusal
        self._refused: tuple[str, float] | None = None
        self._last_refusal = ""

    async def look(self) -> None:
        """Swap a newer snapshot in, if there is one that can be served."""
        try:
            published = snapshots.current_id(self._root)
            if not (self._is_served(published) or self._is_refused(published)):
                await self._load(published)
        except Exception as error:  # whatever is wrong with it, the one before goes on being served
            self._refuse(error)
        self.current.forget_unasked()
        if self.current.is_loaded:
            self.current.note_age()
            await self.look_at_record()

    async def look_at_record(self) -> None:
        """Read how past answers turned out, where another file tells it."""
        known = self.current.track_record
        if is_another(self._root, known):
            question = self.current.get().question
            self.current.track_record = await asyncio.to_thread(read_again, self._root, question, known)

    async def _load(self, published: str) -> None:
        began = perf_counter()
        self._refused = published, monotonic() + RETRY_SECONDS
        event, load = ("reloaded", self._newer) if self.current.is_loaded else ("loaded", self._first)
        serving, problem = await asyncio.to_thread(load, published)
        self.current.swap_in(await self._prepare(serving))
        gc.freeze()  # as at the start, but without a walk through everything: requests are waiting
        _log.info(
            event,
            snapshot_id=serving.id,
            question=serving.question,
            seconds=round(perf_counter() - began, 3),
        )
        if problem:
            raise problem
        self._refused, self._last_refusal = None, ""

    def _newer(self, published: str) -> tuple[ServingSnapshot, None]:
        serving, served = ServingSnapshot.load(self._root, published, self._shard), self.current.get().label
        if not serving.label.predicts_the_same_as(served):
            raise OtherQuestionError(published, _in_words(serving.label), _in_words(served))
        return serving, None

    def _first(self, published: str) -> tuple[ServingSnapshot, StockoutError | None]:
        serving, problem = load_at_start(self._root, self._shard)
        if serving.question != self._root.name:
            raise MisplacedQuestionError(self._root, published, serving.question)
        return serving, problem

    def _is_served(self, published: str) -> bool:
        return self.current.is_loaded and published == self.current.get().id

    def _is_refused(self, published: str) -> bool:
        return self._refused is not None and self._refused[0] == published and monotonic() < self._refused[1]

    def _refuse(self, error: Exception) -> None:
        sentence = str(error)
        if sentence == self._last_refusal:
            return
        self._last_refusal = sentence
        serving = self.current.get() if self.current.is_loaded else None
        question = serving.question if serving else self._root.name
        self._on_refusal(question)
        _log.error("snapshot refused", error=sentence, question=question, served=serving and serving.id)


def _in_words(label: LabelContract) -> str:
    return f"{label.name} {label.horizon_weeks} weeks ahead ({label.description})"
