"""Which products have a probability in which week, and which: NumPy and the model, nothing of gRPC."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import repeat

import numpy as np
import numpy.typing as npt

from data.panel import UNITS_SOLD
from data.snapshot import Reasons, Snapshot
from data.weeks import last_complete_week
from feature_service.kernel import FloatArray, PanelFeatures, StockFeatures, feature_set
from feature_service.server.errors import (
    AsOfOutOfRangeError,
    ExcludedProductError,
    ModelMismatchError,
    NotEligibleError,
    NotLaunchedError,
    ProductError,
    ShortHistoryError,
    UnknownProductError,
)
from feature_service.server.planner import Figures, Given, Plan, Planner, Rows
from feature_service.server.questions import Stock
from feature_service.server.reasons import Reason, ReasonTable
from training.bundle import Bundle

BLOCK_ROWS = 65_536  # features of 1 million products at once would take 0.3 GB
NOT_LAUNCHED_CAUSE = "NOT_LAUNCHED"


class State(IntEnum):
    """What is known of a product in a week, the worst first."""

    NOT_LAUNCHED = 0
    SHORT_HISTORY = 1
    NOT_ELIGIBLE = 2
    SCORED = 3


@dataclass(frozen=True, slots=True)
class Risk:
    """The probability of the label's positive outcome, whether it reaches the threshold, and what follows from it."""

    probability: float
    alert: bool
    category: str
    plan: Plan
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True, slots=True)
class Features:
    """One product's features in the set's order, and whether the label applies."""

    values: list[float]
    eligible: bool


@dataclass(frozen=True)
class _Scores:
    """Shape ``(rows,)`` each; a probability is NaN unless its state is SCORED."""

    states: npt.NDArray[np.uint8]
    probabilities: FloatArray


