"""What the door under /api calls a conversation: one message, sent or received, with its log.

In come who looks and what is wanted, out come frozen `Exchange`s. Called by delivery and the door. Our own conversation
is a submission with many messages, so the word is kept apart from it here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Text,
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    union_all,
)

from gateway.message.processes import Channel
from gateway.message.status import Direction, Status
from gateway.storage.codec import read_choice
from gateway.storage.engine import Connection
from gateway.storage.nextmove.log import seen_by
from gateway.storage.nextmove.paging import Reader, Stretch, read_page
from gateway.storage.nextmove.tables import hidden, reference
from gateway.storage.tables import conversation, message, status
from gateway.storage.tables_in import incoming

_ENDS = [Status.LEVERT, Status.LEST, Status.FEIL, Status.LEVETID_UTLOPT, Status.INNKOMMENDE_LEVERT]
# DPO and DPE bring the news themselves; the others are asked until nothing more can come.
_ASKED = [Channel.DPV, Channel.DPF, Channel.DPI, Channel.DPH]
_NOTHING_MORE = [Status.LEST, Status.FEIL, Status.LEVETID_UTLOPT]


@dataclass(frozen=True, slots=True)
class Step:
    """One status of an exchange."""

    number: int
    status: Status
    description: str
    mend: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message as a conversation; `number` is the cursor of its first status, `title` that of the arkivmelding."""

    number: int
    conversation_id: str
    message_id: str
    direction: Direction
    sender: str
    receiver: str | None
    process: str | None
    document_type: str | None
    channel: str | None
    title: str | None
    reference: str | None
    expiry: datetime | None
    last_update: datetime
    finished: bool
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ExchangeFilter:
    """Which exchanges are wanted; None means any."""

    number: int | None = None
    conversation_id: str | None = None
    message_id: str | None = None
    receiver: str | None = None
    receiver_identifier: str | None = None
    sender: str | None = None
    sender_identifier: str | None = None
    channel: str | None = None
    reference: str | None = None
    title: str | None = None
    pollable: bool | None = None
    finished: bool | None = None
    direction: Direction | None = None
    since: datetime | None = None
    before: datetime | None = None


_Way = tuple[str | None, str | None, datetime | None]
_NOWHERE: _Way = (None, None, None)

# Every log begins with OPPRETTET, so that row stands for the message.
_IS_FIRST = (status.c.status == Status.OPPRETTET.value, status.c.round == 1)
_OUT = (
    select(
        status.c.cursor.label("number"),
        status.c.client_id,
        status.c.message_id,
        status.c.direction,
        message.c.round.label("this_round"),
        message.c.sbd_conversation_id.label("conversation_id"),
        message.c.sender,
        message.c.recipient.label("receiver"),
        message.c.channel,
        message.c.deadline.label("expiry"),
        conversation.c.title,
        reference.c.reference,
    )
    .select_from(
        status.join(message, message.c.id == status.c.message_id)
        .join(conversation)
        .outerjoin(reference, reference.c.message_id == message.c.id)
    )
    .where(status.c.direction == Direction.OUTGOING.value, *_IS_FIRST)
)
_IN = (
    select(
        status.c.cursor,
        status.c.client_id,
        status.c.message_id,
        status.c.direction,
        literal(1),
        incoming.c.conversation_id,
        incoming.c.sender,
        incoming.c.receiver,
        incoming.c.channel,
        incoming.c.expires,
        cast(null(), Text),
        cast(null(), Text),
    )
    .select_from(status.join(incoming, incoming.c.message_id == status.c.message_id))
    .where(status.c.direction == Direction.INCOMING.value, *_IS_FIRST)
)
_ALL = union_all(_OUT, _IN).subquery("exchange")
_EVENT = status.alias("event")
_OF_IT = and_(_EVENT.c.message_id == _ALL.c.message_id, _EVENT.c.direction == _ALL.c.direction)


def _has(statuses: Sequence[Status]) -> ColumnElement[bool]:
    names = [each.value for each in statuses]
    return exists().where(_OF_IT, _EVENT.c.round == _ALL.c.this_round, _EVENT.c.status.in_(names)).correlate(_ALL)


_FINISHED = _has(_ENDS)
_POLLABLE = and_(
    _ALL.c.direction == Direction.OUTGOING.value,
    _ALL.c.channel.in_([each.value for each in _ASKED]),
    _has([Status.SENDT]),
    ~_has(_NOTHING_MORE),
)
_LAST_UPDATE = select(func.max(_EVENT.c.at)).where(_OF_IT).correlate(_ALL).scalar_subquery()
_REFERENCE = func.coalesce(_ALL.c.reference, _ALL.c.conversation_id)
_TITLE = func.coalesce(_ALL.c.title, "")
_EXCHANGES = select(
    _ALL, _LAST_UPDATE.label("last_update"), case((_FINISHED, 1), else_=0).label("finished")
).select_from(_ALL)
_NAMES: dict[str, ColumnElement[Any]] = {
    "id": _ALL.c.number,
    "lastUpdate": _LAST_UPDATE,
    "conversationId": _ALL.c.conversation_id,
    "messageId": _ALL.c.message_id,
    "sender": _ALL.c.sender,
    "senderIdentifier": _ALL.c.sender,
    "receiver": _ALL.c.receiver,
    "receiverIdentifier": _ALL.c.receiver,
    "serviceIdentifier": _ALL.c.channel,
    "messageReference": _REFERENCE,
    "messageTitle": _TITLE,
    "expiry": _ALL.c.expiry,
    "direction": _ALL.c.direction,
    "finished": case((_FINISHED, 1), else_=0),
}


