"""The sandbox's Maskinporten: gives access tokens for assertions that hold.

Comes in over HTTP: `POST /token` with a JWT grant; goes out: RS256 access tokens of 120 seconds, OAuth error bodies,
the metadata and the key set. Called by `server`; the Altinn and registry doors read its tokens.
"""

from uuid import NAMESPACE_URL, uuid5

from flask import Blueprint, Response, jsonify, request

from gateway.errors import Refused
from gateway.sandbox.assertions import Assertions, Grant
from gateway.sandbox.faults import Call, Channel
from gateway.sandbox.gate import Gate
from gateway.sandbox.tokens import Claims, TokenIssuer

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFETIME = 120
_AUTHORITY = "iso6523-actorid-upis"


class Maskinporten:
    """The token endpoint and what describes it."""

    def __init__(self, assertions: Assertions, tokens: TokenIssuer, *, url: str) -> None:
        self._assertions = assertions
        self._tokens = tokens
        self._url = url

    def routes(self, gate: Gate) -> Blueprint:
        """The routes of this door."""
        door = Blueprint("maskinporten", __name__)
        door.add_url_rule(
            "/token", "token", gate.guard(self.grant, Call(Channel.MASKINPORTEN, "token")), methods=["POST"]
        )
        door.add_url_rule("/.well-known/oauth-authorization-server", "metadata", self.describe)
        door.add_url_rule("/jwks", "jwks", lambda: jsonify(self._tokens.jwks()))
        return door

    def grant(self) -> Response:
        """`POST /token`: an access token, or the OAuth error of the rule that the request breaks."""
        try:
            grant = self._judge()
        except Refused as refusal:
            return _refuse(refusal)
        token = self._tokens.issue(_claims_of(grant), lifetime=LIFETIME)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIFETIME, "scope": grant.scope}
        response = jsonify(answer)
        response.headers["Cache-Control"] = "no-store"
        return response

    def describe(self) -> Response:
        """The metadata of RFC 8414."""
        return jsonify(
            issuer=self._tokens.issuer,
            token_endpoint=f"{self._url}/token",
            jwks_uri=f"{self._url}/jwks",
            grant_types_supported=[GRANT_TYPE],
            token_endpoint_auth_methods_supported=["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported=["RS256"],
            authorization_details_types_supported=["urn:altinn:systemuser"],
        )

    def _judge(self) -> Grant:
        if request.form.get("grant_type") != GRANT_TYPE:
            raise Refused(f"grant_type must be {GRANT_TYPE}", code="unsupported_grant_type")
        if not (assertion := request.form.get("assertion")):
            raise Refused("assertion is missing", code="invalid_request")
        return self._assertions.judge(assertion, audience=self._tokens.issuer)


def _claims_of(grant: Grant) -> Claims:
    claims: dict[str, object] = {
        "scope": grant.scope,
        "client_id": grant.client.client_id,
        "client_amr": "virksomhetssertifikat",
        "token_type": "Bearer",
        "consumer": _partner(grant.consumer),
    }
    if grant.consumer != grant.client.organisation:
        claims["supplier"] = _partner(grant.client.organisation)
    if grant.details:
        claims["authorization_details"] = [_echo(detail) for detail in grant.details]
    return claims


def _partner(number: str) -> dict[str, str]:
    return {"authority": _AUTHORITY, "ID": f"0192:{number}"}


def _echo(detail: Claims) -> dict[str, object]:
    """The detail that was asked for, with the id of the system user, which is always the same for one organisation."""
    name = str(detail.get("externalRef", detail["systemuser_org"]))
    return {**detail, "systemuser_id": [str(uuid5(NAMESPACE_URL, name))]}


def _refuse(refusal: Refused) -> Response:
    response = jsonify(error=refusal.code, error_description=refusal.message)
    response.status_code = 401 if refusal.code == "invalid_client" else 400
    return response
