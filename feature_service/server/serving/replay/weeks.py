"""What answers for a past week: the snapshot that answered when it was the newest, so by what was known then.

Where its folder is gone, or no snapshot was ever published of that very week, today's snapshot answers with what it
knows of that week, and the model of then (:mod:`feature_service.server.serving.replay.models`). The provenance of each
answer names the snapshot.
"""

import datetime as dt
import os
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from data.snapshots import MANIFEST
from data.snapshots.published_models import model_of_week, published_models
from feature_service.kernel import MissingFieldsError
from feature_service.server.errors import InvalidFieldError
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.queries import FeatureQuery, RiskQuery
from feature_service.server.scoring.scorer import Inputs
from feature_service.server.serving import responses
from feature_service.server.serving.computing import compute_in_thread
from feature_service.server.serving.replay.models import PastModels
from feature_service.server.serving.replay.snapshots import PastSnapshots
from feature_service.server.serving.scored_snapshot import AnsweringModel, ScoredSnapshot


@dataclass(frozen=True)
class PastWeek:
    """One past week, and what answers for it. Nothing is kept of its answers: each is made when it is asked for.

    Attributes:
        scored: The snapshot of then, or today's.
        column: The week in it.
        answering: The model whose risks are told; features are those of the snapshot's own.
        stale: Whether newer data should have come by now.
        include_challenger: Whether risks are told with what the challenger gave, if the snapshot is of then.
    """

    scored: ScoredSnapshot
    column: int
    answering: AnsweringModel
    stale: bool = False
    include_challenger: bool = False

    def __len__(self) -> int:
        """Products with a row."""
        return len(self.scored.assessor)

    @property
    def is_newest(self) -> bool:
        """Whether it is the newest week of its snapshot, whose answers are in a table."""
        return self.column == self.scored.assessor.newest

    def risk_head(self) -> bytes:
        """What a risk response starts with."""
        provenance = self.scored.provenance(
            self.column, self.answering, stale=self.stale, include_challenger=self.include_challenger
        )
        return responses.risk_head(provenance)

    def risks(self, product_ids: Sequence[str], caller_stock: NewerStock | None) -> bytes:
        """A whole risk response."""
        scorer = self.answering.scorer
        if caller_stock is None and self.is_newest:
            return self.risk_head() + b"".join(self._writer.newest_entries(product_ids))
        return self.risk_head() + self._writer.risks(product_ids, self.column, scorer, caller_stock)

    def risk_entries(self, rows: slice) -> bytes:
        """What a risk response holds of some rows."""
        assessor, numbers = self.scored.assessor, np.arange(*rows.indices(len(self)))
        if self.is_newest:
            answers = assessor.newest_answers(numbers)
        else:
            answers = assessor.answers(numbers, self.column, self.answering.scorer)
        return b"".join(self._writer.risk_entries(answers))

    def features_head(self, inputs: Inputs) -> bytes:
        """What a features response starts with."""
        provenance = self.scored.provenance(self.column, self.scored.own, stale=self.stale)
        provenance.feature_set = inputs.feature_set.name
        return responses.features_head(provenance, inputs.feature_set.feature_names)

    def features(self, product_ids: Sequence[str], inputs: Inputs) -> bytes:
        """What a features response holds of products."""
        return self.scored.writer.features(product_ids, self.column, inputs)

    @property
    def _writer(self) -> responses.Writer:
        return self.scored.writer.including(challenger=self.include_challenger)


class PastWeeks:
    """Answers for the past weeks of the snapshot that is served.

    Each answer takes the week's column in that snapshot, and whether its data is ``stale``; each may end in a
    TooManyPastWeeksError, where streams of other past weeks leave no room for the snapshot of then.

    Args:
        root: Folder of all snapshots.
        today: The one that is served.
    """

    def __init__(self, root: Path, today: ScoredSnapshot) -> None:
        self._today, self._published = today, published_models(root)
        held = today.snapshot.shard
        self._models = PastModels(today)
        self._snapshots = PastSnapshots(today.contract.label, held.shard if held else None)

    async def risks(self, query: RiskQuery, column: int, *, stale: bool) -> bytes:
        """An encoded AssessStockoutRisksResponse."""
        week = replace(await self._of(column, stale=stale), include_challenger=query.include_challenger)
        return await compute_in_thread(week.risks, query.product_ids, query.caller_stock)

    async def all_risks(self, column: int, *, stale: bool, include_challenger: bool) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamStockoutRisksResponses."""
        week = replace(await self._of(column, stale=stale), include_challenger=include_challenger)
        head = week.risk_head()
        for rows in responses.message_rows(len(week)):
            yield head + await compute_in_thread(week.risk_entries, rows)
            head = b""

    async def features(self, query: FeatureQuery, column: int, *, stale: bool) -> bytes:
        """An encoded GetFeaturesResponse.

        Raises:
            InvalidFieldError: If the feature set is none that can be had of the week.
        """
        week = await self._of(column, stale=stale)
        inputs = await compute_in_thread(self._inputs, week, query.feature_set)
        return week.features_head(inputs) + await compute_in_thread(week.features, query.product_ids, inputs)

    async def all_features(self, feature_set: str, column: int, *, stale: bool) -> AsyncIterator[bytes]:
        """Every product, as encoded StreamFeaturesResponses.

        Raises:
            InvalidFieldError: If the feature set is none that can be had of the week.
        """
        week = await self._of(column, stale=stale)
        inputs = await compute_in_thread(self._inputs, week, feature_set)
        head = week.features_head(inputs)
        for rows in responses.message_rows(len(week)):
            product_ids = week.scored.assessor.panel.product_ids[rows]
            yield head + await compute_in_thread(week.features, product_ids, inputs)
            head = b""

    def forget_unasked(self) -> None:
        """Free the snapshots that nobody asked for a while."""
        self._snapshots.forget_unasked()

    async def _of(self, column: int, *, stale: bool) -> PastWeek:
        """What answers for a week; looked for and loaded in a thread, so that no other call waits."""
        week = self._today.week(column)
        folder = await compute_in_thread(self._folder_of, week)
        then = await self._snapshots.get(folder) if folder else None
        if then is not None:
            return PastWeek(then, then.assessor.newest, then.own)
        model = await compute_in_thread(self._models.of, model_of_week(self._published, week))
        return PastWeek(self._today, column, model, stale)

    def _inputs(self, week: PastWeek, feature_set: str) -> Inputs:
        """The features that are asked of a week: those of its snapshot's model, or by name those of today's."""
        own = week.scored.contract.feature_set
        if feature_set not in ("", own, self._today.contract.feature_set):
            raise InvalidFieldError("feature_set", f"must be empty or {own!r}, the feature set of the model")
        try:
            return week.scored.inputs(feature_set or own)
        except MissingFieldsError as error:
            raise InvalidFieldError("feature_set", f"must be empty or {own!r} for that week: {error}") from error

    def _folder_of(self, week: dt.date) -> Path | None:
        """Of the snapshot that answered when the week was the newest; None where it is not there, be it loaded or not.

        So all servers of a folder answer alike, whichever of them was asked before it was taken away.
        """
        then = model_of_week(self._published, week)
        if then is None or then.as_of_week != week:
            return None
        is_there = os.path.exists(then.folder / MANIFEST)  # noqa: PTH110 - Path's would raise where nobody may look
        return then.folder if is_there else None
