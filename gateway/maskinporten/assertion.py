"""The assertion: what we ask Maskinporten for, as a JWT signed with the business certificate.

In come a grant and a key pair, out comes the compact JWT. Called by `tokens`. Source: references of the ServiceRegistry
§3.1 and of the transports §2.1.
"""

import base64
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jwt
from joserfc.jwk import RSAKey

from gateway.keys import KeyPair

# Maskinporten takes no longer span. A clock that is wrong by a few seconds is enough to be refused.
_LIFE = 120


@dataclass(frozen=True, slots=True)
class SystemUser:
    """An Altinn system user: the organisation it acts for (`0192:311000128`) and its name (Altinn's externalRef)."""

    organisation: str
    name: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token is asked for: scopes separated by spaces and, with Altinn, a system user."""

    scope: str
    system_user: SystemUser | None = None


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who asks whom: the client id, and Maskinporten's issuer URL with its last slash."""

    client_id: str
    audience: str


def write_claims(grant: Grant, claimant: Claimant, *, now: datetime, new_id: str) -> dict[str, object]:
    """The claims of one assertion, good for two minutes."""
    issued = int(now.timestamp())
    claims: dict[str, object] = {
        "aud": claimant.audience,
        "iss": claimant.client_id,
        "scope": grant.scope,
        "jti": new_id,
        "iat": issued,
        "exp": issued + _LIFE,
    }
    if grant.system_user:
        claims["authorization_details"] = [_write_system_user(grant.system_user)]
    return claims


def sign_assertion(claims: dict[str, object], pair: KeyPair) -> str:
    """The claims as a JWT: RS256, with the business certificate alone in `x5c`."""
    certificate = base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode("ascii")
    header = {"alg": "RS256", "x5c": [certificate]}
    return jwt.encode(header, claims, RSAKey.import_key(pair.key), algorithms=["RS256"], default_type=None)


def _write_system_user(user: SystemUser) -> dict[str, object]:
    organisation = {"authority": "iso6523-actorid-upis", "ID": user.organisation}
    return {"type": "urn:altinn:systemuser", "systemuser_org": organisation, "externalRef": user.name}
