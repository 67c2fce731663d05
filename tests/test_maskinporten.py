"""Maskinporten and Altinn tokens against a small server of our own that really verifies what we send."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from gateway.errors import TokenRefused, Unavailable, Verdict
from gateway.keys import KeyPair, KeyRing
from gateway.maskinporten import (
    LOGIN_UNAVAILABLE,
    AltinnTokens,
    Kept,
    Maskinporten,
    MaskinportenSettings,
    SystemUser,
)
from tests.certificates import issue, make_authority

START = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
USER = SystemUser("0192:311000017", "311000017_integrasjonspunkt_systembruker_311000017")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = START

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class Quiet(WSGIRequestHandler):
    """A handler that writes no access log."""

    def log(self, *_: object) -> None:
        """Say nothing."""

    def send_response(self, code: int, message: str | None = None) -> None:
        """The status alone: the ready-made one adds a Date that our answers could not set."""
        self.send_response_only(code, message)


class Desk:
    """Both token endpoints. `answers` are given first, in order; then tokens with a number, good for 120 s."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.assertions: list[str] = []
        self.answers: list[Response] = []
        self.delay = 0.0
        self.lock = threading.Lock()

    def __call__(self, environ: dict, start: Callable) -> object:
        request = Request(environ)
        with self.lock:
            self.assertions += [request.form["assertion"]] if "assertion" in request.form else []
            self.seen.append(request)
            number = len(self.seen)
            answer = self.answers.pop(0) if self.answers else None
        time.sleep(self.delay)
        return (answer or self.give(request, number))(environ, start)

    def give(self, request: Request, number: int) -> Response:
        if request.path == "/exchange":
            return Response(f"altinn-token-{number}", mimetype="text/plain")
        body = {"access_token": f"maskinporten-token-{number}", "expires_in": 120, "scope": "x"}
        return Response(json.dumps(body), mimetype="application/json")


@contextmanager
def serving(app: Callable) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    """A key with a chain of two: the second must stay at home."""
    day = timedelta(days=1)
    authority = make_authority("Token authority")
    return issue(authority, "311000017", "Fjordvik tilsyn", not_before=START - day, not_after=START + day)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def base(desk: Desk) -> Iterator[str]:
    with serving(desk) as url:
        yield url


@pytest.fixture
def maskinporten(base: str, pair: KeyPair, clock: Clock) -> Maskinporten:
    settings = MaskinportenSettings(f"{base}/token", "https://maskinporten.example/", "MOVE_IP_311000017", (1, 1))
    return Maskinporten(settings, KeyRing([pair]), now=clock, new_id=lambda: "an-id")


@pytest.fixture
def altinn(base: str, maskinporten: Maskinporten, clock: Clock) -> AltinnTokens:
    return AltinnTokens(maskinporten, f"{base}/exchange", now=clock, timeout=(1, 1))


def refusal(status: int, error: str = "invalid_grant", **headers: str) -> Response:
    body = json.dumps({"error": error, "error_description": "Client authentication failed"})
    return Response(body, status, headers, mimetype="application/json")


def test_assertion_is_what_maskinporten_asks_for(maskinporten: Maskinporten, desk: Desk, pair: KeyPair) -> None:
    """The grant is an RS256 JWT that the one certificate in x5c verifies, with exactly the documented claims."""
    assert maskinporten.token("eformidling:dpo") == "maskinporten-token-1"
    form = desk.seen[0].form
    assert desk.seen[0].mimetype == "application/x-www-form-urlencoded"
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    header = json.loads(base64.urlsafe_b64decode(desk.assertions[0].split(".")[0] + "=="))
    assert set(header) == {"alg", "x5c"}
    (leaf,) = header["x5c"]
    certificate = x509.load_der_x509_certificate(base64.b64decode(leaf))
    assert certificate == pair.certificate
    registry = jwt.JWSRegistry(algorithms=["RS256"])
    registry.max_header_length = 10_000
    decoded = jwt.decode(desk.assertions[0], RSAKey.import_key(certificate.public_key()), registry=registry)
    issued = int(START.timestamp())
    assert decoded.claims == {
        "aud": "https://maskinporten.example/",
        "iss": "MOVE_IP_311000017",
        "scope": "eformidling:dpo",
        "jti": "an-id",
        "iat": issued,
        "exp": issued + 120,
    }


