"""A server and the history that it hears of counts from: gone, back, never there, secured, and across new snapshots."""

import dataclasses
import datetime as dt
import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from data.panel import COUNT_AGE_DAYS, UNITS_ON_HAND
from data.snapshots import point_at, publish
from feature_service.client import RiskClient
from tests.support.certificates import Authority
from tests.support.counted import Counted, after_the_week, counting, day_of, wait_until
from tests.support.histories import new_history, running_history
from tests.support.metrics_page import page_of, value
from tests.support.processes import free_port
from tests.support.servers import channel_to, fails_to_start, running_server
from tests.support.serving_fixtures import Published
from tests.support.shops import LABEL, LAST_DAY, Shops
from tests.support.snapshots import MODEL

WEDNESDAY, THURSDAY = after_the_week(3), after_the_week(4)
OLDEST_COUNT_DAYS = 28


def two_risky(counted: Counted) -> list[str]:
    return [each for each, result in counted.ask().items() if result.HasField("risk")][:2]


def test_a_history_that_is_gone_for_a_while_is_heard_again_and_nothing_is_forgotten(shops: Shops) -> None:
    history, port = new_history(), free_port()
    with (
        running_server(shops.root, "--history-address", f"localhost:{port}", "--metrics-port", "0") as server,
        channel_to(server) as channel,
    ):
        counted = Counted(shops.panel.product_ids, history, server, channel)
        first, second = two_risky(counted)
        lost = server.wait_for("history not connected")
        assert (lost["address"], lost["goes_on"]) == (f"localhost:{port}", "with what was heard")
        assert "stockout_history_connected 0.0" in page_of(server)
        assert not counted.info().recorded_counts.connected
        with running_history(history, port):
            counted.record({first: 2.0}, WEDNESDAY)
            assert counted.info().recorded_counts.connected
            assert value(page_of(server), "stockout_history_connected") == 1
            assert value(page_of(server), "stockout_recorded_counts", question="inventory") == 1
        wait_until(lambda: not counted.info().recorded_counts.connected)
        known = counted.ask()
        assert known[first].risk.units_on_hand == 2
        history.record({second: (THURSDAY, 1.0)})
        with running_history(history, port):
            counted.wait_for_counts_of(THURSDAY)
            now = counted.ask()
            assert (now[first], now[second].risk.units_on_hand) == (known[first], 1)
            assert [line["event"] for line in server.events].count("history connected") == 2


def test_what_was_recorded_before_the_start_is_in_the_first_answer(shops: Shops) -> None:
    history = new_history()
    product_id = shops.panel.product_ids[0]
    history.record({product_id: (WEDNESDAY, 4000.0)})
    with (
        running_history(history) as address,
        running_server(shops.root, "--history-address", address) as server,
        channel_to(server) as channel,
    ):
        counted = Counted(shops.panel.product_ids, history, server, channel)
        assert counted.ask()[product_id].risk.units_on_hand == 4000
    assert history.watches == [LAST_DAY - dt.timedelta(days=OLDEST_COUNT_DAYS)]


def published_with_counts_of(shops: Shops, root: Path, counts: dict[str, tuple[float, int]]) -> str:
    """The shops' snapshot again, but that some products were counted otherwise: units, and days before its last day."""
    fields = {name: matrix.copy() for name, matrix in shops.panel.fields.items()}
    for product_id, (units, age_days) in counts.items():
        row = shops.panel.product_ids.index(product_id)
        fields[UNITS_ON_HAND][row, -1], fields[COUNT_AGE_DAYS][row, -1] = units, age_days
    panel = dataclasses.replace(shops.panel, fields=fields)
    return publish(panel, LABEL.eligible(panel), shops.root / shops.snapshot_id / "bundle", MODEL, root)


def test_a_newer_snapshot_keeps_the_counts_that_it_does_not_know_and_drops_the_others(
    shops: Shops, tmp_path: Path
) -> None:
    root, saturday = tmp_path / "snapshots", LAST_DAY - dt.timedelta(days=1)
    shutil.copytree(shops.root, root)
    ids = shops.panel.product_ids
    old = published_with_counts_of(shops, root, {ids[0]: (50.0, 6), ids[1]: (50.0, 6)})
    with counting(root, ids, "--reload-seconds", "0.02") as counted:
        counted.record({ids[0]: 2000.0, ids[1]: 3000.0}, saturday)
        assert counted.info().recorded_counts.products == 2
        new = published_with_counts_of(shops, root, {ids[0]: (60.0, 1), ids[1]: (60.0, 2)})
        counted.server.wait_for("reloaded", lambda line: line["snapshot_id"] == new)
        first, second = (counted.ask()[each].risk for each in ids[:2])
        assert (first.units_on_hand, day_of(first.counted_on), first.count_recorded) == (60, saturday, False)
        assert (second.units_on_hand, day_of(second.counted_on), second.count_recorded) == (3000, saturday, True)
        assert counted.info().recorded_counts.products == 1
        point_at(old, root)
        counted.server.wait_for("reloaded", lambda line: line["snapshot_id"] == old)
        assert [counted.ask()[each].risk.units_on_hand for each in ids[:2]] == [2000, 3000]


