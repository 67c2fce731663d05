"""Tasks stand in lanes, so that a channel that hangs holds back no other.

In comes version 0001; what is on the schedule gets the lane that it would be added to today. Called by Alembic.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the lane, and the index that a claim walks now."""
    op.add_column("task", sa.Column("lane", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_task_lane_due", "task", ["lane", "due"])
    op.execute("UPDATE task SET lane = kind WHERE kind IN ('poll', 'expire')")
    op.execute(
        "UPDATE task SET lane = coalesce((SELECT channel FROM message WHERE message.id = task.subject), '')"
        " WHERE kind = 'deliver'"
    )
