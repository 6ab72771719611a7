"""A past week is answered as it was answered when it was the newest, though more is known of it today."""

import asyncio
import dataclasses
import datetime as dt
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf.message import Message
from google.type import date_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, GetFeaturesResponse, StreamFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
    StockoutRiskResult,
    StreamStockoutRisksRequest,
)

from data.panel import UNITS_ON_HAND, UNITS_SOLD, Panel
from data.snapshots import ModelReference, current_id, publish
from feature_service.bundle import CONTRACT_FILE, Bundle, Contract
from feature_service.kernel import PanelFeatures, feature_set
from feature_service.server.scoring.queries import RiskQuery
from feature_service.server.serving.snapshot import ServingSnapshot
from tests.support.answers import reason_of
from tests.support.calls import refusal
from tests.support.damage import truncate
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.shops import CHOSEN, LABEL, Shops
from tests.support.snapshots import publish_snapshot, synthetic_panel
from training.explain import explain

WEEKS_SINCE = 2
NEW_PRODUCTS = 5
THEN, NOW = ModelReference("stockout_risk", "1", "then"), ModelReference("stockout_risk", "2", "now")
FAST = ("--reload-seconds", "0.02")


@dataclass(frozen=True)
class Known:
    """What was known when a week was the newest, and what is known two weeks later."""

    then: Panel
    today: Panel
    bundle_dir: Path

    @property
    def sunday(self) -> dt.date:
        return self.then.as_of_week + dt.timedelta(days=6)

    def publish_then(self, root: Path, bundle_dir: Path | None = None) -> str:
        return publish_with_reasons(self.then, bundle_dir or self.bundle_dir, THEN, root)

    def publish_today(self, root: Path) -> str:
        return publish_with_reasons(self.today, self.bundle_dir, NOW, root)


def publish_with_reasons(panel: Panel, bundle_dir: Path, model: ModelReference, root: Path) -> str:
    eligible = LABEL.eligible(panel)
    return publish(panel, eligible, bundle_dir, model, root, explain(panel, eligible, bundle_dir))


@pytest.fixture(scope="module")
def known(shops: Shops) -> Known:
    """Since then products were launched, sales of before came late, and a count of that very week was corrected."""
    last = len(shops.panel.weeks) - WEEKS_SINCE
    fields = {name: matrix[:-NEW_PRODUCTS, :last] for name, matrix in shops.panel.fields.items()}
    then = dataclasses.replace(
        shops.panel.part(slice(0, -NEW_PRODUCTS)), weeks=shops.panel.weeks[:last], fields=fields, records_until=None
    )
    corrected = {name: matrix.copy() for name, matrix in shops.panel.fields.items()}
    corrected[UNITS_SOLD][::2, last - 4 : last] += 3
    corrected[UNITS_ON_HAND][::3, last - 1] += 7
    today = dataclasses.replace(shops.panel, fields=corrected)
    return Known(then, today, shops.root / shops.snapshot_id / "bundle")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "snapshots"


