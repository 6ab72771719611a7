"""The Python client: ids in, typed results out.

with RiskClient("localhost:50051") as client:
    for product in client.assess(["a", "b"]).results:
        print(product.product_id, product.probability, product.error)
"""

from feature_service.client.async_client import AsyncRiskClient
from feature_service.client.batching import Item, ListFilter
from feature_service.client.deliveries import ExpectedDelivery, NextDelivery
from feature_service.client.errors import (
    ClientError,
    DeadlineError,
    DifferentSnapshotsError,
    FleetError,
    OtherQuestionError,
    OtherServiceError,
    PlanChangedError,
    RefusedError,
    ServerUnavailableError,
    SnapshotChangedError,
)
from feature_service.client.history_client import HistoryClient, Recorded, Sale, StockCount
from feature_service.client.orders import (
    OrderLine,
    OrderList,
    SuggestedOrder,
    Supplier,
    SupplierTotal,
    order_list,
)
from feature_service.client.output.csv_rows import csv_of
from feature_service.client.performance import (
    AlertFates,
    ChallengerPerformance,
    Figure,
    Performance,
    PerformanceAnswer,
    ScorerPerformance,
    WeekPerformance,
)
from feature_service.client.plans import (
    Acknowledgement,
    Comment,
    Decision,
    DecisionsAnswer,
    Dismissal,
    PastAlert,
    PastAlertsAnswer,
    Plan,
    PlansAnswer,
    RecordedDecision,
    Reopening,
    Snooze,
)
from feature_service.client.product_history import DemandBand, ForecastWeek, OrderOnItsWay, ProductHistory, ProductWeek
from feature_service.client.results import (
    Challenger,
    FeatureAnswer,
    OutOfStock,
    ProductFeatures,
    ProductProblem,
    ProductRisk,
    Provenance,
    RankedAnswer,
    RankedRisk,
    Reason,
    RecordedCounts,
    RiskAnswer,
    ServedQuestion,
    ServedShard,
    ServiceInfo,
)
from feature_service.client.sync_client import RiskClient
from feature_service.credentials import CredentialsError, Secrets
from feature_service.data_calendar import today_of

__all__ = [
    "Acknowledgement",
    "AlertFates",
    "AsyncRiskClient",
    "Challenger",
    "ChallengerPerformance",
    "ClientError",
    "Comment",
    "CredentialsError",
    "DeadlineError",
    "Decision",
    "DecisionsAnswer",
    "DemandBand",
    "DifferentSnapshotsError",
    "Dismissal",
    "ExpectedDelivery",
    "FeatureAnswer",
    "Figure",
    "FleetError",
    "ForecastWeek",
    "HistoryClient",
    "Item",
    "ListFilter",
    "NextDelivery",
    "OrderLine",
    "OrderList",
    "OrderOnItsWay",
    "OtherQuestionError",
    "OtherServiceError",
    "OutOfStock",
    "PastAlert",
    "PastAlertsAnswer",
    "Performance",
    "PerformanceAnswer",
    "Plan",
    "PlanChangedError",
    "PlansAnswer",
    "ProductFeatures",
    "ProductHistory",
    "ProductProblem",
    "ProductRisk",
    "ProductWeek",
    "Provenance",
    "RankedAnswer",
    "RankedRisk",
    "Reason",
    "Recorded",
    "RecordedCounts",
    "RecordedDecision",
    "RefusedError",
    "Reopening",
    "RiskAnswer",
    "RiskClient",
    "Sale",
    "ScorerPerformance",
    "Secrets",
    "ServedQuestion",
    "ServedShard",
    "ServerUnavailableError",
    "ServiceInfo",
    "SnapshotChangedError",
    "Snooze",
    "StockCount",
    "SuggestedOrder",
    "Supplier",
    "SupplierTotal",
    "WeekPerformance",
    "csv_of",
    "order_list",
    "today_of",
]
