"""Clients: the logins of this installation, for whom each may send, and how each wants to be treated.

In come frozen `Client`s with the hash of their secret, never the secret; out come the same. Called by `cli` and `app`
through delivery; read by the doors at every request.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, delete, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from gateway.errors import Conflict, SetupFault
from gateway.language import say
from gateway.storage.engine import Connection
from gateway.storage.tables import client, subscription

ANY_ORGANISATION = "*"


class ClientKind(StrEnum):
    """How a client logs in; LOCAL is whoever calls an installation on loopback that has no clients."""

    API_KEY = "api-key"
    BASIC = "basic"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Client:
    """One login. `organisations` are those it may send for (`0192:…`); `handling` is `strict`, `lenient` or empty: not settled.

    `secret_hash` is SHA-256 in hex of an API key, or the slow hash of a password with its parameters.
    """

    id: str
    name: str
    kind: ClientKind
    secret_hash: str
    organisations: tuple[str, ...]
    created: datetime
    require_if_match: bool = False
    handling: str = ""


_FACTS = select(*(client.c[name] for name in Client.__dataclass_fields__))
_BY_HASH = _FACTS.where(
    client.c.kind == ClientKind.API_KEY.value, client.c.secret_hash == bindparam("secret_hash")
).limit(1)
_BY_NAME = _FACTS.where(client.c.name == bindparam("name"))
_INSERT = insert_into(client)
_UNSUBSCRIBE = delete(subscription).where(
    subscription.c.client_id.in_(select(client.c.id).where(client.c.name == bindparam("name")))
)
_CHANGED = ("organisations", "require_if_match", "handling")
_CHANGE = (
    update(client).where(client.c.id == bindparam("_id")).values({name: bindparam(f"_{name}") for name in _CHANGED})
)
_FOLLOW = (
    update(subscription)
    .where(subscription.c.client_id == bindparam("_client_id"))
    .values(organisations=bindparam("_organisations"))
)
_RENEW = update(client).where(client.c.id == bindparam("_id")).values(secret_hash=bindparam("_secret_hash"))
_REMOVE = delete(client).where(client.c.name == bindparam("name"))


def add(connection: Connection, entry: Client) -> None:
    """Remember a client; Conflict where the name is taken, SetupFault where it asks for every organisation."""
    _check_bounds(entry)
    try:
        connection.execute(_INSERT, {**asdict(entry), "organisations": list(entry.organisations)})
    except IntegrityError as fault:
        raise Conflict(
            say("there is a client called {name} already", name=entry.name),
            mend=(
                "choose another name; what that one may do is changed with gateway client change, "
                "and it gets a new key with gateway client renew"
            ),
        ) from fault


def change(connection: Connection, entry: Client) -> bool:
    """Let the client with this id do what `entry` says; False where there is none. Name and secret stay."""
    _check_bounds(entry)
    facts = {"_id": entry.id, "_organisations": list(entry.organisations)}
    wishes = {"_require_if_match": entry.require_if_match, "_handling": entry.handling}
    # Its subscriptions tell of what comes in for the organisations that it has now, and of no others.
    connection.execute(_FOLLOW, {"_client_id": entry.id, "_organisations": list(entry.organisations)})
    return connection.execute(_CHANGE, {**facts, **wishes}).rowcount > 0


def renew(connection: Connection, client_id: str, *, secret_hash: str) -> bool:
    """Another secret for the client with this id, the old one opens nothing more; False where there is none."""
    return connection.execute(_RENEW, {"_id": client_id, "_secret_hash": secret_hash}).rowcount > 0


def find_by_key_hash(connection: Connection, key_hash: str) -> Client | None:
    """The client whose API key has this SHA-256 (hex)."""
    row = connection.execute(_BY_HASH, {"secret_hash": key_hash}).one_or_none()
    return _read(row) if row else None


def find_by_name(connection: Connection, name: str) -> Client | None:
    """The client of this name, of either kind."""
    row = connection.execute(_BY_NAME, {"name": name}).one_or_none()
    return _read(row) if row else None


def any_exists(connection: Connection) -> bool:
    """Whether anybody can log in at all."""
    return connection.execute(select(client.c.id).limit(1)).first() is not None


def list_all(connection: Connection) -> tuple[Client, ...]:
    """Every client, by name."""
    return tuple(_read(row) for row in connection.execute(_FACTS.order_by(client.c.name)))


def remove(connection: Connection, name: str) -> bool:
    """Take the login away, its subscriptions too; what it sent is still remembered. False where there was none."""
    connection.execute(_UNSUBSCRIBE, {"name": name})
    return connection.execute(_REMOVE, {"name": name}).rowcount > 0


def _check_bounds(entry: Client) -> None:
    if entry.kind is ClientKind.LOCAL or ANY_ORGANISATION in entry.organisations:
        raise SetupFault(
            say("the client {name} may not send for every organisation", name=entry.name),
            mend="name the organisations, each as 0192: and nine digits",
        )


def _read(row: Row[Any]) -> Client:
    facts = dict(row._mapping)
    return Client(kind=ClientKind(facts.pop("kind")), organisations=tuple(facts.pop("organisations")), **facts)