def day_message(day: dt.date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def requests(known: Known, as_of: dt.date | None) -> dict[str, tuple[str, Message]]:
    """By the way of asking, the method and what it is asked; ids that were not known then among them."""
    ids, day = [*known.today.product_ids, "no such product"], day_message(as_of) if as_of else None
    items = [AssessmentItem(product_id=each, units_on_hand=4) for each in ids[:60]]
    return {
        "risks": ("RiskService/AssessStockoutRisks", AssessStockoutRisksRequest(product_ids=ids, as_of=day)),
        "own stock": ("RiskService/AssessStockoutRisks", AssessStockoutRisksRequest(items=items, as_of=day)),
        "all risks": ("RiskService/StreamStockoutRisks", StreamStockoutRisksRequest(as_of=day)),
        "features": ("FeatureService/GetFeatures", GetFeaturesRequest(product_ids=ids, as_of=day)),
        "all features": ("FeatureService/StreamFeatures", StreamFeaturesRequest(as_of=day)),
    }


def answers(channel: grpc.Channel, known: Known, as_of: dt.date | None = None) -> dict[str, list[bytes]]:
    """The messages of each answer, as they came over the wire."""
    found = {}
    for name, (method, request) in requests(known, as_of).items():
        call: Any = channel.unary_stream(f"/stockout.v1.{method}")  # one message is a stream of one
        found[name] = list(call(request.SerializeToString(), timeout=20))
    return found


def outcome(result: StockoutRiskResult) -> object:
    """The facts of an error are bytes that differ between processes."""
    return result.risk if result.HasField("risk") else result.error.message


def todays_risks(root: Path, known: Known, elsewhere: Path) -> AssessStockoutRisksResponse:
    """What a server answers for the past week that has today's snapshot alone."""
    shutil.copytree(root, elsewhere)
    query = RiskQuery([*known.today.product_ids, "no such product"], known.sunday, 0)

    async def asked() -> bytes:
        answer = ServingSnapshot.load(elsewhere).risks(query)
        return answer if isinstance(answer, bytes) else await answer

    return AssessStockoutRisksResponse.FromString(asyncio.run(asked()))


@pytest.fixture
def server(root: Path, known: Known) -> Iterator[RunningServer]:
    known.publish_then(root)
    with running_server(root, *FAST) as running:
        yield running


def publish_today(root: Path, known: Known, server: RunningServer) -> str:
    served = known.publish_today(root)
    server.wait_for("reloaded", lambda line: line["snapshot_id"] == served)
    return served


def test_a_past_week_is_answered_bit_for_bit_as_it_was_then_until_its_snapshot_is_taken_away(
    root: Path, known: Known, server: RunningServer, tmp_path: Path
) -> None:
    with channel_to(server) as channel:
        then, of_then = answers(channel, known), current_id(root)
        publish_today(root, known, server)
        replayed = answers(channel, known, known.sunday)
        assert replayed == then
        response = AssessStockoutRisksResponse.FromString(replayed["risks"][0])
        assert any(each.risk.reasons for each in response.results)
        assert [reason_of(each) for each in response.results[-1 - NEW_PRODUCTS :]] == ["UNKNOWN_PRODUCT"] * 6

        assert response.provenance.snapshot_id == of_then
        shutil.rmtree(root / of_then)
        today = answers(channel, known, known.sunday)
    alone = todays_risks(root, known, tmp_path / "alone")
    response = AssessStockoutRisksResponse.FromString(today["risks"][0])
    assert response.provenance == alone.provenance
    assert list(map(outcome, response.results)) == list(map(outcome, alone.results))
    assert {name for name in then if today[name] == then[name]} == set()


def test_many_who_ask_at_once_have_the_snapshot_of_then_loaded_once(
    root: Path, known: Known, server: RunningServer
) -> None:
    publish_today(root, known, server)
    with channel_to(server) as channel, ThreadPoolExecutor(8) as callers:
        asked = [callers.submit(answers, channel, known, known.sunday) for _ in range(8)]
        first, *others = (each.result() for each in asked)
    assert all(each == first for each in others)
    assert [each["event"] for each in server.events].count("past snapshot loaded") == 1


def test_a_damaged_snapshot_of_then_is_logged_once_and_today_answers(
    root: Path, known: Known, server: RunningServer
) -> None:
    then = current_id(root)
    served = publish_today(root, known, server)
    truncate(root, then)
    with channel_to(server) as channel:
        replayed = answers(channel, known, known.sunday)
        assert answers(channel, known, known.sunday) == replayed
    response = AssessStockoutRisksResponse.FromString(replayed["risks"][0])
    assert (response.provenance.snapshot_id, response.provenance.model_version) == (served, "1")
    (logged,) = (each for each in server.events if each["event"] == "past snapshot not used")
    assert logged["error"].endswith("is not the file that was published: its checksum differs")


def test_features_of_a_past_week_are_the_set_of_then_or_by_name_that_of_today_both_as_known_then(
    root: Path, known: Known, tmp_path: Path
) -> None:
    known.publish_then(root, bundle_of_other_features(known, tmp_path))
    known.publish_today(root)
    day, ids = day_message(known.sunday), known.then.product_ids
    with running_server(root) as server, channel_to(server) as channel:
        features = FeatureServiceStub(channel)
        answer = features.GetFeatures(GetFeaturesRequest(product_ids=ids, as_of=day))
        assert_features(answer, known.then, "seed-18")
        named = features.GetFeatures(GetFeaturesRequest(product_ids=ids, as_of=day, feature_set=CHOSEN.name))
        assert_features(named, known.then, CHOSEN.name)
        assert named.provenance.snapshot_id == answer.provenance.snapshot_id
        neither = GetFeaturesRequest(product_ids=ids, as_of=day, feature_set="availability-1")
        code, status = refusal(features.GetFeatures, neither)
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert "feature_set must be empty or 'seed-18', the feature set of the model" in status.message


def bundle_of_other_features(known: Known, folder: Path) -> Path:
    """A model that predicts the same out of other features."""
    publish_snapshot(folder / "other" / "snapshots", synthetic_panel(products=60), trees=2)
    bundle = folder / "other" / "bundle"
    ours = Bundle.load(known.bundle_dir).contract.label
    contract = dataclasses.replace(Bundle.load(bundle).contract, label=dataclasses.replace(ours, applies_where=()))
    (bundle / CONTRACT_FILE).write_text(Contract.to_json(contract))
    return bundle


def assert_features(answer: GetFeaturesResponse, panel: Panel, name: str) -> None:
    chosen = feature_set(name)
    assert answer.provenance.feature_set == name
    assert tuple(answer.feature_names) == chosen.feature_names
    expected = PanelFeatures(chosen, panel.fields, panel.groups).at(len(panel.weeks) - 1)
    served = 0
    for result, row in zip(answer.results, expected, strict=True):
        if result.HasField("features"):
            assert np.array(result.features.values, dtype=np.float32).tobytes() == row.tobytes()
            served += 1
    assert served > 50