class Assessor:
    """One snapshot and its model. Every product is scored once for the newest week; other weeks on the spot.

    Raises:
        UnknownFeatureSetError, ModelMismatchError: If this code does not compute what the model takes.
    """

    def __init__(self, snapshot: Snapshot, bundle: Bundle) -> None:
        self.label = bundle.contract.label
        self.feature_set = feature_set(bundle.contract.feature_set)
        if self.feature_set.feature_names != bundle.contract.feature_names:
            raise ModelMismatchError(self.feature_set.name)
        self._bundle = bundle
        self._panel = snapshot.panel
        self._eligible = snapshot.eligible
        self._panel_features = PanelFeatures(self.feature_set, snapshot.panel.fields, snapshot.panel.groups)
        self._planner = Planner(snapshot.panel, self.label.horizon_weeks)
        self._rows = {product_id: row for row, product_id in enumerate(snapshot.panel.product_ids)}
        self.newest = len(snapshot.panel.weeks) - 1
        blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, len(self._rows), BLOCK_ROWS)]
        scored = [self._scored_now(block, snapshot.reasons) for block in blocks]
        self._now = _Scores(
            states=np.concatenate([np.empty(0, np.uint8), *(scores.states for scores, _ in scored)]),
            probabilities=np.concatenate([np.empty(0, np.float32), *(scores.probabilities for scores, _ in scored)]),
        )
        self.figures = Figures.joined([self._planner.figures(block, self.newest) for block in blocks])
        self._not_eligible = NotEligibleError(self.label.name, self.label.description)
        self._stock_now = self._panel_features.with_stock_at(self.newest)
        self._stock_then: tuple[int, StockFeatures | None] | None = None
        self._reasons = None
        if snapshot.reasons is not None and scored:
            values = np.concatenate([values for _, values in scored])
            self._reasons = ReasonTable(self.feature_set.features, snapshot.reasons, values)

    def __len__(self) -> int:
        """Products with a row."""
        return len(self._rows)

    @property
    def product_ids(self) -> Sequence[str]:
        """Of every row."""
        return self._panel.product_ids

    @property
    def categories(self) -> Sequence[str]:
        """Of every row."""
        return self._panel.categories

    @property
    def probabilities(self) -> FloatArray:
        """Of the newest week, shape ``(products,)``; NaN where there is none."""
        return self._now.probabilities

    def is_known(self, product_id: str) -> bool:
        """Whether the snapshot names the id, with a row or as excluded."""
        return product_id in self._rows or product_id in self._panel.excluded

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
        monday: dt.date = self._panel.weeks[column].item()
        return monday

    def risk_now(self, product_id: str) -> Risk | ProductError:
        """The answer for the newest week, from the table."""
        row = self._rows.get(product_id)
        if row is None:
            return self._absence(product_id, self.newest)
        return self.risks_now(slice(row, row + 1))[0]

    def risks_now(self, rows: slice) -> list[Risk | ProductError]:
        """The answers for the newest week of some rows, from the table."""
        numbers = range(*rows.indices(len(self._rows)))
        states, probabilities = self._now.states[rows].tolist(), self._now.probabilities[rows].tolist()
        plans = self.figures.plans(rows, self._last_day(self.newest))
        reasons = map(self._reasons.of, numbers) if self._reasons else repeat(())
        return list(map(self._risk, numbers, repeat(self.newest), states, probabilities, plans, reasons))

    def scored_now(self, row: int) -> Risk:
        """The answer for the newest week of a row that has a probability."""
        (answer,) = self.risks_now(slice(row, row + 1))
        if isinstance(answer, ProductError):
            raise answer
        return answer

    def risks(
        self, product_ids: Sequence[str], column: int, stock: Sequence[Stock] | None = None
    ) -> list[Risk | ProductError]:
        """The answers for any week, computed from the panel for the asked products only.

        Args:
            product_ids: The products.
            column: The week.
            stock: What the caller knows of each product's stock.
        """
        rows = self._rows_of(product_ids)
        known = zip(product_ids, stock or (), strict=bool(stock))
        given = Given.of([each for product_id, each in known if product_id in self._rows]) if stock else None
        scores = self._score(rows, column, given)
        plans = self._planner.figures(rows, column, given).plans(slice(None), self._last_day(column))
        states, probabilities = scores.states.tolist(), scores.probabilities.tolist()
        answers = map(self._risk, rows.tolist(), repeat(column), states, probabilities, plans)
        return [next(answers) if each in self._rows else self._absence(each, column) for each in product_ids]

    def features(self, product_ids: Sequence[str], column: int) -> list[Features | ProductError]:
        """The model's inputs in any week, as it was trained on them."""
        rows = self._rows_of(product_ids)
        features = self._features(rows, column)
        states = self._states(rows, column, features, self._eligible[rows, column])
        answers = iter(map(self._features_or_error, rows, [column] * len(rows), states, features.tolist()))
        return [next(answers) if each in self._rows else self._absence(each, column) for each in product_ids]

    def _rows_of(self, product_ids: Sequence[str]) -> npt.NDArray[np.intp]:
        return np.array([self._rows[each] for each in product_ids if each in self._rows], dtype=np.intp)

    def _scored_now(self, block: slice, reasons: Reasons | None) -> tuple[_Scores, FloatArray]:
        """Of a block in the newest week, with the values of the features that are reasons."""
        features = self._features(block, self.newest)
        scores = self._judged(features, self._eligible[block, self.newest], block, self.newest)
        nothing = np.empty((len(features), 0), dtype=np.float32)
        return scores, nothing if reasons is None else ReasonTable.values(reasons, block, features)

    def _score(self, rows: npt.NDArray[np.intp], column: int, given: Given | None) -> _Scores:
        features, eligible = self._features(rows, column), self._eligible[rows, column]
        if given is not None:
            features, eligible = self._with_stock(features, eligible, rows, column, given)
        return self._judged(features, eligible, rows, column)

    def _judged(self, features: FloatArray, eligible: npt.NDArray[np.bool_], rows: Rows, column: int) -> _Scores:
        states = self._states(rows, column, features, eligible)
        scored = states == State.SCORED
        probabilities = np.full(len(states), np.nan, dtype=np.float32)
        probabilities[scored] = self._bundle.predict(features[scored])
        return _Scores(states, probabilities)

    def _features(self, rows: Rows, column: int) -> FloatArray:
        """Shape ``(rows, features)``; all NaN where the panel itself is too short."""
        if column + 1 < self.feature_set.history_weeks:
            asked = len(self._panel.fields[UNITS_SOLD][rows])
            return np.full((asked, len(self.feature_set.features)), np.nan, dtype=np.float32)
        return self._panel_features.at(column, rows)

    def _with_stock(
        self,
        features: FloatArray,
        eligible: npt.NDArray[np.bool_],
        rows: npt.NDArray[np.intp],
        column: int,
        given: Given,
    ) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """The features, and where the label applies, as if the panel held the stock that the caller knows."""
        told = np.flatnonzero(np.isfinite(given.units_on_hand))
        stocked = self._stock_features(column)
        if stocked is None or not len(told):
            return features, eligible
        features, eligible = features.copy(), eligible.copy()
        units = given.units_on_hand[told].astype(np.float32)
        features[told] = stocked.with_units_on_hand(rows[told], units)
        if self.label.applies_where_positive:
            decides = self.feature_set.feature_names.index(self.label.applies_where_positive)
            eligible[told] = features[told, decides] > 0
        return features, eligible

    def _stock_features(self, column: int) -> StockFeatures | None:
        """Of every product, so kept for the newest week and for the past week that was asked last."""
        if column == self.newest:
            return self._stock_now
        if self._stock_then is None or self._stock_then[0] != column:
            self._stock_then = column, self._panel_features.with_stock_at(column)
        return self._stock_then[1]

    def _states(
        self, rows: Rows, column: int, features: FloatArray, eligible: npt.NDArray[np.bool_]
    ) -> npt.NDArray[np.uint8]:
        launched = np.isfinite(self._panel.fields[UNITS_SOLD][rows, column])
        long_enough = self.feature_set.unknown_allowed | np.isfinite(features).all(axis=1)
        conditions = [~launched, ~long_enough, ~eligible]
        worst = [State.NOT_LAUNCHED, State.SHORT_HISTORY, State.NOT_ELIGIBLE]
        return np.select(conditions, worst, State.SCORED).astype(np.uint8)

    def _risk(
        self, row: int, column: int, state: int, probability: float, plan: Plan, reasons: Sequence[Reason] = ()
    ) -> Risk | ProductError:
        if state == State.SCORED:
            alert = probability >= self._bundle.contract.threshold
            return Risk(probability, alert, self._panel.categories[row], plan, reasons)
        return self._problem(row, column, state)

    def _last_day(self, column: int) -> dt.date:
        return self.week(column) + dt.timedelta(days=6)

    def _features_or_error(self, row: int, column: int, state: int, values: list[float]) -> Features | ProductError:
        if state >= State.NOT_ELIGIBLE:
            return Features(values, eligible=state == State.SCORED)
        return self._problem(row, column, state)

    def _problem(self, row: int, column: int, state: int) -> ProductError:
        if state == State.NOT_LAUNCHED:
            return NotLaunchedError(self.week(column))
        if state == State.SHORT_HISTORY:
            known = int(np.isfinite(self._panel.fields[UNITS_SOLD][row, : column + 1]).sum())
            return ShortHistoryError(self.feature_set.history_weeks, known)
        return self._not_eligible

    def _absence(self, product_id: str, column: int) -> ProductError:
        cause = self._panel.excluded.get(product_id)
        if cause is None:
            return UnknownProductError()
        return NotLaunchedError(self.week(column)) if cause == NOT_LAUNCHED_CAUSE else ExcludedProductError(cause)
