"""One server answers several questions: each by its name, from a snapshot of its own."""

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1.feature_service_pb2 import GetFeaturesRequest, StreamFeaturesRequest
from stockout.v1.feature_service_pb2_grpc import FeatureServiceStub
from stockout.v1.provenance_pb2 import Provenance
from stockout.v1.risk_service_pb2 import (
    AssessmentItem,
    AssessStockoutRisksRequest,
    AssessStockoutRisksResponse,
    GetServiceInfoRequest,
    ListStockoutRisksRequest,
    StockoutRisk,
    StreamStockoutRisksRequest,
    WatchStockoutRisksRequest,
)
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from data.snapshots import current_id, point_at
from data.weeks import last_complete_week
from tests.support.calls import reason_in, refusal
from tests.support.damage import publish_snapshot_unseen, truncate
from tests.support.metrics_page import page_of, value
from tests.support.servers import RunningServer, channel_to, running_server
from tests.support.snapshots import AS_OF_WEEK, product_id, publish_snapshot, synthetic_panel

DEFAULT, OTHER = "zero_sales", "unusual_zero"
IDS = [product_id(number) for number in range(20)]
SOON = ("--reload-seconds", "0.02")


def publish(root: Path, question: str, seed: int) -> str:
    folder = root if question == DEFAULT else root / question
    return publish_snapshot(folder, synthetic_panel(products=20, seed=seed), label=question)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two questions with different sales, so that no answer of the one could be one of the other."""
    folder = tmp_path / "snapshots"
    publish(folder, DEFAULT, seed=1)
    publish(folder, OTHER, seed=2)
    return folder


@pytest.fixture
def both(root: Path) -> Iterator[RunningServer]:
    with running_server(root, *SOON, "--metrics-port", "0") as server:
        yield server


def provenances(channel: grpc.Channel, question: str) -> list[Provenance]:
    """Of each way to ask."""
    risks, features = RiskServiceStub(channel), FeatureServiceStub(channel)
    monday = {"year": AS_OF_WEEK.year, "month": AS_OF_WEEK.month, "day": AS_OF_WEEK.day}
    watch = risks.WatchStockoutRisks(WatchStockoutRisksRequest(product_ids=IDS, question=question))
    stock = [AssessmentItem(product_id=IDS[0], units_on_hand=3)]
    answers: list[Message] = [
        risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=IDS, question=question)),
        risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=IDS, question=question)),
        risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=IDS, question=question, as_of=monday)),
        risks.AssessStockoutRisks(AssessStockoutRisksRequest(items=stock, question=question)),
        risks.ListStockoutRisks(ListStockoutRisksRequest(question=question)),
        next(risks.StreamStockoutRisks(StreamStockoutRisksRequest(question=question))),
        next(watch),
        risks.GetServiceInfo(GetServiceInfoRequest(question=question)),
        features.GetFeatures(GetFeaturesRequest(product_ids=IDS, question=question)),
        features.GetFeatures(GetFeaturesRequest(product_ids=IDS, question=question)),
        next(features.StreamFeatures(StreamFeaturesRequest(question=question))),
    ]
    watch.cancel()
    return [each.provenance for each in answers]  # type: ignore[attr-defined]


def answer(channel: grpc.Channel, question: str = "") -> AssessStockoutRisksResponse:
    request = AssessStockoutRisksRequest(product_ids=IDS, question=question)
    response: AssessStockoutRisksResponse = RiskServiceStub(channel).AssessStockoutRisks(request, timeout=20)
    return response


def told(response: AssessStockoutRisksResponse) -> list[tuple[str, StockoutRisk, str]]:
    """Of each product; the facts in an error's details come in no order."""
    return [(each.product_id, each.risk, each.error.message) for each in response.results]


def test_every_way_to_ask_goes_by_the_question_and_says_which_it_was(root: Path, both: RunningServer) -> None:
    with channel_to(both) as channel:
        for question, folder in ((DEFAULT, root), (OTHER, root / OTHER)):
            for provenance in provenances(channel, question):
                said = (provenance.question, provenance.label, provenance.snapshot_id)
                assert said == (question, question, current_id(folder))


