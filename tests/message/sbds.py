"""SBDs as clients write them: the smallest that holds, and the same with something changed."""

import copy
from typing import Any

from hypothesis import strategies as st

from gateway.message.processes import (
    ADMINISTRASJON,
    ARKIVMELDING,
    ARKIVMELDING_KVITTERING,
    ARKIVMELDING_RESPONSE,
    AVTALT,
    AVTALT_PROCESS,
)
from tests.documents import DPO, SENDER

Json = dict[str, Any]
MESSAGE_ID = "5b0f6c1e-6f5c-4a0e-9f0d-0a4b0c6d1e01"
CONVERSATION_ID = "0e6a3f52-9a54-4f7a-8f4b-5b1c2d3e4f02"
HEADER = "standardBusinessDocumentHeader"
LATER = "2031-03-05T09:15:00+01:00"


def partner(value: str) -> Json:
    """A sender or receiver."""
    return {"identifier": {"authority": "iso6523-actorid-upis", "value": value}}


def minimal(
    kind: str = "arkivmelding", business: Json | None = None, *, standard: str = ARKIVMELDING, to: str = DPO
) -> Json:
    """The least that a client may send; the process is the one that goes with the document type."""
    processes = {AVTALT: AVTALT_PROCESS, ARKIVMELDING_KVITTERING: ARKIVMELDING_RESPONSE}
    return {
        HEADER: {
            "headerVersion": "1.0",
            "receiver": [partner(to)],
            "documentIdentification": {"standard": standard, "type": kind, "typeVersion": "2.0"},
            "businessScope": {
                "scope": [{"type": "ConversationId", "identifier": processes.get(standard, ADMINISTRASJON)}]
            },
        },
        kind: business or {},
    }


def kvittering(to: str = DPO, related: str = MESSAGE_ID) -> Json:
    """A receipt from the archive."""
    business = {"receiptType": "OK", "relatedToMessageId": related, "messages": [{"code": "SAK", "text": "2031/44"}]}
    return minimal("arkivmelding_kvittering", business, standard=ARKIVMELDING_KVITTERING, to=to)


def avtalt(to: str = DPO, **more: object) -> Json:
    """An agreed message."""
    business = {"identifier": "example.agreed.v1", "content": {"anything": [1, True, {"x": "y"}]}, **more}
    return minimal("avtalt", business, standard=AVTALT, to=to)


def changed(document: Json, *path: str | int, to: object) -> Json:
    """A copy with one place changed, or taken away where `to` is `...`."""
    after = copy.deepcopy(document)
    node: Any = after
    for step in path[:-1]:
        node = node[step]
    if to is ...:
        del node[path[-1]]
    else:
        node[path[-1]] = to
    return after


def places_in(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The path of every value in a document."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    found = [path] if path else []
    for step, value in inner:
        found += places_in(value, (*path, step))
    return found


# One with every place that the gateway reads or fills in.
FULL = changed(
    minimal(business={"hoveddokument": "a.pdf", "sikkerhetsnivaa": 3}), HEADER, "sender", to=[partner(SENDER)]
)
FULL[HEADER]["documentIdentification"] |= {"instanceIdentifier": MESSAGE_ID, "creationDateAndTime": LATER}
FULL[HEADER]["businessScope"]["scope"][0] |= {
    "instanceIdentifier": CONVERSATION_ID,
    "scopeInformation": [{"expectedResponseDateTime": LATER}],
}
FULL[HEADER]["businessScope"]["scope"].append({"type": "MessageChannel", "identifier": "a", "instanceIdentifier": "x"})

# What may stand anywhere.
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", " ", "x", "arkivmelding", MESSAGE_ID, LATER]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([HEADER, "scope", "type", "x"]), inner),
    max_leaves=8,
)
