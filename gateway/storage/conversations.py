"""Conversations: one submission each, its arkivmelding as posted, its version and its state.

In come frozen `Conversation`s inside the caller's transaction, out come the same as they are stored. Called by
delivery; read by the doors. A version moves on every visible change, so a stale writer is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, bindparam, delete, literal, select, tuple_, update
from sqlalchemy import insert as insert_into

from gateway.errors import Conflict, Invalid, NotFound, Stale
from gateway.language import say
from gateway.message.prototype import Choice, Confirmation
from gateway.storage.codec import JsonObject, read_confirmations, write_confirmations
from gateway.storage.columns import Moment, Words, from_microseconds, to_microseconds
from gateway.storage.engine import Connection
from gateway.storage.messages import Owner, insert_choices
from gateway.storage.states import ConversationKind as ConversationKind
from gateway.storage.states import ConversationState as ConversationState
from gateway.storage.tables import arkivmelding, conversation, document, message, sbd


@dataclass(frozen=True, slots=True)
class Conversation:
    """One submission; `version` counts from 1, `options` is the request's JSON.

    `title` is None where it must not be kept; `confidential` is what a person said, None for nothing; `arkivmelding`
    is the XML as posted, empty once discarded or, at `emptied`, deleted because it was kept long enough.
    """

    id: str
    client_id: str
    state: ConversationState
    sender: str
    melding_id: str | None
    arkivmelding: bytes
    title: str | None
    shielding: str
    confidential: bool | None
    process: str | None
    created: datetime
    expires: datetime
    options: dict[str, object] = field(default_factory=dict)
    confirmations: tuple[Confirmation, ...] = ()
    version: int = 1
    committed: datetime | None = None
    finished: datetime | None = None
    emptied: datetime | None = None
    kind: ConversationKind = ConversationKind.ARKIVMELDING


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """One line of the list: what can be told without reading the XML."""

    id: str
    kind: ConversationKind
    state: ConversationState
    sender: str
    melding_id: str | None
    title: str | None
    shielding: str
    process: str | None
    version: int
    created: datetime
    expires: datetime
    committed: datetime | None
    finished: datetime | None


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """Which conversations are wanted; None means any, but a discarded one is listed only where it is asked for."""

    state: ConversationState | None = None
    process: str | None = None
    melding_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of the list: at most `limit` entries after the cursor that the page before gave."""

    after: str | None = None
    limit: int = 50


_FIND = (
    select(conversation, arkivmelding.c.xml)
    .select_from(conversation.outerjoin(arkivmelding))
    .where(conversation.c.id == bindparam("id"))
)
_SUMMARY = select(*(conversation.c[entry.name] for entry in fields(ConversationSummary))).order_by(
    conversation.c.created.desc(), conversation.c.id.desc()
)
_INSERT = insert_into(conversation)
_INSERT_XML = insert_into(arkivmelding)
_SAVE = (
    update(conversation)
    .where(conversation.c.id == bindparam("this"), conversation.c.version == bindparam("expected"))
    .values(version=conversation.c.version + 1)
)
_SAVE_XML = (
    update(arkivmelding)
    .where(arkivmelding.c.conversation_id == bindparam("this"), arkivmelding.c.xml != bindparam("posted"))
    .values(xml=bindparam("posted"))
)
_TOUCH = (
    update(conversation)
    .where(conversation.c.id == bindparam("this"), conversation.c.state == ConversationState.DRAFT.value)
    .values(version=conversation.c.version + 1)
    .returning(conversation.c.version)
)
_EMPTY = _TOUCH.values(state=ConversationState.DISCARDED.value, title=None, options={}, confirmations=[])
_STATE = select(conversation.c.state).where(conversation.c.id == bindparam("this"))
_KIND = select(conversation.c.kind).where(conversation.c.id == bindparam("this"))
_LOCK_DRAFT = (
    select(conversation.c.version)
    .where(conversation.c.id == bindparam("this"), conversation.c.state == ConversationState.DRAFT.value)
    .with_for_update()
)
_KNOWN = (
    select(conversation.c.id)
    .where(
        conversation.c.melding_id == bindparam("melding_id"),
        conversation.c.sender == bindparam("sender"),
        conversation.c.state != ConversationState.DISCARDED.value,
        conversation.c.id != bindparam("except_id"),
    )
    .limit(1)
)


