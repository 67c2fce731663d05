"""The sandbox's Altinn: exchanges a Maskinporten token for an Altinn token.

Comes in over HTTP: `GET /authentication/api/v1/exchange/maskinporten` with a bearer; goes out: an RS256 JWT of
30 minutes as bare text. Called by `server`; the Broker reads its tokens. Source: reference of the transports §2.1.
"""

from flask import Blueprint, Response, request

from gateway.errors import NotLoggedIn
from gateway.sandbox.faults import Call, Channel
from gateway.sandbox.gate import Gate
from gateway.sandbox.tokens import TokenIssuer, read_bearer

LIFETIME = 1800
EXCHANGE = "/authentication/api/v1/exchange/maskinporten"
_CARRIED = ("scope", "client_id", "consumer", "supplier", "authorization_details")


class Altinn:
    """The exchange. `maskinporten` recognises what comes in, `tokens` issues what goes out."""

    def __init__(self, maskinporten: TokenIssuer, tokens: TokenIssuer) -> None:
        self._maskinporten = maskinporten
        self._tokens = tokens

    def routes(self, gate: Gate) -> Blueprint:
        """The routes of this door."""
        door = Blueprint("altinn", __name__)
        door.add_url_rule(EXCHANGE, "exchange", gate.guard(self.exchange, Call(Channel.ALTINN, "exchange")))
        return door

    def exchange(self) -> Response:
        """An Altinn token as text; 401 with nothing where the Maskinporten token does not hold."""
        try:
            claims = self._maskinporten.read(read_bearer(request.headers.get("Authorization")))
        except NotLoggedIn:
            return Response(status=401)
        carried = {name: claims[name] for name in _CARRIED if name in claims}
        return Response(self._tokens.issue(carried, lifetime=LIFETIME), mimetype="text/plain")
