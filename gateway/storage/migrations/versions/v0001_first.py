"""The first tables: clients, conversations with documents and messages, tasks, statuses, idempotency keys, arrivals.

In comes an empty database. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make every table."""
    _make_client()
    _make_conversation()
    _make_document()
    _make_message()
    _make_history()
    _make_task()
    _make_status()
    _make_idempotency()
    _make_arrivals()


def _make_client() -> None:
    op.create_table(
        "client",
        _text("id"),
        _text("name"),
        _text("kind"),
        _text("secret_hash"),
        sa.Column("organisations", sa.JSON, nullable=False),
        sa.Column("require_if_match", sa.Boolean, nullable=False),
        _text("handling"),
        _moment("created"),
        sa.PrimaryKeyConstraint("id", name="pk_client"),
        sa.UniqueConstraint("name", name="uq_client_name"),
    )
    _index("client", "secret_hash")


def _make_conversation() -> None:
    op.create_table(
        "conversation",
        _text("id"),
        _text("client_id"),
        _text("state"),
        _text("sender"),
        _optional_text("melding_id"),
        _optional_text("title"),
        _text("shielding"),
        sa.Column("confidential", sa.Boolean),
        _optional_text("process"),
        sa.Column("options", sa.JSON, nullable=False),
        sa.Column("confirmations", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created"),
        _moment("expires"),
        sa.Column("committed", sa.BigInteger),
        sa.Column("finished", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    _index("conversation", "client_id", "created", "id")
    _index("conversation", "client_id", "state", "created", "id")
    _index("conversation", "melding_id")
    _index("conversation", "state", "expires")


def _make_document() -> None:
    op.create_table(
        "arkivmelding",
        _text("conversation_id"),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_arkivmelding"),
        _belongs("arkivmelding", "conversation"),
    )
    op.create_table(
        "document",
        _text("conversation_id"),
        _text("filename"),
        _text("folded"),
        _text("key"),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("crc32", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.LargeBinary, nullable=False),
        _text("mime"),
        _moment("created"),
        sa.PrimaryKeyConstraint("conversation_id", "filename", name="pk_document"),
        sa.UniqueConstraint("conversation_id", "folded", name="uq_document_conversation_id_folded"),
        sa.UniqueConstraint("key", name="uq_document_key"),
        _belongs("document", "conversation"),
    )


def _make_message() -> None:
    op.create_table(
        "message",
        _text("id"),
        _text("conversation_id"),
        _text("client_id"),
        sa.Column("position", sa.Integer, nullable=False),
        _text("sbd_conversation_id"),
        _text("state"),
        _text("sender"),
        _optional_text("recipient"),
        _optional_text("channel"),
        _optional_text("reference"),
        sa.Column("deadline", sa.BigInteger),
        _text("outcome"),
        _optional_text("last_status"),
        sa.Column("choice", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        _belongs("message", "conversation"),
    )
    _index("message", "conversation_id", "position")
    _index("message", "sbd_conversation_id")
    op.create_table(
        "rendering",
        _text("message_id"),
        sa.Column("xml", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_rendering"),
        _belongs("rendering", "message"),
    )


def _make_history() -> None:
    op.create_table(
        "reference_history",
        _serial("id"),
        _text("message_id"),
        _optional_text("reference"),
        _moment("at"),
        _text("why"),
        sa.PrimaryKeyConstraint("id", name="pk_reference_history"),
        _belongs("reference_history", "message"),
    )
    _index("reference_history", "message_id")
    op.create_table(
        "attempt",
        _serial("id"),
        _text("message_id"),
        _moment("at"),
        _text("step"),
        _optional_text("verdict"),
        _text("detail"),
        sa.Column("next_try", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        _belongs("attempt", "message"),
    )
    _index("attempt", "message_id")


def _make_task() -> None:
    op.create_table(
        "task",
        _serial("id"),
        _text("kind"),
        _text("subject"),
        _moment("due"),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("lease_until", sa.BigInteger),
        _optional_text("lease_owner"),
        _text("step"),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.UniqueConstraint("kind", "subject", name="uq_task_kind_subject"),
        sqlite_autoincrement=True,
    )
    _index("task", "due", "kind")
    leased = sa.text("lease_until IS NOT NULL")
    op.create_index("ix_task_lease_until", "task", ["lease_until"], sqlite_where=leased, postgresql_where=leased)


def _make_status() -> None:
    op.create_table(
        "status",
        _serial("cursor"),
        _text("client_id"),
        _text("message_id"),
        _text("conversation_id"),
        _text("direction"),
        _text("status"),
        _text("description"),
        _text("evidence"),
        _optional_text("raw"),
        _moment("at"),
        sa.PrimaryKeyConstraint("cursor", name="pk_status"),
        sa.UniqueConstraint("message_id", "direction", "status", name="uq_status_message_id_direction_status"),
        sqlite_autoincrement=True,
    )
    _index("status", "conversation_id", "cursor")
    _index("status", "client_id", "cursor")
    _index("status", "client_id", "status", "cursor")


def _make_idempotency() -> None:
    op.create_table(
        "idempotency",
        _text("client_id"),
        _text("route"),
        _text("key"),
        _text("digest"),
        _text("state"),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON),
        sa.Column("body", sa.LargeBinary),
        _moment("created"),
        sa.PrimaryKeyConstraint("client_id", "route", "key", name="pk_idempotency"),
    )
    _index("idempotency", "created")


def _make_arrivals() -> None:
    op.create_table(
        "odd_event",
        _serial("id"),
        _moment("at"),
        _text("organisation"),
        _text("reference"),
        _optional_text("sender"),
        _text("reason"),
        _text("detail"),
        sa.PrimaryKeyConstraint("id", name="pk_odd_event"),
        sa.UniqueConstraint("organisation", "reference", "reason", name="uq_odd_event_organisation_reference_reason"),
    )
    op.create_table(
        "arrival",
        _text("organisation"),
        _text("reference"),
        _text("kind"),
        _moment("first_seen"),
        sa.Column("confirmed", sa.BigInteger),
        sa.PrimaryKeyConstraint("organisation", "reference", name="pk_arrival"),
    )
    _index("arrival", "confirmed", "kind")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _optional_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _serial(name: str) -> sa.Column[int]:
    return sa.Column(name, _SERIAL, nullable=False, autoincrement=True)


def _belongs(table: str, owner: str) -> sa.ForeignKeyConstraint:
    column = f"{owner}_id"
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=f"fk_{table}_{column}")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))
