"""Digests reach a real mail server and real receivers of webhooks, whatever these and their senders go through."""

import datetime as dt
import json
import logging
import subprocess
import sys
import threading
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from data.state.database import Database, open_database
from data.state.tables import OUTBOX
from monitoring.notifications import deliver as delivering
from monitoring.notifications.deliver import Delivery, deliver, send_test
from monitoring.notifications.errors import NotifySettingError, NotSentError
from monitoring.notifications.outbox import CLAIM, enqueue
from monitoring.notifications.settings import NotifySettings, read_settings
from tests.support.certificates import Authority
from tests.support.digests import MINUTE, MONDAY, alert, digest, resolved
from tests.support.processes import environment, free_port
from tests.support.receivers import http_receiver, mail_server

HERE = Path()
SECRET = "not for the log"
ENVIRONMENT = {"HOOK_SECRET": SECRET, "MAIL_PASSWORD": "open sesame"}
SAID = digest(new=(alert("SKU-1"), alert("<SKU-2>")), resolved=(resolved("SKU-1"),))


def clock_at(now: dt.datetime) -> delivering.Clock:
    return lambda: now


def hook(port: int, **said: Any) -> NotifySettings:
    return read_settings(
        {"webhook": [{"name": "hook", "url": f"http://127.0.0.1:{port}/in", "secret_env": "HOOK_SECRET", **said}]}, HERE
    )


def mail(port: int, **said: Any) -> NotifySettings:
    channel = {"host": "localhost", "port": port, "tls": "none", "from": "alerts@shop.test", "to": ["buyer@shop.test"]}
    return read_settings({"smtp": [{"name": "mail", **channel, **said}]}, HERE)


def login(port: int, tls: str, user: str = "stockout") -> NotifySettings:
    return mail(port, tls=tls, user=user, password_env="MAIL_PASSWORD")


def deliver_at(state: Database, settings: NotifySettings, now: dt.datetime = MONDAY) -> Delivery:
    (delivery,) = deliver(state, settings, clock_at(now), ENVIRONMENT)
    return delivery


@pytest.fixture
def state(tmp_path: Path) -> Database:
    return open_database(f"sqlite:///{tmp_path / 'state.db'}")


