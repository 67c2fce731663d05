"""Bearer tokens as the sandbox's Maskinporten and Altinn issue them: signed JWTs, read again where they are shown.

Comes in: claims, or a token from an Authorization header; goes out: a compact JWT, or its claims once they hold.
Called by the doors of Maskinporten, Altinn, the registry and the Broker.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from gateway.errors import NotLoggedIn

Claims = Mapping[str, object]


def signing_key(key: RSAPrivateKey) -> RSAKey:
    """The private key as a JWK with its SHA-256 thumbprint as `kid`."""
    jwk = RSAKey.import_key(key, {"use": "sig", "alg": "RS256"})
    jwk.ensure_kid()
    return jwk


class TokenIssuer:
    """Issues the tokens of one `issuer` and recognises them."""

    def __init__(self, issuer: str, *, key: RSAPrivateKey, now: Callable[[], datetime]) -> None:
        self.issuer = issuer
        self._key = signing_key(key)
        self._now = now

    def issue(self, claims: Claims, *, lifetime: int) -> str:
        """A token with `claims` that lives `lifetime` seconds."""
        issued = int(self._now().timestamp())
        frame = {"iss": self.issuer, "iat": issued, "exp": issued + lifetime, "jti": str(uuid4())}
        return jwt.encode({"alg": "RS256", "kid": str(self._key.kid)}, {**claims, **frame}, self._key)

    def read(self, token: str) -> Claims:
        """The claims of a token of this issuer; NotLoggedIn where it is not ours, does not verify or has run out."""
        try:
            claims = cast("Claims", jwt.decode(token, self._key, algorithms=["RS256"]).claims)
        except (JoseError, ValueError) as fault:
            raise NotLoggedIn("the token cannot be verified", mend="get a new token") from fault
        if claims.get("iss") != self.issuer:
            raise NotLoggedIn("the token has another issuer", mend="get the token where this service tells you to")
        expires = claims.get("exp")
        if not isinstance(expires, int) or expires <= self._now().timestamp():
            raise NotLoggedIn("the token has run out", mend="get a new token")
        return claims

    def jwks(self) -> dict[str, object]:
        """The public key set."""
        return {"keys": [self._key.as_dict(private=False)]}


def read_bearer(authorization: str | None) -> str:
    """The token of an Authorization header; NotLoggedIn where there is none."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotLoggedIn("no bearer token in the Authorization header", mend="send Authorization: Bearer <token>")
    return token.strip()


def scopes_of(claims: Claims) -> frozenset[str]:
    """The scopes of a token."""
    return frozenset(str(claims.get("scope") or "").split())


def system_user_organisation(claims: Claims) -> str | None:
    """The organisation (`0192:…`) whose system user the token acts as; None for a token without one."""
    details = claims.get("authorization_details")
    first = details[0] if isinstance(details, list) and details else None
    organisation = first.get("systemuser_org") if isinstance(first, Mapping) else None
    return str(organisation.get("ID")) if isinstance(organisation, Mapping) else None
