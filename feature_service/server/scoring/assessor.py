"""Which products have a probability in which week, and which: by product id, with the newest week scored at once."""

import datetime as dt
from dataclasses import replace

import numpy as np

from data.snapshots import Snapshot
from data.weeks import last_complete_week
from feature_service.bundle import STOCK_AWARE, Bundle
from feature_service.kernel import FloatArray, feature_set
from feature_service.kernel.arrays import RowNumbers
from feature_service.server.errors import AsOfOutOfRangeError
from feature_service.server.product_errors import (
    ExcludedProductError,
    NotEligibleError,
    NotLaunchedError,
    OutOfStockError,
    ProductError,
    ShortHistoryError,
    UnknownProductError,
    WrongShardError,
)
from feature_service.server.scoring.assessment import Assessment
from feature_service.server.scoring.newer_stock import NewerStock
from feature_service.server.scoring.planner import Figures, Planner
from feature_service.server.scoring.reasons import ReasonTable
from feature_service.server.scoring.recorded_counts import Counts, RecordedCounts
from feature_service.server.scoring.scorer import Inputs, Scorer, Scores, State, States
from feature_service.server.scoring.stock_outs import StockOuts, stock_outs

BLOCK_ROWS = 65_536  # features of 1 million products at once would take 0.3 GB
NOT_LAUNCHED_CAUSE = "NOT_LAUNCHED"


