"""`/capabilities`: what somebody can take, and by which channel, as the ServiceRegistry says.

In comes an identifier, out go its ways. A person's number goes in a body, never in an address. Contract §2.
"""

import json
from collections.abc import Mapping

from flask import Response
from flask.views import MethodView

from gateway.api.answers import CapabilitiesAnswer
from gateway.api.arguments import Blueprint
from gateway.api.described import refusals
from gateway.api.rooms import rooms
from gateway.api.schemas import CapabilityQuery, CapabilityRequest
from gateway.api.views import registered_json
from gateway.errors import Invalid, NotFound, Outside, Rejected, Unavailable
from gateway.language import say
from gateway.message.identifiers import Identifier, IdentifierKind, parse_identifier
from gateway.message.processes import Channel, message_type
from gateway.message.prototype import Registered
from gateway.registry.records import Query, ServiceRecord

blueprint = Blueprint("capabilities", __name__, description="Ask what somebody can take.")


@blueprint.route("/capabilities/<identifier>")
class Capabilities(MethodView):
    """The ways to one organisation."""

    @blueprint.arguments(CapabilityQuery(), location="query")
    @blueprint.response(200, CapabilitiesAnswer)
    @blueprint.doc(responses=refusals(404, 422, 503))
    def get(self, query: Mapping[str, object], identifier: str) -> Response:
        """Ask about an organisation."""
        subject = _read(identifier)
        if subject.kind is IdentifierKind.PERSON:
            raise Invalid(
                "a person's number does not belong in an address, where logs and proxies see it",
                code="PERSON_IN_ADDRESS",
                mend='Send it in a body: POST /capabilities {"identifier": "…"}.',
            )
        return _answer(subject, query)


@blueprint.route("/capabilities")
class CapabilitiesByBody(MethodView):
    """The same with the identifier in the body."""

    @blueprint.arguments(CapabilityRequest())
    @blueprint.response(200, CapabilitiesAnswer)
    @blueprint.doc(responses=refusals(400, 404, 415, 422, 503))
    def post(self, body: Mapping[str, object]) -> Response:
        """Ask about an organisation or a person."""
        return _answer(_read(str(body["identifier"])), body)


def _read(text: str) -> Identifier:
    try:
        return parse_identifier(text)
    except ValueError as fault:
        message = say("the identifier cannot be used: {reason}", reason=fault.args[0])
        raise Invalid(message, code="IDENTIFIER", mend="Write 0192: and nine digits.") from fault


def _answer(subject: Identifier, wanted: Mapping[str, object]) -> Response:
    level = wanted.get("securityLevel")
    process = wanted.get("process")
    query = Query(
        str(subject), process if isinstance(process, str) else None, level if isinstance(level, int) else None
    )
    found = rooms().registry.look_up_all([query])[query]
    if isinstance(found, Outside):
        raise _refusal(found)
    body = {
        "identifier": str(subject),
        "registered": registered_json(Registered(found.entity.name, found.entity.form, found.entity.address)),
        "capabilities": [_capability(record) for record in found.records],
    }
    return Response(json.dumps(body, ensure_ascii=False), content_type="application/json")


def _refusal(found: Outside) -> NotFound | Unavailable:
    if isinstance(found, Rejected):
        return NotFound(found.message, code="NOT_REGISTERED", mend=found.mend)
    return Unavailable(found.message, mend=found.mend, code="REGISTRY_UNAVAILABLE", retry_after=found.retry_after)


def _capability(record: ServiceRecord) -> dict[str, object]:
    return {
        "process": record.process,
        "serviceIdentifier": record.channel.value,
        "securityLevel": record.security_level,
        "documentTypes": [{"type": message_type(each), "standard": each} for each in record.document_types],
        "sizeLimit": rooms().intake.settings.size_limits.get(record.channel),
        "enabled": record.channel in rooms().channels and record.channel is not Channel.UNKNOWN,
    }
