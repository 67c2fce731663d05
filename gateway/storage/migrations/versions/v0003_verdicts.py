"""Verdicts: what each try was answered and who must act, acts by hand, rounds of a message that was started again, holds.

In comes a database of the first version. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and the table; a status may then come once in each round."""
    for column in (sa.Column("not_before", sa.BigInteger), _round()):
        op.add_column("message", column)
    for name in ("mend", "must_act", "code", "answer"):
        op.add_column("attempt", sa.Column(name, sa.Text))
    op.add_column("attempt", sa.Column("http_status", sa.Integer))
    _make_act()
    _widen_status()


def _make_act() -> None:
    op.create_table(
        "act",
        sa.Column("id", _SERIAL, nullable=False, autoincrement=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_act"),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_act_message_id"),
    )
    op.create_index("ix_act_message_id", "act", ["message_id"])


def _widen_status() -> None:
    """SQLite makes the table anew, and must go on counting where the old one stopped: readers hold cursors."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    last = _last_cursor() if on_sqlite else None
    with op.batch_alter_table("status", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(_round())
        for name in ("mend", "must_act", "answer"):
            table.add_column(sa.Column(name, sa.Text))
        table.drop_constraint("uq_status_message_id_direction_status", type_="unique")
        table.create_unique_constraint(
            "uq_status_message_id_direction_round_status", ["message_id", "direction", "round", "status"]
        )
    if last is not None:
        op.get_bind().execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'status'"))
        op.get_bind().execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('status', :last)"), {"last": last}
        )


def _last_cursor() -> int | None:
    found: int | None = op.get_bind().scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'status'"))
    return found


def _round() -> sa.Column[int]:
    return sa.Column("round", sa.Integer, nullable=False, server_default="1")
