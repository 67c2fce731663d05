"""Envelopes: what of a choice and its conversation stands on the outside."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.delivery.envelopes import compose
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, Channel
from gateway.message.prototype import Choice, PartRef, Route
from gateway.message.sbd import read_envelope, write_envelope
from gateway.storage.conversations import Conversation, ConversationState
from tests.documents import DPO, SENDER

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ROUTE = Route(Channel.DPO, ADMINISTRASJON, ARKIVMELDING)
LEVEL_4 = Route(Channel.DPF, ADMINISTRASJON, ARKIVMELDING, 4)


def choice(**facts: object) -> Choice:
    """A choice with a route, as the facts say."""
    return Choice(
        "m-1", "c-1", PartRef(1, "Mottaker", "Fjordvik tilsyn"), **{"recipient": DPO, "route": ROUTE, **facts}
    )  # type: ignore[arg-type]


def conversation(**options: object) -> Conversation:
    """A draft with these options."""
    return Conversation(
        "k-1", "fagsystem", ConversationState.DRAFT, SENDER, None, b"", None, "open", None, None, NOW, NOW, options
    )


def test_the_envelope_of_a_message() -> None:
    """The message's own ids, its recipient and route, the conversation's sender, the deadline; and it reads back."""
    deadline = NOW + timedelta(days=1)
    envelope = compose(
        choice(), conversation(messageChannel="fagsystem"), main_document="vedtak.pdf", times=(NOW, deadline)
    )
    assert (envelope.message_id, envelope.conversation_id) == ("m-1", "c-1")
    assert (envelope.sender, envelope.receiver, envelope.process) == (SENDER, DPO, ADMINISTRASJON)
    assert (envelope.created, envelope.expected_response, envelope.channel) == (NOW, deadline, "fagsystem")
    assert (envelope.document_type, envelope.type) == (ARKIVMELDING, "arkivmelding")
    assert envelope.business == {"hoveddokument": "vedtak.pdf"}
    assert read_envelope(write_envelope(envelope)) == envelope


@pytest.mark.parametrize(
    ("route", "own", "business"),
    [
        pytest.param(ROUTE, {}, {"hoveddokument": "a.pdf"}, id="nothing-of-the-callers"),
        pytest.param(
            ROUTE,
            {"dpv": {"varselTekst": "Ny post"}},
            {"hoveddokument": "a.pdf", "dpv": {"varselTekst": "Ny post"}},
            id="beside",
        ),
        pytest.param(ROUTE, {"hoveddokument": "b.pdf"}, {"hoveddokument": "a.pdf"}, id="another-main-document"),
        pytest.param(
            ROUTE, {"sikkerhetsnivaa": 4}, {"hoveddokument": "a.pdf", "sikkerhetsnivaa": 4}, id="a-level-without-one"
        ),
        pytest.param(LEVEL_4, {}, {"hoveddokument": "a.pdf", "sikkerhetsnivaa": 4}, id="the-level-of-the-route"),
        pytest.param(
            LEVEL_4,
            {"sikkerhetsnivaa": 3},
            {"hoveddokument": "a.pdf", "sikkerhetsnivaa": 4},
            id="which-the-caller-cannot-lower",
        ),
    ],
)
def test_the_business_message_is_filled_in(route: Route, own: dict[str, object], business: dict[str, object]) -> None:
    """What the caller wrote stands, but the security level is what the registry said."""
    envelope = compose(choice(route=route, business=own), conversation(), main_document="a.pdf", times=(NOW, None))
    assert envelope.business == business
    assert own == choice(business=own).business


def test_a_message_without_a_route_can_be_shown() -> None:
    """Before commit, where something is still in the way: no process and no files are made up."""
    envelope = compose(
        choice(recipient=None, route=None), conversation(messageChannel=7), main_document=None, times=(NOW, None)
    )
    assert (envelope.receiver, envelope.process, envelope.business, envelope.channel) == (None, "", {}, None)
    assert envelope.document_type == ARKIVMELDING
    assert envelope.expected_response is None
