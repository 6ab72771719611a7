"""From a panel and a model to states and probabilities: NumPy and the model, nothing of gRPC, no table of ids."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from data.panel import UNITS_ON_HAND, UNITS_SOLD
from data.snapshots import AlertRule, Snapshot
from feature_service.bundle import Bundle, Contract
from feature_service.kernel import FeatureSet, FloatArray, PanelFeatures, StockFeatures
from feature_service.kernel.arrays import BoolArray, DoubleArray, RowNumbers, Rows
from feature_service.kernel.deliveries import Incoming
from feature_service.server.errors import ModelMismatchError
from feature_service.server.scoring.newer_stock import NewerStock

States = npt.NDArray[np.uint8]


class State(IntEnum):
    """What is known of a product in a week, the worst first."""

    NOT_LAUNCHED = 0
    SHORT_HISTORY = 1
    NOT_ELIGIBLE = 2
    OUT_OF_STOCK = 3
    SCORED = 4


@dataclass(frozen=True)
class Scores:
    """Of some products in one week, shape ``(rows,)`` each.

    Attributes:
        states: Of type :class:`State`.
        probabilities: Of the label's positive outcome, float32; NaN unless the state is SCORED.
        run_out: The probability to be out by the end of each week ahead, float32, shape ``(rows, weeks)``; NaN unless
            the state is SCORED. No weeks where the model does not reach beyond its horizon.
    """

    states: States
    probabilities: FloatArray
    run_out: FloatArray

    @classmethod
    def joined(cls, parts: Sequence["Scores"]) -> "Scores":
        """Of all parts; at least one."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def as_supposed(self, supposed: DoubleArray, known: DoubleArray) -> "Scores":
        """The same where something else is supposed than what is known: risks by the ratio of two chances.

        Where the chance gets smaller the probability to be out does, in the same ratio; where it gets greater, that
        does, too, but not beyond what makes the probability not to be out smaller in the ratio of theirs. A curve still
        never falls.

        Args:
            supposed: The chance to be out by each week's end, shape ``(rows, weeks)``; of a model without a curve, by
                the end of its horizon alone.
            known: The same by what is known.
        """
        has_curve = self.run_out.shape[1] > 0
        before = (self.run_out if has_curve else self.probabilities[:, None]).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            in_ratio, most = before * supposed / known, 1 - (1 - before) * (1 - supposed) / (1 - known)
        after = np.select([supposed < known, supposed > known], [in_ratio, np.fmin(in_ratio, most)], before)
        curve = np.maximum.accumulate(after, axis=1).astype(np.float32)
        return Scores(self.states, curve[:, 0], curve if has_curve else self.run_out)

    def of(self, rows: Rows) -> "Scores":
        """Those of some rows."""
        return Scores(self.states[rows], self.probabilities[rows], self.run_out[rows])


class Inputs:
    """A feature set over one snapshot's panel, and where its label applies. Threads may share it.

    Args:
        feature_set: What the model takes.
        snapshot: Has the panel, where the label applies, and what its products share with those of other shards.
        stock_aware: Whether the label is about stock, so that a product that is out of it is a state of its own.
    """

    def __init__(self, feature_set: FeatureSet, snapshot: Snapshot, *, stock_aware: bool) -> None:
        panel = snapshot.panel
        self.feature_set, self.stock_aware = feature_set, stock_aware
        self._sold, self._eligible = panel.fields[UNITS_SOLD], snapshot.eligible
        self._out = panel.out_of_stock() if stock_aware else np.zeros_like(snapshot.eligible)
        # sales may be unknown again after the last record of all sales, which is no reason to forget a launch
        known = np.isfinite(self._sold)
        self._launch_week = np.where(known.any(axis=1), known.argmax(axis=1), known.shape[1])
        shared = snapshot.shared_totals(feature_set)
        self._orders, self._on_hand = panel.purchase_orders, panel.fields.get(UNITS_ON_HAND)
        self._of_panel = PanelFeatures(feature_set, panel.fields, panel.groups, shared, panel.purchase_orders)
        self._newest = panel.fields[UNITS_SOLD].shape[1] - 1
        self._newest_with_stock: StockFeatures | None = None

    def prepare_newest(self) -> None:
        """Compute what answers for callers' own stock in the newest week, so that no caller waits for it."""
        self._newest_with_stock = self._of_panel.with_stock_at(self._newest)

    @property
    def knows_stock(self) -> bool:
        """Whether features are made from the stock on hand."""
        return self.feature_set.stock_history is not None

    def features(self, rows: Rows, column: int) -> FloatArray:
        """Shape ``(rows, features)``; all NaN where the panel itself is too short."""
        if column == self._newest and self._newest_with_stock is not None:
            return self._newest_with_stock.features[rows]
        if column + 1 < self.feature_set.history_weeks:
            return np.full((len(self._sold[rows]), len(self.feature_set.features)), np.nan, dtype=np.float32)
        return self._of_panel.at(column, rows)

    def features_where_eligible(self, rows: slice, column: int) -> FloatArray:
        """The same; of a set that takes what is not known, NaN where the label does not apply: nobody scores these."""
        if not self.feature_set.unknown_allowed or self._newest_with_stock is not None:
            return self.features(rows, column)
        eligible = self.eligible(rows, column)
        result = np.full((len(eligible), len(self.feature_set.features)), np.nan, dtype=np.float32)
        result[eligible] = self.features(np.flatnonzero(eligible) + rows.start, column)
        return result

    def eligible(self, rows: Rows, column: int) -> BoolArray:
        """Where the label applies."""
        return self._eligible[rows, column]

    def out_of_stock(self, rows: Rows, column: int) -> BoolArray:
        """Where the stock is known to be used up; nowhere where the label is not about stock."""
        return self._out[rows, column]

    def features_with_stock(self, rows: RowNumbers, column: int, newer: NewerStock) -> FloatArray | None:
        """The features as if the panel held the callers' stock; None if the set knows none."""
        with_stock, places = self._newest_with_stock, rows
        if column != self._newest or with_stock is None:
            with_stock, places = self._of_panel.with_stock_at(column, rows), np.arange(len(rows))
        if with_stock is None:
            return None
        units = newer.units_on_hand
        if self._on_hand is not None:
            units = np.where(np.isnan(units), self._on_hand[rows, column], units)
        incoming = None
        if self.feature_set.takes_orders and self._orders is not None:
            incoming = newer.still_to_come(Incoming.seen(self._orders.of(rows), column))
        return with_stock.with_units_on_hand(places, units.astype(np.float32), incoming)

    def states(self, rows: Rows, column: int, features: FloatArray, eligible: BoolArray, out: BoolArray) -> States:
        """What is known of each row."""
        launched = self._launch_week[rows] <= column
        long_enough = self.feature_set.unknown_allowed | np.isfinite(features).all(axis=1)
        conditions = [~launched, ~long_enough, ~eligible & ~out, ~eligible]
        worst = [State.NOT_LAUNCHED, State.SHORT_HISTORY, State.NOT_ELIGIBLE, State.OUT_OF_STOCK]
        return np.select(conditions, worst, State.SCORED).astype(np.uint8)

    def known_weeks(self, rows: Rows, column: int) -> npt.NDArray[np.intp]:
        """Weeks since the first sale."""
        weeks: npt.NDArray[np.intp] = np.isfinite(self._sold[rows, : column + 1]).sum(axis=1)
        return weeks