def say(state: Database, settings: NotifySettings) -> None:
    with state.connect() as connection:
        assert enqueue(connection, SAID, settings.channels)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def certificate(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of a certificate and its key, without suffix."""
    folder = tmp_path_factory.mktemp("certificate")
    authority.issue("localhost").write(folder, "server")
    (folder / "authority.pem").write_bytes(authority.certificate)
    return str(folder / "server")


@pytest.fixture
def trusted(certificate: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate's authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(Path(certificate).with_name("authority.pem")))


def test_a_digest_arrives_as_a_mail(state: Database, tmp_path: Path) -> None:
    with mail_server(tmp_path / "mail", "refuse=gone@shop.test") as server:
        settings = mail(server.port, to=["buyer@shop.test", "gone@shop.test"])
        say(state, settings)
        delivery = deliver_at(state, settings)
        nobody = mail(server.port, to=["gone@shop.test"])
        with pytest.raises(NotSentError) as refused:
            send_test(nobody, "mail", clock_at(MONDAY))

    where = f"the mail server localhost:{server.port}"
    problem = f"{where} refused gone@shop.test (550 no such mailbox)"
    assert delivery == Delivery("mail", sent=1, waiting=0, next_attempt_at=None, problem=problem)
    assert str(refused.value) == problem
    (got,) = server.got()
    letter = message_from_string(got["content"], policy=policy.default)
    assert (got["to"], letter["Subject"]) == (
        ["buyer@shop.test"],
        "Check 2 products at risk: 2 new alerts. 1 alert resolved.",
    )
    text, page = letter.iter_parts()
    assert "- <SKU-2>: probability 0.800" in text.get_content()
    assert "<td>&lt;SKU-2&gt;</td>" in page.get_content()


def test_a_password_goes_over_a_verified_connection_alone(
    state: Database, tmp_path: Path, certificate: str, request: pytest.FixtureRequest
) -> None:
    with (
        mail_server(tmp_path / "starttls", f"starttls={certificate}", "login=stockout:open sesame") as starttls,
        mail_server(tmp_path / "tls", f"tls={certificate}", "login=stockout:open sesame") as tls,
        mail_server(tmp_path / "plain") as plain,
    ):
        say(state, login(starttls.port, "starttls"))
        assert "certificate verify failed" in str(deliver_at(state, login(starttls.port, "starttls")).problem)
        request.getfixturevalue("trusted")
        assert deliver_at(state, login(starttls.port, "starttls"), MONDAY + MINUTE).sent == 1
        send_test(login(tls.port, "tls"), "mail", clock_at(MONDAY), ENVIRONMENT)
        with pytest.raises(NotSentError, match="STARTTLS extension not supported"):
            send_test(login(plain.port, "starttls"), "mail", clock_at(MONDAY), ENVIRONMENT)
        with pytest.raises(NotSentError, match="answered 535"):
            send_test(login(tls.port, "tls", user="somebody"), "mail", clock_at(MONDAY), ENVIRONMENT)
        with pytest.raises(NotSentError, match="the environment variable MAIL_PASSWORD is not set or empty"):
            send_test(login(tls.port, "tls"), "mail", clock_at(MONDAY), {})

    assert [(got["encrypted"], got["user"]) for got in (*starttls.got(), *tls.got())] == [(True, "stockout")] * 2
    assert plain.got() == []


def from_readme(name: str) -> Any:
    """A function of the examples that users are given."""
    readme = (Path(__file__).parents[2] / "monitoring" / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(readme.split("```python\n")[1].split("```")[0], names)
    return names[name]


def test_a_webhook_is_signed_over_its_time_and_body(state: Database, tmp_path: Path) -> None:
    with http_receiver(tmp_path / "hook") as receiver:
        settings = hook(receiver.port)
        say(state, settings)
        assert deliver_at(state, settings).sent == 1

    (got,) = receiver.got()
    words, body, now = got["headers"]["Stockout-Signature"], got["body"].encode(), MONDAY.timestamp()
    is_genuine = from_readme("is_genuine")
    assert is_genuine(words, body, SECRET, now + 60)
    assert not is_genuine(words, body + b" ", SECRET, now + 60)
    assert not is_genuine(words, body, "another secret", now + 60)
    assert not is_genuine(words, body, SECRET, now + 3_600), "somebody sends it again, later"
    document = json.loads(body)
    assert document["key"] == got["headers"]["Idempotency-Key"]
    assert [each["product_id"] for each in document["new"]] == ["SKU-1", "<SKU-2>"]


def test_a_receiver_of_webhooks_is_asked_until_it_takes_the_message_which_keeps_its_key(
    state: Database, tmp_path: Path
) -> None:
    answers = ("500", "close", "429", "redirect:http://127.0.0.1:9/else")
    say(state, hook(free_port()))
    refused = deliver_at(state, hook(free_port()))
    with http_receiver(tmp_path / "hook", *answers) as receiver:
        where, now, problems = f"http://127.0.0.1:{receiver.port}", refused.next_attempt_at, [refused.problem]
        while now is not None:
            delivery = deliver_at(state, hook(receiver.port), now)
            problems.append(delivery.problem)
            now = delivery.next_attempt_at

    assert problems[0] is not None
    assert "cannot be reached: [Errno 111] Connection refused" in problems[0]
    assert problems[1:] == [
        f"{where} answered 500: no_service",
        f"{where} cannot be reached: Server disconnected without sending a response.",
        f"{where} answered 429: no_service",
        f"{where} answered 302, a redirect, which is not followed: name its aim",
        None,
    ]
    got = receiver.got()
    assert len(got) == len(answers) + 1
    assert len({each["headers"]["Idempotency-Key"] for each in got}) == 1
    assert len({each["body"] for each in got}) == 1
    assert len({each["headers"]["Stockout-Signature"] for each in got}) == len(got), "the time is signed anew"


@pytest.mark.parametrize(
    ("answer", "limit", "problem"),
    [
        ("hang", "monitoring.notifications.channels.post._TIMEOUT_S", "gave no answer within 0.5 s"),
        ("drip", "monitoring.notifications.deliver.ATTEMPT_S", "hook was still at it after 0.5 s"),
    ],
)
def test_a_receiver_that_never_comes_to_an_end_is_left_and_asked_again(
    state: Database, tmp_path: Path, answer: str, limit: str, problem: str
) -> None:
    with http_receiver(tmp_path / "hook", answer) as receiver:
        settings = hook(receiver.port)
        say(state, settings)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limit, 0.5)
            assert str(deliver_at(state, settings).problem).endswith(problem)
        receiver.wait_for(1)
        assert deliver_at(state, settings, MONDAY + MINUTE).sent == 1

    first, second = receiver.got()
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]


def test_slack_gets_the_text_and_its_address_is_in_no_log_and_no_sentence(
    state: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = read_settings({"slack": [{"url_file": "url"}]}, tmp_path)
    say(state, settings)
    missing = deliver_at(state, settings)
    with http_receiver(tmp_path / "slack", "404") as receiver:
        (tmp_path / "url").write_text(f"http://127.0.0.1:{receiver.port}/services/T0/B0/XYZZY\n")
        refused = deliver_at(state, settings, MONDAY + MINUTE)
        taken = deliver_at(state, settings, MONDAY + 3 * MINUTE)

    assert missing.problem == f"the file {tmp_path / 'url'} cannot be read: No such file or directory"
    assert refused.problem == f"http://127.0.0.1:{receiver.port} answered 404: no_service"
    assert (taken.sent, taken.problem) == (1, None)
    assert "XYZZY" not in caplog.text + str(refused)
    got = receiver.got()[-1]
    assert got["path"] == "/services/T0/B0/XYZZY"
    assert "- &lt;SKU-2&gt;: probability 0.800" in json.loads(got["body"])["blocks"][0]["text"]["text"]


def test_https_needs_a_certificate_that_is_trusted(
    tmp_path: Path, certificate: str, request: pytest.FixtureRequest
) -> None:
    with http_receiver(tmp_path / "hook", f"tls:{certificate}") as receiver:
        settings = hook(receiver.port, url=f"https://localhost:{receiver.port}/in")
        with pytest.raises(NotSentError, match="certificate verify failed"):
            send_test(settings, "hook", clock_at(MONDAY), ENVIRONMENT)
        request.getfixturevalue("trusted")
        assert send_test(settings, "hook", clock_at(MONDAY), ENVIRONMENT) == "hook took the test message"

    (got,) = receiver.got()
    assert json.loads(got["body"])["is_test"] is True


def test_a_test_of_a_channel_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(NotifySettingError, match="notify has no channel 'mail'; it has: hook"):
        send_test(hook(1), "mail", clock_at(MONDAY))


def test_a_channel_that_fails_keeps_no_other_waiting(state: Database, tmp_path: Path) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault of ours")

    with http_receiver(tmp_path / "hook") as receiver, pytest.MonkeyPatch.context() as patch:
        patch.setattr(delivering, "send_mail", broken)
        settings = NotifySettings(smtp=mail(1, name="a").smtp, webhook=hook(receiver.port).webhook)
        say(state, settings)
        first, second = deliver(state, settings, clock_at(MONDAY), ENVIRONMENT)

    assert (first.sent, first.problem) == (0, "a could not be sent: KeyError: 'a fault of ours'")
    assert (second.sent, second.problem) == (1, None)


def test_what_waits_for_a_channel_that_the_settings_have_no_more_is_not_forgotten(state: Database) -> None:
    say(state, hook(1))
    problem = "the settings have no channel of that name any more: name one so, and it is told"
    assert deliver(state, NotifySettings(), clock_at(MONDAY)) == (Delivery("hook", 0, 3, None, problem),)


DELIVERER = """
import datetime as dt, sys
from pathlib import Path
from data.state.database import open_database
from monitoring.notifications.deliver import deliver
from monitoring.notifications.settings import read_settings
url, port, at = sys.argv[1:]
hook = {"name": "hook", "url": f"http://127.0.0.1:{port}/in", "secret_env": "HOOK_SECRET"}
deliver(open_database(url), read_settings({"webhook": [hook]}, Path()), lambda: dt.datetime.fromisoformat(at))
"""


def test_a_deliverer_that_is_killed_in_the_middle_is_followed_by_one_that_sends_the_same_message(
    state: Database, tmp_path: Path
) -> None:
    with http_receiver(tmp_path / "hook", "hang") as receiver:
        settings = hook(receiver.port)
        say(state, settings)
        command = [
            sys.executable,
            "-c",
            DELIVERER,
            f"sqlite:///{tmp_path}/state.db",
            str(receiver.port),
            MONDAY.isoformat(),
        ]
        with subprocess.Popen(command, env=environment(**ENVIRONMENT)) as process:
            receiver.wait_for(1)
            process.kill()
        at_once = deliver_at(state, settings)
        later = deliver_at(state, settings, MONDAY + CLAIM)

    assert (at_once.sent, at_once.next_attempt_at, later.sent) == (0, MONDAY + CLAIM, 1)
    first, second = receiver.got()
    assert first["headers"]["Idempotency-Key"] == second["headers"]["Idempotency-Key"]
    assert first["body"] == second["body"]


def test_deliverers_at_once_send_each_message_once(state_url: str, tmp_path: Path) -> None:
    state = open_database(state_url)
    with http_receiver(tmp_path / "hook") as receiver:
        hooks = [hook(receiver.port, name=f"hook-{number}").webhook[0] for number in range(3)]
        settings = NotifySettings(webhook=tuple(hooks))
        say(state, settings)
        reports: list[tuple[Delivery, ...]] = []
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait()
            reports.append(deliver(state, settings, clock_at(MONDAY), ENVIRONMENT))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(receiver.got()) == 3
    assert sum(delivery.sent for report in reports for delivery in report) == 3
    with state.connect() as connection:
        assert set(connection.execute(sa.select(OUTBOX.c.state, OUTBOX.c.attempts))) == {("sent", 1)}
