"""The tables of what comes in: messages in the inbox, the receipts that go back for them, what is odd or still with its channel.

Called by the modules of this room alone. They hang on the same `metadata` as those of `tables`, so the migrations build
both.
"""

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from gateway.storage.columns import SERIAL, Moment, Said, Words, required
from gateway.storage.tables import metadata as metadata

# `sbd` is its JSON text as it came. `blob` is the ASiC-E, opened and verified; `parcel` the bytes as they came, where
# they could not be opened or are not believed. A row is never taken away: it is what tells a copy from a new message.
incoming = Table(
    "incoming",
    metadata,
    Column("message_id", Words, primary_key=True),
    required("conversation_id", Words),
    required("organisation", Text),
    required("sender", Words),
    required("receiver", Words),
    required("channel", Text),
    required("process", Words),
    required("document_type", Words),
    required("sbd", Words),
    required("state", Text),
    required("received", Moment),
    required("last_updated", Moment),
    Column("expires", Moment),
    Column("blob", Text),
    Column("parcel", Text),
    Column("size", BigInteger),
    required("files", JSON),
    required("verdict", Text),
    Column("reason", Said),
    Column("mend", Said),
    Column("signer", Words),
    Column("signer_organisation", Text),
    Column("signer_serial", Text),
    Column("signer_until", Moment),
    Column("message_channel", Words),
    Column("sender_ref", Words),
    Column("reference", Words),
    Column("in_reply_to", Words),
    Column("lock_client", Text),
    Column("lock_until", Moment),
    Column("acknowledged", Moment),
    Column("emptied", Moment),
    UniqueConstraint("blob"),
    UniqueConstraint("parcel"),
    Index(None, "organisation", "state", "last_updated", "message_id"),
    Index(None, "organisation", "received", "message_id"),
    Index(None, "conversation_id"),
    Index(None, "lock_client"),
)
# What retention looks for, and what is opened again when a key has come back.
Index(
    "ix_incoming_acknowledged",
    incoming.c.acknowledged,
    sqlite_where=incoming.c.emptied.is_(None),
    postgresql_where=incoming.c.emptied.is_(None),
)
Index(
    "ix_incoming_parcel_kept",
    incoming.c.received,
    sqlite_where=incoming.c.parcel.is_not(None),
    postgresql_where=incoming.c.parcel.is_not(None),
)

# A status message that we owe the sender of an incoming one: MOTTATT or LEVERT, each once.
receipt_out = Table(
    "receipt_out",
    metadata,
    Column("message_id", ForeignKey("incoming.message_id"), primary_key=True),
    Column("status", Text, primary_key=True),
    required("sender", Text),
    required("recipient", Words),
    Column("message_channel", Words),
    required("sbd", Words),
    required("state", Text),
    required("created", Moment),
    required("deadline", Moment),
    Column("reference", Words),
    Column("sent", Moment),
    required("tries", Integer),
    Column("reason", Said),
)

odd_event = Table(
    "odd_event",
    metadata,
    Column("id", SERIAL, primary_key=True),
    required("at", Moment),
    required("organisation", Text),
    required("reference", Words),
    Column("sender", Words),
    required("reason", Text),
    required("detail", Said),
    UniqueConstraint("organisation", "reference", "reason"),
)

# What a channel has offered us; unconfirmed means that it will be offered again.
arrival = Table(
    "arrival",
    metadata,
    Column("organisation", Text, primary_key=True),
    Column("reference", Words, primary_key=True),
    required("kind", Words),
    required("first_seen", Moment),
    Column("confirmed", Moment),
    Index(None, "confirmed", "kind"),
)
