"""The types of a published snapshot: everything a server needs to answer, in one immutable folder.

    snapshots/
        CURRENT                     the id of the snapshot to serve, one line
        PUBLISHED                   every publication, the newest last, one JSON line each: id, time
        2018-W34-1a2b3c4d5e6f/
            manifest.json           what it is, and the SHA-256 of every other file
            products.json           per row: id, category, groups, lead time, terms of orders; excluded ids
            panel/<field>.npy       float32, shape (products, weeks)
            purchase_orders.npy     a row for each order with a supplier, only where the data tells of any
            eligible.npy            bool, shape (products, weeks): where the label applies
            reasons/<array>.npy     shape (products, reasons), only where the model can tell why
            challenger.npy          float32, shape (products,): the challenger's probabilities, only where there is one
            challenger.json         which model that is
            bundle/                 the registered model's ONNX graph and contract
        2018-W34-6f5e4d3c2b1a/      one that is published in shards, of which each server holds one
            manifest.json, bundle/  as before, and so challenger.json
            shard-0-of-4/           all but bundle/ and challenger.json, of the products that fall into it
            totals/<set>.npz        sums over all products and over locations, which features of that set need
            totals/wanted.npz       what all products together wanted in each week
        zero_sales/                 the same again, of the question of that name: only the first one lies at the top

The id holds a hash over the content, so publishing the same content again changes nothing. Nothing here needs more
than the gRPC server has, which loads it.
"""

import dataclasses
import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from data.panel import Panel
from data.snapshots.shards import HeldShard, Sharding
from data.snapshots.totals import TotalsFiles
from feature_service.json_record import read_json
from feature_service.kernel import FeatureSet
from feature_service.kernel.arrays import BoolArray, DoubleArray, FloatArray
from feature_service.kernel.groups import SharedTotals
from feature_service.kernel.season import Market

POINTER = "CURRENT"
LOG = "PUBLISHED"
MANIFEST = "manifest.json"
PRODUCTS = "products.json"
ELIGIBLE = "eligible.npy"
PURCHASE_ORDERS = "purchase_orders.npy"
PANEL = "panel"
BUNDLE = "bundle"
REASONS = "reasons"
CHALLENGER, CHALLENGER_SCORES, CHALLENGER_RISKS = "challenger.json", "challenger.npy", "challenger_risks.npy"
"""Beside the manifest and not in it, so that a server from before there were any serves the champion all the same."""

REFERENCE_FILE = "reference.json"
"""Beside a bundle outside a snapshot: its :class:`ModelReference`."""

MODEL_NAME = "stockout_risk"
"""Of the registered model, the experiment in MLflow, and the Bento."""

SCHEMA = 3

SHARDED_SCHEMA = 4
"""Of snapshots in shards, which a server from before there were any must not take for one without products."""

READABLE_SCHEMAS = (2, SCHEMA, SHARDED_SCHEMA)
"""A snapshot of schema 2 has no alert rule: its model's own threshold counts."""


@dataclass(frozen=True)
class ModelReference:
    """Which registered model a snapshot's bundle is."""

    name: str
    version: str
    run_id: str


@dataclass(frozen=True)
class AlertRule:
    """What an alert is in one snapshot: decided when it is published, and no part of its model.

    Attributes:
        policy: By name, e.g. ``budget 50``.
        threshold: An alert is raised where the risk reaches it.
        alerts_per_week: How many there were on the model's newest out-of-fold weeks, on which nothing was chosen.
        precision: Share of those that came true, of ``measured_on``.
        recall: Share of what happened there that had one.
        measured_on: First and last of the ``as_of`` weeks that these two are of: those weeks, as far as they are over;
            or all, those that the threshold was chosen on among them, where nothing that happened is known there.
        until_relief: Whether it is the risk until relief that alerts are raised on; else the question's probability.
    """

    policy: str
    threshold: float
    alerts_per_week: float
    precision: float
    recall: float
    measured_on: tuple[dt.date, dt.date]
    until_relief: bool = False


@dataclass(frozen=True)
class Reasons:
    """Why each product's probability at ``as_of`` is what it is; shape ``(products, reasons)`` each.

    Attributes:
        feature: Index of the feature in the model's order, int16, the strongest first; -1 where there is none.
        contribution: What it adds to the log-odds before calibration, float32.
    """

    feature: npt.NDArray[np.int16]
    contribution: FloatArray


