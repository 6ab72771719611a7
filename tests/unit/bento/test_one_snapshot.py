"""The client and the merging against a real gRPC server whose answers a test chooses."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.type import date_pb2
from stockout.v1 import provenance_pb2
from stockout.v1.feature_service_pb2 import GetFeaturesResponse
from stockout.v1.feature_service_pb2_grpc import FeatureServiceServicer, add_FeatureServiceServicer_to_server
from stockout.v1.risk_service_pb2 import AssessStockoutRisksResponse
from stockout.v1.risk_service_pb2_grpc import RiskServiceServicer, add_RiskServiceServicer_to_server

from bento.errors import STATUS, FeatureServiceMismatchError, SnapshotChangedError
from bento.features import ATTEMPTS, Answer, FeatureClient, http_error
from bento.models import Model, ModelId
from bento.requests import AssessRequest
from bento.risks import risks
from bento.schemas import NoRisk, Risk
from feature_service import client
from feature_service.bundle import Bundle
from feature_service.client import (
    ClientError,
    FeatureAnswer,
    ProductFeatures,
    ProductProblem,
    ProductRisk,
    Provenance,
    Reason,
    RiskAnswer,
)
from tests.support.training_fixtures import Trained

ASKED = "zero_sales"
REQUEST = AssessRequest(product_ids=("a",))


def provenance_of(snapshot_id: str) -> provenance_pb2.Provenance:
    """Of a snapshot, or of ``snapshot/version`` of its recorded counts."""
    snapshot_id, _, counts_version = snapshot_id.partition("/")
    as_of_week = date_pb2.Date(year=2018, month=8, day=20)
    return provenance_pb2.Provenance(
        snapshot_id=snapshot_id, as_of_week=as_of_week, question=ASKED, counts_version=counts_version
    )


class Swapping(FeatureServiceServicer, RiskServiceServicer):
    """Features always of the snapshot ``new``; figures of the next of ``snapshots`` each time."""

    def __init__(self, snapshots: Sequence[str]) -> None:
        self._snapshots = iter(snapshots)

    def GetFeatures(self, *_: Any) -> GetFeaturesResponse:  # noqa: N802
        return GetFeaturesResponse(provenance=provenance_of("new"))

    def AssessStockoutRisks(self, *_: Any) -> AssessStockoutRisksResponse:  # noqa: N802
        return AssessStockoutRisksResponse(provenance=provenance_of(next(self._snapshots)))


@contextmanager
def serving(snapshots: Sequence[str]) -> Iterator[str]:
    servicer = Swapping(snapshots)  # type: ignore[abstract]  # nobody asks for the other RPCs
    server = grpc.server(ThreadPoolExecutor(2))
    add_FeatureServiceServicer_to_server(servicer, server)
    add_RiskServiceServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def ask(target: str) -> Answer:
    async def asked() -> Answer:
        asker = FeatureClient(target, ASKED)
        try:
            return await asker.get(REQUEST)
        finally:
            await asker.close()

    return asyncio.run(asked())


def test_a_snapshot_swapped_between_the_two_questions_is_asked_again() -> None:
    with serving(["old", "new"]) as target:
        answer = ask(target)
    assert answer.plans.provenance.snapshot_id == answer.features.provenance.snapshot_id == "new"


def test_a_count_recorded_between_the_two_questions_is_asked_again() -> None:
    with serving(["new/1", "new"]) as target:
        answer = ask(target)
    assert answer.plans.provenance.counts_version == answer.features.provenance.counts_version == ""


def test_figures_that_keep_coming_from_another_snapshot_are_refused_in_one_sentence() -> None:
    with (
        serving(["old"] * ATTEMPTS) as target,
        pytest.raises(SnapshotChangedError, match="ask again in a moment"),
    ):
        ask(target)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (client.RefusedError("OUT_OF_RANGE", "no such week"), 400, "the feature service refused: no such week"),
        (client.RefusedError("UNAUTHENTICATED", "bad token"), 502, r"in \(bad token\): set FEATURE_SERVICE_TOKEN_FILE"),
        (
            client.RefusedError("NOT_FOUND", "no such question"),
            502,
            r"does not answer .* \(no such question\): publish",
        ),
        (client.OtherQuestionError("there:1", "inventory", "zero_sales"), 502, "'inventory' and answered 'zero_sales'"),
        (client.OtherQuestionError("there:1", "inventory", ""), 502, "does not say which question it answers: update"),
        (client.RefusedError("INTERNAL", "broken"), 502, "at there:1 failed with INTERNAL: broken"),
        (client.RefusedError("RESOURCE_EXHAUSTED", "rate"), 503, r"too busy \(rate\): ask again in a moment"),
        (client.RefusedError("CANCELLED", ""), 503, r"too busy \(CANCELLED\): ask again in a moment"),
        (client.ServerUnavailableError("there:1", "refused"), 503, r"at there:1 does not answer \(refused\)"),
        (client.DeadlineError("there:1", 10), 503, r"at there:1 does not answer \(nothing within 10 s\)"),
        (client.SnapshotChangedError("there:1"), 503, "keeps changing its snapshot: ask again"),
        (client.DifferentSnapshotsError("a:1,b:1", {"a:1": "x", "b:1": "y"}), 503, r"snapshot: .* \(x at a:1, y at b"),
        (client.FleetError("a:1 holds shard 1/2"), 502, "not name the servers of all shards: a:1 holds shard 1/2"),
        (client.ServerUnavailableError("b:1 (shard 1/2)", "refused"), 503, r"at b:1 \(shard 1/2\) does not answer"),
        (ClientError("new kind"), 502, "at there:1 failed: new kind"),
    ],
)
def test_each_error_of_the_client_has_its_status_and_says_what_to_do(
    error: ClientError, status: int, sentence: str
) -> None:
    answered = http_error(error, "there:1")
    assert STATUS[type(answered)] == status
    with pytest.raises(type(answered), match=sentence):
        raise answered


def answer_of(bundle: Bundle, version: str, product: ProductFeatures, plan: ProductRisk) -> Answer:
    contract = bundle.contract
    provenance = Provenance(
        model_name="stockout_risk",
        model_version=version,
        feature_set=contract.feature_set,
        label=contract.label.name,
        threshold=0.5,
        snapshot_id="new",
        as_of_week=dt.date(2018, 8, 20),
        horizon_weeks=contract.label.horizon_weeks,
        evidence=contract.label.evidence,
        published_at=dt.datetime(2018, 8, 27, tzinfo=dt.UTC),
        stale=False,
    )
    return Answer(FeatureAnswer(provenance, contract.feature_names, [product]), RiskAnswer(provenance, [plan]))


def version_3(bundle: Bundle) -> Model:
    return Model(ModelId("stockout_risk", "3"), bundle)


def only_risk(bundle: Bundle, version: str, plan: ProductRisk) -> Risk:
    product = ProductFeatures("a", (1.0,) * len(bundle.contract.feature_names), eligible=True, error=None)
    (risk,) = risks(answer_of(bundle, version, product, plan), version_3(bundle))
    assert isinstance(risk, Risk)
    return risk


def test_a_figure_of_zero_is_known_and_the_probability_is_the_bentos_own(trained: Trained) -> None:
    plan = ProductRisk("a", probability=2.0, alert=True, error=None, units_on_hand=0.0)
    risk = only_risk(Bundle.load(trained.bundle_dir), "3", plan)
    assert (risk.units_on_hand, risk.weeks_of_cover, risk.category) == (0.0, None, None)
    assert 0 <= risk.probability <= 1


def test_another_models_reasons_are_left_out_and_an_unknown_value_is_null(trained: Trained) -> None:
    bundle = Bundle.load(trained.bundle_dir)
    reasons = (Reason("x", float("nan"), 0.5, "x is unknown"),)
    plan = ProductRisk("a", probability=0.5, alert=True, error=None, units_on_hand=2.0, reasons=reasons)
    own, others = only_risk(bundle, "3", plan), only_risk(bundle, "4", plan)
    assert own.reasons is not None
    assert own.reasons[0].value is None
    assert (others.reasons, others.units_on_hand) == (None, 2.0)


@pytest.mark.parametrize(
    ("field", "other", "shown"),
    [
        ("horizon_weeks", 4, "horizon_weeks 4"),
        ("evidence", "STOCK_AWARE", "STOCK_AWARE"),
        ("label", "inventory", "the label inventory"),
        ("feature_set", "sales-2", "gives sales-2"),
    ],
)
def test_a_snapshot_whose_probabilities_mean_something_else_is_refused(
    trained: Trained, field: str, other: Any, shown: str
) -> None:
    bundle = Bundle.load(trained.bundle_dir)
    product = ProductFeatures("a", (1.0,) * len(bundle.contract.feature_names), eligible=True, error=None)
    answer = answer_of(bundle, "3", product, ProductRisk("a", 0.5, True, None))
    provenance = dataclasses.replace(answer.features.provenance, **{field: other})
    answer = dataclasses.replace(answer, features=dataclasses.replace(answer.features, provenance=provenance))
    with pytest.raises(FeatureServiceMismatchError, match=shown):
        risks(answer, version_3(bundle))


@pytest.mark.parametrize(("reason", "shown"), [("UNKNOWN_PRODUCT", "UNKNOWN_PRODUCT"), ("", "UNKNOWN")])
def test_a_product_without_features_has_the_services_reason(trained: Trained, reason: str, shown: str) -> None:
    problem, bundle = ProductProblem("NOT_FOUND", reason, "no such product"), Bundle.load(trained.bundle_dir)
    product, plan = ProductFeatures("a", None, None, problem), ProductRisk("a", None, None, problem)
    (result,) = risks(answer_of(bundle, "3", product, plan), version_3(bundle))
    assert isinstance(result, NoRisk)
    assert (result.error.reason, result.error.message) == (shown, "no such product")
