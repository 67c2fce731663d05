"""The tables of the door under /api. The migration `v0008_nextmove` builds exactly these.

Called by the modules of this folder alone. Nothing here changes what is delivered: they hold what one client has put out
of its own sight, what it has taken from its queue of statuses, and how it has described its subscriptions.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Table, Text, UniqueConstraint

from gateway.storage.columns import SERIAL, Moment, Words, required
from gateway.storage.tables import metadata

# A conversation that a client has deleted at that door; the message and its log stay.
hidden = Table(
    "nextmove_hidden",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("message_id", Words, primary_key=True),
    Column("direction", Text, primary_key=True),
    required("at", Moment),
)

# What a client may ask for a conversation by: case and journal entry, as its arkivmelding numbers them.
reference = Table(
    "nextmove_reference",
    metadata,
    Column("message_id", Words, primary_key=True),
    required("reference", Words),
)

# A message that a form is about to send: gone once it has been.
form = Table(
    "nextmove_form",
    metadata,
    Column("message_id", Words, primary_key=True),
    required("begun", Moment),
)

# All statuses up to `upto` have been taken from a client's queue, and those of `taken` beyond it.
queue = Table(
    "nextmove_queue",
    metadata,
    Column("client_id", Text, primary_key=True),
    required("upto", BigInteger),
)
taken = Table(
    "nextmove_taken",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
)

# A subscription as it was described there; where it stands is in `subscription`, with which it goes.
described = Table(
    "nextmove_subscription",
    metadata,
    Column("number", SERIAL, primary_key=True),
    Column("subscription_id", ForeignKey("subscription.id", ondelete="CASCADE"), nullable=False),
    required("client_id", Text),
    required("name", Words),
    required("push_endpoint", Words),
    required("resource", Text),
    required("event", Text),
    Column("filter", Words),
    UniqueConstraint("subscription_id"),
    UniqueConstraint("client_id", "name", "push_endpoint"),
    sqlite_autoincrement=True,
)
