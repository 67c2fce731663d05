"""`/api/subscriptions`: who is told of statuses by webhook, in the reference's JSON.

In come subscriptions, out go the same with a number. Each is one of ours underneath, told at least once and signed.
Reference §2.8 and §12.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flask import Response

from gateway.api.login import current_caller
from gateway.api.nextmove import queries
from gateway.api.nextmove.paging import envelope, read_stretch
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.views import subscription_json
from gateway.api.nextmove.wire import answer, empty, read_object
from gateway.api.rooms import rooms
from gateway.delivery.nextmove.subscribing import Wish
from gateway.delivery.webhooks.endpoints import LONGEST_URL
from gateway.delivery.webhooks.reference import NAMES, read_filter
from gateway.errors import Fault, Invalid, Severity
from gateway.language import say
from gateway.storage.nextmove import described

_REQUIRED = ("name", "pushEndpoint", "resource", "event")
_ONE_OF = {"resource": ("all", "messages"), "event": ("all", "status")}
_LONGEST_NAME = 255


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /subscriptions", list_subscriptions)
    routes.add("POST /subscriptions", subscribe)
    routes.add("DELETE /subscriptions", unsubscribe_all)
    routes.add("GET /subscriptions/<number>", get_subscription)
    routes.add("PUT /subscriptions/<number>", change_subscription)
    routes.add("DELETE /subscriptions/<number>", unsubscribe)


def list_subscriptions() -> Response:
    """Those of this client."""
    stretch = read_stretch()
    with rooms().database.reading() as connection:
        found, total = described.page(connection, current_caller().client_id, stretch=stretch)
    return answer(envelope([subscription_json(each) for each in found], total, stretch=stretch))


def subscribe() -> Response:
    """Subscribe; the endpoint is pinged, and what it answers decides nothing."""
    body = read_object()
    _require_valid([*_missing(body), *_wrong(body)])
    with _naming_endpoint():
        made = rooms().nextmove.subscribing.create(current_caller(), _wish(body))
    return answer(subscription_json(made))


def change_subscription(number: str) -> Response:
    """Change what is named."""
    body = read_object()
    _require_valid(list(_wrong({name: value for name, value in body.items() if name != "id"})))
    wanted = queries.read_number(number, "id")
    with _naming_endpoint():
        rooms().nextmove.subscribing.change(wanted, _wish(body), client_id=current_caller().client_id)
    return empty()


def get_subscription(number: str) -> Response:
    """One of this client's."""
    wanted = queries.read_number(number, "id")
    return answer(subscription_json(rooms().nextmove.subscribing.get(wanted, current_caller().client_id)))


def unsubscribe(number: str) -> Response:
    """Forget one."""
    rooms().nextmove.subscribing.remove(queries.read_number(number, "id"), current_caller().client_id)
    return empty()


def unsubscribe_all() -> Response:
    """Forget every one that was made here."""
    rooms().nextmove.subscribing.remove_all(current_caller().client_id)
    return empty()


def _wish(body: Mapping[str, Any]) -> Wish:
    return Wish(body.get("name"), body.get("pushEndpoint"), body.get("resource"), body.get("event"), body.get("filter"))


def _missing(body: Mapping[str, Any]) -> Iterator[Fault]:
    for name in _REQUIRED:
        if body.get(name) is None:
            yield _fault("NotNull", name, message=say("must be given"))
    if body.get("id") is not None:
        yield _fault("Null", "id", message=say("is given by the server: leave it out"), value=body["id"])


def _wrong(body: Mapping[str, Any]) -> Iterator[Fault]:
    for name in (*_REQUIRED, "filter"):
        value = body.get(name)
        if value is not None and not isinstance(value, str):
            yield _fault("NotNull", name, message=say("must be a text"), value=value)
        elif value is not None and (found := _wrong_text(name, value)):
            yield found


def _wrong_text(name: str, value: str) -> Fault | None:
    allowed = _ONE_OF.get(name)
    if allowed and value not in allowed:
        return _fault("OneOf", name, message=say("must be one of: {names}", names=", ".join(allowed)), value=value)
    if name == "name" and not 0 < len(value) <= _LONGEST_NAME:
        return _fault(
            "Size", name, message=say("must have between 1 and {most} characters", most=_LONGEST_NAME), value=value
        )
    if name == "pushEndpoint" and (not value.startswith(("http://", "https://")) or len(value) > LONGEST_URL):
        return _fault("URL", name, message=say("must be an address that begins with https://"), value=value)
    if name == "filter" and not _is_filter(value):
        sentence = say(
            "must be parts like status=LEVERT,LEST with & between them; names are: {names}", names=", ".join(NAMES)
        )
        return _fault("WebhookFilter", name, message=sentence, value=value)
    return None


def _is_filter(value: str) -> bool:
    try:
        read_filter(value)
    except ValueError:
        return False
    return True


@contextmanager
def _naming_endpoint() -> Iterator[None]:
    """An endpoint that is not taken is a fault of its member."""
    try:
        yield
    except Invalid as refusal:
        fault = Fault("URL", Severity.ERROR, refusal.message, refusal.mend, path="pushEndpoint")
        raise Invalid(refusal.message, code=refusal.code, faults=(fault,)) from refusal


def _fault(constraint: str, name: str, *, message: str, value: object = None) -> Fault:
    shown = None if value is None else str(value)
    return Fault(constraint, Severity.ERROR, message, path=name, value=shown)


def _require_valid(faults: list[Fault]) -> None:
    if faults:
        raise Invalid(say("the subscription cannot be used"), code="SUBSCRIPTION_INVALID", faults=tuple(faults))
