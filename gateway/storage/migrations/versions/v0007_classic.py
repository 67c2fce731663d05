"""The classic send: conversations that began with an SBD, the SBD itself, titles and order of their documents.

In comes a database of version 0006. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add three columns and a table; what stands there began with an arkivmelding."""
    op.add_column("conversation", sa.Column("kind", sa.Text, nullable=False, server_default="arkivmelding"))
    op.add_column("document", sa.Column("title", sa.Text))
    op.add_column("document", sa.Column("position", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "sbd",
        sa.Column("conversation_id", sa.Text, nullable=False),
        sa.Column("json", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_sbd"),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversation.id"], name="fk_sbd_conversation_id"),
    )
