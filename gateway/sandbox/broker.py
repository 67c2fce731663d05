"""The sandbox's Altinn 3 Broker over HTTP.

Comes in: the six calls of the reference (transports §2.2) with an Altinn token of a system user; goes out: JSON, bytes,
or problem details. Bodies are streamed both ways. Called by `server`; the rules are those of `transfers`. A client that
cuts its upload off makes the transfer Failed; a Broker that hangs up in the middle leaves it UploadStarted.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from gateway.errors import Invalid, NotAllowed, NotLoggedIn, Refused
from gateway.sandbox.faults import Action, Call, Channel
from gateway.sandbox.forms import read_wish, write_overview
from gateway.sandbox.gate import Gate, HungUp, hang_up, struck_by
from gateway.sandbox.problems import write_problem
from gateway.sandbox.tokens import TokenIssuer, read_bearer, scopes_of, system_user_organisation
from gateway.sandbox.transfer import RecipientState, State
from gateway.sandbox.transfers import LARGEST, Transfers, read_chunks

ROOT = "/broker/api/v1"
READ, WRITE = "altinn:broker.read", "altinn:broker.write"
_CHUNK = 1024 * 1024
Kind = TypeVar("Kind", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Broker:
    """The door. `resource` is the only resource it knows, `tokens` recognises Altinn's tokens."""

    transfers: Transfers
    tokens: TokenIssuer
    resource: str

    def routes(self, gate: Gate) -> Blueprint:
        """The routes of this door."""
        door = Blueprint("broker", __name__, url_prefix=ROOT)
        one = "/filetransfer/<transfer_id>"
        for method, rule, name, view in (
            ("POST", "/filetransfer", "initialize", self.initialize),
            ("GET", "/filetransfer", "list", self.show_list),
            ("GET", one, "overview", self.show),
            ("POST", f"{one}/upload", "upload", self.upload),
            ("GET", f"{one}/download", "download", self.download),
            ("POST", f"{one}/confirmdownload", "confirm", self.confirm),
        ):
            guarded = gate.guard(_answering(view), Call(Channel.BROKER, name), parties=self._parties)
            door.add_url_rule(rule, name, guarded, methods=[method], strict_slashes=False)
        return door

    def initialize(self) -> Response:
        """`POST /filetransfer`: begin a transfer."""
        organisation = self._authorise(WRITE)
        wish = read_wish(request.get_json(silent=True), self.resource)
        if wish.sender != organisation:
            raise NotAllowed("You must use a bearer token that represents the sender of the file transfer")
        return jsonify(fileTransferId=self.transfers.initialize(wish).id)

    def upload(self, transfer_id: str) -> Response:
        """`POST /filetransfer/{id}/upload`: the bytes; answered once the whole Content-Length has come."""
        organisation = self._authorise(WRITE)
        if (request.content_length or 0) > LARGEST:
            raise Invalid("File size exceeds maximum")
        infected = struck_by(Action.VIRUS) is not None
        try:
            self.transfers.receive(transfer_id, _read_body(), organisation=organisation, infected=infected)
        except HungUp:
            return hang_up()
        return jsonify(fileTransferId=transfer_id)

    def show_list(self) -> Response:
        """`GET /filetransfer`: the newest hundred ids that concern the token's organisation, or of those begun before `to`."""
        organisation = self._authorise(READ)
        if request.args.get("resourceId", self.resource) != self.resource:
            raise NotAllowed("You must use a bearer token with access to the resource")
        state, progress = _read_member(State, "status"), _read_member(RecipientState, "recipientStatus")
        before = _read_moment("to")
        return jsonify(self.transfers.listed(organisation, state=state, progress=progress, before=before))

    def show(self, transfer_id: str) -> Response:
        """`GET /filetransfer/{id}`: the overview, for the sender and the recipients."""
        organisation = self._authorise(READ, WRITE)
        return jsonify(write_overview(self.transfers.get(transfer_id, organisation=organisation)))

    def download(self, transfer_id: str) -> Response:
        """`GET /filetransfer/{id}/download`: the bytes, for a recipient."""
        transfer, path = self.transfers.open(transfer_id, organisation=self._authorise(READ))
        chunks: Iterable[bytes] = read_chunks(path)
        if fault := struck_by(Action.TRUNCATE):
            chunks = _truncate(chunks, int(fault.argument))
        response = Response(chunks, mimetype="application/octet-stream")
        response.content_length = transfer.size
        return response

    def confirm(self, transfer_id: str) -> Response:
        """`POST /filetransfer/{id}/confirmdownload`: a recipient has it."""
        self.transfers.confirm(transfer_id, organisation=self._authorise(READ))
        return Response(status=200)

    def _authorise(self, *scopes: str) -> str:
        """The organisation whose system user the token acts as, provided that it has one of `scopes`."""
        claims = self.tokens.read(read_bearer(request.headers.get("Authorization")))
        if not scopes_of(claims) & set(scopes):
            raise NotAllowed(f"the token lacks the scope {' or '.join(scopes)}")
        if (organisation := system_user_organisation(claims)) is None:
            raise NotAllowed("the token is not that of a system user")
        return organisation

    def _parties(self, transfer_id: str = "") -> Iterable[str]:
        """Whom a request concerns, for the fault dial: its transfer's, its body's and its token's organisations."""
        yield from self.transfers.parties(transfer_id)
        if request.is_json and isinstance(body := request.get_json(silent=True), dict):
            yield str(body.get("sender"))
            yield from (str(recipient) for recipient in body.get("recipients") or ())
        try:
            yield system_user_organisation(self.tokens.read(read_bearer(request.headers.get("Authorization")))) or ""
        except NotLoggedIn:
            return


def _answering(view: Callable[..., Response]) -> Callable[..., Response]:
    """`view` as HTTP: a refusal becomes problem details."""

    def answer(**path: str) -> Response:
        try:
            return view(**path)
        except Refused as fault:
            return write_problem(fault)

    return answer


def _read_body() -> Iterator[bytes]:
    """The request's body; Invalid where it ends before its Content-Length, or in the middle of a chunk."""
    size, declared = 0, request.content_length
    stream = request.stream
    try:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            yield chunk
            if struck_by(Action.DROP_IN_BODY):
                raise HungUp
    except (HTTPException, OSError) as fault:
        raise Invalid("the body was cut off") from fault
    if declared is not None and size != declared:
        raise Invalid(f"the body holds {size} bytes, Content-Length says {declared}")


def _read_member(kind: type[Kind], name: str) -> Kind | None:
    value = request.args.get(name)
    if value is None:
        return None
    if value not in set(kind):
        raise Invalid(f"The value '{value}' is not valid for {name}")
    return kind(value)


def _read_moment(name: str) -> datetime | None:
    value = request.args.get(name)
    try:
        moment = datetime.fromisoformat(value) if value else None
    except ValueError:
        raise Invalid(f"The value '{value}' is not valid for {name}") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC) if moment else None


def _truncate(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """The first `length` bytes; the server then closes the connection, short of the Content-Length it gave."""
    for chunk in chunks:
        yield chunk[:length]
        length -= len(chunk)
        if length <= 0:
            return
