"""Who is told of what, and how: the table ``[notify]`` of the settings."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from feature_service.json_record import RecordError, read_record
from monitoring.notifications.address import origin
from monitoring.notifications.digest import DRIFT, FAILURES, NEW, RESOLVED, WORSE
from monitoring.notifications.errors import NotifySettingError

WANTS = {"alerts": (NEW, WORSE), "resolved": (RESOLVED,), "drift": (DRIFT,), "failures": (FAILURES,)}
"""What a channel can ask for by ``on``, and the kinds of change that it means."""
STARTTLS, TLS, PLAINTEXT = "starttls", "tls", "none"

_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ALL = tuple(WANTS)


@dataclass(frozen=True)
class SecretName:
    """Where a secret is read when it is needed: an environment variable, or a file, whichever is named."""

    env: str | None
    file: str | None


@dataclass(frozen=True, kw_only=True)
class _Channel:
    """What every channel has: a name of its own, and what it wants to be told of."""

    name: str
    on: tuple[str, ...] = _ALL

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of change that it wants."""
        return frozenset(kind for want in self.on for kind in WANTS[want])


@dataclass(frozen=True, kw_only=True)
class Smtp(_Channel):
    """An e-mail to some addresses, through a server.

    Attributes:
        tls: ``starttls``, ``tls`` from the first byte, or ``none``.
        user: None: the server wants none.
        from_: ``from`` in the file.
    """

    name: str = "smtp"
    host: str
    port: int = 587
    tls: str = STARTTLS
    user: str | None = None
    password_env: str | None = None
    password_file: str | None = None
    from_: str
    to: tuple[str, ...]

    @property
    def password(self) -> SecretName:
        """Where the password is."""
        return SecretName(self.password_env, self.password_file)


@dataclass(frozen=True, kw_only=True)
class Slack(_Channel):
    """A message to the channel of a Slack "incoming webhook", whose address is a secret."""

    name: str = "slack"
    url_env: str | None = None
    url_file: str | None = None

    @property
    def url(self) -> SecretName:
        """Where the address is."""
        return SecretName(self.url_env, self.url_file)


@dataclass(frozen=True, kw_only=True)
class Webhook(_Channel):
    """A JSON document to an address, signed with a secret that the receiver has too."""

    name: str = "webhook"
    url: str | None = None
    url_env: str | None = None
    url_file: str | None = None
    secret_env: str | None = None
    secret_file: str | None = None

    @property
    def secret_url(self) -> SecretName:
        """Where the address is, if it is not said in the file."""
        return SecretName(self.url_env, self.url_file)

    @property
    def secret(self) -> SecretName:
        """Where the secret is."""
        return SecretName(self.secret_env, self.secret_file)


Channel = Smtp | Slack | Webhook


@dataclass(frozen=True)
class NotifySettings:
    """The table ``[notify]``. Without a channel nobody is told of anything.

    Attributes:
        limit_per_hour: The most messages that go to a channel within an hour.
        templates: A folder whose ``digest.txt.jinja`` and ``digest.html.jinja`` take the place of ours; None: ours.
    """

    limit_per_hour: int = 10
    templates: str | None = None
    smtp: tuple[Smtp, ...] = ()
    slack: tuple[Slack, ...] = ()
    webhook: tuple[Webhook, ...] = ()

    @property
    def channels(self) -> tuple[Channel, ...]:
        """All channels, by name."""
        return tuple(sorted((*self.smtp, *self.slack, *self.webhook), key=lambda channel: channel.name))


def read_settings(table: Mapping[str, Any], folder: Path) -> NotifySettings:
    """Read the table ``[notify]`` as ``tomllib`` gives it; an empty one tells nobody.

    Args:
        table: What the file says.
        folder: Of the file: paths in it are relative to that.
    Raises:
        NotifySettingError: If something is missing, unknown or cannot be meant; the sentence names table and key.
    """
    plain = json.loads(json.dumps(table, default=str))  # TOML has dates, records have none
    try:
        settings = read_record(NotifySettings, _prepared(plain, folder))
    except RecordError as error:
        raise NotifySettingError(f"notify.{error}".replace(".from_ ", ".from ")) from error
    if settings.limit_per_hour < 1:
        raise NotifySettingError(f"notify.limit_per_hour must be at least 1, not {settings.limit_per_hour}")
    if settings.templates is not None and not Path(settings.templates).is_dir():
        raise NotifySettingError(f"notify.templates must be a folder, not {settings.templates!r}")
    for kind in ("smtp", "slack", "webhook"):
        for place, channel in enumerate(getattr(settings, kind)):
            _check(channel, f"notify.{kind}[{place}]")
    twice = [name for name, count in Counter(channel.name for channel in settings.channels).items() if count > 1]
    if twice:
        raise NotifySettingError(
            f"two channels of notify are called {twice[0]!r}: give each a name of its own, name = …"
        )
    return settings


