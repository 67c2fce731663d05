"""The sandbox's own controls under `/_sim`, and the page at `/` that says what stands where.

Comes in: JSON from tests, from the demo, or from somebody with curl; goes out: the fault dial turned, organisations
changed, transfers forced or forged, and everything that was seen: deliveries, transfers, journal. Called by `server`.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from flask import Blueprint, Response, jsonify, request
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from gateway.errors import Invalid, NotFound, Refused
from gateway.sandbox.assertions import Client, Clients
from gateway.sandbox.changes import read_change, show_organisation
from gateway.sandbox.decisions import DPO_RESOURCE
from gateway.sandbox.deliveries import Deliveries
from gateway.sandbox.faults import Dial
from gateway.sandbox.forms import write_overview
from gateway.sandbox.gate import Gate
from gateway.sandbox.letters import write_letter
from gateway.sandbox.organisations import SENDER, Organisation, Organisations
from gateway.sandbox.problems import write_problem
from gateway.sandbox.recipients import Recipients
from gateway.sandbox.replies import pack, post_parcel
from gateway.sandbox.transfer import State, Wish
from gateway.sandbox.transfers import Transfers


@dataclass(frozen=True, slots=True)
class Controls:
    """Everything that can be turned and looked at. `addresses` is what the front page shows."""

    dial: Dial
    organisations: Organisations
    clients: Clients
    transfers: Transfers
    deliveries: Deliveries
    recipients: Recipients
    addresses: Mapping[str, str]

    def routes(self, gate: Gate) -> Blueprint:
        """The routes of this door."""
        door = Blueprint("controls", __name__)
        for method, rule, view in (
            ("GET", "/", self.show_front),
            ("GET", "/_sim/faults", self.show_faults),
            ("POST", "/_sim/faults", self.set_fault),
            ("DELETE", "/_sim/faults", self.clear_faults),
            ("GET", "/_sim/deliveries", self.show_deliveries),
            ("GET", "/_sim/receipts", self.show_receipts),
            ("GET", "/_sim/organisations", self.show_organisations),
            ("POST", "/_sim/organisations", self.change_organisation),
            ("GET", "/_sim/transfers", self.show_transfers),
            ("POST", "/_sim/transfers/<transfer_id>", self.force_transfer),
            ("POST", "/_sim/letters", self.send_letter),
            ("POST", "/_sim/forge", self.forge),
            ("POST", "/_sim/clients", self.register_client),
        ):
            door.add_url_rule(rule, view.__name__, _answering(view), methods=[method])
        door.add_url_rule("/_sim/journal", "show_journal", lambda: jsonify(gate.journal()))
        return door

    def show_front(self) -> Response:
        """`GET /`: the addresses, the organisations, and where the controls are."""
        organisations = [show_organisation(organisation) for organisation in self.organisations.all()]
        return jsonify(addresses=self.addresses, sender=SENDER.number, organisations=organisations)

    def show_faults(self) -> Response:
        """`GET /_sim/faults`: every setting, with how often it is still to happen."""
        return jsonify([fault.show() for fault in self.dial.all()])

    def set_fault(self) -> Response:
        """`POST /_sim/faults`: let something go wrong."""
        return _created(self.dial.set(_read_object()).show())

    def clear_faults(self) -> Response:
        """`DELETE /_sim/faults`: let everything go well again."""
        self.dial.clear()
        return Response(status=204)

    def show_receipts(self) -> Response:
        """`GET /_sim/receipts`: the statuses that organisations were told of messages of their own."""
        return jsonify(self.deliveries.told())

    def show_deliveries(self) -> Response:
        """`GET /_sim/deliveries?recipient=`: what recipients got, and their verdicts."""
        return jsonify(self.deliveries.listed(request.args.get("recipient")))

    def show_organisations(self) -> Response:
        """`GET /_sim/organisations`: what the registers hold."""
        return jsonify([show_organisation(organisation) for organisation in self.organisations.all()])

    def change_organisation(self) -> Response:
        """`POST /_sim/organisations`: add one, or change the members that are named."""
        wish = _read_object()
        organisation = read_change(wish, self.organisations.get(str(wish.get("number"))))
        self.organisations.put(organisation)
        self.recipients.wake()
        return _created(show_organisation(organisation))

    def show_transfers(self) -> Response:
        """`GET /_sim/transfers`: every transfer of the Broker, oldest first."""
        return jsonify([write_overview(transfer) for transfer in self.transfers.all()])

    def force_transfer(self, transfer_id: str) -> Response:
        """`POST /_sim/transfers/{id}` with `{"state": "Cancelled"}`: put a transfer into a state."""
        state = _read_object().get("state")
        if state not in set(State):
            raise Invalid(f"state must be one of {', '.join(State)}")
        return jsonify(write_overview(self.transfers.force(transfer_id, State(str(state)))))

    def send_letter(self) -> Response:
        """`POST /_sim/letters` with `{"as": "311000020"}`: a letter from that organisation, signed and encrypted.

        `to` is the recipient (absent: the gateway's own organisation), `text` what it says.
        """
        wish = _read_object()
        sender, recipient = self._find(wish.get("as")), self._find(wish.get("to", SENDER.number))
        text = str(wish.get("text") or f"Hilsen {sender.name}")
        by = (self.recipients.around.authority, self.recipients.unpacker.now())
        letter = write_letter(sender, recipient, text=text, by=by)
        asked = Wish(sender.identifier, (recipient.identifier,), resource=DPO_RESOURCE, reference=str(uuid4()))
        transfer = post_parcel(self.transfers, asked, content=letter.content)
        ids = {"messageId": letter.message_id, "conversationId": letter.conversation_id}
        return _created({**ids, "fileTransferId": transfer.id})

    def forge(self) -> Response:
        """`POST /_sim/forge`: a transfer from any organisation, with any envelope, or any bytes, in it.

        `as` is the organisation whose system user sends, `to` the recipient (absent: the gateway's own organisation),
        `sbd` the envelope as JSON, or `content` the whole parcel in base64.
        """
        wish = _read_object()
        sender, recipient = self._find(wish.get("as")), self._find(wish.get("to", SENDER.number))
        asked = Wish(
            sender=sender.identifier,
            recipients=(recipient.identifier,),
            resource=DPO_RESOURCE,
            reference=str(wish.get("reference") or uuid4()),
        )
        return _created({"fileTransferId": post_parcel(self.transfers, asked, content=_read_content(wish)).id})

    def register_client(self) -> Response:
        """`POST /_sim/clients` with `clientId`, `organisation`, public `jwk`: a client that signs with its own key."""
        wish = _read_object()
        jwk, organisation = wish.get("jwk"), self._find(wish.get("organisation"))
        try:
            if not isinstance(jwk, dict):
                raise ValueError("no object")
            key = RSAKey.import_key(jwk)
        except (JoseError, ValueError) as fault:
            raise Invalid("jwk is no public RSA key") from fault
        client_id = str(wish.get("clientId") or organisation.client_id)
        key.ensure_kid()
        self.clients.register(Client(client_id, organisation.number, {str(key.kid): key}))
        return _created({"clientId": client_id, "kid": key.kid})

    def _find(self, identifier: object) -> Organisation:
        organisation = self.organisations.get(str(identifier))
        if organisation is None:
            raise NotFound("no such organisation in the sandbox")
        return organisation


def _answering(view: Callable[..., Response]) -> Callable[..., Response]:
    def answer(**path: str) -> Response:
        try:
            return view(**path)
        except Refused as fault:
            return write_problem(fault)

    return answer


def _read_object() -> Mapping[str, object]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object")
    return body


def _read_content(wish: Mapping[str, object]) -> bytes:
    sbd, content = wish.get("sbd"), wish.get("content")
    if isinstance(sbd, Mapping):
        return pack(sbd)
    try:
        return base64.b64decode(str(content or ""), validate=True)
    except binascii.Error as fault:
        raise Invalid("content must be base64, or sbd an object") from fault


def _created(body: Mapping[str, object]) -> Response:
    response = jsonify(body)
    response.status_code = 201
    return response
