"""Every table, its keys and its indexes, with the field's own names. The migrations build exactly these.

Called by the modules of this room alone. Large bytes have tables of their own, so that moving a version or a state
does not write them again. Times are `Moment`s; ids are UUIDs, `Words` where outsiders ask for them with what they like.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.storage.columns import SERIAL, Moment, Said, Words, required

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

client = Table(
    "client",
    metadata,
    Column("id", Text, primary_key=True),
    required("name", Text),
    required("kind", Text),
    required("secret_hash", Text),
    required("organisations", JSON),
    required("require_if_match", Boolean),
    required("handling", Text),
    required("created", Moment),
    UniqueConstraint("name"),
    Index(None, "secret_hash"),
)

# No foreign key to client: what a removed client sent is still remembered, and the implicit local client has no row.
conversation = Table(
    "conversation",
    metadata,
    Column("id", Words, primary_key=True),
    required("client_id", Text),
    Column("kind", Text, nullable=False, server_default="arkivmelding"),
    required("state", Text),
    required("sender", Text),
    Column("melding_id", Words),
    Column("title", Words),
    required("shielding", Text),
    Column("confidential", Boolean),
    Column("process", Words),
    required("options", JSON),
    required("confirmations", JSON),
    required("version", Integer),
    required("created", Moment),
    required("expires", Moment),
    Column("committed", Moment),
    Column("finished", Moment),
    Column("emptied", Moment),
    Index(None, "client_id", "created", "id"),
    Index(None, "client_id", "state", "created", "id"),
    Index(None, "melding_id"),
    Index(None, "state", "expires"),
)

# What retention looks for is found without passing over what it has dealt with.
Index(
    "ix_conversation_finished",
    conversation.c.finished,
    sqlite_where=conversation.c.emptied.is_(None),
    postgresql_where=conversation.c.emptied.is_(None),
)

# As posted, byte for byte.
arkivmelding = Table(
    "arkivmelding",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id"), primary_key=True),
    required("xml", LargeBinary),
)

# The envelope of a classic conversation, whole, as JSON in UTF-8.
sbd = Table(
    "sbd",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id"), primary_key=True),
    required("json", LargeBinary),
)

# `folded` is the name without case: twins that differ in case only cannot both be unpacked everywhere.
document = Table(
    "document",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id"), primary_key=True),
    Column("filename", Words, primary_key=True),
    required("folded", Words),
    required("key", Text),
    required("size", BigInteger),
    required("crc32", BigInteger),
    required("sha256", LargeBinary),
    required("mime", Words),
    required("created", Moment),
    Column("title", Words),
    Column("position", Integer, nullable=False, server_default="0"),
    UniqueConstraint("conversation_id", "folded"),
    UniqueConstraint("key"),
)

message = Table(
    "message",
    metadata,
    Column("id", Words, primary_key=True),
    Column("conversation_id", ForeignKey("conversation.id"), nullable=False),
    required("client_id", Text),
    required("position", Integer),
    required("sbd_conversation_id", Words),
    required("state", Text),
    required("sender", Text),
    Column("recipient", Text),
    Column("channel", Text),
    Column("reference", Words),
    Column("deadline", Moment),
    Column("not_before", Moment),
    required("outcome", Text),
    Column("last_status", Text),
    Column("round", Integer, nullable=False, server_default="1"),
    required("choice", JSON),
    Index(None, "conversation_id", "position"),
    Index(None, "sbd_conversation_id"),
)

# The arkivmelding as this one recipient gets it.
rendering = Table(
    "rendering",
    metadata,
    Column("message_id", ForeignKey("message.id"), primary_key=True),
    required("xml", LargeBinary),
)

reference_history = Table(
    "reference_history",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    Column("reference", Words),
    required("at", Moment),
    required("why", Said),
    Index(None, "message_id"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    required("at", Moment),
    required("step", Text),
    Column("verdict", Text),
    required("detail", Said),
    Column("next_try", Moment),
    Column("mend", Said),
    Column("must_act", Text),
    Column("code", Text),
    Column("http_status", Integer),
    Column("answer", Words),
    Index(None, "message_id"),
)

# What somebody did by hand.
act = Table(
    "act",
    metadata,
    Column("id", SERIAL, primary_key=True),
    Column("message_id", ForeignKey("message.id"), nullable=False),
    required("at", Moment),
    required("kind", Text),
    Column("actor", Words),
    required("detail", Said),
    Index(None, "message_id"),
)

# A number is never given twice (AUTOINCREMENT): an old worker's fence must not fit a task that came later.
# `lane` is whom the task keeps waiting while it is done: what shares a lane shares its limit. "" is nobody outside.
task = Table(
    "task",
    metadata,
    Column("id", SERIAL, primary_key=True),
    required("kind", Text),
    required("subject", Text),
    required("due", Moment),
    required("attempts", Integer),
    required("fence", Integer),
    Column("lease_until", Moment),
    Column("lease_owner", Text),
    required("step", Text),
    required("lane", Text),
    UniqueConstraint("kind", "subject"),
    sqlite_autoincrement=True,
)
Index(None, task.c.due, task.c.kind)
Index(None, task.c.lane, task.c.due)
Index(
    None,
    task.c.lease_until,
    sqlite_where=task.c.lease_until.is_not(None),
    postgresql_where=task.c.lease_until.is_not(None),
)

# No foreign key to message: what comes in is logged here too. `outcome` is what an outgoing message amounts to after
# the event. Direction stands before status in the indexes: the feed walks both directions side by side.
status = Table(
    "status",
    metadata,
    Column("cursor", SERIAL, primary_key=True),
    required("client_id", Text),
    required("message_id", Words),
    required("conversation_id", Words),
    required("direction", Text),
    Column("round", Integer, nullable=False, server_default="1"),
    required("status", Text),
    required("description", Said),
    required("evidence", Text),
    Column("mend", Said),
    Column("must_act", Text),
    Column("answer", Words),
    Column("outcome", Text),
    Column("raw", Words),
    required("at", Moment),
    UniqueConstraint("message_id", "direction", "round", "status"),
    Index(None, "conversation_id", "cursor"),
    Index(None, "client_id", "direction", "cursor"),
    Index(None, "client_id", "direction", "status", "cursor"),
    sqlite_autoincrement=True,
)

# `secret` is sealed. How far it has been told is its `cursor`; what is told next is a task of the schedule.
subscription = Table(
    "subscription",
    metadata,
    Column("id", Words, primary_key=True),
    required("client_id", Text),
    required("organisations", JSON),
    required("url", Words),
    required("secret", LargeBinary),
    required("statuses", JSON),
    Column("direction", Text),
    required("state", Text),
    required("cursor", BigInteger),
    required("created", Moment),
    required("failures", Integer),
    Column("failing_since", Moment),
    Column("last_success", Moment),
    Column("last_failure", Moment),
    Column("last_error", Said),
    Column("next_try", Moment),
    Index(None, "client_id", "created"),
)

# The ids of the sealing keys in use; the keys themselves are never in the database.
seal = Table(
    "seal",
    metadata,
    Column("key_id", Text, primary_key=True),
    required("first_used", Moment),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    required("digest", Text),
    required("state", Text),
    Column("status", Integer),
    Column("headers", JSON(none_as_null=True)),
    Column("body", LargeBinary),
    required("created", Moment),
    Index(None, "created"),
)
