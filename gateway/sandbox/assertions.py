"""The rules by which Maskinporten judges an assertion: who signed it, for whom, how long, for what.

Comes in: the `assertion` of a JWT grant; goes out: a `Grant`, or `Refused` with the OAuth error code. Called by the
sandbox's Maskinporten. Source: reference of the ServiceRegistry §3.1, of the transports §2.1 and §10.
"""

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry

from gateway.errors import Refused, Untrusted
from gateway.keys import TrustRoots, organisation_of
from gateway.sandbox.organisations import Organisation, Organisations
from gateway.sandbox.tokens import Claims

LONGEST = 120  # seconds between iat and exp
SKEW = 10  # seconds that a caller's clock may be off
SCOPES = frozenset(
    [f"eformidling:{channel}" for channel in ("dpo", "dpe", "dpv", "dpf", "dpi", "dph")]
    + [f"move/{channel}.read" for channel in ("dpo", "dpe", "dpv", "dpf", "dpi", "dph")]
    + ["altinn:broker.read", "altinn:broker.write"]
)


@dataclass(frozen=True, slots=True)
class Client:
    """A client of Maskinporten: whose it is, and its registered public keys by `kid`."""

    client_id: str
    organisation: str
    keys: Mapping[str, RSAKey]


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted: to which client, for which consumer, with which scopes and system users."""

    client: Client
    consumer: str
    scope: str
    details: tuple[Claims, ...]


class _Roomy(JWSRegistry):
    """The library stops at headers of 512 bytes, which no certificate fits into."""

    max_header_length = 64 * 1024


class Clients:
    """The clients: `MOVE_IP_<number>` of every organisation, and those that were registered with a key of their own."""

    def __init__(self, organisations: Organisations) -> None:
        self._organisations = organisations
        self._lock = threading.Lock()
        self._registered: dict[str, Client] = {}

    def register(self, client: Client) -> None:
        """Add a client, or put it in the place of the one with its id."""
        with self._lock:
            self._registered[client.client_id] = client

    def get(self, client_id: str) -> Client | None:
        """The client with this id."""
        with self._lock:
            if client_id in self._registered:
                return self._registered[client_id]
        organisation = self._organisations.get(client_id.removeprefix("MOVE_IP_"))
        if organisation is None or organisation.client_id != client_id:
            return None
        return Client(client_id, organisation.number, {})


class Assertions:
    """Judges assertions, and remembers each `jti` until its assertion has run out."""

    def __init__(
        self, clients: Clients, organisations: Organisations, *, roots: TrustRoots, now: Callable[[], datetime]
    ) -> None:
        self._clients = clients
        self._organisations = organisations
        self._roots = roots
        self._now = now
        self._lock = threading.Lock()
        self._spent: dict[str, float] = {}

    def judge(self, assertion: str, *, audience: str) -> Grant:
        """What this assertion earns; Refused, with the OAuth code, where it breaks a rule."""
        header, unverified = _peek(assertion)
        client = self._clients.get(str(unverified.get("iss")))
        if client is None:
            raise Refused("iss is no client of this Maskinporten", code="invalid_client")
        claims = _verify(assertion, self._key_of(client, header))
        if claims.get("aud") != audience:
            raise Refused(f"aud must be {audience}", code="invalid_grant")
        self._check_times(claims)
        grant = Grant(
            client, self._read_consumer(client, claims), _read_scope(claims), self._read_details(client, claims)
        )
        self._spend(claims)
        return grant

    def _key_of(self, client: Client, header: Claims) -> RSAKey:
        """The key that must have signed: that of the certificate in `x5c`, or the one registered under `kid`."""
        if header.get("alg") != "RS256":
            raise Refused("alg must be RS256", code="invalid_grant")
        if ("x5c" in header) == ("kid" in header):
            raise Refused("the header must have either x5c or kid", code="invalid_grant")
        if "kid" in header:
            if (key := client.keys.get(str(header["kid"]))) is None:
                raise Refused("kid is not registered for this client", code="invalid_grant")
            return key
        return self._certified_key(client, header["x5c"])

    def _certified_key(self, client: Client, x5c: object) -> RSAKey:
        chain = _read_chain(x5c)
        try:
            self._roots.verify(chain, self._now())
        except Untrusted as fault:
            raise Refused(f"the certificate in x5c does not hold: {fault.message}", code="invalid_grant") from fault
        if organisation_of(chain[0]) != client.organisation:
            raise Refused("the certificate in x5c belongs to another organisation", code="invalid_client")
        public = chain[0].public_key()
        if not isinstance(public, RSAPublicKey):
            raise Refused("the certificate in x5c is not RSA", code="invalid_grant")
        return RSAKey.import_key(public)

    def _check_times(self, claims: Claims) -> None:
        issued, expires = claims.get("iat"), claims.get("exp")
        now = self._now().timestamp()
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise Refused("iat and exp must be there, in whole seconds", code="invalid_grant")
        if expires - issued > LONGEST:
            raise Refused(f"exp is more than {LONGEST} seconds after iat", code="invalid_grant")
        if expires <= now - SKEW or issued > now + SKEW:
            raise Refused("the assertion has run out or comes from the future: check the clock", code="invalid_grant")

    def _spend(self, claims: Claims) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise Refused("jti is missing", code="invalid_grant")
        now = self._now().timestamp()
        with self._lock:
            self._spent = {spent: until for spent, until in self._spent.items() if until > now}
            if jti in self._spent:
                raise Refused("jti was used before", code="invalid_grant")
            self._spent[jti] = now + LONGEST + 2 * SKEW

    def _read_consumer(self, client: Client, claims: Claims) -> str:
        consumer = str(claims.get("consumer_org") or client.organisation)
        if self._organisations.get(consumer) is None:
            raise Refused("consumer_org is not known", code="invalid_grant")
        return consumer.removeprefix("0192:")

    def _read_details(self, client: Client, claims: Claims) -> tuple[Claims, ...]:
        """The system users asked for; each must exist, which here is one for each organisation's own client."""
        details = claims.get("authorization_details", [])
        if not isinstance(details, list):
            raise Refused("authorization_details is no list", code="invalid_authorization_details")
        return tuple(_read_system_user(detail, self._organisations.get(client.organisation)) for detail in details)


