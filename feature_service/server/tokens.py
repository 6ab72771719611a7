"""Bearer tokens: who may call what, and how often.

The file has one JSON object a line, as ``python -m feature_service.server.tokens new`` prints it; empty lines and lines
that start with ``#`` are skipped. A token is ``ID.SECRET``: the id finds the line, the secret is 256 random bits, so
that its plain SHA-256 is as good at rest as a slow hash would be, and a thousandth of its cost for every call.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click

from feature_service.json_record import read_json
from feature_service.server.errors import TokensError, UnauthenticatedError
from feature_service.server.limits import TokenBucket

ANY = "*"
SECRET_BYTES = 32
MOST_CALLS = 1_000_000_000
_NOBODY = "0" * 64


@dataclass(frozen=True)
class _Line:
    """A line of the file."""

    id: str
    name: str
    sha256: str
    methods: tuple[str, ...]
    per_second: float
    burst: int


@dataclass(frozen=True)
class Holder:
    """Whom a token was given to.

    Attributes:
        name: For the log and for messages.
        sha256: Of the token's secret, hexadecimal.
        methods: ``service/method``, ``service/*`` or ``*``.
        per_second: Calls a second in the long run, in each worker process.
        burst: Calls at once after a pause.
    """

    name: str
    sha256: str
    methods: frozenset[str]
    per_second: float
    burst: int
    bucket: TokenBucket = field(compare=False, repr=False)

    def may_call(self, method: str) -> bool:
        """Whether ``method``, which is ``service/method``, is among the allowed ones."""
        service, _, _ = method.partition("/")
        return not self.methods.isdisjoint((method, f"{service}/{ANY}", ANY))


Holders = Mapping[str, Holder]
"""By the id of the token."""


def read_tokens(file: Path) -> tuple[Holders, list[TokensError]]:
    """Read the file of hashed tokens: who is admitted, and what is wrong with each line that admits nobody.

    A line must be one that ``new`` prints, and no id may be there twice.

    Raises:
        TokensError: If the file cannot be read at all.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TokensError(file, error) from error
    holders: dict[str, Holder] = {}
    problems: list[TokensError] = []
    ids_seen = set[str]()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            token_id, holder = _holder(line)
        except ValueError as error:
            problems.append(TokensError(file, error, number))
            continue
        if token_id in ids_seen:
            problems.append(TokensError(file, f"the id {token_id!r} is there twice", number))
            holders.pop(token_id, None)  # whose rights hold is not known
        else:
            holders[token_id] = holder
        ids_seen.add(token_id)
    return holders, problems


def holder_of(token: str, holders: Holders) -> Holder:
    """Who sent ``token``; the comparison takes as long for a wrong secret as for the right one.

    Raises:
        UnauthenticatedError: If nobody has it.
    """
    token_id, _, secret = token.partition(".")
    holder = holders.get(token_id)
    same = hmac.compare_digest(_sha256(secret), holder.sha256 if holder else _NOBODY)
    if holder is None or not same:
        raise UnauthenticatedError
    return holder


def new_token(name: str, methods: tuple[str, ...], per_second: float, burst: int) -> tuple[str, str]:
    """A fresh token, and the line of the file that admits it."""
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(SECRET_BYTES)
    line = {"id": token_id, "name": name, "sha256": _sha256(secret), "methods": sorted(methods)}
    return f"{token_id}.{secret}", json.dumps({**line, "per_second": per_second, "burst": burst}, ensure_ascii=False)


def _holder(line: str) -> tuple[str, Holder]:
    record = read_json(_Line, line)
    if len(bytes.fromhex(record.sha256)) != hashlib.sha256().digest_size:
        raise ValueError("sha256 must be 64 hexadecimal digits")
    if not (0 < record.per_second <= MOST_CALLS and 1 <= record.burst <= MOST_CALLS):
        raise ValueError(f"per_second must be above 0, burst at least 1, and both at most {MOST_CALLS:,}")
    bucket = TokenBucket(record.per_second, record.burst)
    methods = frozenset(record.methods)
    return record.id, Holder(record.name, record.sha256.lower(), methods, record.per_second, record.burst, bucket)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


@click.group()
def main() -> None:
    """Tokens for the server's --tokens file."""


@main.command()
@click.option("--name", required=True, help="Whom it is for; in the log and in messages.")
@click.option(
    "--method",
    "methods",
    multiple=True,
    default=(ANY,),
    show_default=True,
    help="service/method, service/* or *; more than once for several.",
)
@click.option(
    "--per-second", type=click.FloatRange(0, min_open=True), default=1000.0, show_default=True, help="Calls a second."
)
@click.option("--burst", type=click.IntRange(1), default=1000, show_default=True, help="Calls at once after a pause.")
def new(name: str, methods: tuple[str, ...], per_second: float, burst: int) -> None:
    """Print a new token on standard error, once, and the line that admits it on standard output.

    So that `... new --name dashboard >> tokens.jsonl` shows the token to you alone.
    """
    token, line = new_token(name, methods, per_second, burst)
    click.echo(f"The token, which is shown only now: {token}", err=True)
    click.echo(line)


if __name__ == "__main__":
    main(prog_name="python -m feature_service.server.tokens")