@dataclass(frozen=True)
class Challenger:
    """The registered model that the snapshot's own was scored beside: what it is, and what an alert would be.

    Attributes:
        model: Which one.
        feature_set: By name.
        threshold: What the policy of the snapshot's alerts chose by the challenger's own backtest.
        until_relief: As of :class:`AlertRule`.
    """

    model: ModelReference
    feature_set: str
    threshold: float
    until_relief: bool = False


@dataclass(frozen=True)
class ChallengerScores:
    """What a challenger gives each product at ``as_of``, shape ``(products,)``; NaN where there is nothing.

    Attributes:
        challenger: Which it is.
        probabilities: Of the label's positive outcome, float32.
        risks: What its alerts are raised on, float64; None where that is the probability.
    """

    challenger: Challenger
    probabilities: FloatArray
    risks: DoubleArray | None = None

    @property
    def alerts(self) -> BoolArray:
        """Where it would raise one."""
        risks = self.probabilities.astype(np.float64) if self.risks is None else self.risks
        reached: BoolArray = risks >= self.challenger.threshold
        return reached


@dataclass(frozen=True)
class Snapshot:
    """A published snapshot, read and verified.

    Attributes:
        id: Its folder's name.
        published_at: When it was last published, UTC.
        model: The registered model in ``bundle_dir``.
        panel: Products x weeks up to ``as_of``; the matrices are read-only.
        eligible: Where the model's label applies, shape ``(products, weeks)``.
        bundle_dir: Folder of the model bundle.
        reasons: Why, for the newest week; None if the model cannot tell.
        alerts: What an alert is; None where the model's own threshold counts.
        warnings: What was taken of the data though it looks wrong, a sentence each.
        shard: Which part of the published products these are; None where they are all of them.
        totals: Sums over the products of all shards; None where there is but this.
        challenger: What the challenger gives the same products; None where there was none.
    """

    id: str
    published_at: dt.datetime
    model: ModelReference
    panel: Panel
    eligible: BoolArray
    bundle_dir: Path
    reasons: Reasons | None = None
    alerts: AlertRule | None = None
    warnings: tuple[str, ...] = ()
    shard: HeldShard | None = None
    totals: TotalsFiles | None = None
    challenger: ChallengerScores | None = None

    def shared_totals(self, definition: FeatureSet) -> SharedTotals | None:
        """Sums over all products that were published, where these are a part of them and a feature set needs sums.

        Raises:
            SnapshotError: If they are missing, or not what was published.
        """
        return self.totals.of(definition) if self.totals else None

    def market(self) -> Market | None:
        """What all products that were published wanted, week by week, where these are a part of them.

        Raises:
            SnapshotError: If it is not what was published.
        """
        return self.totals.market(len(self.panel.weeks)) if self.totals else None


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is, as ``manifest.json`` says it.

    Attributes:
        schema: Version of the folder's layout.
        id: The folder's name.
        published_at: When it was first published, UTC, in whole seconds.
        first_week: Monday of the panel's first week.
        as_of_week: Monday of its last week.
        fields: Names of the panel's matrices, sorted.
        model: The registered model in the bundle.
        sha256: Checksum of every other file, by its path in the folder.
        alerts: What an alert is; None where the model's own threshold counts.
        warnings: What was taken of the data though it looks wrong, a sentence each.
        shards: How its products are divided; None where they lie in one piece.
    """

    schema: int
    id: str
    published_at: dt.datetime
    first_week: dt.date
    as_of_week: dt.date
    fields: tuple[str, ...]
    model: ModelReference
    sha256: Mapping[str, str]
    alerts: AlertRule | None = None
    warnings: tuple[str, ...] = ()
    shards: Sharding | None = None

    def to_json(self) -> str:
        """The manifest as the text of its file."""
        said = dataclasses.asdict(self)
        if self.shards is None:
            del said["shards"]  # a server from before there were any knows no such field
        if self.alerts and not self.alerts.until_relief:
            del said["alerts"]["until_relief"]  # nor this one, which it must not pass over where it is true
        return json.dumps(said, indent=2, default=lambda date: date.isoformat()) + "\n"

    @classmethod
    def of(cls, folder: Path) -> "Manifest":
        """Read the manifest of a snapshot, whatever its schema.

        Raises:
            OSError, ValueError: If it cannot be read.
        """
        return read_json(cls, (folder / MANIFEST).read_text(encoding="utf-8"))
