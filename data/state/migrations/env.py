"""Alembic's entry: the steps run on the connection that the caller gives."""

from alembic import context

from data.state.tables import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, version_table="state_version")
context.run_migrations()
