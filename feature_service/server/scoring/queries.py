"""What a snapshot can be asked, apart from how a request spells it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from feature_service.server.scoring.newer_stock import NewerStock


@dataclass(frozen=True, slots=True)
class RiskQuery:
    """The risk of which products.

    Attributes:
        product_ids: In the order of the answers.
        as_of: The day up to which may be known; None is the newest week.
        horizon_weeks: Weeks ahead; 0 is the model's horizon.
        caller_stock: What the caller knows of each product's stock; None where only ids are asked.
        include_challenger: Whether what the challenger gives is asked, too.
    """

    product_ids: Sequence[str]
    as_of: dt.date | None
    horizon_weeks: int
    caller_stock: NewerStock | None = None
    include_challenger: bool = False


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """The features of which products, as of which day (None: newest), in which set (empty: the model's)."""

    product_ids: Sequence[str]
    as_of: dt.date | None
    feature_set: str


@dataclass(frozen=True, slots=True)
class HistoryQuery:
    """How many weeks of which product, at least 1."""

    product_id: str
    weeks: int


class RankOrder(Enum):
    """What a ranked list goes by."""

    PROBABILITY = auto()
    REVENUE_AT_RISK = auto()
    REORDER_BY_DATE = auto()
    RELIEF_PROBABILITY = auto()
    REVENUE_AT_RISK_BEFORE_RELIEF = auto()
    EXPEDITE_BY_DATE = auto()


@dataclass(frozen=True, slots=True)
class RankFilter:
    """Which products a ranked list holds, and in which order.

    Attributes:
        category: Empty is every one.
        evidence: ``SALES_ONLY`` or ``STOCK_AWARE``; empty is either.
        minimum_probability: In [0, 1].
        alert_only: Only products with an alert.
        order: What the list goes by.
        include_out_of_stock: Also products that are out of stock, before all others.
    """

    category: str = ""
    evidence: str = ""
    minimum_probability: float = 0.0
    alert_only: bool = False
    order: RankOrder = RankOrder.RELIEF_PROBABILITY
    include_out_of_stock: bool = False


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A page of a ranked list; an empty token asks for the first one. A challenger changes nothing of the list."""

    filter: RankFilter
    page_size: int
    page_token: str
    include_challenger: bool = False
