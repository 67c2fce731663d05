"""The inbox: incoming messages, the receipts that go back for them, and whose incoming messages a subscription tells of.

In comes a database of version 0005. Called by Alembic. A subscription from before tells of what comes in for the
organisations that its client has now; that of a client without a login must be made anew. What was left with the channel,
for want of an inbox, is forgotten here, so that it is fetched.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_REQUIRED = (
    ("conversation_id", "organisation", "sender", "receiver", "channel", "process", "document_type", "sbd", "state"),
    ("received", "last_updated"),
)
_OPTIONAL = (
    ("blob", "parcel", "reason", "mend", "signer", "signer_organisation", "signer_serial"),
    ("message_channel", "sender_ref", "reference", "in_reply_to", "lock_client"),
)


def upgrade() -> None:
    """Make the tables and the column."""
    _make_incoming()
    _index_incoming()
    _make_receipt_out()
    op.add_column("subscription", sa.Column("organisations", sa.JSON, nullable=False, server_default="[]"))
    # Left with their channel while there was no inbox: to be fetched now. What nobody could read stays there.
    op.execute("DELETE FROM arrival WHERE confirmed IS NULL AND kind <> 'unreadable'")
    op.execute(
        "UPDATE subscription SET organisations = "
        "(SELECT client.organisations FROM client WHERE client.id = subscription.client_id) "
        "WHERE client_id IN (SELECT id FROM client)"
    )


def _make_incoming() -> None:
    texts, moments = _REQUIRED
    op.create_table(
        "incoming",
        sa.Column("message_id", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in moments),
        sa.Column("files", sa.JSON, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for names in _OPTIONAL for name in names),
        *(
            sa.Column(name, sa.BigInteger)
            for name in ("expires", "size", "signer_until", "lock_until", "acknowledged", "emptied")
        ),
        sa.PrimaryKeyConstraint("message_id", name="pk_incoming"),
        sa.UniqueConstraint("blob", name="uq_incoming_blob"),
        sa.UniqueConstraint("parcel", name="uq_incoming_parcel"),
    )


def _index_incoming() -> None:
    for columns in (
        ["organisation", "state", "last_updated", "message_id"],
        ["organisation", "received", "message_id"],
        ["conversation_id"],
        ["lock_client"],
    ):
        op.create_index(f"ix_incoming_{'_'.join(columns)}", "incoming", columns)
    for name, column, where in (
        ("acknowledged", "acknowledged", sa.text("emptied IS NULL")),
        ("parcel_kept", "received", sa.text("parcel IS NOT NULL")),
    ):
        op.create_index(f"ix_incoming_{name}", "incoming", [column], sqlite_where=where, postgresql_where=where)


def _make_receipt_out() -> None:
    op.create_table(
        "receipt_out",
        sa.Column("message_id", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("status", "sender", "recipient", "sbd", "state")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created", "deadline")),
        sa.Column("tries", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("message_channel", "reference", "reason")),
        sa.Column("sent", sa.BigInteger),
        sa.PrimaryKeyConstraint("message_id", "status", name="pk_receipt_out"),
        sa.ForeignKeyConstraint(["message_id"], ["incoming.message_id"], name="fk_receipt_out_message_id"),
    )
