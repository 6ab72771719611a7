"""The client and the merging against a real gRPC server whose answers a test chooses."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from stockout.v1.feature_service_pb2 import (
    GetFeaturesResponse,
    ProductFeatures,
    ProductFeaturesResult,
)
from stockout.v1.feature_service_pb2_grpc import FeatureServiceServicer, add_FeatureServiceServicer_to_server
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import (
    AssessStockoutRisksResponse,
    Reason,
    StockoutRisk,
    StockoutRiskResult,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceServicer, add_RiskServiceServicer_to_server

from bento.errors import SnapshotChangedError
from bento.features import ATTEMPTS, Answer, FeatureClient
from bento.requests import AssessRequest
from bento.risks import risks
from bento.schemas import Risk
from feature_service.bundle import Bundle
from tests.support.training_fixtures import Trained

QUESTION = AssessRequest(("a",), None)


class Swapping(FeatureServiceServicer, RiskServiceServicer):
    """Features always of the snapshot ``new``; figures of the next of ``snapshots`` each time."""

    def __init__(self, snapshots: Sequence[str]) -> None:
        self._snapshots = iter(snapshots)

    def GetFeatures(self, *_: Any) -> GetFeaturesResponse:  # noqa: N802
        return GetFeaturesResponse(provenance=Provenance(snapshot_id="new"))

    def AssessStockoutRisks(self, *_: Any) -> AssessStockoutRisksResponse:  # noqa: N802
        return AssessStockoutRisksResponse(provenance=Provenance(snapshot_id=next(self._snapshots)))


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
        client = FeatureClient(target)
        try:
            return await client.get(QUESTION)
        finally:
            await client.close()

    return asyncio.run(asked())


def test_a_snapshot_swapped_between_the_two_questions_is_asked_again() -> None:
    with serving(["old", "new"]) as target:
        answer = ask(target)
    assert answer.plans.provenance.snapshot_id == answer.features.provenance.snapshot_id == "new"


def test_figures_that_keep_coming_from_another_snapshot_are_refused_in_one_sentence() -> None:
    with (
        serving(["old"] * ATTEMPTS) as target,
        pytest.raises(SnapshotChangedError, match="ask again in a moment"),
    ):
        ask(target)


def answer_of(bundle: Bundle, version: str, plan: StockoutRisk) -> Answer:
    contract = bundle.contract
    provenance = Provenance(
        model_name="stockout_risk", model_version=version, feature_set=contract.feature_set, label=contract.label.name
    )
    features = ProductFeatures(values=[1.0] * len(contract.feature_names), eligible=True)
    return Answer(
        GetFeaturesResponse(
            provenance=provenance,
            feature_names=contract.feature_names,
            results=[ProductFeaturesResult(product_id="a", features=features)],
        ),
        AssessStockoutRisksResponse(provenance=provenance, results=[StockoutRiskResult(product_id="a", risk=plan)]),
    )


def only_risk(bundle: Bundle, version: str, plan: StockoutRisk) -> Risk:
    (risk,) = risks(answer_of(bundle, version, plan), bundle, ("stockout_risk", "3"))
    assert isinstance(risk, Risk)
    return risk


def test_a_figure_of_zero_is_known_and_the_probability_is_the_bentos_own(trained: Trained) -> None:
    risk = only_risk(Bundle.load(trained.bundle_dir), "3", StockoutRisk(probability=2.0, units_on_hand=0.0))
    assert (risk.units_on_hand, risk.weeks_of_cover, risk.category) == (0.0, None, None)
    assert 0 <= risk.probability <= 1


def test_another_models_reasons_are_left_out_and_an_unknown_value_is_null(trained: Trained) -> None:
    bundle = Bundle.load(trained.bundle_dir)
    plan = StockoutRisk(units_on_hand=2.0, reasons=[Reason(feature="x", value=float("nan"), text="x is unknown")])
    own, others = only_risk(bundle, "3", plan), only_risk(bundle, "4", plan)
    assert own.reasons is not None
    assert own.reasons[0].value is None
    assert (others.reasons, others.units_on_hand) == (None, 2.0)
