"""The log of statuses: one row an event, only ever appended, read by message, by conversation or as a feed.

In come events inside the transaction of what they tell, out come the same with their cursor. Called by delivery; read
by the doors. Cursors are drawn under one lock, so a reader who has seen one can have missed none before it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import product
from typing import Any

from sqlalchemy import Row, bindparam, case, func, select, text, update
from sqlalchemy import insert as insert_into

from gateway.errors import MustAct
from gateway.message.status import Direction, Evidence, Outcome, Status, furthest, is_final, may_append, outcome
from gateway.storage import subscriptions
from gateway.storage.engine import Connection, lock_log
from gateway.storage.messages import lock_conversation, settle
from gateway.storage.states import UNDERWAY, MessageState
from gateway.storage.tables import message, status


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """One event of one message. `raw` is the channel's own answer, whole, where it is worth keeping.

    `client_id` is whose log it stands in: of an outgoing message the client that sent it, of an incoming one the
    organisation that it came for (`0192:…`), for every client of that organisation may read it.
    `answer` is what may be shown of it; where it went wrong, `must_act` and `mend` say who must do what. `cursor` is None
    until `append` has drawn it; `round` is the message's own, and `outcome` is what an outgoing one amounts to after this
    event: `append` finds both, the second where it is not given.
    """

    message_id: str
    conversation_id: str
    client_id: str
    status: Status
    at: datetime
    direction: Direction = Direction.OUTGOING
    description: str = ""
    evidence: Evidence = Evidence.NONE
    raw: str | None = None
    outcome: Outcome | None = None
    cursor: int | None = None
    round: int = 1
    mend: str | None = None
    must_act: MustAct | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Which events of the feed are wanted (none named: any), and how many at most.

    `organisations` are those of the client: what comes in for them is in its feed too.
    """

    statuses: tuple[Status, ...] = ()
    direction: Direction | None = None
    limit: int = 100
    organisations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events of the feed, oldest first, and the cursor to go on from, past whatever the filters let through or not.

    `more` says that the page was full, so that there may be more behind it.
    """

    events: tuple[StatusEvent, ...]
    cursor: int
    more: bool


_EVENT = select(*(status.c[name] for name in StatusEvent.__dataclass_fields__)).order_by(status.c.cursor)
_OF_MESSAGE = _EVENT.where(status.c.message_id == bindparam("message_id"), status.c.direction == bindparam("direction"))
_OF_CONVERSATION = _EVENT.where(status.c.conversation_id == bindparam("conversation_id"))
_LOG = (
    select(status.c.status)
    .where(
        status.c.message_id == bindparam("message_id"),
        status.c.direction == bindparam("direction"),
        status.c.round == bindparam("this_round"),
    )
    .order_by(status.c.cursor)
)
_STANDS = select(message.c.round, message.c.outcome).where(message.c.id == bindparam("message_id"))
_WALK = _EVENT.where(
    status.c.client_id == bindparam("client_id"),
    status.c.direction == bindparam("direction"),
    status.c.cursor > bindparam("after"),
).limit(bindparam("at_most"))
_WALK_STATUS = _WALK.where(status.c.status == bindparam("status"))
_NEWEST = select(func.max(status.c.cursor))
_NEWEST_OF_CLIENT = _NEWEST.where(
    status.c.client_id == bindparam("client_id"), status.c.direction == bindparam("direction")
)
_DRAWN_SQLITE = text("SELECT seq FROM sqlite_sequence WHERE name = 'status'")
_DRAWN_POSTGRES = text("SELECT pg_sequence_last_value(pg_get_serial_sequence('status', 'cursor')::regclass)")
_INSERT = insert_into(status).returning(status.c.cursor)
# A message that is not under way, say a cancelled one, is not moved by what is still told about it.
_AMOUNT = (
    update(message)
    .where(message.c.id == bindparam("this"))
    .values(
        last_status=bindparam("stands_at"),
        outcome=bindparam("amounts_to"),
        state=case((message.c.state.in_(list(UNDERWAY)), bindparam("reached")), else_=message.c.state),
    )
)


def append(connection: Connection, event: StatusEvent) -> int | None:
    """Add an event to the log; its cursor, or None for a repeat or an illegal move in its round, which changes nothing.

    An outgoing message's outcome and state follow, and its conversation is finished with its last final message.
    Who subscribes to the client's events, or to what comes in for the organisation, is woken.
    """
    known = event.direction is Direction.OUTGOING and lock_conversation(connection, event.message_id) is not None
    lock_log(connection)
    stood = ""
    if known:
        this_round, stood = connection.execute(_STANDS, {"message_id": event.message_id}).one()
        event = replace(event, round=this_round)
    bound = {"message_id": event.message_id, "direction": event.direction.value, "this_round": event.round}
    log = [Status(word) for word in connection.scalars(_LOG, bound)]
    if not may_append(log, event.status):
        return None
    log.append(event.status)
    if event.direction is Direction.OUTGOING:
        event = replace(event, outcome=event.outcome or _amounts_to(log, stood))
    cursor: int = connection.execute(_INSERT, _row(event)).scalar_one()
    if known:
        _follow(connection, event, log=log, stood=stood)
    subscriptions.wake(connection, event.client_id, at=event.at)
    if event.direction is Direction.INCOMING:
        subscriptions.wake_for(connection, event.client_id, at=event.at)
    return cursor


def of_message(
    connection: Connection, message_id: str, *, direction: Direction = Direction.OUTGOING
) -> tuple[StatusEvent, ...]:
    """The log of one message, oldest first."""
    return _read_all(connection.execute(_OF_MESSAGE, {"message_id": message_id, "direction": direction.value}))


def of_conversation(connection: Connection, conversation_id: str) -> tuple[StatusEvent, ...]:
    """The logs of all messages of a conversation, oldest event first."""
    return _read_all(connection.execute(_OF_CONVERSATION, {"conversation_id": conversation_id}))


def feed(connection: Connection, *, client_id: str, after: int, filters: FeedFilter) -> FeedPage:
    """A client's events that came after the cursor. What it costs does not grow with what the filters leave out."""
    directions = (filters.direction,) if filters.direction else tuple(Direction)
    bound = {"after": after, "at_most": filters.limit}
    owners = [each for each in _owners(client_id, filters.organisations) if each[1] in directions]
    found: list[StatusEvent] = []
    # Each walk is one range of an index; merged they are in the order of the log.
    for (owner, direction), wanted in product(owners, filters.statuses or (None,)):
        walk = _WALK if wanted is None else _WALK_STATUS
        of_owner = {**bound, "client_id": owner, "direction": direction, "status": wanted}
        found += _read_all(connection.execute(walk, of_owner))
    events = tuple(sorted(found, key=lambda event: event.cursor or 0)[: filters.limit])
    if len(events) == filters.limit:
        return FeedPage(events, events[-1].cursor or after, more=True)
    # All up to the newest has been looked at; cursors are drawn in the order of commits, so nothing comes in below it.
    return FeedPage(
        events, max(after, newest_of(connection, client_id, organisations=filters.organisations)), more=False
    )


