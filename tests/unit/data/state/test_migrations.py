"""The steps lead to the tables that the program knows."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from data.state.database import open_database
from data.state.tables import METADATA


def test_the_steps_make_the_tables_that_the_program_uses(state_url: str) -> None:
    with open_database(state_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": "state_version"})
        assert compare_metadata(context, METADATA) == []
        assert len(sa.inspect(connection).get_table_names()) == len(METADATA.tables) + 1