def _prepared(value: Any, folder: Path) -> Any:
    """The same with whole paths, and with another name for ``from``, which is a word of Python's."""
    if isinstance(value, list):
        return [_prepared(each, folder) for each in value]
    if not isinstance(value, dict):
        return value
    prepared = {"from_" if name == "from" else name: _prepared(each, folder) for name, each in value.items()}
    paths = [name for name, each in prepared.items() if isinstance(each, str) and _is_path(name)]
    return prepared | {name: str(folder / prepared[name]) for name in paths}


def _is_path(name: str) -> bool:
    return name == "templates" or name.endswith("_file")


def _check(channel: Channel, where: str) -> None:
    if not _NAME.fullmatch(channel.name):
        raise NotifySettingError(f"{where}.name must be 1 to 64 letters, digits, dots or dashes, not {channel.name!r}")
    if not channel.on or not set(channel.on) <= set(WANTS):
        raise NotifySettingError(f"{where}.on must name some of {', '.join(WANTS)}, not {list(channel.on)}")
    if isinstance(channel, Smtp):
        _check_smtp(channel, where)
    elif isinstance(channel, Slack):
        _check_secret(channel.url, f"{where}.url")
    else:
        _check_webhook(channel, where)


def _check_smtp(mail: Smtp, where: str) -> None:
    if not mail.host or not mail.host.isprintable() or " " in mail.host:
        raise NotifySettingError(f"{where}.host must be the name of a mail server, not {mail.host!r}")
    if not 0 < mail.port < 65536:
        raise NotifySettingError(f"{where}.port must lie between 1 and 65535, not {mail.port}")
    if mail.tls not in (STARTTLS, TLS, PLAINTEXT):
        raise NotifySettingError(f'{where}.tls must be "{STARTTLS}", "{TLS}" or "{PLAINTEXT}", not {mail.tls!r}')
    if not mail.to:
        raise NotifySettingError(f"{where}.to must hold an address")
    for key, address in (("from", mail.from_), *(("to", address) for address in mail.to)):
        if not _is_address(address):
            raise NotifySettingError(f"{where}.{key} must be an address like alerts@example.com, not {address!r}")
    _check_login(mail, where)


def _check_login(mail: Smtp, where: str) -> None:
    if mail.user is None:
        if mail.password != SecretName(None, None):
            raise NotifySettingError(f"{where}.user is missing: a password needs one")
        return
    _check_secret(mail.password, f"{where}.password")
    if mail.tls == PLAINTEXT:
        raise NotifySettingError(
            f'{where}.tls is "{PLAINTEXT}", which would show the password to everybody: use "{STARTTLS}"'
        )


def _check_webhook(webhook: Webhook, where: str) -> None:
    _check_secret(webhook.secret, f"{where}.secret")
    if webhook.url is None:
        _check_secret(webhook.secret_url, f"{where}.url")
        return
    if webhook.url_env is not None or webhook.url_file is not None:
        raise NotifySettingError(f"{where} says its url twice: keep one of url, url_env, url_file")
    try:
        origin(webhook.url)
    except ValueError as error:
        raise NotifySettingError(f"{where}.url {error}") from error


def _check_secret(secret: SecretName, key: str) -> None:
    if (secret.env is None) == (secret.file is None):
        raise NotifySettingError(f"say either {key}_env, the name of an environment variable, or {key}_file")


def _is_address(text: str) -> bool:
    address = parseaddr(text)[1]
    return bool(re.fullmatch(r"[^@\s]+@[^@\s]+", address)) and text.isprintable()
