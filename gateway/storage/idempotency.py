"""Answers kept under an `Idempotency-Key`, so that a request that is sent again is answered again and not done again.

In come keys with the digest of the request, out come kept answers. Called by delivery: `begin` in a transaction of its
own, `finish` in the transaction of what the request made, `abandon` where it came to nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update

from gateway.errors import Conflict, Invalid
from gateway.storage.engine import Connection
from gateway.storage.once import insert_once
from gateway.storage.states import AnswerState
from gateway.storage.tables import idempotency

# Longer than any request takes; after it a key whose process died may be used again.
RUNNING_AT_MOST = timedelta(minutes=5)
_RETRY_SECONDS = 2


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """One try of a request. `digest` is that of its content; `at` tells this try from a later one with its key."""

    client_id: str
    route: str
    key: str
    digest: str
    at: datetime


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered the first time."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_KEY = (
    idempotency.c.client_id == bindparam("of_client"),
    idempotency.c.route == bindparam("of_route"),
    idempotency.c.key == bindparam("of_key"),
)
_MINE = (*_KEY, idempotency.c.state == AnswerState.RUNNING.value, idempotency.c.created == bindparam("begun"))
_FIND = select(idempotency).where(*_KEY).with_for_update()
_TAKE_OVER = update(idempotency).where(*_KEY).values(created=bindparam("now"))
_FINISH = update(idempotency).where(*_MINE)
_ABANDON = delete(idempotency).where(*_MINE)
_SWEEP = delete(idempotency).where(idempotency.c.created < bindparam("before"))


def begin(connection: Connection, request: KeyedRequest) -> KeptAnswer | None:
    """None: the key is this request's, do it. A `KeptAnswer`: it was done, answer so.

    Invalid where the key was used for other content, Conflict (`retry_after`) while the first is under way.
    """
    if insert_once(connection, idempotency, row=_new_row(request)):
        return None
    row = connection.execute(_FIND, _key(request)).one_or_none()
    if row is None:  # abandoned just now: the next try gets it
        raise _still_running()
    if row.digest != request.digest:
        raise Invalid(
            "this Idempotency-Key was used for another request",
            mend="make a new key for each new request",
            code="KEY_REUSED",
        )
    if row.state == AnswerState.DONE:
        return KeptAnswer(row.status, row.headers, row.body)
    _take_over(connection, request, begun=row.created)
    return None


def finish(connection: Connection, request: KeyedRequest, *, answer: KeptAnswer) -> None:
    """Keep the answer; Conflict where a later try has the key, and then nothing of this transaction may stand."""
    kept = {
        "state": AnswerState.DONE.value,
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": answer.body,
    }
    if connection.execute(_FINISH, {**_mine(request), **kept}).rowcount == 0:
        raise _still_running()


def abandon(connection: Connection, request: KeyedRequest) -> None:
    """Let the key be used again: the request came to nothing."""
    connection.execute(_ABANDON, _mine(request))


def sweep(connection: Connection, *, before: datetime) -> int:
    """Forget the answers to requests that began before then; how many."""
    return connection.execute(_SWEEP, {"before": before}).rowcount


def _take_over(connection: Connection, request: KeyedRequest, *, begun: datetime) -> None:
    """The key of a try that is so old that its process must have died."""
    if request.at - begun < RUNNING_AT_MOST:
        raise _still_running()
    connection.execute(_TAKE_OVER, {**_key(request), "now": request.at})


def _still_running() -> Conflict:
    return Conflict(
        "a request with this Idempotency-Key is under way",
        mend="ask again shortly, with the same key",
        code="KEY_RUNNING",
        retry_after=_RETRY_SECONDS,
    )


def _new_row(request: KeyedRequest) -> dict[str, object]:
    return {
        "client_id": request.client_id,
        "route": request.route,
        "key": request.key,
        "digest": request.digest,
        "state": AnswerState.RUNNING.value,
        "created": request.at,
    }


def _key(request: KeyedRequest) -> dict[str, object]:
    return {"of_client": request.client_id, "of_route": request.route, "of_key": request.key}


def _mine(request: KeyedRequest) -> dict[str, object]:
    return {**_key(request), "begun": request.at}
