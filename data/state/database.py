"""The database of the state: opened, brought up to date, and held by one writer at a time where that is asked for."""

import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from data.errors import StateError
from data.files import locked

_MIGRATIONS = Path(__file__).parent / "migrations"
_WAIT_S = 60
_CONNECT_S = 10
_POSTGRESQL = "postgresql+psycopg"
_LOCK = zlib.crc32(b"stockout-risk history")
_BEGIN, _BEGIN_WRITING = "BEGIN", "BEGIN IMMEDIATE"


class Database:
    """An open database of the state."""

    def __init__(self, engine: sa.Engine, lock_file: Path | None) -> None:
        self._engine, self._lock_file = engine, lock_file

    @contextlib.contextmanager
    def connect(self, *, reads_first: bool = False) -> Iterator[sa.Connection]:
        """One transaction: committed at the end, rolled back at an error.

        Args:
            reads_first: What it writes depends on what it reads before. SQLite then takes the lock of writers at the
                beginning: who asks for it later is refused at once if another has written meanwhile.
        Raises:
            StateError: If the database cannot be reached, or refuses.
        """
        try:
            with self._engine.connect() as connection:
                begun = connection.execution_options(stockout_begin=_BEGIN_WRITING if reads_first else _BEGIN)
                with begun.begin():
                    yield begun
        except sa.exc.SQLAlchemyError as error:
            raise _sentence(self._engine, error) from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one that adds to the history, on this machine or on any that uses the database; wait for others.

        The lock is free as soon as its process, or its connection, is gone.

        Raises:
            StateError: If the database cannot be reached.
        """
        if self._lock_file is not None:
            with locked(self._lock_file):
                yield
            return
        try:
            holder = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            holder.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
        except sa.exc.SQLAlchemyError as error:
            raise _sentence(self._engine, error) from error
        try:
            yield
        finally:
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # a connection that is gone holds nothing
                holder.invalidate()
                holder.close()


def check_url(url: str) -> sa.URL:
    """The parts of a database's URL.

    Raises:
        StateError: If it is none, or of another kind than ``open_database`` takes.
    """
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # its words may hold a part of the password
        raise StateError(
            "the URL of the state is no URL: it must be sqlite:///PATH or postgresql://HOST/NAME"
        ) from None
    if address.drivername != "postgresql" and (address.drivername != "sqlite" or not address.database):
        raise StateError(
            f"the URL of the state begins with {address.drivername}: it must be sqlite:///PATH or postgresql://HOST/NAME"
        )
    return address


def open_database(url: str, wait_s: int | None = None) -> Database:
    """Open a database, made if it is SQLite and not there, and bring it up to date.

    Args:
        url: ``sqlite:///PATH`` or ``postgresql://USER@HOST/NAME``, the password by ``PGPASSWORD`` or ``~/.pgpass``.
        wait_s: Longest wait for a lock or a statement, in seconds, at least 2; None: as long as a run can wait.
    Raises:
        StateError: If it cannot be reached, is of a newer version, or the URL is of another kind.
    """
    engine, lock_file = _engine(check_url(url), wait_s)
    database = Database(engine, lock_file)
    with database.connect() as connection:
        known = ScriptDirectory(str(_MIGRATIONS))
        found, newest = (
            MigrationContext.configure(connection, opts={"version_table": "state_version"}).get_current_revision(),
            known.get_current_head(),
        )
    if found != newest:
        with database.locked(), database.connect() as connection:
            _upgrade(connection, found, known)
    return database


def _engine(address: sa.URL, wait_s: int | None) -> tuple[sa.Engine, Path | None]:
    if address.drivername == "postgresql":
        options: dict[str, object] = {"connect_timeout": _CONNECT_S}
        if wait_s is not None:
            options = {"connect_timeout": wait_s, "options": f"-c statement_timeout={1000 * wait_s}"}
        return sa.create_engine(address.set(drivername=_POSTGRESQL), poolclass=sa.NullPool, connect_args=options), None
    path = Path(str(address.database))
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(address, poolclass=sa.NullPool, connect_args={"timeout": wait_s or _WAIT_S})
    # by itself the driver begins no transaction before a table is made, and a kill would leave half of them
    sa.event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    sa.event.listen(engine, "begin", _begin)
    return engine, path


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("stockout_begin", _BEGIN))


def _upgrade(connection: sa.Connection, found: str | None, known: ScriptDirectory) -> None:
    if found is not None and found not in {step.revision for step in known.walk_revisions()}:
        raise StateError(f"the state is of version {found}, which this program does not know: use a newer program")
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _sentence(engine: sa.Engine, error: sa.exc.SQLAlchemyError) -> StateError:
    where = engine.url.set(query={}).render_as_string(hide_password=True)  # the query may hold a password too
    reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    return StateError(f"the state at {where} cannot be used: {reason}")
