"""Who is asking: API keys, Basic, or the machine's own user where nobody has been given a login.

In comes a request, out comes the `Caller` in `flask.g`, or `NotLoggedIn`. Foreign origins and unlisted hosts are refused
before anything else. Contract §7.
"""

import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Flask, g, request
from werkzeug.security import check_password_hash

from gateway.api.hosts import LOOPBACK_HOSTS
from gateway.arkivmelding.handling import Handling
from gateway.delivery.submission import LOCAL, Caller
from gateway.errors import NotAllowed, NotLoggedIn
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from gateway.storage.engine import Database

OPEN_ENDPOINTS = frozenset({"docs", "start", "health", "readiness", "liveness", "info", "rules"})
_CACHE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LoginSettings:
    """`hosts`: names that may stand in Host. `own_organisations`: whom the local user sends for when there are no clients."""

    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    own_organisations: tuple[str, ...] = ()
    allow_local: bool = False


def hash_key(key: str) -> str:
    """How an API key of 256 random bits is kept: SHA-256, hex. It needs no slow hash, for it cannot be guessed."""
    return hashlib.sha256(key.encode()).hexdigest()


def guard(app: Flask, database: Database, *, settings: LoginSettings) -> None:
    """Check every request before its route sees it."""
    logins = _Logins(database, settings)

    @app.before_request
    def check() -> None:
        _check_host(settings.hosts)
        _check_origin(settings.hosts)
        if request.endpoint is not None and not _is_open(request.endpoint):
            g.caller = logins.identify()


def current_caller() -> Caller:
    """The caller of this request."""
    caller: Caller = g.caller
    return caller


class _Logins:
    """Logins by what the request carries; a Basic password that has been checked is remembered for some seconds."""

    def __init__(self, database: Database, settings: LoginSettings) -> None:
        self._database = database
        self._settings = settings
        self._anybody: tuple[float, bool] = (0.0, True)
        self._checked: dict[str, tuple[float, Caller]] = {}

    def identify(self) -> Caller:
        header = request.headers.get("Authorization", "")
        if key := request.headers.get("X-Api-Key") or _bearer(header):
            return self._by_key(key)
        if request.authorization and request.authorization.type == "basic":
            return self._by_password(request.authorization.username or "", request.authorization.password or "")
        if self._settings.allow_local and not self._has_clients():
            return Caller(LOCAL, LOCAL, self._settings.own_organisations)
        raise NotLoggedIn(
            "this gateway asks for a login",
            mend="Send Authorization: Bearer KEY, or name and password as Basic. A key is made with: gateway client add NAME "
            "--organisation 0192:…; a password with --basic.",
        )

    def _by_key(self, key: str) -> Caller:
        digest = hash_key(key)
        now = time.monotonic()
        found = self._checked.get(digest)
        if found and now - found[0] < _CACHE_SECONDS:
            return found[1]
        with self._database.reading() as connection:
            client = clients.find_by_key_hash(connection, digest)
        if client is None or client.kind is not ClientKind.API_KEY:
            raise _wrong()
        return self._remember(digest, client)

    def _by_password(self, name: str, password: str) -> Caller:
        digest = hash_key(f"{name}\0{password}")
        now = time.monotonic()
        found = self._checked.get(digest)
        if found and now - found[0] < _CACHE_SECONDS:
            return found[1]
        with self._database.reading() as connection:
            client = clients.find_by_name(connection, name)
        # A name that does not exist takes as long as one that does.
        secret = client.secret_hash if client and client.kind is ClientKind.BASIC else _NOBODY
        if not check_password_hash(secret, password) or client is None:
            raise _wrong()
        return self._remember(digest, client)

    def _remember(self, digest: str, client: Client) -> Caller:
        handling = Handling(client.handling) if client.handling else None
        caller = Caller(client.id, client.name, client.organisations, client.require_if_match, handling)
        if len(self._checked) > 1000:
            self._checked.clear()
        self._checked[digest] = (time.monotonic(), caller)
        return caller

    def _has_clients(self) -> bool:
        """Asked of the database every few seconds: a first login closes the local door soon after."""
        at, answer = self._anybody
        if time.monotonic() - at > _CACHE_SECONDS:
            with self._database.reading() as connection:
                answer = clients.any_exists(connection)
            self._anybody = (time.monotonic(), answer)
        return answer


# A hash of nothing in particular, so that checking it costs what checking a real one costs.
_NOBODY = (
    "scrypt:32768:8:1$AAAAAAAAAAAAAAAA$"
    "0000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000"
)


def _bearer(header: str) -> str:
    match = re.fullmatch(r"Bearer\s+(\S+)", header, re.IGNORECASE)
    return match[1] if match else ""


def _check_host(hosts: Iterable[str]) -> None:
    name = _host_name(request.host)
    if name not in hosts:
        raise NotAllowed(
            "this gateway does not answer to that host name",
            code="HOST",
            mend="Use an address that it listens on, or let the administrator add the name to [server] hosts.",
        )


def _check_origin(hosts: Iterable[str]) -> None:
    """A page of another site must not use a browser's reach to this gateway."""
    origin = request.headers.get("Origin")
    if origin is None:
        return
    theirs, ours = _split(origin), _split(request.host_url)
    same_door = (theirs[0], _port(theirs[1])) == (ours[0], _port(ours[1]))
    if not same_door or _host_name(theirs[1]) not in hosts:
        raise NotAllowed("requests from a page of another site are refused", code="ORIGIN")


def _split(origin: str) -> tuple[str, str]:
    """Scheme and netloc; nothing for what is no address."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def _port(netloc: str) -> str:
    match = re.search(r":(\d+)$", netloc)
    return match[1] if match else ""


def _host_name(netloc: str) -> str:
    """The name without its port: `[::1]:8080` → `[::1]`."""
    return re.sub(r":\d+$", "", netloc).lower()


def _is_open(endpoint: str) -> bool:
    return endpoint.rpartition(".")[2] in OPEN_ENDPOINTS or endpoint.startswith("api-docs.")


def _wrong() -> NotLoggedIn:
    return NotLoggedIn("the key or password is wrong", mend="Check it, or let the administrator make a new one.")
