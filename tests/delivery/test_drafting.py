"""Drafting: from posted bytes to a draft, its sender named by the login and never by the document."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.arkivmelding.adressering import Given
from gateway.arkivmelding.handling import AS_POSTED
from gateway.arkivmelding.inspection import inspect
from gateway.delivery.drafting import (
    advise,
    begin_conversation,
    given_beside,
    name_sender,
    options_of,
)
from gateway.delivery.submission import Caller, IntakeSettings, Options, Submission
from gateway.delivery.taking import inspect_or_refuse
from gateway.errors import Invalid, NotAllowed, Severity, Unreadable
from gateway.storage import conversations
from gateway.storage.conversations import Conversation, ConversationState
from gateway.storage.engine import Database
from tests.arkivmelding.dialects import part, v1, wrapped
from tests.delivery.desk import NOW, TODAY, conversation, kit, look
from tests.documents import DPO, SENDER, Message, Part, gradering, skjerming
from tests.secrets import PERSON_NUMBER

ONE = Caller("c-1", "fagsystem", (SENDER,))
TWO = Caller("c-2", "leverandør", (SENDER, DPO))
SETTINGS = IntakeSettings(draft_lifetime=timedelta(days=7), confidential_draft_lifetime=timedelta(hours=24))


def begin(message: Message, options: Options | None = None, *, recipients: tuple[Given, ...] = ()) -> Conversation:
    """A draft of this message."""
    submission = Submission(message.xml(), options or Options(), recipients)
    return begin_conversation(submission, look(message), owner=("k-1", "c-1", SENDER), times=(NOW, SETTINGS))


def test_a_good_document_is_inspected() -> None:
    """What is only advisory does not hold it back."""
    inspection = inspect_or_refuse(Message(antall_filer=9).xml(), kit(), today=TODAY, wanted=AS_POSTED)
    assert [fault.rule for fault in inspection.faults] == ["AM-015"]


@pytest.mark.parametrize(
    ("message", "code", "count"),
    [
        pytest.param(Message(gradering=gradering("Hemmelig (sikkerhetsgrad)")), "CLASSIFIED", 1, id="one"),
        pytest.param(Message(parts=(), documents=()), "INVALID_ARKIVMELDING", 2, id="several"),
    ],
)
def test_a_faulty_document_is_refused_with_every_fault(message: Message, code: str, count: int) -> None:
    """One fault gives its own code; the sentence says how many there are."""
    with pytest.raises(Invalid) as caught:
        inspect_or_refuse(message.xml(), kit(), today=TODAY, wanted=AS_POSTED)
    assert caught.value.code == code
    assert len(caught.value.faults) == count
    assert f"{count} fault" in caught.value.message
    assert caught.value.mend


def test_what_cannot_be_read_stays_unreadable() -> None:
    """It is another kind of refusal."""
    with pytest.raises(Unreadable):
        inspect_or_refuse(b"<a", kit(), today=TODAY, wanted=AS_POSTED)


@pytest.mark.parametrize(
    ("caller", "said", "sender"),
    [
        pytest.param(ONE, None, SENDER, id="the-only-organisation"),
        pytest.param(ONE, "311000012", SENDER, id="said-and-only"),
        pytest.param(TWO, "0192:311000020", DPO, id="one-of-two"),
        pytest.param(TWO, "9908:311000020", DPO, id="in-another-spelling"),
    ],
)
def test_the_sender_is_said_or_the_logins_only_one(caller: Caller, said: str | None, sender: str) -> None:
    """In its canonical form."""
    assert name_sender(Options(sender=said), caller) == sender


@pytest.mark.parametrize(
    ("caller", "said", "error"),
    [
        pytest.param(TWO, None, Invalid, id="one-of-two-and-not-said"),
        pytest.param(replace(ONE, organisations=()), None, Invalid, id="none"),
        pytest.param(ONE, "311000013", Invalid, id="wrong-check-digit"),
        pytest.param(ONE, "", Invalid, id="empty"),
        pytest.param(ONE, DPO, NotAllowed, id="somebody-elses"),
        pytest.param(ONE, SENDER + ":avd", NotAllowed, id="a-part-of-it"),
        pytest.param(ONE, PERSON_NUMBER, NotAllowed, id="a-person"),
    ],
)
def test_a_sender_is_never_guessed_nor_borrowed(caller: Caller, said: str | None, error: type[Exception]) -> None:
    """Not said where it must be, not readable, or not this login's."""
    with pytest.raises(error) as caught:
        name_sender(Options(sender=said), caller)
    if isinstance(caught.value, Invalid):
        assert caught.value.code == "SENDER_REQUIRED"


