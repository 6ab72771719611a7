"""Which products have a probability in which week, and which: NumPy and the model, nothing of gRPC."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from data.panel import UNITS_ON_HAND, UNITS_SOLD
from data.snapshot import Snapshot
from data.weeks import last_complete_week
from feature_service.kernel import FloatArray, PanelFeatures, feature_set
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
from feature_service.server.questions import Stock
from training.bundle import Bundle

Rows = slice | npt.NDArray[np.intp]

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
    """The probability of the label's positive outcome, and whether it reaches the threshold.

    ``units_on_hand`` is what the answer assumes, None where no stock is known.
    """

    probability: float
    alert: bool
    category: str = ""
    units_on_hand: float | None = None


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
        self._on_hand = snapshot.panel.fields.get(UNITS_ON_HAND)
        self._rows = {product_id: row for row, product_id in enumerate(snapshot.panel.product_ids)}
        self.newest = len(snapshot.panel.weeks) - 1
        blocks = [slice(start, start + BLOCK_ROWS) for start in range(0, len(self._rows), BLOCK_ROWS)]
        scores = [self._score(block, self.newest) for block in blocks]
        self._now = _Scores(
            states=np.concatenate([np.empty(0, np.uint8), *(block.states for block in scores)]),
            probabilities=np.concatenate([np.empty(0, np.float32), *(block.probabilities for block in scores)]),
        )

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
        return self._risk(row, self.newest, self._now.states[row], self._now.probabilities[row])

    def risks_now(self, rows: slice) -> list[Risk | ProductError]:
        """The answers for the newest week of some rows, from the table."""
        numbers = range(*rows.indices(len(self._rows)))
        states, probabilities = self._now.states[rows].tolist(), self._now.probabilities[rows].tolist()
        return list(map(self._risk, numbers, [self.newest] * len(numbers), states, probabilities))

    def risk_of_row(self, row: int) -> Risk:
        """The answer for the newest week of a row that has a probability."""
        return self._scored(row, self.newest, float(self._now.probabilities[row]))

    def risks(self, product_ids: Sequence[str], column: int) -> list[Risk | ProductError]:
        """The answers for any week, computed from the panel for the asked products only."""
        rows = self._rows_of(product_ids)
        scores = self._score(rows, column)
        answers = iter(map(self._risk, rows, [column] * len(rows), scores.states, scores.probabilities))
        return [next(answers) if each in self._rows else self._absence(each, column) for each in product_ids]

    def assess(self, product_ids: Sequence[str], stock: Sequence[Stock], column: int) -> list[Risk | ProductError]:
        """The answers for any week with what the caller knows of each product's stock."""
        return list(map(_with_stock, self.risks(product_ids, column), stock))

    def features(self, product_ids: Sequence[str], column: int) -> list[Features | ProductError]:
        """The model's inputs in any week, as it was trained on them."""
        rows = self._rows_of(product_ids)
        features = self._features(rows, column)
        states = self._states(rows, column, features)
        answers = iter(map(self._features_or_error, rows, [column] * len(rows), states, features.tolist()))
        return [next(answers) if each in self._rows else self._absence(each, column) for each in product_ids]

    def _rows_of(self, product_ids: Sequence[str]) -> npt.NDArray[np.intp]:
        return np.array([self._rows[each] for each in product_ids if each in self._rows], dtype=np.intp)

    def _score(self, rows: Rows, column: int) -> _Scores:
        features = self._features(rows, column)
        states = self._states(rows, column, features)
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

    def _states(self, rows: Rows, column: int, features: FloatArray) -> npt.NDArray[np.uint8]:
        launched = np.isfinite(self._panel.fields[UNITS_SOLD][rows, column])
        long_enough = self.feature_set.unknown_allowed | np.isfinite(features).all(axis=1)
        eligible = self._eligible[rows, column]
        conditions = [~launched, ~long_enough, ~eligible]
        worst = [State.NOT_LAUNCHED, State.SHORT_HISTORY, State.NOT_ELIGIBLE]
        return np.select(conditions, worst, State.SCORED).astype(np.uint8)

    def _risk(self, row: int, column: int, state: int, probability: float) -> Risk | ProductError:
        if state == State.SCORED:
            return self._scored(row, column, float(probability))
        return self._problem(row, column, state)

    def _scored(self, row: int, column: int, probability: float) -> Risk:
        alert = probability >= self._bundle.contract.threshold
        return Risk(probability, alert, self._panel.categories[row], self._units_on_hand(row, column))

    def _units_on_hand(self, row: int, column: int) -> float | None:
        if self._on_hand is None:
            return None
        units = float(self._on_hand[row, column])
        return units if np.isfinite(units) else None

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
        return NotEligibleError(self.label.name, self.label.description)

    def _absence(self, product_id: str, column: int) -> ProductError:
        cause = self._panel.excluded.get(product_id)
        if cause is None:
            return UnknownProductError()
        return NotLaunchedError(self.week(column)) if cause == NOT_LAUNCHED_CAUSE else ExcludedProductError(cause)


def _with_stock(answer: Risk | ProductError, stock: Stock) -> Risk | ProductError:
    if isinstance(answer, ProductError) or stock.units_on_hand is None:
        return answer
    return replace(answer, units_on_hand=stock.units_on_hand)
