"""The plan service over the wire: real servers and databases, writers at the same time, a server that is killed."""

import datetime as dt
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import timestamp_pb2
from google.type import date_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from stockout.v1 import plan_service_pb2 as pb
from stockout.v1.plan_service_pb2_grpc import PlanServiceStub
from stockout.v1.risk_service_pb2 import AssessStockoutRisksRequest
from stockout.v1.risk_service_pb2_grpc import RiskServiceStub

from feature_service.server.tokens import new_token
from tests.support.calls import reason_in, refusal
from tests.support.servers import RunningServer, channel_to, fails_to_start, running_server
from tests.support.serving_fixtures import Published

TODAY = dt.date(2018, 8, 27)
"""The day after the snapshot's newest week, since it is of years ago and was published today."""


def date(day: dt.date) -> date_pb2.Date:
    return date_pb2.Date(year=day.year, month=day.month, day=day.day)


def request(product_id: str, **more: Any) -> pb.RecordDecisionRequest:
    """An acknowledgement of Ana's, unless it says otherwise."""
    if not more.keys() & {"acknowledgement", "snooze", "dismissal", "comment", "reopening"}:
        more["acknowledgement"] = pb.Acknowledgement()
    return pb.RecordDecisionRequest(
        **{"product_id": product_id, "request_id": secrets.token_hex(8), "author": "ana"} | more
    )


def snooze(days: int) -> pb.Snooze:
    return pb.Snooze(until=date(TODAY + dt.timedelta(days=days)))


@pytest.fixture(scope="module")
def lite(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server of two processes that keeps plans in a file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'state.db'}"
    with running_server(published.root, "--state-url", url, "--workers", "2") as server:
        server.wait_for("all workers serve")
        yield server


@pytest.fixture
def stub(lite: RunningServer) -> Iterator[PlanServiceStub]:
    with channel_to(lite) as channel:
        yield PlanServiceStub(channel)


def test_what_is_decided_is_the_plan_and_the_history(published: Published, state_url: str) -> None:
    ours, other = published.panel.product_ids[:2]
    with running_server(published.root, "--state-url", state_url) as server, channel_to(server) as channel:
        stub = PlanServiceStub(channel)
        plans = stub.GetPlans(pb.GetPlansRequest(product_ids=[ours, "never seen"])).plans
        assert [(each.product_id, each.state, each.ended_state) for each in plans] == [
            (ours, pb.PLAN_STATE_OPEN, 0),
            ("never seen", pb.PLAN_STATE_OPEN, 0),
        ]
        recorded = stub.RecordDecision(request(ours, etag=plans[0].etag))
        assert (recorded.plan.state, recorded.known_before) == (pb.PLAN_STATE_ACKNOWLEDGED, False)
        assert (recorded.decision.number, recorded.decision.author) == (1, "ana")
        assert recorded.decision.decided_on == date(TODAY)
        assert recorded.decision.as_of_week == date(TODAY - dt.timedelta(days=7))
        stub.RecordDecision(request(ours, comment=pb.Comment(text="40 Stück bestellt"), author="bob"))
        plan = stub.RecordDecision(request(ours, snooze=snooze(3))).plan
        assert (plan.state, plan.snoozed_until) == (pb.PLAN_STATE_SNOOZED, date(TODAY + dt.timedelta(days=3)))
        assert (plan.comments, plan.last_comment, plan.decided_by) == (1, "40 Stück bestellt", "ana")
        stub.RecordDecision(request(other, dismissal=pb.Dismissal(reason="end of the season")))
        listed = stub.ListPlans(pb.ListPlansRequest())
        assert [(each.product_id, each.state) for each in listed.plans] == sorted(
            [(ours, pb.PLAN_STATE_SNOOZED), (other, pb.PLAN_STATE_DISMISSED)]
        )
        assert (listed.today, listed.question) == (date(TODAY), "zero_sales")
        dismissed = stub.ListPlans(pb.ListPlansRequest(states=[pb.PLAN_STATE_DISMISSED])).plans
        assert [(each.product_id, each.dismissal_reason) for each in dismissed] == [(other, "end of the season")]
        reopened = stub.RecordDecision(request(ours, reopening=pb.Reopening(), author="bob")).plan
        assert (reopened.state, reopened.decided_by, reopened.changed_by) == (pb.PLAN_STATE_OPEN, "bob", "bob")
        history = stub.ListDecisions(pb.ListDecisionsRequest(product_id=ours, page_size=3))
        assert [each.WhichOneof("action") for each in history.decisions] == ["reopening", "snooze", "comment"]
        rest = stub.ListDecisions(
            pb.ListDecisionsRequest(product_id=ours, page_size=3, page_token=history.next_page_token)
        )
        assert [each.number for each in rest.decisions] == [1]
        assert rest.decisions[0] == recorded.decision
        assert not rest.next_page_token
        since = pb.ListDecisionsRequest(since=history.decisions[1].decided_at)
        assert len(stub.ListDecisions(since).decisions) == 3