def exchanges(
    connection: Connection, reader: Reader, *, wanted: ExchangeFilter, stretch: Stretch
) -> tuple[tuple[Exchange, ...], int]:
    """A page of exchanges with their logs, and how many there are in all."""
    # What is shown is worked out for those of the page alone.
    query = select(_ALL.c.number).where(*seen_by(reader, _ALL), *_conditions(wanted))
    numbers, total = read_page(connection, query, stretch=stretch, names=_NAMES)
    place = {row.number: position for position, row in enumerate(numbers)}
    rows = connection.execute(_EXCHANGES.where(_ALL.c.number.in_(list(place)))).all() if place else ()
    routes = _routes(connection, [row.message_id for row in rows])
    read = (_read(row, routes.get((row.message_id, row.direction), _NOWHERE)) for row in rows)
    return _with_steps(connection, sorted(read, key=lambda each: place[each.number])), total


def hide(connection: Connection, reader: Reader, *, wanted: ExchangeFilter, at: datetime) -> None:
    """Put these out of the client's sight; what is delivered, and what its own door shows, stays as it is."""
    found = _EXCHANGES.where(*seen_by(reader, _ALL), *_conditions(wanted))
    for row in connection.execute(found).all():
        facts = {"client_id": reader.client_id, "message_id": row.message_id, "direction": row.direction, "at": at}
        connection.execute(insert(hidden).values(facts))


def refer(connection: Connection, message_id: str, *, to: str | None) -> None:
    """Remember what a message may be asked for by; None takes it away again."""
    connection.execute(delete(reference).where(reference.c.message_id == message_id))
    if to is not None:
        connection.execute(insert(reference).values(message_id=message_id, reference=to))


def _routes(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], _Way]:
    """Process, document type and deadline of each: of an outgoing one they stand in its choice."""
    found: dict[tuple[str, str], _Way] = {}
    for message_id, stored in connection.execute(select(message.c.id, message.c.choice).where(message.c.id.in_(ids))):
        choice = read_choice(stored)
        route = (choice.route.process, choice.route.document_type) if choice.route else (None, None)
        found[message_id, Direction.OUTGOING.value] = (*route, choice.deadline)
    came = select(incoming.c.message_id, incoming.c.process, incoming.c.document_type)
    for message_id, process, document_type in connection.execute(came.where(incoming.c.message_id.in_(ids))):
        found[message_id, Direction.INCOMING.value] = (process, document_type, None)
    return found


def _with_steps(connection: Connection, found: Sequence[Exchange]) -> tuple[Exchange, ...]:
    ids = [each.message_id for each in found]
    query = select(status).where(status.c.message_id.in_(ids)).order_by(status.c.cursor)
    steps: dict[tuple[str, str], list[Step]] = {}
    for row in connection.execute(query) if ids else ():
        step = Step(row.cursor, Status(row.status), row.description, row.mend, row.at)
        steps.setdefault((row.message_id, row.direction), []).append(step)
    return tuple(replace(each, steps=tuple(steps.get((each.message_id, each.direction.value), ()))) for each in found)


def _conditions(wanted: ExchangeFilter) -> Iterator[ColumnElement[bool]]:
    for column, value in (
        (_ALL.c.number, wanted.number),
        (_ALL.c.conversation_id, wanted.conversation_id),
        (_ALL.c.message_id, wanted.message_id),
        (_ALL.c.receiver, wanted.receiver),
        (_ALL.c.sender, wanted.sender),
        (_ALL.c.channel, wanted.channel),
        (_REFERENCE, wanted.reference),
        (_TITLE, wanted.title),
        (_ALL.c.direction, wanted.direction.value if wanted.direction else None),
    ):
        if value is not None:
            yield column == value
    yield from _derived(wanted)


def _derived(wanted: ExchangeFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.receiver_identifier is not None:
        yield _is_primary(_ALL.c.receiver, wanted.receiver_identifier)
    if wanted.sender_identifier is not None:
        last = _ALL.c.sender.endswith(f":{wanted.sender_identifier}", autoescape=True)
        yield or_(last, _ALL.c.sender == wanted.sender_identifier)
    if wanted.pollable is not None:
        yield _POLLABLE if wanted.pollable else ~_POLLABLE
    if wanted.finished is not None:
        yield _FINISHED if wanted.finished else ~_FINISHED
    newest = _LAST_UPDATE
    if wanted.since is not None:
        yield newest >= wanted.since
    if wanted.before is not None:
        yield newest < wanted.before


def _is_primary(column: ColumnElement[Any], number: str) -> ColumnElement[bool]:
    """Whether an identifier is this number: bare, or after its scheme and before a part."""
    part = column.startswith(f"0192:{number}:", autoescape=True)
    return or_(column == number, column == f"0192:{number}", part)


def _read(row: Row[Any], way: _Way) -> Exchange:
    process, document_type, deadline = way
    return Exchange(
        number=row.number,
        conversation_id=row.conversation_id,
        message_id=row.message_id,
        direction=Direction(row.direction),
        sender=row.sender,
        receiver=row.receiver,
        process=process,
        document_type=document_type,
        channel=row.channel,
        title=row.title,
        reference=row.reference,
        expiry=row.expiry or deadline,
        last_update=row.last_update,
        finished=bool(row.finished),
    )
