"""Maskinporten and the exchange at Altinn: an assertion that holds gets a token, each broken rule its own refusal."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from gateway.errors import NotLoggedIn
from gateway.sandbox.assembly import utc_now
from gateway.sandbox.authority import Authority, Holder
from gateway.sandbox.organisations import SENDER
from gateway.sandbox.server import Sandbox
from gateway.sandbox.tokens import TokenIssuer

from .acting import FJORDVIK, GRANT, READ, WRITE, Actor


def error(answer: requests.Response) -> tuple[int, str]:
    """Status and OAuth code of a refusal."""
    return answer.status_code, answer.json()["error"]


def test_a_correct_assertion_gets_a_token_for_its_consumer(sender: Actor) -> None:
    """The token verifies under the published keys, lives 120 seconds, and says who, what and as which system user."""
    answer = sender.ask_token(sender.assertion(sender.claims(WRITE)))
    body = answer.json()
    assert (answer.status_code, body["token_type"], body["expires_in"], body["scope"]) == (200, "Bearer", 120, WRITE)
    metadata = requests.get(f"{sender.sandbox.url}/.well-known/oauth-authorization-server", timeout=10).json()
    keys = KeySet.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    claims = jwt.decode(body["access_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == metadata["issuer"] == f"{sender.sandbox.url}/"
    assert claims["exp"] - claims["iat"] == 120
    assert claims["consumer"] == {"authority": "iso6523-actorid-upis", "ID": sender.organisation.identifier}
    assert claims["authorization_details"][0]["systemuser_org"]["ID"] == sender.organisation.identifier
    assert claims["authorization_details"][0]["systemuser_id"]


def test_several_scopes_are_granted_together(sender: Actor) -> None:
    """Scopes are separated by blanks, and the answer repeats them."""
    answer = sender.ask_token(sender.assertion(sender.claims("eformidling:dpo eformidling:dpf")))
    assert answer.json()["scope"] == "eformidling:dpo eformidling:dpf"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"aud": "https://elsewhere.example/"}, "invalid_grant"),
        ({"iss": "MOVE_IP_311000098"}, "invalid_client"),
        ({"iss": "nobody"}, "invalid_client"),
        ({"exp": None}, "invalid_grant"),
        ({"iat": "now"}, "invalid_grant"),
        ({"jti": None}, "invalid_grant"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"scope": "altinn:broker.admin"}, "invalid_scope"),
        ({"consumer_org": "311000098"}, "invalid_grant"),
        ({"authorization_details": {}}, "invalid_authorization_details"),
        ({"authorization_details": [{"type": "urn:other"}]}, "invalid_authorization_details"),
    ],
)
def test_a_broken_claim_is_refused_with_its_code(sender: Actor, changed: dict[str, object], code: str) -> None:
    """Audience, client, times, jti, scope, consumer and system user are each checked."""
    answer = sender.ask_token(sender.assertion(sender.claims(WRITE, **changed)))
    assert error(answer) == (401 if code == "invalid_client" else 400, code)
    assert answer.json()["error_description"]


@pytest.mark.parametrize(("begins", "ends"), [(0, 121), (-300, -200), (300, 400), (-200, -20)])
def test_an_assertion_has_a_short_life_that_is_now(sender: Actor, begins: int, ends: int) -> None:
    """More than 120 seconds, in the past and in the future are refused."""
    now = int(datetime.now(UTC).timestamp())
    answer = sender.ask_token(sender.assertion(sender.claims(WRITE, iat=now + begins, exp=now + ends)))
    assert error(answer) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "change",
    [{"systemuser_org": {"ID": f"0192:{FJORDVIK}"}}, {"externalRef": "another_system_user"}],
)
def test_a_system_user_of_somebody_else_is_refused(sender: Actor, change: dict[str, object]) -> None:
    """No organisation gets a token for another one's system user, nor for a name that does not exist."""
    claims: dict[str, Any] = sender.claims(WRITE)
    claims["authorization_details"][0].update(change)
    assert error(sender.ask_token(sender.assertion(claims))) == (400, "invalid_authorization_details")


def test_an_assertion_counts_once(sender: Actor) -> None:
    """The same jti a second time is refused."""
    assertion = sender.assertion(sender.claims(WRITE))
    assert sender.ask_token(assertion).status_code == 200
    assert error(sender.ask_token(assertion)) == (400, "invalid_grant")


def test_a_refused_assertion_does_not_use_up_its_jti(sender: Actor) -> None:
    """What was refused for its scope may come again with the same jti."""
    claims = sender.claims("altinn:broker.admin")
    assert sender.ask_token(sender.assertion(claims)).status_code == 400
    assert sender.ask_token(sender.assertion({**claims, "scope": WRITE})).status_code == 200


def test_the_grant_type_and_the_assertion_must_be_there(sender: Actor) -> None:
    """Another grant, no assertion, and what is no JWT are refused."""
    assertion = sender.assertion(sender.claims(WRITE))
    assert error(sender.ask_token(assertion, grant="client_credentials")) == (400, "unsupported_grant_type")
    assert error(requests.post(f"{sender.sandbox.url}/token", data={"grant_type": GRANT}, timeout=10)) == (
        400,
        "invalid_request",
    )
    for nonsense in ("x", "a.b.c", "...."):
        assert error(sender.ask_token(nonsense)) == (400, "invalid_grant")


def test_a_changed_assertion_does_not_verify(sender: Actor) -> None:
    """A claim changed after signing is found out."""
    header, _, signature = sender.assertion(sender.claims(WRITE)).split(".")
    forged = sender.assertion(sender.claims(READ)).split(".")[1]
    assert error(sender.ask_token(f"{header}.{forged}.{signature}")) == (400, "invalid_grant")


