"""The table [notify] says who is told, and whatever cannot be meant is refused by table and key."""

import tomllib
from pathlib import Path

import pytest

from monitoring.notifications.errors import NotifySettingError
from monitoring.notifications.settings import NotifySettings, SecretName, read_settings

FULL = """
limit_per_hour = 4

[[smtp]]
name = "buyers"
host = "mail.example.com"
user = "stockout"
password_env = "MAIL_PASSWORD"
from = "Stock alerts <alerts@example.com>"
to = ["buyer@example.com", "Lager <lager@example.com>"]
on = ["alerts", "resolved"]

[[smtp]]
host = "localhost"
port = 25
tls = "none"
from = "alerts@example.com"
to = ["admin@example.com"]
on = ["failures"]

[[slack]]
url_env = "SLACK_URL"

[[webhook]]
url = "https://example.com/stockout"
secret_file = "/run/secrets/webhook"
"""
MAIL = '[[smtp]]\nhost = "localhost"\nfrom = "a@example.com"\nto = ["b@example.com"]\n'
HOOK = '[[webhook]]\nsecret_env = "S"\n'


def read(text: str, folder: Path = Path("/etc/shop")) -> NotifySettings:
    return read_settings(tomllib.loads(text), folder)


def test_nothing_said_tells_nobody() -> None:
    assert read("").channels == ()


def test_every_channel_has_a_name_what_it_wants_and_where_its_secret_is() -> None:
    settings = read(FULL)
    kinds = {channel.name: set(channel.kinds) for channel in settings.channels}
    everything = {"new", "worse", "resolved", "drift", "failures"}
    assert kinds == {
        "buyers": {"new", "worse", "resolved"},
        "slack": everything,
        "smtp": {"failures"},
        "webhook": everything,
    }
    mail = settings.smtp[0]
    assert (mail.from_, mail.port, mail.tls) == ("Stock alerts <alerts@example.com>", 587, "starttls")
    assert mail.password == SecretName("MAIL_PASSWORD", None)
    assert settings.webhook[0].secret == SecretName(None, "/run/secrets/webhook")
    assert settings.limit_per_hour == 4


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("limit_per_hour = 0", "notify.limit_per_hour must be at least 1, not 0"),
        ('limit_per_hour = "4"', 'notify.limit_per_hour must be a whole number, not "4"'),
        ("limit_per_hour = 2018-08-26", 'notify.limit_per_hour must be a whole number, not "2018-08-26"'),
        ("limits = 4", "notify.limits is not a known field"),
        ('templates = "nowhere"', "notify.templates must be a folder, not '/etc/shop/nowhere'"),
        ("smtp = 4", "notify.smtp must be a list, not 4"),
        ("smtp = [4]", "notify.smtp[0] must be an object, not 4"),
        ('[[smtp]]\nhost = "a"\nto = ["a@b"]', "notify.smtp[0].from is missing"),
        ('[[smtp]]\nhost = "a"\nto = ["a@b"]\nfrom = 4', "notify.smtp[0].from must be text, not 4"),
        (MAIL.replace("a@example.com", "nobody"), "must be an address like alerts@example.com, not 'nobody'"),
        (MAIL.replace("b@example.com", "b@c\\nBcc: d@e"), "must be an address like alerts@example.com"),
        (MAIL.replace('["b@example.com"]', "[]"), "notify.smtp[0].to must hold an address"),
        (MAIL.replace("localhost", "my host"), "notify.smtp[0].host must be the name of a mail server, not 'my host'"),
        (MAIL + "port = 70000", "notify.smtp[0].port must lie between 1 and 65535, not 70000"),
        (MAIL + 'tls = "ssl"', 'notify.smtp[0].tls must be "starttls", "tls" or "none", not \'ssl\''),
        (MAIL + 'user = "u"', "say either notify.smtp[0].password_env, the name of an environment variable, or"),
        (MAIL + 'password = "secret"', "notify.smtp[0].password is not a known field"),
        (MAIL + 'password_env = "P"', "notify.smtp[0].user is missing: a password needs one"),
        (MAIL + 'user = "u"\npassword_env = "P"\ntls = "none"', "would show the password to everybody"),
        (MAIL + 'name = "a b"', "notify.smtp[0].name must be 1 to 64 letters, digits, dots or dashes, not 'a b'"),
        (MAIL + MAIL, "two channels of notify are called 'smtp': give each a name of its own"),
        (MAIL + "on = []", "notify.smtp[0].on must name some of alerts, resolved, drift, failures, not []"),
        (MAIL + 'on = ["alert"]', "not ['alert']"),
        ("[[slack]]", "say either notify.slack[0].url_env"),
        ('[[slack]]\nurl_env = "A"\nurl_file = "B"', "say either notify.slack[0].url_env"),
        ('[[slack]]\nurl = "https://hooks.slack.com/services/T/B/X"', "notify.slack[0].url is not a known field"),
        (HOOK, "say either notify.webhook[0].url_env"),
        ('[[webhook]]\nurl = "https://a.example"', "say either notify.webhook[0].secret_env"),
        (HOOK + 'url = "https://a.example"\nurl_env = "U"', "notify.webhook[0] says its url twice"),
        (HOOK + 'url = "file:///etc/passwd"', "notify.webhook[0].url must begin with https:// or http:// and a host"),
        (HOOK + 'url = "https:///path"', "notify.webhook[0].url must begin with https:// or http:// and a host"),
        (HOOK + 'url = "https://u:p@a.example"', "notify.webhook[0].url must not hold a user or a password"),
        (HOOK + 'url = "https://a.example:x"', "notify.webhook[0].url is no address"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_table_and_key(text: str, sentence: str) -> None:
    with pytest.raises(NotifySettingError) as refused:
        read(text)
    assert sentence in str(refused.value)


def test_a_folder_of_templates_must_be_there(tmp_path: Path) -> None:
    assert read(f'templates = "{tmp_path}"').templates == str(tmp_path)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "words").mkdir()
    settings = read('templates = "words"\n[[slack]]\nurl_file = "secrets/slack"', tmp_path)
    assert settings.templates == str(tmp_path / "words")
    assert settings.slack[0].url_file == str(tmp_path / "secrets" / "slack")