def test_system_user_stands_in_the_assertion(maskinporten: Maskinporten, desk: Desk) -> None:
    """A token for a system user is asked for with authorization_details in Altinn's own shape."""
    maskinporten.token("altinn:broker.write", USER)
    payload = desk.assertions[0].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["authorization_details"] == [
        {
            "type": "urn:altinn:systemuser",
            "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": "0192:311000017"},
            "externalRef": USER.name,
        }
    ]


def test_token_is_kept_until_ten_seconds_before_its_end(maskinporten: Maskinporten, clock: Clock) -> None:
    """A token that lives 120 s serves for 110 s, and is then asked for anew."""
    first = maskinporten.token("a")
    clock.pass_by(109)
    assert maskinporten.token("a") == first
    clock.pass_by(1)
    assert maskinporten.token("a") != first


def test_each_scope_and_system_user_has_its_own_token(maskinporten: Maskinporten) -> None:
    """Tokens are never mixed up between scopes or between the organisations they act for."""
    other = SystemUser("0192:311000128", "another")
    asked = [("a", None), ("b", None), ("a", USER), ("a", other)]
    tokens = [maskinporten.token(scope, user) for scope, user in asked]
    assert len(set(tokens)) == 4
    assert [maskinporten.token(scope, user) for scope, user in asked] == tokens


def test_many_threads_make_one_fetch(maskinporten: Maskinporten, desk: Desk) -> None:
    """Sixteen threads that want the same token at once cost one request, and all get it."""
    desk.delay = 0.2
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: maskinporten.token("a"), range(16)))
    assert tokens == {"maskinporten-token-1"}
    assert len(desk.seen) == 1


def test_many_threads_share_one_failure(maskinporten: Maskinporten, desk: Desk) -> None:
    """When Maskinporten is down, those who wait share the failure instead of queueing up for a time limit each."""
    desk.delay = 0.3
    desk.answers = [Response("", 503)]
    barrier = threading.Barrier(8)

    def ask(_: int) -> str:
        barrier.wait()
        with pytest.raises(Unavailable) as caught:
            maskinporten.token("a")
        return str(caught.value.code)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {LOGIN_UNAVAILABLE}
    assert len(desk.seen) == 1


def test_forgotten_token_is_fetched_anew(maskinporten: Maskinporten) -> None:
    """After `forget` the next token is a new one; a late `forget` of the old token leaves the new one alone."""
    old = maskinporten.token("a")
    maskinporten.forget("a", token=old)
    new = maskinporten.token("a")
    assert new != old
    maskinporten.forget("a", token=old)
    assert maskinporten.token("a") == new


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_refusal_says_who_must_act(maskinporten: Maskinporten, desk: Desk, status: int) -> None:
    """A 4xx of the token endpoint stops, with Maskinporten's own words and what the operator checks."""
    desk.answers = [refusal(status)]
    with pytest.raises(TokenRefused) as caught:
        maskinporten.token("eformidling:dpo", USER)
    fault = caught.value
    assert (fault.verdict, fault.code, fault.status) == (Verdict.STOP, "invalid_grant", status)
    assert "Client authentication failed" in fault.message
    assert all(word in fault.mend for word in ("operator", "MOVE_IP_311000017", "eformidling:dpo", USER.name))


def test_refusal_names_a_clock_that_is_wrong(maskinporten: Maskinporten, desk: Desk) -> None:
    """When Maskinporten's Date differs from our clock, the mend says by how much: that alone gets one refused."""
    desk.answers = [refusal(400, Date="Mon, 02 Nov 2026 11:58:20 GMT")]
    with pytest.raises(TokenRefused, match="refused") as caught:
        maskinporten.token("a")
    assert "+100 s" in caught.value.mend


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_busy_maskinporten_is_tried_again(maskinporten: Maskinporten, desk: Desk, status: int) -> None:
    """A 5xx or 429 of the token endpoint is `again`, with the wait that it asked for, and nothing is kept of it."""
    desk.answers = [refusal(status, **{"Retry-After": "17"})]
    with pytest.raises(Unavailable) as caught:
        maskinporten.token("a")
    assert (caught.value.code, caught.value.retry_after) == (LOGIN_UNAVAILABLE, 17)
    assert maskinporten.token("a") == "maskinporten-token-2"