def test_pages_hold_every_plan_once(published: Published, stub: PlanServiceStub) -> None:
    names = published.panel.product_ids[20:27]
    for name in names:
        stub.RecordDecision(request(name, dismissal=pb.Dismissal(reason="x")))
    asked = pb.ListPlansRequest(states=[pb.PLAN_STATE_DISMISSED], page_size=3)
    found = []
    while True:
        page = stub.ListPlans(asked)
        found += [each.product_id for each in page.plans]
        if not page.next_page_token:
            break
        asked.page_token = page.next_page_token
    assert found == sorted(names)


ANY = "p-0000"


def at(seconds: int, nanos: int = 0) -> timestamp_pb2.Timestamp:
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)


@pytest.mark.parametrize(
    ("method", "asked", "field"),
    [
        ("RecordDecision", request("", author="ana"), "product_id"),
        ("RecordDecision", request(ANY, request_id=""), "request_id"),
        ("RecordDecision", request(ANY, request_id="two words"), "request_id"),
        ("RecordDecision", request(ANY, author=" "), "author"),
        ("RecordDecision", request(ANY, author="a\x1b[2J"), "author"),
        ("RecordDecision", request(ANY, author="a" * 129), "author"),
        ("RecordDecision", request(ANY, comment=pb.Comment(text="ü" * 1001)), "comment.text"),
        ("RecordDecision", request(ANY, comment=pb.Comment(text="two\nlines")), "comment.text"),
        ("RecordDecision", request(ANY, comment=pb.Comment(text=" \u2003 ")), "comment.text"),
        ("RecordDecision", request(ANY, dismissal=pb.Dismissal()), "dismissal.reason"),
        ("RecordDecision", request(ANY, snooze=pb.Snooze()), "snooze.until"),
        ("RecordDecision", pb.RecordDecisionRequest(product_id=ANY, request_id="1", author="a"), "action"),
        ("GetPlans", pb.GetPlansRequest(), "product_ids"),
        ("ListPlans", pb.ListPlansRequest(states=[pb.PLAN_STATE_UNSPECIFIED]), "states[0]"),
        ("ListPlans", pb.ListPlansRequest(page_size=1001), "page_size"),
        ("ListPlans", pb.ListPlansRequest(page_token="abc"), "page_token"),
        ("ListDecisions", pb.ListDecisionsRequest(page_token="é"), "page_token"),
        ("ListDecisions", pb.ListDecisionsRequest(since=at(1 << 60)), "since"),
        ("ListDecisions", pb.ListDecisionsRequest(since=at(0, -1)), "since"),
        ("GetPastAlerts", pb.GetPastAlertsRequest(), "product_id"),
        ("GetPastAlerts", pb.GetPastAlertsRequest(product_id=ANY, limit=101), "limit"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_holds_what_it_must_not_is_named(
    stub: PlanServiceStub, method: str, asked: Any, field: str
) -> None:
    code, status = refusal(getattr(stub, method), asked)
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert status.message.startswith(f"{field} ")
    assert reason_in(status)[1] == "INVALID_FIELD"


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_snooze_ends_after_today_and_within_a_year(published: Published, stub: PlanServiceStub, days: int) -> None:
    product_id = published.panel.product_ids[0]
    code, status = refusal(stub.RecordDecision, request(product_id, snooze=snooze(days)))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "after today, 2018-08-27, and not after 2019-08-28" in status.message


@pytest.mark.parametrize(
    ("product_id", "reason"),
    [("unknown", "UNKNOWN_PRODUCT"), ("cancelled-only", "EXCLUDED_PRODUCT"), ("a\0", "UNKNOWN_PRODUCT")],
)
def test_nothing_is_decided_upon_what_the_snapshot_does_not_have(
    stub: PlanServiceStub, product_id: str, reason: str
) -> None:
    _, status = refusal(stub.RecordDecision, request(product_id))
    assert reason_in(status)[1] == reason
    assert stub.ListDecisions(pb.ListDecisionsRequest(product_id=product_id)).decisions == []


def test_a_page_token_of_another_request_is_refused(published: Published, stub: PlanServiceStub) -> None:
    for name in published.panel.product_ids[30:32]:
        stub.RecordDecision(request(name))
    token = stub.ListPlans(pb.ListPlansRequest(page_size=1)).next_page_token
    assert token
    for method, asked in (
        (stub.ListPlans, pb.ListPlansRequest(page_token=token, states=[pb.PLAN_STATE_OPEN])),
        (stub.ListDecisions, pb.ListDecisionsRequest(page_token=token)),
    ):
        assert reason_in(refusal(method, asked)[1])[1] == "INVALID_FIELD"


def test_a_plan_that_changed_and_a_request_id_that_was_used_are_told(
    published: Published, stub: PlanServiceStub
) -> None:
    product_id = published.panel.product_ids[3]
    first = request(product_id)
    recorded = stub.RecordDecision(first)
    code, status = refusal(stub.RecordDecision, request(product_id, etag="0123", reopening=pb.Reopening()))
    assert code is grpc.StatusCode.ABORTED
    _, reason, facts = reason_in(status)
    assert (reason, facts["etag"], facts["state"]) == ("PLAN_CHANGED", recorded.plan.etag, "ACKNOWLEDGED")
    assert facts["changed_by"] == "ana"
    assert dt.datetime.fromisoformat(facts["changed_at"]) == recorded.plan.changed_at.ToDatetime(dt.UTC)
    code, status = refusal(stub.RecordDecision, request(product_id, request_id=first.request_id, author="bob"))
    assert code is grpc.StatusCode.ALREADY_EXISTS
    assert reason_in(status)[1:] == ("REQUEST_CLASH", {"request_id": first.request_id})
    again = stub.RecordDecision(first)
    assert (again.known_before, again.decision) == (True, recorded.decision)


def test_of_writers_at_several_processes_that_saw_the_same_plan_one_wins(
    published: Published, lite: RunningServer, stub: PlanServiceStub
) -> None:
    product_id = published.panel.product_ids[4]
    etag = stub.GetPlans(pb.GetPlansRequest(product_ids=[product_id])).plans[0].etag

    def write(number: int) -> grpc.StatusCode:
        with channel_to(lite) as channel:
            decision = request(product_id, etag=etag, author=f"writer-{number}")
            code: grpc.StatusCode = PlanServiceStub(channel).RecordDecision.future(decision, timeout=30).code()
            return code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(write, range(8)))
    assert sorted(each.name for each in codes) == ["ABORTED"] * 7 + ["OK"]
    assert len(stub.ListDecisions(pb.ListDecisionsRequest(product_id=product_id)).decisions) == 1


def test_what_is_sent_again_after_the_server_was_killed_is_recorded_once(published: Published, tmp_path: Path) -> None:
    product_id, url = published.panel.product_ids[0], f"sqlite:///{tmp_path / 'state.db'}"
    requests = [request(product_id, comment=pb.Comment(text=str(number))) for number in range(120)]
    with running_server(published.root, "--state-url", url) as server, channel_to(server) as channel:
        calls = [PlanServiceStub(channel).RecordDecision.future(each, timeout=30) for each in requests]
        answered = calls[0].result().decision
        server.process.kill()  # while others wait, or are written
        assert {each.code() for each in calls} <= {grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE}
    with running_server(published.root, "--state-url", url) as server, channel_to(server) as channel:
        stub = PlanServiceStub(channel)
        again = [stub.RecordDecision(each) for each in requests]
        assert (again[0].known_before, again[0].decision) == (True, answered)
        assert all(
            each.known_before for each, call in zip(again, calls, strict=True) if call.code() is grpc.StatusCode.OK
        )
        history = stub.ListDecisions(pb.ListDecisionsRequest(page_size=1000)).decisions
    assert sorted(each.comment.text for each in history) == sorted(each.comment.text for each in requests)
    assert sorted(each.number for each in history) == list(range(1, 121))


def test_a_busy_database_refuses_plans_and_delays_no_risk(published: Published, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    product_id = published.panel.product_ids[0]
    with running_server(published.root, "--state-url", f"sqlite:///{path}") as server, channel_to(server) as channel:
        stub, risks = PlanServiceStub(channel), RiskServiceStub(channel)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            waiting = stub.RecordDecision.future(request(product_id), timeout=30)
            for _ in range(20):
                risks.AssessStockoutRisks(AssessStockoutRisksRequest(product_ids=[product_id]), timeout=3)
            assert waiting.code() is grpc.StatusCode.UNAVAILABLE
            assert "nothing was acknowledged, send the same again" in waiting.details()
        assert stub.ListDecisions(pb.ListDecisionsRequest()).decisions == []
        assert stub.RecordDecision(request(product_id)).decision.number == 1


def test_a_database_that_is_not_there_yet_does_not_keep_risks_from_being_answered(published: Published) -> None:
    nowhere = "postgresql://me@127.0.0.1:1/shop"
    with running_server(published.root, "--state-url", nowhere) as server, channel_to(server) as channel:
        told = server.wait_for("the database of the plans cannot be opened yet")
        assert "127.0.0.1" in told["error"]
        code, status = refusal(PlanServiceStub(channel).ListPlans, pb.ListPlansRequest())
        assert (code, reason_in(status)[1]) == (grpc.StatusCode.UNAVAILABLE, "PLANS_UNAVAILABLE")


def test_a_url_that_is_no_database_ends_the_start_with_a_sentence(published: Published) -> None:
    code, said = fails_to_start(published.root, "--state-url", "mysql://host/name")
    assert code == 1
    assert said.startswith("stockout-server: the URL of the state")
    assert len(said.splitlines()) == 1


def test_an_install_that_cannot_keep_plans_says_what_to_install(published: Published, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'state.db'}"
    without = "import sys; sys.modules['sqlalchemy'] = None; from feature_service.server.command import main; main()"
    options = ["--snapshots", str(published.root), "--port", "0", "--state-url", url]
    ended = subprocess.run([sys.executable, "-c", without, *options], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (
        1,
        "stockout-server: --state-url needs sqlalchemy, which is not installed: install stockout-risk[plans], "
        "or leave it away\n",
    )


def test_without_the_option_every_method_says_how_to_turn_it_on(channel: grpc.Channel) -> None:
    stub = PlanServiceStub(channel)
    for method, asked in (
        (stub.RecordDecision, request(ANY)),
        (stub.GetPlans, pb.GetPlansRequest(product_ids=[ANY])),
        (stub.ListPlans, pb.ListPlansRequest()),
        (stub.ListDecisions, pb.ListDecisionsRequest()),
    ):
        code, status = refusal(method, asked)
        assert (code, reason_in(status)[1]) == (grpc.StatusCode.FAILED_PRECONDITION, "PLANS_OFF")
        assert "--state-url" in status.message
    health = health_pb2_grpc.HealthStub(channel)
    with pytest.raises(grpc.RpcError):
        health.Check(health_pb2.HealthCheckRequest(service="stockout.v1.PlanService"))


def test_who_has_a_token_decides_as_its_holder_and_as_nobody_else(published: Published, tmp_path: Path) -> None:
    tokens, url = tmp_path / "tokens.jsonl", f"sqlite:///{tmp_path / 'state.db'}"
    product_id = published.panel.product_ids[0]
    made = [
        new_token(name, (f"stockout.v1.PlanService/{method}",), per_second=1000, burst=1000)
        for name, method in (("ana", "*"), ("reader", "ListPlans"))
    ]
    tokens.write_text("".join(f"{line}\n" for _, line in made))
    ana, reader = ((("authorization", f"Bearer {token}"),) for token, _ in made)
    with (
        running_server(published.root, "--tokens", str(tokens), "--state-url", url) as server,
        channel_to(server) as channel,
    ):
        stub = PlanServiceStub(channel)
        for author in ("", "ana"):
            recorded = stub.RecordDecision(request(product_id, author=author), metadata=ana)
            assert (recorded.decision.author, recorded.plan.decided_by) == ("ana", "ana")
        with pytest.raises(grpc.RpcError) as denied:
            stub.RecordDecision(request(product_id, author="bob"), metadata=ana)
        assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert "who cannot decide as 'bob'" in str(denied.value.details())
        assert len(stub.ListPlans(pb.ListPlansRequest(), metadata=reader).plans) == 1
        with pytest.raises(grpc.RpcError) as denied:
            stub.RecordDecision(request(product_id, author=""), metadata=reader)
        assert denied.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert {each.author for each in stub.ListDecisions(pb.ListDecisionsRequest(), metadata=ana).decisions} == {
            "ana"
        }