def test_each_question_is_answered_as_a_server_of_its_own_would(root: Path, both: RunningServer) -> None:
    with (
        running_server(root / OTHER) as alone,
        channel_to(alone) as channel_alone,
        channel_to(both) as channel,
    ):
        ours, alone_said = answer(channel, OTHER), answer(channel_alone)
        assert ours.provenance == alone_said.provenance
        assert told(ours) == told(alone_said)
        assert told(ours) != told(answer(channel))


def test_a_client_that_knows_no_questions_gets_the_default_one(both: RunningServer) -> None:
    with channel_to(both) as channel:
        assert answer(channel) == answer(channel, DEFAULT)
        assert {each.question for each in provenances(channel, "")} == {DEFAULT}


@pytest.mark.parametrize("kept", [False, True])
def test_a_question_that_is_not_served_is_refused_and_those_that_are_are_named(both: RunningServer, kept: bool) -> None:
    with channel_to(both) as channel:
        if kept:
            answer(channel)
        risks = RiskServiceStub(channel)
        code, status = refusal(
            risks.AssessStockoutRisks, AssessStockoutRisksRequest(product_ids=IDS, question="inventory")
        )
    assert code is grpc.StatusCode.NOT_FOUND
    assert status.message == (
        f"the question 'inventory' is not served here: ask {DEFAULT}, {OTHER}, or name none for {DEFAULT}"
    )
    facts = {"question": "inventory", "served": f"{DEFAULT}, {OTHER}"}
    assert reason_in(status) == ("NOT_FOUND", "UNKNOWN_QUESTION", facts)


def test_service_info_lists_every_question_the_default_first(root: Path, both: RunningServer) -> None:
    with channel_to(both) as channel:
        info = RiskServiceStub(channel).GetServiceInfo(GetServiceInfoRequest(question=OTHER))
    assert info.provenance.question == OTHER
    assert [(each.provenance.question, each.is_default, each.products) for each in info.questions] == [
        (DEFAULT, True, 20),
        (OTHER, False, 20),
    ]
    assert [each.provenance.snapshot_id for each in info.questions] == [current_id(root), current_id(root / OTHER)]


def test_metrics_tell_of_each_question(root: Path, both: RunningServer) -> None:
    page = page_of(both)
    for question, folder in ((DEFAULT, root), (OTHER, root / OTHER)):
        assert value(page, "stockout_snapshot_info", question=question, snapshot_id=current_id(folder)) == 1
        assert 0 < value(page, "stockout_scores_count", question=question) <= 20
    assert "stockout_snapshot_reload_failures_total{" in page


def test_a_question_that_is_published_later_is_served_without_a_restart(root: Path, both: RunningServer) -> None:
    later = publish(root, "availability", seed=3)
    both.wait_for("loaded", lambda line: line["question"] == "availability")
    with channel_to(both) as channel:
        assert answer(channel, "availability").provenance.snapshot_id == later


def test_a_question_that_breaks_keeps_its_last_good_snapshot_and_does_not_hurt_the_others(
    root: Path, both: RunningServer
) -> None:
    good = current_id(root / OTHER)
    broken = publish_snapshot_unseen(root / OTHER, good)
    truncate(root / OTHER, broken)
    point_at(broken, root / OTHER)
    refused = both.wait_for("snapshot refused")
    assert (refused["question"], refused["served"]) == (OTHER, good)
    newer = publish(root, DEFAULT, seed=4)
    both.wait_for("reloaded", lambda line: line["snapshot_id"] == newer)
    with channel_to(both) as channel:
        assert answer(channel, OTHER).provenance.snapshot_id == good
        assert answer(channel).provenance.snapshot_id == newer
    failures = "stockout_snapshot_reload_failures_total"
    assert [value(page_of(both), failures, question=each) for each in (DEFAULT, OTHER)] == [0, 1]


