"""Idempotency keys: under one, a submission is made at most once, and a repeated request gets the first answer.

In comes what makes the answer, out comes the answer, or the kept one. Called by the routes that make something. The answer
is kept in the transaction of what it tells. Contract §6.
"""

from collections.abc import Callable

from flask import Response, request

from gateway.api.login import current_caller
from gateway.api.rooms import rooms
from gateway.errors import Unreadable
from gateway.language import say
from gateway.storage import idempotency
from gateway.storage.engine import Connection
from gateway.storage.idempotency import KeptAnswer, KeyedRequest

ROUTE = "POST /out/messages"
_LONGEST_KEY = 255

# Keeps the answer, in the transaction of what it tells.
KeepAnswer = Callable[[Connection, Response], None]


def answer_once(digest: str, make: Callable[[KeepAnswer], Response]) -> tuple[Response, bool]:
    """The answer, and whether it is the first one once more; `digest` is that of the request's content."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return make(lambda connection, response: None), False
    if not 0 < len(key) <= _LONGEST_KEY:
        message = say("an Idempotency-Key has from 1 to {most} characters", most=_LONGEST_KEY)
        raise Unreadable(message, code="IDEMPOTENCY_KEY", mend="Send a UUID.")
    keyed = KeyedRequest(current_caller().client_id, ROUTE, key, digest, rooms().now())
    with rooms().database.writing() as connection:
        standing = idempotency.begin(connection, keyed)
    if standing is not None:
        return Response(standing.body, standing.status, headers=dict(standing.headers)), True
    try:
        return make(_keeper(keyed)), False
    except BaseException:
        with rooms().database.writing() as connection:
            idempotency.abandon(connection, keyed)
        raise


def _keeper(keyed: KeyedRequest) -> KeepAnswer:
    def keep(connection: Connection, response: Response) -> None:
        headers = {name: value for name, value in response.headers.items() if name != "Content-Length"}
        idempotency.finish(connection, keyed, answer=KeptAnswer(response.status_code, headers, response.get_data()))

    return keep
