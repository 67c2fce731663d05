"""A small ServiceRegistry of our own: it signs its answers, serves its keys, and fails as a test tells it to."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from gateway.maskinporten import SystemUser
from gateway.registry.client import RegistryClient, RegistrySettings

BASE = "/adressetjeneste"
ADMINISTRASJON = "urn:no:difi:profile:arkivmelding:administrasjon:ver1.0"
LIMITS = jws.JWSRegistry(algorithms=["RS256", "PS256", "HS256"])
LIMITS.max_header_length = LIMITS.max_payload_length = 10_000_000


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        """Say nothing."""


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Wallet:
    """Tokens that are numbered; it remembers which scope was asked for and what was dropped."""

    def __init__(self) -> None:
        self.number = 1
        self.scopes: set[str] = set()
        self.dropped: list[str | None] = []
        self.fault: Exception | None = None

    def token(self, scope: str, system_user: SystemUser | None = None) -> str:
        if self.fault:
            raise self.fault
        self.scopes.add(scope)
        return f"token-{self.number}"

    def forget(self, scope: str, system_user: SystemUser | None = None, *, token: str | None = None) -> None:
        self.dropped.append(token)
        self.number += 1


class Registry:
    """Answers by path. `answers` holds (status, body) per path or a Response; `queue` goes before them, in order."""

    def __init__(self, key: RSAKey) -> None:
        self.key, self.kid = key, "key-1"
        self.published = {"key-1": key}
        self.signed = True
        self.answers: dict[str, tuple[int, Any]] = {}
        self.queue: list[Response] = []
        self.keys_answer: Response | None = None
        self.seen: list[Request] = []
        self.delay = 0.0
        self.busy = self.busiest = 0
        self.lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        request = Request(environ)
        with self.lock:
            self.seen.append(request)
            self.busy += 1
            self.busiest = max(self.busy, self.busiest)
            queued = self.queue.pop(0) if self.queue and request.path != f"{BASE}/jwk" else None
        time.sleep(self.delay)
        with self.lock:
            self.busy -= 1
        return (queued or self.give(request))(environ, start)

    def give(self, request: Request) -> Response:
        if request.path == f"{BASE}/jwk":
            return self.keys_answer or Response(json.dumps({"keys": self.jwks()}), mimetype="application/json")
        status, body = self.answers.get(request.path.removeprefix(BASE), (404, unknown(request.path)))
        text = body if isinstance(body, str) else json.dumps(body)
        if status == 200 and self.signed:
            return Response(self.sign(text), mimetype="application/jose")
        return Response(text, status, mimetype="application/json")

    def jwks(self) -> list[dict[str, Any]]:
        facts = {"use": "sig", "alg": "RS256"}
        return [key.as_dict(private=False) | facts | {"kid": kid} for kid, key in self.published.items()]

    def sign(self, text: str, **header: Any) -> str:
        # The real header carries a certificate, which makes it longer than libraries expect.
        members = {"alg": "RS256", "kid": self.kid, "x5c": ["QUJD" * 500]} | header
        kept = {name: value for name, value in members.items() if value is not None}
        return jws.serialize_compact(kept, text, self.key, registry=LIMITS)

    def paths(self) -> list[str]:
        return [request.path.removeprefix(BASE) for request in self.seen if not request.path.endswith("/jwk")]

    def keys_asked(self) -> int:
        return sum(request.path.endswith("/jwk") for request in self.seen)


def unknown(path: str) -> dict[str, str]:
    return {"error_code": "", "error_description": f"Entity with identifier '{path.split('/')[3]}' not found."}


def answer(number: str, *processes: str) -> dict[str, Any]:
    """What the registry says of an organisation that has DPO for these processes."""
    info = {"identifier": number, "organizationName": "Fjordvik tilsyn", "entityType": {"name": "ORGL"}}
    service = {"identifier": "DPO", "endpointUrl": "https://x", "securityLevel": None, "resource": None}
    record = {"organisationNumber": number, "pemCertificate": "PEM", "documentTypes": ["d"], "service": service}
    return {"infoRecord": info, "serviceRecords": [record | {"process": process} for process in processes]}


@pytest.fixture(scope="session")
def signing_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=False)


@pytest.fixture(scope="session")
def other_key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wallet() -> Wallet:
    return Wallet()


@pytest.fixture
def registry(signing_key: RSAKey) -> Registry:
    """It knows 311000128 by one process and by all, and `/info` of it."""
    registry = Registry(signing_key)
    known = answer("311000128", ADMINISTRASJON)
    registry.answers[f"/identifier/311000128/process/{ADMINISTRASJON}"] = (200, known)
    registry.answers["/identifier/311000128"] = (200, known)
    registry.answers["/info/311000128"] = (200, answer("311000128"))
    return registry


@pytest.fixture
def url(registry: Registry) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, registry, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.port}{BASE}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make_client(url: str, wallet: Wallet, clock: Clock) -> Iterator[Callable[..., RegistryClient]]:
    """A client of the registry above; settings may be replaced."""
    made: list[RegistryClient] = []

    def make(**settings: Any) -> RegistryClient:
        made.append(RegistryClient(RegistrySettings(**{"url": url, "timeout": (1, 1)} | settings), wallet, now=clock))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_client: Callable[..., RegistryClient]) -> RegistryClient:
    return make_client()


@pytest.fixture
def organisation() -> Callable[..., dict[str, Any]]:
    """`answer` for tests that put more organisations into the registry."""
    return answer
