"""`/api/capabilities/{receiver}`: what somebody can take, in the reference's words.

In comes an identifier, out go its ways. Reference §2.1.
"""

from flask import Response

from gateway.api.nextmove import queries
from gateway.api.nextmove.routing import Routes
from gateway.api.nextmove.wire import answer
from gateway.api.rooms import rooms
from gateway.errors import NotFound, Outside, Rejected, Unavailable
from gateway.language import say
from gateway.message.identifiers import parse_identifier
from gateway.message.processes import message_type
from gateway.registry.records import Query, ServiceRecord


def put(routes: Routes) -> None:
    """Put these routes where they belong."""
    routes.add("GET /capabilities/<receiver>", get_capabilities)


def get_capabilities(receiver: str) -> Response:
    """The ways to one receiver."""
    query = Query(_read(receiver), queries.text("process"), queries.number("securityLevel"))
    found = rooms().registry.look_up_all([query])[query]
    if isinstance(found, Outside):
        raise _refusal(found)
    return answer({"capabilities": [_capability(record) for record in found.records]})


def _read(receiver: str) -> str:
    try:
        return str(parse_identifier(receiver))
    except ValueError as fault:
        raise NotFound(
            say("the identifier cannot be used: {reason}", reason=fault.args[0]),
            code="IDENTIFIER_NOT_FOUND",
            mend=say("Write the nine digits of an organisation."),
        ) from None


def _refusal(found: Outside) -> NotFound | Unavailable:
    if isinstance(found, Rejected):
        return NotFound(found.message, code="IDENTIFIER_NOT_FOUND", mend=found.mend)
    return Unavailable(found.message, mend=found.mend, retry_after=found.retry_after)


def _capability(record: ServiceRecord) -> dict[str, object]:
    return {
        "process": record.process,
        "serviceIdentifier": record.channel.value,
        "documentTypes": [{"type": message_type(each) or None, "standard": each} for each in record.document_types],
    }
