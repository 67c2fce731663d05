"""options.inReplyTo: what the answered message says already is filled in, and what disagrees with it is refused."""

from dataclasses import replace

import pytest

from gateway.arkivmelding.adressering import Given
from gateway.delivery.answering import answered_by, fill_choices, fill_submission, find_answered, keep_answered
from gateway.delivery.envelopes import compose
from gateway.delivery.submission import Caller, Options, Submission
from gateway.errors import Invalid
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING_RESPONSE, Channel
from gateway.message.prototype import Route
from gateway.storage.engine import Database
from tests.delivery.desk import PLAN, choices_of, conversation, look
from tests.documents import DPF, DPO, SENDER, Message, Part
from tests.storage.test_inbox import make_incoming, store

NOBODY = Message(parts=(Part("Fjordvik tilsyn", None),))
CAME_IN = make_incoming(
    organisation=SENDER, receiver=SENDER, sender=DPO, process=PLAN, message_channel="skole", sender_ref="sak 7"
)


def submission(message: Message = NOBODY, **options: object) -> Submission:
    """An answer to it, with these options."""
    return Submission(message.xml(), Options(in_reply_to=CAME_IN.message_id, **options))  # type: ignore[arg-type]


def test_sender_and_recipient_are_filled_in() -> None:
    """The one recipient that has no identifier is whoever sent what is answered."""
    filled = fill_submission(submission(), CAME_IN, inspection=look(NOBODY))
    assert filled.options.sender == SENDER
    assert filled.recipients == (Given(1, "Fjordvik tilsyn", DPO),)


@pytest.mark.parametrize(
    "parts",
    [
        (Part("Fjordvik tilsyn", DPO),),
        (Part("Fjordvik tilsyn", None), Part("Breidal kommune", None)),
        (Part("Saksbehandler", None, type="Avsender"),),
    ],
    ids=["named in the document", "two without", "none at all"],
)
def test_nothing_is_guessed(parts: tuple[Part, ...]) -> None:
    """Who is named, and who of several, is the document's to say."""
    message = Message(parts=parts)
    assert fill_submission(submission(message), CAME_IN, inspection=look(message)).recipients == ()


def test_another_sender_than_who_got_it_is_refused() -> None:
    """In any spelling of the number."""
    asked = submission(sender=SENDER.removeprefix("0192:"))
    assert fill_submission(asked, CAME_IN, inspection=look(NOBODY)).options.sender == SENDER.removeprefix("0192:")
    with pytest.raises(Invalid):
        fill_submission(submission(sender=DPF), CAME_IN, inspection=look(NOBODY))


def test_the_process_is_that_of_what_is_answered_for_its_sender_alone() -> None:
    """Unless the caller names one, or it was a receipt's."""
    choices = choices_of(Message(parts=(Part(), Part("Breidal kommune", DPF))))
    assert [each.process for each in fill_choices(choices, CAME_IN, submission=submission())] == [PLAN, None]
    named = submission(process=ADMINISTRASJON)
    receipt = replace(CAME_IN, process=ARKIVMELDING_RESPONSE)
    assert fill_choices(choices, CAME_IN, submission=named) == choices
    assert fill_choices(choices, receipt, submission=submission()) == choices


def test_an_answer_to_somebody_else_is_refused() -> None:
    """The sender of what is answered must be among the recipients."""
    with pytest.raises(Invalid) as refusal:
        fill_choices(choices_of(Message(parts=(Part("Breidal kommune", DPF),))), CAME_IN, submission=submission())
    assert refusal.value.code == "IN_REPLY_TO"


def test_only_the_message_to_its_sender_carries_the_references() -> None:
    """The recipient's own reference and its channel; the others do not learn what is answered."""
    answering = keep_answered(conversation(), CAME_IN)
    assert answered_by(answering) is not None
    mine, others = choices_of(Message(parts=(Part(), Part("Breidal kommune", DPF))))
    route = Route(Channel.DPO, PLAN, CAME_IN.document_type)
    times = (CAME_IN.received, None)

    def references(recipient: object, **options: object) -> tuple[str | None, str | None]:
        draft = replace(answering, options={**answering.options, **options})
        choice = replace(mine if recipient == DPO else others, route=route)
        sent = compose(choice, draft, main_document=None, times=times)
        return sent.receiver_ref, sent.channel

    assert references(DPO) == ("sak 7", "skole")
    assert references(DPO, messageChannel="egen") == ("sak 7", "egen")
    assert references(DPF) == (None, None)
    unnamed = keep_answered(conversation(), replace(CAME_IN, sender_ref=None))
    assert answered_by(unnamed).receiver_ref == CAME_IN.message_id  # type: ignore[union-attr]


def test_only_what_came_for_the_caller_can_be_answered(database: Database) -> None:
    """Another's message is as unknown as none."""
    store(database, CAME_IN)
    with database.reading() as connection:
        found = find_answered(connection, submission(), caller=Caller("c", "c", (SENDER,)))
        assert found == CAME_IN
        assert find_answered(connection, Submission(b""), caller=Caller("c", "c", (SENDER,))) is None
        for caller, asked in (
            (Caller("d", "d", (DPF,)), submission()),
            (Caller("c", "c", (SENDER,)), Submission(b"", Options(in_reply_to="nothing"))),
        ):
            with pytest.raises(Invalid):
                find_answered(connection, asked, caller=caller)