def test_a_question_that_is_broken_from_the_start_is_not_served_and_the_others_are(root: Path) -> None:
    shutil.rmtree(root / OTHER / current_id(root / OTHER))
    with running_server(root, *SOON) as server, channel_to(server) as channel:
        assert answer(channel).provenance.question == DEFAULT
        request = AssessStockoutRisksRequest(product_ids=IDS, question=OTHER)
        code, _ = refusal(RiskServiceStub(channel).AssessStockoutRisks, request)
        assert code is grpc.StatusCode.NOT_FOUND
        mended = publish(root, OTHER, seed=9)
        server.wait_for("loaded", lambda line: line["question"] == OTHER)
        assert answer(channel, OTHER).provenance.snapshot_id == mended


def test_a_folder_that_is_called_by_another_question_is_refused(root: Path) -> None:
    (root / OTHER).rename(root / "inventory")
    with running_server(root) as server, channel_to(server) as channel:
        sentence = server.wait_for("snapshot refused")["error"]
        assert f"answers '{OTHER}': only a folder of that name may hold it" in sentence
        assert {each.question for each in provenances(channel, "")} == {DEFAULT}


def test_a_folder_with_the_name_of_the_default_question_never_takes_its_place(root: Path) -> None:
    publish_snapshot(root / DEFAULT, synthetic_panel(products=20, seed=5), label=DEFAULT)
    with running_server(root) as server, channel_to(server) as channel:
        assert "has the name of the default question" in server.wait_for("snapshot refused")["error"]
        assert answer(channel, DEFAULT).provenance.snapshot_id == current_id(root)


def test_a_page_token_belongs_to_its_question(both: RunningServer) -> None:
    with channel_to(both) as channel:
        risks = RiskServiceStub(channel)
        page = risks.ListStockoutRisks(ListStockoutRisksRequest(page_size=2, question=OTHER))
        on = ListStockoutRisksRequest(page_size=2, question=OTHER, page_token=page.next_page_token)
        assert [each.rank for each in risks.ListStockoutRisks(on).risks] == [3, 4]
        code, status = refusal(
            risks.ListStockoutRisks, ListStockoutRisksRequest(page_size=2, page_token=page.next_page_token)
        )
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert status.message == "page_token must come with the question it was given for"


def test_a_watch_hears_of_its_own_question_alone(root: Path, both: RunningServer) -> None:
    with channel_to(both) as channel:
        watch = RiskServiceStub(channel).WatchStockoutRisks(
            WatchStockoutRisksRequest(product_ids=IDS, question=OTHER), timeout=60
        )
        next(watch)
        newer_default = publish(root, DEFAULT, seed=6)
        both.wait_for("reloaded", lambda line: line["snapshot_id"] == newer_default)
        newer = publish(root, OTHER, seed=7)
        assert next(watch).provenance.snapshot_id == newer
        watch.cancel()


def test_every_worker_serves_every_question_from_its_first_call(root: Path) -> None:
    with running_server(root, "--workers", "2") as server:
        server.wait_for("all workers serve")
        for line in [each for each in server.events if each["event"] == "serving"]:
            assert line["questions"] == f"{DEFAULT}, {OTHER}"


def test_old_data_of_one_question_is_said_in_its_answers_and_leaves_health_to_the_default(tmp_path: Path) -> None:
    root, fresh = tmp_path / "snapshots", last_complete_week(dt.datetime.now(dt.UTC).date())
    publish_snapshot(root, synthetic_panel(products=20, as_of_week=fresh), label=DEFAULT)
    old = fresh - dt.timedelta(weeks=3)
    publish_snapshot(root / OTHER, synthetic_panel(products=20, as_of_week=old), label=OTHER)
    with running_server(root, "--max-age-days", "9") as server, channel_to(server) as channel:
        assert [answer(channel, each).provenance.stale for each in (DEFAULT, OTHER)] == [False, True]
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
        assert health.status == health_pb2.HealthCheckResponse.SERVING
