"""Subscriptions to the log of statuses; the outcome after each event; the feed's indexes by direction.

In comes a database of version 0003. Called by Alembic. Events from before have no outcome of their own.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, add the column, put the new indexes in place of the old."""
    op.add_column("status", sa.Column("outcome", sa.Text))
    op.drop_index("ix_status_client_id_cursor", table_name="status")
    op.drop_index("ix_status_client_id_status_cursor", table_name="status")
    for columns in (["client_id", "direction", "cursor"], ["client_id", "direction", "status", "cursor"]):
        op.create_index(f"ix_status_{'_'.join(columns)}", "status", columns)
    _make_subscription()


def _make_subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("secret", sa.LargeBinary, nullable=False),
        sa.Column("statuses", sa.JSON, nullable=False),
        sa.Column("direction", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, nullable=False),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("last_success", sa.BigInteger),
        sa.Column("last_failure", sa.BigInteger),
        sa.Column("last_error", sa.Text),
        sa.Column("next_try", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
    )
    op.create_index("ix_subscription_client_id_created", "subscription", ["client_id", "created"])
