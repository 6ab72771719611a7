"""What the server answers, as plain frozen values."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from feature_service.client.deliveries import NextDelivery
from feature_service.client.orders import SuggestedOrder

if TYPE_CHECKING:
    from feature_service.client.frames import DataFrame


@dataclass(frozen=True)
class Challenger:
    """A registered model that was scored beside the one that answers.

    It would alert from ``threshold``: of the risk until relief where ``alerts_until_relief``, else of the probability.
    """

    model_name: str
    model_version: str
    feature_set: str
    threshold: float
    alerts_until_relief: bool = False


@dataclass(frozen=True)
class Provenance:
    """What an answer rests on; ``evidence`` is SALES_ONLY or STOCK_AWARE.

    Alerts begin at ``threshold``: of the risk until relief where ``alerts_until_relief``, else of the probability.
    ``challenger`` is None unless it was asked for and there was one.

    Old servers tell no ``data_until`` and no ``question``. ``counts_version`` says which recorded counts of stock the
    answer stands on, empty for none; of an answer to a request in several batches, between which it changed, it is that
    of each, joined by ``+``, and of one by several servers, whose own differ, those of each, joined by ``,``.
    """

    model_name: str
    model_version: str
    feature_set: str
    label: str
    threshold: float
    snapshot_id: str
    as_of_week: dt.date
    horizon_weeks: int
    evidence: str
    published_at: dt.datetime
    stale: bool
    data_until: dt.date | None = None
    alert_policy: str = ""
    data_warnings: int = 0
    question: str = ""
    counts_version: str = ""
    challenger: Challenger | None = None
    alerts_until_relief: bool = False


@dataclass(frozen=True)
class ProductProblem:
    """Why a product has no answer: gRPC code, reason and its facts for programs, sentence for people.

    ``metadata`` holds the facts as text, by the names that the protos give for each reason, e.g. ``since``.
    """

    code: str
    reason: str
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reason:
    """One feature's part in a probability; ``contribution`` in log-odds, ``text`` in words."""

    feature: str
    value: float
    contribution: float
    text: str


@dataclass(frozen=True)
class ProductRisk:
    """One product's risk; ``probability`` and ``alert`` are None where ``error`` is not, or where it ran out.

    What the server cannot know is None; see ``StockoutRisk`` in the protos for what each figure is. ``count_recorded``
    says whether the count of ``counted_on`` was recorded after the snapshot's. ``challenger_probability`` and
    ``challenger_alert`` are None unless they were asked for. ``run_out_probabilities`` has one for the end of each week
    ahead; it is empty where the model does not reach beyond its horizon. ``suggested_order`` and ``next_delivery`` are
    also there for what has run out.
    """

    product_id: str
    probability: float | None
    alert: bool | None
    error: ProductProblem | None
    units_on_hand: float | None = None
    expected_demand_units: float | None = None
    expected_units_lost: float | None = None
    revenue_at_risk: float | None = None
    weeks_of_cover: float | None = None
    expected_stockout_date: dt.date | None = None
    reorder_by_date: dt.date | None = None
    category: str = ""
    reasons: tuple[Reason, ...] = ()
    counted_on: dt.date | None = None
    count_recorded: bool = False
    challenger_probability: float | None = None
    challenger_alert: bool | None = None
    run_out_probabilities: tuple[float, ...] = ()
    relief_date: dt.date | None = None
    relief_probability: float | None = None
    relief_after_curve: bool = False
    earliest_stockout_date: dt.date | None = None
    median_stockout_date: dt.date | None = None
    latest_stockout_date: dt.date | None = None
    expected_units_lost_before_relief: float | None = None
    revenue_at_risk_before_relief: float | None = None
    suggested_order: SuggestedOrder | None = None
    next_delivery: NextDelivery | None = None
    expedite_by: dt.date | None = None


@dataclass(frozen=True)
class OutOfStock:
    """What a product that has run out loses; what is not known is None."""

    since: dt.date | None
    units_lost_per_week: float | None
    revenue_lost_per_week: float | None


@dataclass(frozen=True)
class RecordedCounts:
    """How a server's recorded counts of stock stand; see ``RecordedCounts`` in the protos."""

    connected: bool
    products: int
    newest_counted_on: dt.date | None
    heard_at: dt.datetime | None


@dataclass(frozen=True)
class RankedRisk:
    """A product's place in a ranked list, 1 for the first of the whole list, and its risk, or that it has run out.

    Where ``out_of_stock`` is not None, the risk has no probability.
    """

    rank: int
    risk: ProductRisk
    out_of_stock: OutOfStock | None = None


@dataclass(frozen=True)
class RankedAnswer:
    """The beginning of a ranked list of ``total_size`` products."""

    provenance: Provenance
    total_size: int
    results: Sequence[RankedRisk]


@dataclass(frozen=True)
class ServedQuestion:
    """A question that can be asked, and what its answers for the newest week rest on."""

    name: str
    is_default: bool
    products: int
    serving_since: dt.datetime
    provenance: Provenance


@dataclass(frozen=True)
class ServedShard:
    """A server that holds a shard of the products: its number from 0, of how many, where it is and what it serves."""

    number: int
    count: int
    target: str
    products: int
    snapshot_id: str
    serving_since: dt.datetime


@dataclass(frozen=True)
class ServiceInfo:
    """What is served, since when, and within which limits; ``questions`` has the default one first.

    ``recorded_counts`` is None where the server hears of none. ``shards`` are the servers that were asked, none where
    one holds all products; where a single one was asked that does not, ``products`` are its own. ``challenger`` is the
    model that was scored beside the one that answers, if there is one.
    """

    provenance: Provenance
    serving_since: dt.datetime
    products: int
    first_week: dt.date
    server_version: str
    max_ids_per_request: int
    max_message_bytes: int
    max_concurrent_rpcs: int
    max_streams: int
    data_warnings: tuple[str, ...] = ()
    questions: tuple[ServedQuestion, ...] = ()
    recorded_counts: RecordedCounts | None = None
    shards: tuple[ServedShard, ...] = ()
    challenger: Challenger | None = None


@dataclass(frozen=True)
class ProductFeatures:
    """One product's features; ``values`` and ``eligible`` are None exactly where ``error`` is not."""

    product_id: str
    values: tuple[float, ...] | None
    eligible: bool | None
    error: ProductProblem | None


@dataclass(frozen=True)
class RiskAnswer:
    """One result per product, in the order of the request, all from one snapshot."""

    provenance: Provenance
    results: Sequence[ProductRisk]

    def to_frame(self) -> "DataFrame":
        """A row for each product, in the order of the request; needs pandas."""
        from feature_service.client.frames import frame_of  # noqa: PLC0415 - pandas is big, and not everywhere

        return frame_of(self.results)


@dataclass(frozen=True)
class FeatureAnswer:
    """One result per product, in the order of the request, all from one snapshot; names in the order of the values."""

    provenance: Provenance
    feature_names: tuple[str, ...]
    results: Sequence[ProductFeatures]
