"""The command line's options of the history whose recorded counts are answered with."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from feature_service.credentials import Secrets
from feature_service.server.settings import History

Option = Callable[[Callable[..., None]], Callable[..., None]]


def _file(name: str, description: str) -> Option:
    variable = f"STOCKOUT_HISTORY_{name.upper().replace('-', '_')}"
    path = click.Path(path_type=Path, dir_okay=False)
    return click.option(f"--history-{name}", type=path, envvar=variable, show_envvar=True, help=description)


_OPTIONS: tuple[Option, ...] = (
    click.option(
        "--history-address",
        metavar="HOST:PORT",
        envvar="STOCKOUT_HISTORY_ADDRESS",
        show_envvar=True,
        help="History service whose recorded counts are answered with.  [default: none]",
    ),
    _file("tls-ca", "Reach it by TLS; PEM of the authority that signed its certificate."),
    _file("tls-certificate", "PEM of your own certificate, if it wants one."),
    _file("tls-key", "PEM of that certificate's key."),
    _file("token-file", "File with the bearer token, if it wants one; needs TLS."),
)
_FILES = ("history_tls_ca", "history_tls_certificate", "history_tls_key", "history_token_file")


def history_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as one ``history``; None without an address."""

    @functools.wraps(command)
    def with_history(**given: Any) -> None:
        address, secrets = given.pop("history_address"), Secrets(*(given.pop(name) for name in _FILES))
        command(history=_history(address, secrets), **given)

    wrapped: Callable[..., None] = with_history
    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


def _history(address: str | None, secrets: Secrets) -> History | None:
    if not address:
        if secrets != Secrets():
            raise click.UsageError("a certificate or token for the history service needs --history-address as well")
        return None
    if not re.fullmatch(r".+:\d+", address):
        raise click.UsageError(f"--history-address must be HOST:PORT, not {address!r}")
    return History(address, secrets)
