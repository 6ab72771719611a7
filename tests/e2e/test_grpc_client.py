"""The shipped client against a real server, as a library and from a shell."""

import datetime as dt
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from feature_service.client import (
    DeadlineError,
    RefusedError,
    RiskClient,
    ServerUnavailableError,
)
from tests.support.servers import RunningServer, running_server
from tests.support.serving_fixtures import Published
from tests.support.shell import shell
from tests.support.snapshots import product_id


@pytest.fixture
def client(server: RunningServer) -> Iterator[RiskClient]:
    with RiskClient(server.target) as connected:
        yield connected


def test_any_number_of_ids_is_asked_in_batches_and_answered_in_order(client: RiskClient) -> None:
    ids = [product_id(number) for number in range(2_345)]
    answer = client.assess(ids)
    assert [result.product_id for result in answer.results] == ids
    assert list(answer.results[:200]) == list(client.assess(ids[:200]).results)
    assert [result.product_id for result in client.features(ids).results] == ids


def test_each_result_has_a_probability_or_a_reason(client: RiskClient) -> None:
    for result in client.assess([product_id(number) for number in range(210)]).results:
        assert (result.probability is None) == (result.alert is None) == (result.error is not None)


def test_a_reason_has_code_reason_and_sentence(client: RiskClient) -> None:
    problem = client.assess(["cancelled-only"]).results[0].error
    assert problem is not None
    assert (problem.code, problem.reason) == ("FAILED_PRECONDITION", "EXCLUDED_PRODUCT")
    assert "NO_COUNTED_SALES" in problem.message


def test_as_of_reaches_the_server(client: RiskClient) -> None:
    assert client.assess(["x"], as_of=dt.date(2018, 7, 1)).provenance.as_of_week == dt.date(2018, 6, 25)
    assert client.features(["x"], as_of=dt.date(2018, 7, 1)).provenance.as_of_week == dt.date(2018, 6, 25)


def test_features_come_with_their_names(client: RiskClient, published: Published) -> None:
    answer = client.features(published.panel.product_ids)
    assert answer.feature_names[0] == "sales_qtd_lag_1"
    row = next(number for number, result in enumerate(answer.results) if result.values is not None)
    values = answer.results[row].values
    assert values is not None
    assert len(values) == len(answer.feature_names)
    assert values[0] == published.panel.fields["units_sold"][row, -1]


def test_calls_at_the_same_time_each_learn_how_many_ids_fit(published: Published) -> None:
    ids = published.panel.product_ids[:20]
    with running_server(published.root, "--max-ids", "5") as few, RiskClient(few.target) as client:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.assess(ids), range(8)))
        assert [[each.product_id for each in answer.results] for answer in answers] == [list(ids)] * 8


@pytest.mark.parametrize("product_ids", [[], [""], ["a", "b" * 257]])
def test_what_the_server_refuses_is_an_error_with_its_code(client: RiskClient, product_ids: list[str]) -> None:
    with pytest.raises(RefusedError, match="product_ids") as raised:
        client.assess(product_ids)
    assert raised.value.code == "INVALID_ARGUMENT"


def test_where_nobody_answers_the_target_is_named() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        target = f"127.0.0.1:{unused.getsockname()[1]}"
        with RiskClient(target) as client, pytest.raises(ServerUnavailableError, match=target):
            client.assess(["a"])


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        with RiskClient(target, timeout_s=0.2) as client, pytest.raises((DeadlineError, ServerUnavailableError)):
            client.assess(["a"])


def test_the_shell_prints_a_table_in_the_order_asked(server: RunningServer) -> None:
    ended = shell("assess", "zzz", "cancelled-only", "--target", server.target)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.index("zzz") < ended.stdout.index("cancelled-only")
    assert "UNKNOWN_PRODUCT" in ended.stdout


def test_the_shell_prints_json_of_ids_from_standard_input(server: RunningServer, client: RiskClient) -> None:
    ids = [product_id(number) for number in range(50)]
    ended = shell("assess", "first", "-", "--json", "--target", server.target, stdin="\n".join(ids) + "\n\n")
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    assert [result["product_id"] for result in document["results"]] == ["first", *ids]
    expected = client.assess(ids)
    assert [result["probability"] for result in document["results"][1:]] == [
        each.probability for each in expected.results
    ]
    assert document["provenance"]["evidence"] == "SALES_ONLY"


def test_the_shell_prints_features(server: RunningServer, published: Published) -> None:
    ids = published.panel.product_ids
    table = shell("features", *ids[:20], "--target", server.target)
    assert "price_mean_roll_mean_4" in table.stdout
    document = json.loads(shell("features", "-", "--json", "--target", server.target, stdin="\n".join(ids)).stdout)
    assert len(document["results"]) == len(ids)


@pytest.mark.parametrize("service", ["", "stockout.v1.RiskService"])
def test_health_of_a_serving_server_is_exit_code_0(server: RunningServer, service: str) -> None:
    ended = shell("health", "--service", service, "--target", server.target)
    assert (ended.returncode, ended.stdout) == (0, "SERVING\n")


def test_health_of_an_unknown_service_is_exit_code_1(server: RunningServer) -> None:
    ended = shell("health", "--service", "no.Such", "--target", server.target)
    assert (ended.returncode, ended.stdout) == (1, "SERVICE_UNKNOWN\n")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["assess", "", "--target", "{target}"], 1, "product_ids[0]"),
        (["assess", "x", "--as-of", "2031-01-01", "--target", "{target}"], 1, "2031-01-01"),
        (["assess"], 2, "Missing argument"),
        (["assess", "-"], 2, "no product id was given on standard input"),
        (["assess", b"\xff".decode(errors="surrogateescape")], 2, "is not UTF-8"),
        (["assess", "x", "--as-of", "yesterday"], 2, "yesterday"),
        (["assess", "x", "--target", "127.0.0.1:1"], 3, "no server answers at 127.0.0.1:1"),
        (["health", "--target", "127.0.0.1:1"], 3, "no server answers at 127.0.0.1:1"),
    ],
)
def test_what_goes_wrong_in_the_shell_is_one_sentence_and_an_exit_code(
    server: RunningServer, arguments: list[str], code: int, sentence: str
) -> None:
    ended = shell(*(each.format(target=server.target) for each in arguments))
    assert ended.returncode == code
    assert sentence in ended.stderr
    assert ended.stdout == ""
