"""What Alembic runs around the versions: our connection, our tables, no transaction of its own.

In comes the connection that `migrate` put into the settings. Called by Alembic.
"""

from alembic import context

from gateway.storage.tables_in import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite changes a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