def insert(connection: Connection, entry: Conversation, *, choices: Sequence[Choice]) -> None:
    """Remember a new conversation and its prototypes, in that order."""
    connection.execute(_INSERT, {"id": entry.id, "client_id": entry.client_id, "version": entry.version, **_row(entry)})
    connection.execute(_INSERT_XML, {"conversation_id": entry.id, "xml": entry.arkivmelding})
    insert_choices(connection, Owner(entry.id, entry.client_id, entry.sender), choices=choices)


def find(connection: Connection, conversation_id: str, *, client_id: str | None) -> Conversation:
    """The conversation; NotFound where there is none or, with a `client_id`, where it is another client's."""
    row = connection.execute(_FIND, {"id": conversation_id}).one_or_none()
    if row is None or client_id not in (None, row.client_id):
        raise _unknown()
    return _read(row)


def kind_of(connection: Connection, conversation_id: str) -> ConversationKind:
    """What a conversation began with; NotFound where there is none."""
    kind: str | None = connection.scalar(_KIND, {"this": conversation_id})
    if kind is None:
        raise _unknown()
    return ConversationKind(kind)


def resolve(connection: Connection, any_id: str, *, client_id: str | None) -> str:
    """The id of the conversation that is called so, else has a message so called, else an SBD with that ConversationId.

    NotFound where nothing of this client's (None: of anybody's) is called so; Conflict where several SBDs are.
    """
    own = [] if client_id is None else [conversation.c.client_id == client_id]
    whole = select(conversation.c.id).where(conversation.c.id == any_id, *own)
    mine = [] if client_id is None else [message.c.client_id == client_id]
    part = select(message.c.conversation_id).where(*mine).limit(2).distinct()
    for query in (whole, part.where(message.c.id == any_id), part.where(message.c.sbd_conversation_id == any_id)):
        found: Sequence[str] = connection.scalars(query).all()
        if len(found) > 1:
            raise Conflict(
                "several messages have this ConversationId",
                code="SEVERAL_MESSAGES",
                mend="Ask with the messageId (the instanceIdentifier) of the one that is meant.",
            )
        if found:
            return found[0]
    raise _unknown()


def listing(
    connection: Connection, *, client_id: str, filters: ConversationFilter, page: Page
) -> tuple[tuple[ConversationSummary, ...], str | None]:
    """A client's conversations, newest first, and the cursor of the next page (None: there is none)."""
    query = _SUMMARY.where(conversation.c.client_id == client_id, *_wanted(filters))
    if page.after is not None:
        newest = tuple_(conversation.c.created, conversation.c.id)
        query = query.where(newest < tuple_(*_read_cursor(page.after)))
    rows = connection.execute(query.limit(page.limit + 1)).all()
    entries = tuple(_read_summary(row) for row in rows[: page.limit])
    return entries, _write_cursor(entries[-1]) if len(rows) > page.limit else None


def expired_drafts(connection: Connection, *, now: datetime, limit: int) -> tuple[str, ...]:
    """The ids of drafts that nobody committed in time, oldest first."""
    query = select(conversation.c.id).where(
        conversation.c.state == ConversationState.DRAFT.value, conversation.c.expires <= now
    )
    return tuple(connection.scalars(query.order_by(conversation.c.expires).limit(limit)))


def save(connection: Connection, entry: Conversation, *, expected_version: int) -> Conversation:
    """Write every change of the conversation; Stale where the stored version is not the expected one."""
    bound = {"this": entry.id, "expected": expected_version, **_row(entry)}
    if connection.execute(_SAVE, bound).rowcount == 0:
        raise Stale(
            "the conversation was changed after it was read", mend="read it again, look at the change, and repeat yours"
        )
    connection.execute(_SAVE_XML, {"this": entry.id, "posted": entry.arkivmelding})
    return find(connection, entry.id, client_id=None)


