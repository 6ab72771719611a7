"""A model that looks at stock, trained on counted shelves and published, once for all tests."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.ingest.generic import ingest_generic
from data.panel import Panel
from data.panel.build import build_panel
from data.panel.file import read_panel, write_panel
from data.snapshots import publish
from data.synthetic.shops import write_synthetic_generic
from feature_service.bundle import Bundle
from feature_service.kernel import PanelFeatures, feature_set
from tests.support.once import made_once
from tests.support.servers import channel_to, running_server
from tests.support.snapshots import MODEL
from tests.support.training_fixtures import Trained, run_training_stages
from training.alerts import alert_rule, risks_until_relief
from training.backtest.run_out_file import RUN_OUT_FILE, read_run_out
from training.explain import explain
from training.labels import LABELS
from training.policy import AlertPolicy
from training.recipes import recipe_for

LABEL = LABELS["inventory"]
CHOSEN = feature_set(LABEL.feature_set)
FIRST_WEEK = dt.date(2024, 1, 1)
WEEKS = 30
AS_OF_WEEK = FIRST_WEEK + dt.timedelta(weeks=WEEKS - 1)
LAST_DAY = AS_OF_WEEK + dt.timedelta(days=6)


@dataclass(frozen=True)
class Shops:
    """A published model of shelves that are counted, and a connection to its server."""

    panel: Panel
    bundle: Bundle
    root: Path
    snapshot_id: str
    service: RiskServiceStub
    target: str

    @property
    def kernel(self) -> PanelFeatures:
        """What the model's inputs are computed with."""
        return PanelFeatures(CHOSEN, self.panel.fields, self.panel.groups)

    def ask(self, units_on_hand: Mapping[str, float] | None = None) -> AssessStockoutRisksResponse:
        """Every product, or those whose stock the caller knows."""
        if units_on_hand is None:
            return self.service.AssessStockoutRisks(
                AssessStockoutRisksRequest(product_ids=self.panel.product_ids), timeout=20
            )
        items = [AssessmentItem(product_id=each, units_on_hand=units) for each, units in units_on_hand.items()]
        return self.service.AssessStockoutRisks(AssessStockoutRisksRequest(items=items), timeout=20)


def train_shops(folder: Path) -> tuple[Panel, Path]:
    """240 products with 30 weeks of counts, and the bundle of the label's own recipe."""
    write_synthetic_generic(folder / "in", seed=5, products=240, weeks=WEEKS, first_week=FIRST_WEEK)
    ingested = ingest_generic(folder / "in", quarantine_file=folder / "quarantine.parquet")
    panel = build_panel(ingested, as_of_week=AS_OF_WEEK)
    write_panel(panel, folder / "panel")
    trained = run_training_stages(
        panel, folder / "training", recipe=recipe_for(LABEL.name), label=LABEL.name, feature_set=CHOSEN.name
    )
    return panel, trained.bundle_dir


@pytest.fixture(scope="session")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    """The shops, published and served."""
    folder = made_once(tmp_path_factory, "stock-aware", train_shops)
    panel = read_panel(folder / "panel")
    trained = Trained.of(panel, folder / "training")
    bundle_dir = trained.bundle_dir
    lead_times = dict(zip(panel.product_ids, panel.lead_time_days, strict=True))
    alerts = alert_rule(risks_until_relief(read_run_out(trained.backtest / RUN_OUT_FILE), lead_times, 7), AlertPolicy())
    eligible = LABEL.eligible(panel)
    reasons = explain(panel, eligible, bundle_dir)
    snapshot_id = publish(panel, eligible, bundle_dir, MODEL, folder / "snapshots", reasons, alerts)
    with running_server(folder / "snapshots") as server, channel_to(server) as channel:
        root = folder / "snapshots"
        yield Shops(panel, Bundle.load(bundle_dir), root, snapshot_id, RiskServiceStub(channel), server.target)


def counts_of(shops: Shops, until: dt.date = LAST_DAY) -> dict[str, list[tuple[dt.date, float]]]:
    """Every product's counts up to a day, oldest first, as the file has them."""
    counts = pl.read_csv(shops.root.parent / "in" / "inventory.csv", try_parse_dates=True)
    found: dict[str, list[tuple[dt.date, float]]] = {}
    for product, day, units in counts.sort("product_id", "counted_on").iter_rows():
        if day <= until:
            found.setdefault(product, []).append((day, units))
    return found