@dataclass(frozen=True)
class AlertLine:
    """From where an alert is raised.

    Attributes:
        threshold: Where the risk reaches it.
        until_relief: Whether that is the risk until relief; else it is the probability.
    """

    threshold: float
    until_relief: bool = False

    @classmethod
    def of(cls, rule: AlertRule | None, contract: Contract) -> "AlertLine":
        """That of a snapshot; where it has none, the model's own."""
        return cls(contract.threshold) if rule is None else cls(rule.threshold, rule.until_relief)


class Scorer:
    """One model over the inputs that it takes.

    Args:
        inputs: What it takes.
        bundle: The model.
        alerts: What an alert is; None for the model's own threshold.
    Raises:
        ModelMismatchError: If this code does not compute what the model takes.
    """

    def __init__(self, inputs: Inputs, bundle: Bundle, alerts: AlertRule | None = None) -> None:
        if inputs.feature_set.feature_names != bundle.contract.feature_names:
            raise ModelMismatchError(inputs.feature_set.name)
        self.inputs, self.contract, self._bundle = inputs, bundle.contract, bundle
        self.alert_line = AlertLine.of(alerts, bundle.contract)

    def scores(self, rows: RowNumbers, column: int, newer_stock: NewerStock | None = None) -> Scores:
        """Of some products in one week, with a stock that is newer than the snapshot's where there is one."""
        return self.scores_of(*self.inputs_of(rows, column, newer_stock), rows, column)

    def scores_of_block(self, rows: slice, column: int) -> tuple[Scores, FloatArray]:
        """Of neighbours, with their features; of those that nobody scores, these may be left out: NaN."""
        features = self.inputs.features_where_eligible(rows, column)
        eligible, out = self.inputs.eligible(rows, column), self.inputs.out_of_stock(rows, column)
        return self.scores_of(features, eligible, out, rows, column), features

    def inputs_of(
        self, rows: RowNumbers, column: int, newer_stock: NewerStock | None = None
    ) -> tuple[FloatArray, BoolArray, BoolArray]:
        """The features, where the label applies and where the stock is used up, as :meth:`scores_of` takes them."""
        features, eligible = self.inputs.features(rows, column), self.inputs.eligible(rows, column)
        out = self.inputs.out_of_stock(rows, column)
        if newer_stock is not None:
            features, eligible = self._with_stock(features, eligible, rows, column, newer_stock)
            known = np.isfinite(newer_stock.units_on_hand) & self.inputs.stock_aware
            out = np.where(known, newer_stock.units_on_hand <= 0, out)
        return features, eligible, out

    def scores_of(self, features: FloatArray, eligible: BoolArray, out: BoolArray, rows: Rows, column: int) -> Scores:
        """Of features that are computed already."""
        states = self.inputs.states(rows, column, features, eligible, out)
        scored = states == State.SCORED
        weeks = self.contract.reach_weeks
        run_out = np.full((len(states), weeks), np.nan, dtype=np.float32)
        run_out[scored] = self._bundle.predict_run_out(features[scored])
        probabilities = run_out[:, 0].copy()
        return Scores(states, probabilities, run_out if weeks > 1 else run_out[:, :0])

    def _with_stock(
        self, features: FloatArray, eligible: BoolArray, rows: RowNumbers, column: int, newer_stock: NewerStock
    ) -> tuple[FloatArray, BoolArray]:
        """The features, and where the label applies, as if the panel held the newer stock."""
        says_units = np.isfinite(newer_stock.units_on_hand)
        other = np.flatnonzero(says_units)
        if not len(other):
            return features, eligible
        with_stock = self.inputs.features_with_stock(rows[other], column, newer_stock.of(other))
        if with_stock is None:
            return features, eligible
        features, eligible = features.copy(), eligible.copy()
        features[other] = with_stock
        if any(bound.feature == UNITS_ON_HAND for bound in self.contract.label.applies_where):
            eligible[says_units] = self.contract.applies(features[says_units], counted_now=True)
        return features, eligible
