"""What planners do with the Python clients and the command, against real servers."""

import asyncio
import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from data import snapshots
from feature_service.client import (
    Acknowledgement,
    AsyncRiskClient,
    Comment,
    Dismissal,
    PlanChangedError,
    RefusedError,
    Reopening,
    RiskClient,
    Snooze,
)
from feature_service.client.__main__ import main
from tests.support.fleets import publish_again
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published
from tests.support.shell import shell

TODAY = dt.date(2018, 8, 27)
"""See ``test_grpc_plans``."""
TOMORROW = TODAY + dt.timedelta(days=1)


@pytest.fixture(scope="module")
def planning(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'state.db'}"
    with running_server(published.root, "--state-url", url) as server:
        yield server


def plan(server: RunningServer, *arguments: str, exit_code: int = 0) -> Result:
    """``stockout plan ...`` in this process, in a window that needs no folding."""
    ended = CliRunner(env={"COLUMNS": "160"}).invoke(main, ["plan", *arguments, "--target", server.target])
    assert ended.exit_code == exit_code, ended.output
    return ended


def test_both_clients_decide_and_read(published: Published, planning: RunningServer) -> None:
    one, two, three = published.panel.product_ids[:3]
    with RiskClient(planning.target, question="zero_sales") as client:
        first = client.decide(one, Acknowledgement(), author="ana", request_id="r-1")
        assert (first.plan.state, first.plan.decided_by, first.known_before) == ("ACKNOWLEDGED", "ana", False)
        again = client.decide(one, Acknowledgement(), author="ana", request_id="r-1")
        assert (again.decision, again.known_before) == (first.decision, True)
        with pytest.raises(PlanChangedError) as changed:
            client.decide(one, Dismissal("no"), author="bob", etag="another")
        assert changed.value.etag == first.plan.etag
        with pytest.raises(RefusedError, match=r"snooze.until must be after today, 2018-08-27"):
            client.decide(one, Snooze(TODAY), author="bob")

    async def read() -> None:
        async with AsyncRiskClient(planning.target) as asked:
            await asked.decide(two, Snooze(TOMORROW), author="bob")
            await asked.decide(two, Comment("soon"), author="ana")
            await asked.decide(three, Reopening(), author="ana")
            answer = await asked.plans([two, "never seen", one])
            assert (answer.question, answer.today) == ("zero_sales", TODAY)
            assert [each.state for each in answer.results] == ["SNOOZED", "OPEN", "ACKNOWLEDGED"]
            assert (answer.results[0].snoozed_until, answer.results[0].last_comment) == (TOMORROW, "soon")
            listed = [each.product_id for each in (await asked.list_plans()).results]
            assert [each for each in listed if each in (one, two, three)] == [one, two, three]
            assert [each.product_id for each in (await asked.list_plans(["OPEN"], limit=1)).results] == [three]
            known = await asked.decisions(two)
            assert [(each.action, each.text, each.until) for each in known.results] == [
                ("comment", "soon", None),
                ("snooze", "", TOMORROW),
            ]
            assert (await asked.decisions(since=dt.datetime.now(dt.UTC))).results == []

    asyncio.run(read())


def test_many_plans_and_decisions_come_over_several_pages(published: Published, planning: RunningServer) -> None:
    with RiskClient(planning.target) as client, pytest.MonkeyPatch.context() as patch:
        patch.setattr("feature_service.client.plan_exchanges.MAX_PAGE", 3)
        product_ids = published.panel.product_ids[10:17]
        for each in product_ids:
            client.decide(each, Dismissal("end of the season"), author="ana")
        listed = client.list_plans(["DISMISSED"])
        assert [each.product_id for each in listed.results] == list(product_ids)
        assert [each.product_id for each in client.decisions(limit=7).results] == list(reversed(product_ids))
        assert [each.product_id for each in client.plans(product_ids).results] == list(product_ids)


