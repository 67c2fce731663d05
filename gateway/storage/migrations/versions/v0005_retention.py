"""When the bytes of a conversation were deleted, and under which keys documents are sealed.

In comes a database of version 0004. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add a column with its index, and a table."""
    op.add_column("conversation", sa.Column("emptied", sa.BigInteger))
    op.create_index(
        "ix_conversation_finished",
        "conversation",
        ["finished"],
        sqlite_where=sa.text("emptied IS NULL"),
        postgresql_where=sa.text("emptied IS NULL"),
    )
    op.create_table(
        "seal",
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("first_used", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_seal"),
    )