def test_silent_or_absent_maskinporten_is_tried_again(
    maskinporten: Maskinporten, desk: Desk, pair: KeyPair, clock: Clock
) -> None:
    """No answer in time and a closed port are `again`."""
    desk.delay = 1.3
    with pytest.raises(Unavailable, match="no answer in time"):
        maskinporten.token("a")
    closed = MaskinportenSettings("http://127.0.0.1:9/token", "x", "y", (1, 1))
    with pytest.raises(Unavailable) as caught:
        Maskinporten(closed, KeyRing([pair]), now=clock).token("a")
    assert caught.value.code == LOGIN_UNAVAILABLE


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"access_token": 7}', '{"access_token": "short"}', "<html>"])
def test_success_without_a_token_is_no_token(maskinporten: Maskinporten, desk: Desk, body: str) -> None:
    """A 200 that holds no token is not believed, and its body is not quoted."""
    desk.answers = [Response(body, 200, mimetype="application/json")]
    with pytest.raises(Unavailable, match="no token in it"):
        maskinporten.token("a")


def test_assertion_is_not_sent_on_to_a_redirect(maskinporten: Maskinporten, desk: Desk, base: str) -> None:
    """A redirect is refused, with the address in the settings to be mended; the assertion goes nowhere else."""
    desk.answers = [Response("", 307, {"Location": f"{base}/elsewhere"})]
    with pytest.raises(TokenRefused) as caught:
        maskinporten.token("a")
    assert "address" in caught.value.mend
    assert [request.path for request in desk.seen] == ["/token"]


def test_no_token_is_shown(maskinporten: Maskinporten, altinn: AltinnTokens, desk: Desk) -> None:
    """Neither reprs nor errors show a token, also when the other side quotes one back."""
    token = altinn.token("a")
    assert token not in f"{maskinporten!r}{altinn!r}{Kept(token, 1)!r}{vars(altinn)!r}{altinn._shelf._entries!r}"
    desk.answers = [Response("bad token eyJhbGciOi.eyJhdWQi.c2ln", 400)]
    with pytest.raises(TokenRefused) as caught:
        maskinporten.token("b")
    assert "eyJ" not in f"{caught.value!r}{caught.value.answer}"


def test_altinn_token_is_exchanged_and_kept_for_25_minutes(altinn: AltinnTokens, desk: Desk, clock: Clock) -> None:
    """The exchange carries the Maskinporten token, its raw text is the Altinn token, and it serves for 25 minutes."""
    assert altinn.token("altinn:broker.read", USER) == "altinn-token-2"
    assert desk.seen[1].headers["Authorization"] == "Bearer maskinporten-token-1"
    clock.pass_by(25 * 60 - 1)
    assert altinn.token("altinn:broker.read", USER) == "altinn-token-2"
    clock.pass_by(1)
    assert altinn.token("altinn:broker.read", USER) == "altinn-token-4"


def test_quoted_altinn_token_is_read(altinn: AltinnTokens, desk: Desk) -> None:
    """A token that comes as a JSON string, with a line feed, is the same token."""
    desk.answers = [desk.give(Request({"PATH_INFO": "/token"}), 1), Response('"altinn-token"\n', 200)]
    assert altinn.token("a") == "altinn-token"


def test_exchange_renews_a_stale_maskinporten_token_once(altinn: AltinnTokens, desk: Desk) -> None:
    """A 401 of the exchange costs one new Maskinporten token; a second 401 is final."""
    first = desk.give(Request({"PATH_INFO": "/token"}), 1)
    desk.answers = [first, Response("", 401)]
    assert altinn.token("a") == "altinn-token-4"
    assert desk.seen[3].headers["Authorization"] == "Bearer maskinporten-token-3"
    altinn.forget("a")
    desk.answers = [first, Response("", 401), first, Response("", 401)]
    with pytest.raises(TokenRefused, match="Altinn") as caught:
        altinn.token("a")
    assert caught.value.status == 401


@pytest.mark.parametrize(("status", "error"), [(403, TokenRefused), (400, TokenRefused), (500, Unavailable)])
def test_exchange_failures(altinn: AltinnTokens, desk: Desk, status: int, error: type[Exception]) -> None:
    """The exchange's refusals stop, its troubles are tried again."""
    desk.answers = [desk.give(Request({"PATH_INFO": "/token"}), 1), Response("", status)]
    with pytest.raises(error):
        altinn.token("a", USER)