def test_each_shards_products_are_decided_upon_as_those_of_one_server(published: Published, tmp_path: Path) -> None:
    root, words = tmp_path / "snapshots", ("--state-url", f"sqlite:///{tmp_path / 'state.db'}")
    publish_again(snapshots.load(published.root, published.snapshot_id), root, 2)
    with (
        running_server(root, "--shard", "0/2", *words) as first,
        running_server(root, "--shard", "1/2", *words) as second,
        RiskClient(f"{first.target},{second.target}") as client,
    ):
        for each in published.panel.product_ids[:6]:
            client.decide(each, Acknowledgement(), author="ana")
        assert len(client.list_plans().results) == 6
        with pytest.raises(RefusedError, match="no such product"):
            client.decide("unknown", Acknowledgement(), author="ana")


def test_the_command_decides_upon_products_and_prints_their_plans(
    published: Published, planning: RunningServer
) -> None:
    one, two = published.panel.product_ids[30:32]
    made = json.loads(plan(planning, "acknowledge", one, two, "--author", "ana", "--json").stdout)
    assert [(each["plan"]["product_id"], each["plan"]["state"]) for each in made] == [
        (one, "ACKNOWLEDGED"),
        (two, "ACKNOWLEDGED"),
    ]
    etag = made[0]["plan"]["etag"]
    words = ("dismiss", one, "--author", "=bob", "--etag", etag, "--reason", "=1+1")
    (row,) = csv.DictReader(io.StringIO(plan(planning, *words, "--csv").stdout))
    assert (row["state"], row["dismissal_reason"], row["decided_by"]) == ("DISMISSED", "'=1+1", "'=bob")
    assert "refused the request" in plan(planning, *words, exit_code=1).stderr
    plan(planning, "snooze", two, "--until", str(TOMORROW), "--author", "ana")
    plan(planning, "comment", two, "--text", "look again", "--author", "ana")
    table = plan(planning, "list", two, one).stdout
    assert f"plans (zero_sales) on {TODAY}: 2" in table
    assert table.index(two) < table.index(one)
    for word in ("SNOOZED", str(TOMORROW), "look again", "DISMISSED"):
        assert word in table
    assert plan(planning, "reopen", two, "--author", "ana").stdout.count("OPEN") == 1
    history = plan(planning, "history", two).stdout
    told = ("reopening", "comment", "snooze", "acknowledgement")
    assert sorted(told, key=history.index) == list(told)
    decided = json.loads(plan(planning, "history", two, "--since", "2018-01-01", "--limit", "1", "--json").stdout)
    assert [each["action"] for each in decided["results"]] == ["reopening"]
    assert plan(planning, "list", "--state", "dismissed", "--csv").stdout.count("DISMISSED") >= 1


def test_what_is_refused_amid_several_products_says_which_are_recorded(
    published: Published, planning: RunningServer
) -> None:
    known = published.panel.product_ids[40]
    ended = plan(planning, "acknowledge", known, "unknown", "--author", "ana", exit_code=1)
    assert known in ended.stdout
    assert "it is about 'unknown', and the 1 before it are recorded" in ended.stderr


def test_exit_codes_and_sentences_are_those_of_the_other_commands(server: RunningServer) -> None:
    for arguments, code, sentence in (
        (("snooze", "a"), 2, "Missing option '--until'"),
        (("acknowledge",), 2, "Missing argument 'ID...'"),
        (("acknowledge", "a", "b", "--etag", "x"), 2, "--etag is that of one plan"),
        (("list", "a", "--state", "OPEN"), 2, "leave it away"),
        (("history", "--since", "yesterday"), 2, "'yesterday' must be a time such as"),
        (("list",), 1, "this server keeps no plans: start it with --state-url"),
    ):
        assert sentence in plan(server, *arguments, exit_code=code).stderr
    unreachable = shell("plan", "list", "--target", "127.0.0.1:1", "--timeout-s", "5")
    assert unreachable.returncode == 3