def test_each_worker_hears_of_counts(shops: Shops) -> None:
    history = new_history()
    with (
        running_history(history) as address,
        running_server(shops.root, "--history-address", address, "--workers", "2", "--log-calls") as server,
    ):
        server.wait_for("all workers serve")
        history.wait_for_watches(2)
        product_id = shops.panel.product_ids[0]
        history.record({product_id: (WEDNESDAY, 4000.0)})
        answers: dict[int, tuple[float, str]] = {}

        def both_answered() -> bool:
            with channel_to(server) as channel:
                counted = Counted([product_id], history, server, channel)
                counted.wait_for_counts_of(WEDNESDAY)
                risk, version = counted.ask()[product_id].risk, counted.info().provenance.counts_version
            worker = [line["worker"] for line in server.events if line["event"] == "call"][-1]
            answers[worker] = risk.units_on_hand, version
            return len(answers) == 2

        wait_until(both_answered)
        assert len(set(answers.values())) == 1
        assert next(iter(answers.values()))[0] == 4000


def test_a_history_behind_tls_is_given_the_token(shops: Shops, tmp_path: Path) -> None:
    authority, history = Authority(), new_history()
    pair = authority.issue("history")
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    (tmp_path / "token").write_text("secret-word\n")
    credentials = grpc.ssl_server_credentials([(pair.key, pair.certificate)])
    secrets = ("--history-tls-ca", str(tmp_path / "ca.pem"), "--history-token-file", str(tmp_path / "token"))
    with (
        running_history(history, credentials=credentials) as address,
        running_server(shops.root, "--history-address", address, *secrets) as server,
    ):
        server.wait_for("history connected")
    assert history.tokens == {"Bearer secret-word"}


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (["--history-address", "nowhere"], 2, "--history-address must be HOST:PORT, not 'nowhere'"),
        (["--history-token-file", "there"], 2, "needs --history-address as well"),
        (["--history-address", "here:1", "--history-token-file", "there"], 1, "sent over TLS only: give the file"),
        (["--history-address", "here:1", "--history-tls-ca", "gone.pem"], 1, "gone.pem cannot be read"),
    ],
)
def test_options_that_do_not_go_together_are_refused_in_a_sentence(
    shops: Shops, options: list[str], code: int, sentence: str
) -> None:
    status, said = fails_to_start(shops.root, *options)
    assert (status, sentence in said, "Traceback" in said) == (code, True, False), said


def test_a_count_that_is_none_is_left_out_and_named(shops: Shops) -> None:
    with counting(shops.root, shops.panel.product_ids) as counted:
        first, second = two_risky(counted)
        before = counted.ask()
        counted.record({first: math.nan, second: 4.0}, WEDNESDAY)
        said = counted.server.wait_for("count not taken")
        assert (said["product_id"], said["error"]) == (first, "units_on_hand is nan, and must be finite and at least 0")
        assert counted.ask()[first] == before[first]
        assert counted.ask()[second].risk.units_on_hand == 4


class OtherService(grpc.GenericRpcHandler):
    """Knows no method, and counts what it was asked for."""

    asked = 0

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
        self.asked += handler_call_details.method.endswith("/WatchStock")


def test_an_address_of_another_service_is_warned_of_once_and_shows_as_not_connected(published: Published) -> None:
    other = OtherService()
    elsewhere = grpc.server(ThreadPoolExecutor(1), handlers=[other])
    address = f"localhost:{elsewhere.add_insecure_port('localhost:0')}"
    elsewhere.start()
    options = ("--history-address", address, "--metrics-port", "0")
    with running_server(published.root, *options) as server, RiskClient(server.target) as client:
        wait_until(lambda: other.asked >= 4)
        (warned,) = (line for line in server.events if line["event"] == "history not connected")
        assert warned["level"] == "warning"
        assert warned["error"].startswith("what answers there is no history service: give the address of one")
        assert value(page_of(server), "stockout_history_connected") == 0
        recorded = client.info().recorded_counts
        assert recorded is not None
        assert not recorded.connected
    elsewhere.stop(None)