def test_the_documents_own_sender_has_no_say() -> None:
    """A document that names another organisation as Avsender is sent for the login's."""
    message = Message(parts=(Part("Fjordvik tilsyn", None, "Avsender"), Part()))
    assert begin(message).sender == SENDER


def test_a_draft_begins() -> None:
    """With what it was posted with, its meldingId, its public title, and nothing of a title that is not public."""
    draft = begin(Message(public_title="Vedtak"), Options(process="urn:p"))
    assert (draft.id, draft.client_id, draft.state) == ("k-1", "c-1", ConversationState.DRAFT)
    assert (draft.melding_id, draft.title, draft.process) == (Message().melding_id, "Vedtak", "urn:p")
    assert draft.arkivmelding == Message(public_title="Vedtak").xml()
    assert (draft.shielding, draft.confidential, draft.options) == ("open", None, {})
    assert begin(Message(title="Om N.N.", public_title=None)).title is None


@pytest.mark.parametrize(
    ("message", "said", "shielding", "word", "lifetime"),
    [
        pytest.param(Message(), None, "open", None, SETTINGS.draft_lifetime, id="open"),
        pytest.param(Message(), True, "open", True, SETTINGS.confidential_draft_lifetime, id="raised"),
        pytest.param(Message(), False, "open", None, SETTINGS.draft_lifetime, id="said-open"),
        pytest.param(
            Message(skjerming=skjerming("Offl. § 13")),
            False,
            "confidential",
            None,
            SETTINGS.confidential_draft_lifetime,
            id="not-lowered",
        ),
        pytest.param(
            Message(skjerming=skjerming("ofl § 13")),
            False,
            "undecided",
            None,
            SETTINGS.confidential_draft_lifetime,
            id="doubt-not-lowered",
        ),
    ],
)
def test_a_post_raises_confidentiality_and_never_lowers_it(
    message: Message, said: bool | None, shielding: str, word: bool | None, lifetime: timedelta
) -> None:
    """And what is or may be secret is kept a shorter time."""
    draft = begin(message, Options(confidential=said))
    assert (draft.shielding, draft.confidential, draft.expires) == (shielding, word, NOW + lifetime)


def test_what_came_with_the_request_is_kept_and_read_back() -> None:
    """Recipients, deadline, notBefore and channel survive in the draft's options; what was not said is not there."""
    given = (Given(1, "Fjordvik tilsyn", DPO), Given(0, "", "tull"))
    deadline = datetime(2026, 12, 1, tzinfo=UTC)
    draft = begin(
        Message(),
        Options(
            deadline=deadline,
            message_channel="fagsystem",
            actor="a",
            confidential=True,
            not_before=deadline - timedelta(hours=1),
        ),
        recipients=given,
    )
    assert given_beside(draft) == given
    assert options_of(draft) == Options(
        SENDER, None, True, deadline, "fagsystem", not_before=deadline - timedelta(hours=1)
    )
    assert set(draft.options) == {"recipients", "deadline", "notBefore", "messageChannel", "actor"}
    assert options_of(begin(Message())) == Options(SENDER)


@pytest.mark.parametrize("kept", [None, {}, "x", [1, "x"], [{}]])
def test_options_of_another_shape_give_nothing_that_fits(kept: object) -> None:
    """Whatever stands in the row, reading goes on, and no part is guessed."""
    given = given_beside(conversation(options={"recipients": kept, "deadline": 7, "messageChannel": []}))
    assert [each.part for each in given] == ([0] if kept == [{}] else [])
    assert options_of(conversation(options={"deadline": 7, "messageChannel": []})) == Options(SENDER)


def test_two_rules_need_more_than_the_document(tmp_path: Path) -> None:
    """A meldingId that is in another conversation of this sender, and an Avsender with another number: advice only."""
    database = Database(str(tmp_path / "gateway.db"))
    database.upgrade()
    inspection, draft = look(Message()), begin(Message())
    with database.writing() as connection:
        assert advise(inspection, draft, connection=connection).faults == ()
        conversations.insert(connection, replace(draft, id="k-0"), choices=())
        assert [fault.rule for fault in advise(inspection, draft, connection=connection).faults] == ["AM-013"]
        assert advise(inspection, replace(draft, id="k-0"), connection=connection).faults == ()
        assert advise(inspection, replace(draft, melding_id=""), connection=connection).faults == ()
        other = inspect(
            v1(part("Avsender", "Fjordvik", wrapped("organisasjonsnummer", "311000020"))), kit(), today=TODAY
        )
        advised = advise(other, replace(draft, melding_id=None), connection=connection)
    database.close()
    assert [fault.rule for fault in advised.faults] == ["DIALECT_NOT_DELIVERABLE", "AM-014"]
    assert advised.faults[-1].severity is Severity.WARNING