def test_the_certificate_must_be_the_clients_own(sender: Actor, act: Callable[[str], Actor]) -> None:
    """Another organisation's certificate cannot speak for this client."""
    stranger = act(FJORDVIK)
    assert error(sender.ask_token(stranger.assertion(sender.claims(WRITE)))) == (401, "invalid_client")


def test_the_certificate_must_be_of_this_authority_and_valid(sender: Actor, tmp_path: Any) -> None:
    """A certificate of another authority, and one that has run out, are refused."""
    holder = Holder(sender.organisation.number, sender.organisation.name)
    other = Authority(tmp_path / "other", now=lambda: datetime.now(UTC)).credential(holder)
    leaf = base64.b64encode(other.certificate.public_bytes(Encoding.DER)).decode()
    claims = sender.claims(WRITE)
    assertion = jwt.encode({"alg": "RS256", "x5c": [leaf]}, claims, RSAKey.import_key(other.key))
    assert error(sender.ask_token(assertion)) == (400, "invalid_grant")
    expired = sender.sandbox.authority.expired(holder).public_bytes(Encoding.DER)
    header: dict[str, object] = {"x5c": [base64.b64encode(expired).decode()]}
    assert error(sender.ask_token(sender.assertion(claims, header=header))) == (400, "invalid_grant")


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"x5c": ["AAAA"]}, {"x5c": []}, {"kid": "unknown"}])
def test_a_header_without_a_usable_key_is_refused(sender: Actor, header: dict[str, object]) -> None:
    """Neither x5c nor kid, an x5c that cannot be read, and an unregistered kid are refused."""
    assert error(sender.ask_token(sender.assertion(sender.claims(WRITE), header=header))) == (400, "invalid_grant")


def test_a_client_may_register_its_own_key(sender: Actor) -> None:
    """With a registered JWK the assertion carries kid instead of x5c; both together are refused."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = RSAKey.import_key(key)
    body = {"clientId": "own-key", "organisation": sender.organisation.number, "jwk": jwk.as_dict(private=False)}
    registered = requests.post(f"{sender.sandbox.url}/_sim/clients", json=body, timeout=10).json()
    for header, status in (({"kid": registered["kid"]}, 200), ({"kid": registered["kid"], "x5c": ["AAAA"]}, 400)):
        claims = sender.claims(WRITE, iss="own-key")
        assertion = jwt.encode({"alg": "RS256", **header}, claims, jwk)
        assert sender.ask_token(assertion).status_code == status


def test_a_supplier_acts_for_its_consumer(sender: Actor) -> None:
    """With consumer_org the token is the consumer's and names the client's organisation as supplier."""
    claims = sender.claims("eformidling:dpo", consumer_org=FJORDVIK, authorization_details=None)
    token = sender.ask_token(sender.assertion(claims)).json()["access_token"]
    keys = KeySet.import_key_set(requests.get(f"{sender.sandbox.url}/jwks", timeout=10).json())
    granted = jwt.decode(token, keys, algorithms=["RS256"]).claims
    assert granted["consumer"]["ID"] == f"0192:{FJORDVIK}"
    assert granted["supplier"]["ID"] == sender.organisation.identifier


def test_altinn_exchanges_a_token_for_one_of_half_an_hour(sender: Actor) -> None:
    """The answer is the bare token, with the scope and the system user of the one that was shown."""
    token = sender.altinn(WRITE)["Authorization"].removeprefix("Bearer ")
    claims = jwt.decode(token, _any_key(token, sender.sandbox), algorithms=["RS256"]).claims
    assert claims["exp"] - claims["iat"] == 1800
    assert claims["scope"] == WRITE
    assert claims["authorization_details"][0]["systemuser_org"]["ID"] == sender.organisation.identifier


@pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic abc"])
def test_altinn_exchanges_nothing_else(sandbox: Sandbox, header: str | None) -> None:
    """Without a Maskinporten token the exchange answers 401 with nothing."""
    url = f"{sandbox.url}/authentication/api/v1/exchange/maskinporten"
    answer = requests.get(url, headers={"Authorization": header} if header else {}, timeout=10)
    assert (answer.status_code, answer.text) == (401, "")


def test_a_maskinporten_token_runs_out(start: Callable[..., Sandbox]) -> None:
    """After 120 seconds by the sandbox's clock the exchange refuses it."""
    clock = [datetime.now(UTC)]
    sandbox = start(now=lambda: clock[0])
    actor = Actor(sandbox, SENDER)
    bearer = {"Authorization": f"Bearer {actor.token(READ)}"}
    url = f"{sandbox.url}/authentication/api/v1/exchange/maskinporten"
    assert requests.get(url, headers=bearer, timeout=10).status_code == 200
    clock[0] += timedelta(seconds=121)
    assert requests.get(url, headers=bearer, timeout=10).status_code == 401


def test_a_token_counts_where_it_was_issued() -> None:
    """A sandbox that is started again in its folder, with the same keys on another port, refuses older tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    first, second = (TokenIssuer(f"http://127.0.0.1:{port}/", key=key, now=utc_now) for port in (1, 2))
    token = first.issue({"scope": READ}, lifetime=60)
    assert first.read(token)["scope"] == READ
    with pytest.raises(NotLoggedIn):
        second.read(token)


def _any_key(token: str, sandbox: Sandbox) -> RSAKey:
    """Altinn's key, which the sandbox publishes nowhere: taken from its authority."""
    pair = sandbox.authority.credential(Holder("311900056", "SANDKASSE ALTINN"))
    return RSAKey.import_key(pair.key)