def lock_draft(connection: Connection, conversation_id: str) -> int:
    """The version of a draft, which nobody else changes until this transaction ends; Conflict where it is none any more."""
    version: int | None = connection.scalar(_LOCK_DRAFT, {"this": conversation_id})
    if version is None:
        raise _no_draft(connection, conversation_id)
    return version


def touch(connection: Connection, conversation_id: str) -> int:
    """The next version of a draft whose documents change; Conflict where it is no draft any more."""
    version: int | None = connection.scalar(_TOUCH, {"this": conversation_id})
    if version is None:
        raise _no_draft(connection, conversation_id)
    return version


def discard(connection: Connection, conversation_id: str) -> tuple[str, ...]:
    """Empty a draft and keep only that it was there; the keys of its documents, to be deleted once this is committed.

    Conflict where it is no draft any more.
    """
    if connection.scalar(_EMPTY, {"this": conversation_id}) is None:
        raise _no_draft(connection, conversation_id)
    for posted in (arkivmelding, sbd):
        connection.execute(delete(posted).where(posted.c.conversation_id == conversation_id))
    connection.execute(delete(message).where(message.c.conversation_id == conversation_id))
    gone = delete(document).where(document.c.conversation_id == conversation_id).returning(document.c.key)
    return tuple(connection.scalars(gone))


def melding_id_known(connection: Connection, melding_id: str, *, sender: str, except_id: str | None) -> bool:
    """Whether this sender has another conversation, discarded ones apart, with the same meldingId."""
    bound = {"melding_id": melding_id, "sender": sender, "except_id": except_id or ""}
    return connection.execute(_KNOWN, bound).first() is not None


def _row(entry: Conversation) -> JsonObject:
    return {
        "kind": entry.kind.value,
        "state": entry.state.value,
        "sender": entry.sender,
        "melding_id": entry.melding_id,
        "title": entry.title,
        "shielding": entry.shielding,
        "confidential": entry.confidential,
        "process": entry.process,
        "options": entry.options,
        "confirmations": write_confirmations(entry.confirmations),
        "created": entry.created,
        "expires": entry.expires,
        "committed": entry.committed,
        "finished": entry.finished,
    }


def _read(row: Row[Any]) -> Conversation:
    facts = dict(row._mapping)
    return Conversation(
        kind=ConversationKind(facts.pop("kind")),
        state=ConversationState(facts.pop("state")),
        arkivmelding=facts.pop("xml") or b"",
        confirmations=read_confirmations(facts.pop("confirmations")),
        **facts,
    )


def _read_summary(row: Row[Any]) -> ConversationSummary:
    facts = dict(row._mapping)
    kind, state = ConversationKind(facts.pop("kind")), ConversationState(facts.pop("state"))
    return ConversationSummary(kind=kind, state=state, **facts)


def _wanted(filters: ConversationFilter) -> Iterator[ColumnElement[bool]]:
    if filters.state is None:
        yield conversation.c.state != ConversationState.DISCARDED.value
    else:
        yield conversation.c.state == filters.state.value
    if filters.process is not None:
        yield conversation.c.process == filters.process
    if filters.melding_id is not None:
        yield conversation.c.melding_id == filters.melding_id


def _write_cursor(last: ConversationSummary) -> str:
    return f"{to_microseconds(last.created)}.{last.id}"


def _read_cursor(after: str) -> tuple[ColumnElement[datetime], ColumnElement[str]]:
    created, _, last_id = after.partition(".")
    if not (created.isascii() and created.isdigit() and len(created) < 18 and last_id):
        raise Invalid(
            "this is no cursor of the list", mend="use the one that the page before gave", code="CURSOR_INVALID"
        )
    return literal(from_microseconds(int(created)), Moment), literal(last_id, Words)


def _unknown() -> NotFound:
    return NotFound("there is no such conversation", mend="check the id, and that the login is the one that made it")


def _no_draft(connection: Connection, conversation_id: str) -> Conflict | NotFound:
    state = connection.scalar(_STATE, {"this": conversation_id})
    if state is None:
        return _unknown()
    message = say("the conversation is {state}, and only a draft can be changed", state=state)
    return Conflict(message, code="NOT_DRAFT")
