"""What the routes cannot say by their code: bodies, headers and refusals, for the OpenAPI document.

Called by the routes of this room. The descriptions are what /docs shows to a newcomer.
"""

from gateway.api.sbd_schemas import SbdSchema
from gateway.api.schemas import ActSchema, EditSchema, OptionsSchema, RecipientSchema

JsonObject = dict[str, object]

_XML = {"type": "string", "description": "The arkivmelding, UTF-8."}

IF_MATCH: JsonObject = {
    "in": "header",
    "name": "If-Match",
    "schema": {"type": "string"},
    "description": "The ETag of the version you have looked at; a stale one gives 412 and changes nothing.",
}
POST_HEADERS: list[JsonObject] = [
    {
        "in": "header",
        "name": "Idempotency-Key",
        "schema": {"type": "string", "maxLength": 255},
        "description": "A new value for each new submission: a repeated request then gets the first answer, for 24 hours.",
    },
    {
        "in": "header",
        "name": "Prefer",
        "schema": {"type": "string"},
        "description": "`handling=lenient`: mend the spelling and warn of the rest; what is unsafe is refused all the same.",
    },
]
XML_BODY: JsonObject = {
    "required": True,
    "content": {kind: {"schema": _XML} for kind in ("application/xml", "text/xml")},
}
POST_BODY: JsonObject = {
    "required": True,
    "content": {
        "application/xml": {"schema": _XML},
        "text/xml": {"schema": _XML},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["arkivmelding"],
                "properties": {
                    "arkivmelding": _XML,
                    "recipients": {"type": "array", "items": RecipientSchema},
                    "options": OptionsSchema,
                },
                "description": "Every other part with a file name is a document.",
            },
            "encoding": {
                "arkivmelding": {"contentType": "application/xml"},
                "recipients": {"contentType": "application/json"},
                "options": {"contentType": "application/json"},
            },
        },
        "application/json": {"schema": SbdSchema},
    },
}
XML_ANSWER: JsonObject = {
    "200": {"description": "The XML.", "content": {"application/xml": {"schema": _XML}}},
}
_BYTES = {"schema": {"type": "string", "format": "binary"}}
ASICE_ANSWER: JsonObject = {
    "200": {"description": "The ASiC-E.", "content": {"application/vnd.etsi.asic-e+zip": _BYTES}},
    "204": {"description": "It carries no package: its SBD is all there is."},
}
DOCUMENT_ANSWER: JsonObject = {"200": {"description": "The document.", "content": {"*/*": _BYTES}}}
NOTHING_ANSWER: JsonObject = {"204": {"description": "Nothing waits, or others hold all of it."}}
EDIT_BODY: JsonObject = {"required": True, "content": {"application/json": {"schema": EditSchema}}}
ACT_BODY: JsonObject = {"required": False, "content": {"application/json": {"schema": ActSchema}}}
DOCUMENT_BODY: JsonObject = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}

_REFUSALS = {
    400: "The request cannot be read: not XML or JSON, a DTD, beyond a limit, or cut off.",
    403: "This login may not do that.",
    404: "There is no such thing, or it belongs to another login.",
    409: "The state of the conversation forbids it; `code` says which of the reasons.",
    410: "It was kept for its time, and then deleted.",
    412: "It was changed after you read it.",
    413: "More bytes than could ever be delivered.",
    415: "Another Content-Type.",
    422: "Well-formed, but something in it does not hold; `errors` lists everything.",
    428: "This login must send If-Match.",
    503: "The ServiceRegistry or the storage cannot be reached; Retry-After says when to try again.",
}


def refusals(*statuses: int) -> dict[str, JsonObject]:
    """The refusals of one route, as OpenAPI responses; 401 and 403 belong to every route."""
    return {
        str(status): {
            "description": _REFUSALS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
        for status in {403, *statuses}
    }
