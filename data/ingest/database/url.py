"""Which database is meant: ``postgresql://…``, or ``sqlite:///shop.db`` beside the other files; never a password."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from data.errors import ColumnMapError

_POSTGRESQL = ("postgresql", "postgres")
_SECRETS = ("password", "sslpassword")


def check_url(path: Path, url: str) -> None:
    """Refuse what is no database, and a password: the file is copied, committed and shown.

    Args:
        path: The file that says it.
        url: What it says. No sentence repeats it, since it may hold the password.
    Raises:
        ColumnMapError: If it cannot be used.
    """
    try:
        parts = urlsplit(url)
        secret = parts.password or any(name in parse_qs(parts.query) for name in _SECRETS)
    except ValueError as error:
        raise ColumnMapError(f"{path}: database is no URL: write it as postgresql://user@host/name") from error
    if secret:
        raise ColumnMapError(
            f"{path}: database holds a password: leave it out of the URL, and give it in the environment variable "
            "PGPASSWORD or in the file ~/.pgpass"
        )
    if parts.scheme not in (*_POSTGRESQL, "sqlite") or (parts.scheme == "sqlite" and not is_sqlite(url)):
        raise ColumnMapError(
            f"{path}: database must be postgresql://user@host/name, where what is left out comes from PGHOST, PGUSER "
            "and so on, or sqlite:///shop.db for a file beside the data"
        )


def is_sqlite(url: str) -> bool:
    """Whether it names a SQLite file."""
    return url.startswith("sqlite:///") and url != "sqlite:///"


def sqlite_file(url: str, folder: Path) -> Path:
    """The file of a SQLite database: within the data folder, or, of ``sqlite:////``, anywhere."""
    return folder / url.removeprefix("sqlite:///")