class Assessor:
    """One snapshot and its model. Every product is scored once for the newest week; other weeks on the spot.

    Recorded counts make another assessor of it (see :mod:`feature_service.server.scoring.recount`).

    Raises:
        UnknownFeatureSetError, ModelMismatchError: If this code does not compute what the model takes.
    """

    def __init__(self, snapshot: Snapshot, bundle: Bundle) -> None:
        self.panel, self.label, self._shard = snapshot.panel, bundle.contract.label, snapshot.shard
        self.planner = Planner(snapshot.panel, self.label.horizon_weeks, snapshot.market())
        stock_aware = self.label.evidence == STOCK_AWARE
        self.inputs = Inputs(feature_set(bundle.contract.feature_set), snapshot, stock_aware=stock_aware)
        self.scorer = Scorer(self.inputs, bundle, snapshot.alerts)
        self.newest = len(snapshot.panel.weeks) - 1
        self._rows = {product_id: row for row, product_id in enumerate(snapshot.panel.product_ids)}
        self._not_eligible = NotEligibleError(self.label.name, self.label.description)
        self.inputs.prepare_newest()
        self._score_newest(snapshot)
        nobody = np.empty(0, np.intp)
        self.recorded = RecordedCounts(Counts.none(), self._scores.of(nobody), self.figures.of(nobody))

    def __len__(self) -> int:
        """Products with a row."""
        return len(self._rows)

    @property
    def probabilities(self) -> FloatArray:
        """Of the newest week, shape ``(products,)``; NaN where there is none."""
        return self.newest_answers(np.arange(len(self))).scores.probabilities

    @property
    def last_day(self) -> dt.date:
        """Of the newest week."""
        return self.week(self.newest) + dt.timedelta(days=6)

    def row(self, product_id: str) -> int | None:
        """Where the product is; None if it has no row."""
        return self._rows.get(product_id)

    def column(self, as_of: dt.date | None) -> int:
        """The panel's column of the last complete week up to ``as_of``; None is the newest.

        Raises:
            AsOfOutOfRangeError: If the snapshot does not hold that week.
        """
        if as_of is None:
            return self.newest
        first, last = self.week(0), self.week(self.newest)
        if first <= as_of < last + dt.timedelta(weeks=2):
            week = last_complete_week(as_of)
            if first <= week <= last:
                return (week - first).days // 7
        raise AsOfOutOfRangeError(as_of, first, last)

    def week(self, column: int) -> dt.date:
        """Monday of a column's week."""
        monday: dt.date = self.panel.weeks[column].item()
        return monday

    def newest_answers(self, rows: RowNumbers) -> Assessment:
        """The answers for the newest week, from the table."""
        scores, figures = self._scores.of(rows), self.figures.of(rows)
        recorded = self.recorded.put_into(rows, scores, figures)
        return Assessment(rows, self.newest, scores, figures, self.scorer, recorded, ~recorded, with_reasons=True)

    def answers(
        self, rows: RowNumbers, column: int, scorer: Scorer, caller_stock: NewerStock | None = None
    ) -> Assessment:
        """The answers for any week, computed from the panel for these rows only.

        Args:
            rows: The products.
            column: The week.
            scorer: The model: the snapshot's, or another one.
            caller_stock: What the caller knows of each row's stock.
        """
        stock = self._stock_of(rows, column, caller_stock)
        recorded = np.zeros(len(rows), dtype=np.bool_)
        if stock is not None and stock.counted_in_days is not None:
            recorded = np.isfinite(stock.counted_in_days)
        scores = self._as_supposed(scorer.scores(rows, column, stock), rows, column, scorer, stock)
        figures = self.planner.figures(rows, column, scores.run_out, stock)
        as_published = np.full(len(rows), column == self.newest and scorer is self.scorer)
        if stock is not None:
            own_lead_time = self.planner.is_own_lead_time(rows, stock.lead_time_days)
            as_published &= np.isnan(stock.units_on_hand) & ~stock.supposes & own_lead_time
        return Assessment(rows, column, scores, figures, scorer, recorded, as_published)

    def _as_supposed(
        self, scores: Scores, rows: RowNumbers, column: int, scorer: Scorer, stock: NewerStock | None
    ) -> Scores:
        """The scores where callers suppose something: moved as it moves the chance that demand uses up the stock."""
        if stock is None or not (scorer.inputs.stock_aware and stock.supposes.any()):
            return scores
        contract = scorer.contract
        weeks = np.arange(1, contract.reach_weeks + 1) if contract.reach_weeks > 1 else [contract.label.horizon_weeks]
        supposed, known = (np.zeros((len(rows), len(weeks))) for _ in range(2))
        some = np.flatnonzero(stock.supposes)
        supposed[some], known[some] = self.planner.chances(rows[some], column, stock.of(some), weeks)
        return scores.as_supposed(supposed, known)

    def features(self, rows: RowNumbers, column: int, inputs: Inputs | None = None) -> tuple[FloatArray, States]:
        """The model's inputs in any week, as it was trained on them: shape ``(rows, features)``; and their states.

        Other ``inputs`` are those of another feature set, without recorded counts.
        """
        if inputs is None:
            features, eligible, out = self.scorer.inputs_of(rows, column, self._stock_of(rows, column))
            return features, self.inputs.states(rows, column, features, eligible, out)
        features, eligible = inputs.features(rows, column), inputs.eligible(rows, column)
        return features, inputs.states(rows, column, features, eligible, inputs.out_of_stock(rows, column))

    def _stock_of(self, rows: RowNumbers, column: int, caller_stock: NewerStock | None = None) -> NewerStock | None:
        """What was recorded is of the newest week, and a caller knows better."""
        return self.recorded.behind(rows, caller_stock) if column == self.newest else caller_stock

    def risk_problems(self, answers: Assessment) -> dict[int, ProductError]:
        """By position, why those without a probability have none."""
        inputs = answers.scorer.inputs
        problems = self._problems(inputs, answers.rows, answers.column, answers.scores.states, State.SCORED)
        return problems | self._out_of_stock(answers)

    def feature_problems(
        self, rows: RowNumbers, column: int, states: States, inputs: Inputs | None = None
    ) -> dict[int, ProductError]:
        """By position, why those whose features are not known lack them."""
        return self._problems(inputs or self.inputs, rows, column, states, State.NOT_ELIGIBLE)

    def is_excluded(self, product_id: str) -> bool:
        """Whether the snapshot names the id as one without a row."""
        return product_id in self.panel.excluded

    def absence(self, product_id: str, column: int) -> ProductError:
        """Why an id has no row."""
        cause = self.panel.excluded.get(product_id)
        if cause is None:
            return self._unknown(product_id)
        return NotLaunchedError(self.week(column)) if cause == NOT_LAUNCHED_CAUSE else ExcludedProductError(cause)

    def _unknown(self, product_id: str) -> ProductError:
        held = self._shard
        if held is None or (number := held.sharding.number(product_id)) == held.shard.number:
            return UnknownProductError()
        return WrongShardError(number, held.sharding.count, held.shard.number)

    def _score_newest(self, snapshot: Snapshot) -> None:
        """In blocks, each with the values of the features that are reasons."""
        blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, max(1, len(self)), BLOCK_ROWS)]
        scored = [self._scored_now(block, snapshot) for block in blocks]
        self._scores = Scores.joined([scores for scores, _ in scored])
        out_of_stock = np.flatnonzero(self._scores.states == State.OUT_OF_STOCK)
        self.stock_outs = stock_outs(self.panel, out_of_stock, self.newest)
        self.figures = Figures.joined(
            [
                self.planner.figures(block, self.newest, scores.run_out)
                for block, (scores, _) in zip(blocks, scored, strict=True)
            ]
        )
        self.reasons: ReasonTable | None = None
        if snapshot.reasons is not None:
            values = np.concatenate([values for _, values in scored])
            self.reasons = ReasonTable(self.inputs.feature_set.features, snapshot.reasons, values)

    def _scored_now(self, block: slice, snapshot: Snapshot) -> tuple[Scores, FloatArray]:
        scores, features = self.scorer.scores_of_block(block, self.newest)
        self.panel.release()
        nothing = np.empty((len(features), 0), dtype=np.float32)
        reasons = snapshot.reasons
        return scores, nothing if reasons is None else ReasonTable.values(reasons, block, features)

    def _problems(
        self, inputs: Inputs, rows: RowNumbers, column: int, states: States, below: State
    ) -> dict[int, ProductError]:
        too_bad = np.flatnonzero(states < below)
        short = too_bad[states[too_bad] == State.SHORT_HISTORY]
        known = dict(zip(short.tolist(), inputs.known_weeks(rows[short], column).tolist(), strict=True))
        needed = inputs.feature_set.history_weeks
        own: dict[int, ProductError] = {position: ShortHistoryError(needed, weeks) for position, weeks in known.items()}
        shared: dict[int, ProductError] = {
            State.NOT_LAUNCHED: NotLaunchedError(self.week(column)),
            State.NOT_ELIGIBLE: self._not_eligible,
        }
        return {
            position: own.get(position) or shared[state]
            for position, state in zip(too_bad.tolist(), states[too_bad].tolist(), strict=True)
            if state != State.OUT_OF_STOCK
        }

    def _out_of_stock(self, answers: Assessment) -> dict[int, ProductError]:
        """By position, what is lost; of the newest week it is in a table, unless a caller knows of more."""
        positions = np.flatnonzero(answers.scores.states == State.OUT_OF_STOCK)
        out = answers.rows[positions]
        table = self.stock_outs if answers.column == self.newest else self.stock_outs.of(np.empty(0, np.intp))
        missing = out[~np.isin(out, table.rows)]
        if len(missing):
            table = replace(table, last_day=self.week(answers.column) + dt.timedelta(days=6))
            found = stock_outs(self.panel, missing, answers.column)
            came_back = np.isin(found.rows, self.recorded.counts.rows) & (answers.column == self.newest)
            table = table.joined(replace(found, out_days=np.where(came_back, np.nan, found.out_days)))
        return {
            position: self.stock_out_of(row, table, count_recorded=bool(answers.recorded[position]))
            for position, row in zip(positions.tolist(), out.tolist(), strict=True)
        }

    def stock_out_of(
        self, row: int, table: StockOuts | None = None, *, count_recorded: bool = False
    ) -> OutOfStockError:
        """What a product that is out of stock loses, by default in the newest week."""
        found = (self.stock_outs if table is None else table)[row]
        category = self.panel.categories[row]
        return OutOfStockError(
            found.since, found.units_lost_per_week, found.revenue_lost_per_week, category, count_recorded=count_recorded
        )