def _read_system_user(detail: object, owner: Organisation | None) -> Claims:
    if not isinstance(detail, Mapping) or detail.get("type") != "urn:altinn:systemuser":
        raise Refused("only type urn:altinn:systemuser is known", code="invalid_authorization_details")
    organisation = detail.get("systemuser_org")
    asked = organisation.get("ID") if isinstance(organisation, Mapping) else None
    if owner is None or asked != owner.identifier:
        raise Refused("this client has no system user for systemuser_org", code="invalid_authorization_details")
    if detail.get("externalRef", owner.system_user) != owner.system_user:
        raise Refused("systemuser_org has no system user of that externalRef", code="invalid_authorization_details")
    return cast("Claims", detail)


def _read_scope(claims: Claims) -> str:
    asked = str(claims.get("scope") or "").split()
    if not asked or not SCOPES.issuperset(asked):
        raise Refused("scope is empty or holds one that the client does not have", code="invalid_scope")
    return " ".join(asked)


def _peek(assertion: str) -> tuple[Claims, Claims]:
    """Header and claims, not verified yet."""
    parts = assertion.split(".")
    try:
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (ValueError, binascii.Error) as fault:
        raise Refused("the assertion is no JWT", code="invalid_grant") from fault
    if len(parts) != 3 or not isinstance(header, dict) or not isinstance(claims, dict):
        raise Refused("the assertion is no JWT", code="invalid_grant")
    return header, claims


def _verify(assertion: str, key: RSAKey) -> Claims:
    try:
        return cast("Claims", jwt.decode(assertion, key, registry=_Roomy(algorithms=["RS256"])).claims)
    except (JoseError, ValueError) as fault:
        raise Refused("the signature of the assertion does not hold", code="invalid_grant") from fault


def _read_chain(x5c: object) -> tuple[x509.Certificate, ...]:
    try:
        if not isinstance(x5c, list) or not x5c:
            raise ValueError("x5c is no list with a certificate")
        return tuple(x509.load_der_x509_certificate(base64.b64decode(entry, validate=True)) for entry in x5c)
    except (ValueError, TypeError) as fault:
        raise Refused("x5c cannot be read", code="invalid_grant") from fault