def newest(connection: Connection) -> int:
    """The cursor of the newest event of all, 0 in an empty log: what is cheap to look at again and again."""
    return connection.scalar(_NEWEST) or 0


def newest_of(connection: Connection, client_id: str, *, organisations: Sequence[str] = ()) -> int:
    """The cursor of the newest event of a client and of what came in for its organisations, 0 where there is none."""
    owners = _owners(client_id, organisations)
    bound = ({"client_id": owner, "direction": direction} for owner, direction in owners)
    return max(connection.scalar(_NEWEST_OF_CLIENT, each) or 0 for each in bound)


def is_ahead(connection: Connection, cursor: int) -> bool:
    """Whether no reader can have been given this cursor: it lies beyond what was ever drawn, the leap of a restore included."""
    drawn = _DRAWN_POSTGRES if connection.dialect.name == "postgresql" else _DRAWN_SQLITE
    return cursor > (connection.scalar(drawn) or 0)


def _owners(client_id: str, organisations: Sequence[str]) -> list[tuple[str, Direction]]:
    """In whose logs a client's events stand, each with its direction."""
    own = [(client_id, direction) for direction in Direction]
    return own + [(organisation, Direction.INCOMING) for organisation in organisations]


def _amounts_to(log: Sequence[Status], stood: str) -> Outcome:
    """What was cancelled stays so whatever is still told of it, unless somebody has it after all."""
    found = outcome(log)
    return Outcome.CANCELLED if stood == Outcome.CANCELLED and found is not Outcome.DELIVERED else found


def _follow(connection: Connection, event: StatusEvent, *, log: Sequence[Status], stood: str) -> None:
    final = is_final(log)
    reached = MessageState.FINAL if final else MessageState.SENT if Status.SENDT in log else MessageState.QUEUED
    bound = {"this": event.message_id, "stands_at": furthest(log), "amounts_to": _amounts_to(log, stood)}
    bound["reached"] = reached
    connection.execute(_AMOUNT, bound)
    if final:
        settle(connection, event.conversation_id, at=event.at)


def _row(event: StatusEvent) -> dict[str, object]:
    row = asdict(event)
    del row["cursor"]
    return row


def _read_all(rows: Any) -> tuple[StatusEvent, ...]:
    return tuple(_read(row) for row in rows)


def _read(row: Row[Any]) -> StatusEvent:
    facts = dict(row._mapping)
    must_act = facts.pop("must_act")
    return StatusEvent(
        must_act=MustAct(must_act) if must_act else None,
        status=Status(facts.pop("status")),
        direction=Direction(facts.pop("direction")),
        evidence=Evidence(facts.pop("evidence")),
        outcome=Outcome(told) if (told := facts.pop("outcome")) else None,
        **facts,
    )
