"""What a client has hidden, taken from its queue of statuses, and subscribed to at the door under /api; references.

In comes a database of version 0007. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add six tables."""
    _add_what_is_put_away()
    serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "nextmove_subscription",
        sa.Column("number", serial, nullable=False),
        sa.Column("subscription_id", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("client_id", "name", "push_endpoint")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("resource", "event")),
        sa.Column("filter", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_nextmove_subscription"),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["subscription.id"],
            name="fk_nextmove_subscription_subscription_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("subscription_id", name="uq_nextmove_subscription_subscription_id"),
        sa.UniqueConstraint(
            "client_id", "name", "push_endpoint", name="uq_nextmove_subscription_client_id_name_push_endpoint"
        ),
        sqlite_autoincrement=True,
    )


def _add_what_is_put_away() -> None:
    op.create_table(
        "nextmove_hidden",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "message_id", "direction", name="pk_nextmove_hidden"),
    )
    op.create_table(
        "nextmove_reference",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_nextmove_reference"),
    )
    op.create_table(
        "nextmove_form",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("begun", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_nextmove_form"),
    )
    op.create_table(
        "nextmove_queue",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_nextmove_queue"),
    )
    op.create_table(
        "nextmove_taken",
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("cursor", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("client_id", "cursor", name="pk_nextmove_taken"),
    )
