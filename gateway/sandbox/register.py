"""The sandbox's ServiceRegistry: who is who, and which ways lead there, signed where that is asked for.

Comes in over HTTP with a Maskinporten bearer: the look-ups of §2 under `/adressetjeneste`; goes out: JSON or a compact
JWS with exactly `alg`, `x5c` and `kid`, and the key set under `/jwk`. Only a 200 is signed. Called by `server`.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator

from cryptography.hazmat.primitives.serialization import Encoding
from flask import Blueprint, Response, jsonify, request
from joserfc import jws

from gateway.errors import Invalid, NotAllowed, NotFound, NotLoggedIn, Refused, Unreadable
from gateway.keys import KeyPair
from gateway.message.identifiers import IdentifierKind, parse_identifier
from gateway.sandbox.decisions import PROCESSES, Process, Receiver, choose_way
from gateway.sandbox.entries import Entries, JsonObject, write_citizen, write_organisation
from gateway.sandbox.faults import Action, Call, Channel
from gateway.sandbox.gate import Gate, struck_by
from gateway.sandbox.organisations import Organisation, Organisations
from gateway.sandbox.tokens import TokenIssuer, read_bearer, signing_key

ROOT = "/adressetjeneste"
JOSE = "application/jose"
_UNCACHED = "no-cache, no-store, max-age=0, must-revalidate"
_OTHER_IDENTIFIER = re.compile(
    r"(\d{4}:)?\d{9}(:[^:]{1,35})?|her-id:\d{1,11}|fastlege-for:\d{11}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)
_STATUSES: tuple[tuple[type[Refused], int], ...] = ((NotFound, 404), (Invalid, 400), (NotAllowed, 401))


class Register:
    """The look-ups. `signer` is the registry's own key, `tokens` recognises Maskinporten's."""

    def __init__(
        self, organisations: Organisations, entries: Entries, *, signer: Callable[[], KeyPair], tokens: TokenIssuer
    ) -> None:
        self._organisations = organisations
        self._entries = entries
        self._signer = signer
        self._tokens = tokens

    def routes(self, gate: Gate) -> Blueprint:
        """The routes of this door."""
        door = Blueprint("register", __name__, url_prefix=ROOT)
        for rule, name, view in (
            ("/identifier/<identifier>", "lookup", self.list_ways),
            ("/identifier/<identifier>/process/<path:process>", "lookup", self.find_way),
            ("/info/<identifier>", "info", self.inform),
            ("/virksert/<identifier>", "virksert", self.certify),
        ):
            guarded = gate.guard(self._answering(view), Call(Channel.REGISTRY, name), parties=_looked_up)
            door.add_url_rule(rule, view.__name__, guarded)
        door.add_url_rule("/jwk", "jwk", gate.guard(self.publish_keys, Call(Channel.REGISTRY, "jwk")))
        return door

    def list_ways(self, identifier: str) -> str:
        """`GET /identifier/{id}`: every way with every process, as JSON text."""
        self._check_consumer()
        receiver, organisation = self._find(identifier)
        if organisation is None:
            raise NotFound(f"No service record found for citizen: {receiver.identifier}")
        services = list(self._write_ways(receiver, organisation, processes=tuple(PROCESSES.values())))
        return _write_answer(receiver, organisation, services=services)

    def find_way(self, identifier: str, process: str) -> str:
        """`GET /identifier/{id}/process/{process}`: the way with this process, as JSON text."""
        self._check_consumer()
        receiver, organisation = self._find(identifier)
        known = PROCESSES.get(process)
        services = list(self._write_ways(receiver, organisation, processes=(known,) if known else ()))
        if not services:
            raise NotFound(f"Process {process} not found for receiver {receiver.identifier}")
        return _write_answer(receiver, organisation, services=services)

    def inform(self, identifier: str) -> str:
        """`GET /info/{id}`: who it is, without any way there, as JSON text."""
        try:
            receiver, organisation = self._find(identifier)
        except NotFound as fault:
            raise NotFound("") from fault  # the one answer of the registry that has no body
        return _write_answer(receiver, organisation, services=[])

    def certify(self, identifier: str) -> str:
        """`GET /virksert/{number}`: the business certificate as PEM."""
        organisation = self._organisations.get(identifier)
        if organisation is None:
            raise NotFound(f"Unable to find DPO certificate for: {identifier}", code="certificate_not_found")
        return self._entries.certificate(organisation)

    def publish_keys(self) -> Response:
        """`GET /jwk`: the key set with the one signing key."""
        pair = self._signer()
        return jsonify(keys=[{**signing_key(pair.key).as_dict(private=False), "x5c": [_leaf(pair)]}])

    def _answering(self, view: Callable[..., str]) -> Callable[..., Response]:
        """`view` as HTTP: the bearer is checked first, the text signed where asked for, a refusal gets its status."""

        def answer(**path: str) -> Response:
            try:
                self._tokens.read(read_bearer(request.headers.get("Authorization")))
                text = view(**path)
            except NotLoggedIn as fault:
                return Response(
                    status=401,
                    headers={"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{fault}"'},
                )
            except Refused as fault:
                return _refuse(fault)
            return self._send(text, "text/plain" if view == self.certify else "application/json")

        return answer

    def _send(self, text: str, plain: str) -> Response:
        signed = _wants_jose() and struck_by(Action.UNSIGNED) is None
        response = Response(self._sign(text), mimetype=JOSE) if signed else Response(text, mimetype=plain)
        response.headers["Cache-Control"] = _UNCACHED
        return response

    def _sign(self, text: str) -> str:
        pair = self._signer()
        key = signing_key(pair.key)
        header = {"alg": "RS256", "x5c": [_leaf(pair)], "kid": str(key.kid)}
        token = jws.serialize_compact(header, text.encode(), key)
        if struck_by(Action.BAD_SIGNATURE):
            body, _, signature = token.rpartition(".")
            token = f"{body}.{signature[::-1]}"
        return token

    def _find(self, identifier: str) -> tuple[Receiver, Organisation | None]:
        """Who is meant; NotFound where no register knows, Unreadable where it is no identifier at all."""
        number = identifier
        if not _OTHER_IDENTIFIER.fullmatch(identifier):
            try:
                parsed = parse_identifier(identifier)
            except ValueError as fault:
                raise Unreadable("Failed to convert value of type 'java.lang.String'") from fault
            if parsed.kind is IdentifierKind.PERSON:
                return Receiver(parsed.number), None
            number = parsed.number
        organisation = self._organisations.get(":".join(number.split(":")[:2]))
        if organisation is None:
            raise NotFound(f"Entity with identifier '{_canonical(number)}' not found.")
        return Receiver(organisation.number, organisation.elma, organisation.svarut), organisation

    def _write_ways(
        self, receiver: Receiver, organisation: Organisation | None, *, processes: tuple[Process, ...]
    ) -> Iterator[JsonObject]:
        level, elma_up = _read_level(), struck_by(Action.ELMA_DOWN) is None
        for process in processes:
            if way := choose_way(receiver, process, level=level, elma_up=elma_up):
                yield self._entries.write_service(receiver, organisation, way=way)

    def _check_consumer(self) -> None:
        """The look-ups want to know who asks; a token of somebody that no register knows gets a 401 with a body."""
        claims = self._tokens.read(read_bearer(request.headers.get("Authorization")))
        consumer = claims.get("consumer")
        number = consumer.get("ID") if isinstance(consumer, dict) else None
        if not isinstance(number, str) or not re.fullmatch(r"0192:\d{9}", number):
            raise NotAllowed("consumer.ID is no organisation in ISO 6523")


def _looked_up(**path: str) -> tuple[str, ...]:
    return (path["identifier"],) if "identifier" in path else ()


def _read_level() -> int | None:
    text = request.args.get("securityLevel")
    if text is None:
        return None
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise Unreadable("Failed to convert value of type 'java.lang.String' to required type 'java.lang.Integer'")
    return int(text)


def _write_answer(receiver: Receiver, organisation: Organisation | None, *, services: list[JsonObject]) -> str:
    who = write_organisation(organisation) if organisation else write_citizen(receiver.identifier)
    return json.dumps({"infoRecord": who, "serviceRecords": services}, ensure_ascii=False)


def _canonical(number: str) -> str:
    return f"0192:{number}" if number.isdecimal() and len(number) == 9 else number


def _leaf(pair: KeyPair) -> str:
    return base64.b64encode(pair.certificate.public_bytes(Encoding.DER)).decode()


def _wants_jose() -> bool:
    """Whether JOSE is named in Accept, and named before JSON where both weigh the same."""
    named = [
        kind
        for kind, weight in request.accept_mimetypes
        if weight > 0 and kind in (JOSE, "application/json", "text/plain")
    ]
    return named[:1] == [JOSE]


def _refuse(fault: Refused) -> Response:
    """The registry's own error body; what it cannot even parse gets the framework's."""
    kind = JOSE if _wants_jose() else "application/json"
    if isinstance(fault, Unreadable):
        body = {"status": 400, "error": "Bad Request", "path": request.path}
        return Response(json.dumps(body), status=400, mimetype="application/json")
    status = next((number for error, number in _STATUSES if isinstance(fault, error)), 500)
    if not fault.message:
        return Response(status=status)
    body = {"error_code": fault.code, "error_description": fault.message}
    return Response(json.dumps(body, ensure_ascii=False), status=status, mimetype=kind)
