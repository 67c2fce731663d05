"""Editing recipients: set by hand, added, swapped; groups expanded; the sender never among them."""

import pytest

from gateway.arkivmelding.adressering import Given
from gateway.delivery.editing import Revision
from gateway.delivery.submission import NewRecipient, PrototypeEdit
from gateway.errors import Conflict
from gateway.message.prototype import IdentifiedBy
from tests.delivery.desk import HELSE, choices_of, conversation, view_of
from tests.delivery.edits import again, change, choices_in, one, refused
from tests.documents import DPO, DPV, SENDER, Message, Part

GROUP = Message(parts=(Part("Alle tilsyn", None, "Gruppemottaker"), Part("Havnes kommune", None, "Avsender")))


def test_a_recipient_is_set_by_hand() -> None:
    """What stood in its way goes with it, and it says where it comes from; in another spelling it is the same."""
    message = Message(parts=(Part(identifier=None),))
    view = view_of(message)
    assert [each.code for each in view.prototypes[0].problems] == ["NO_ID"]
    revision = change(view, PrototypeEdit("m-1", recipient="311000020"))
    assert (one(revision).recipient, one(revision).identified_by, one(revision).problems) == (
        DPO,
        IdentifiedBy.EDIT,
        (),
    )
    ready = again(message, revision)
    assert ready.prototypes[0].ready
    assert change(ready, PrototypeEdit("m-1", recipient="9908:311000020")).choices == (ready.prototypes[0].choice,)


def test_setting_the_same_recipient_settles_a_mismatch() -> None:
    """A person has looked: the number is right, though its name was not."""
    view = view_of(Message(parts=(Part(navn="Fjordvik"),)))
    assert [each.code for each in view.prototypes[0].problems] == ["PART_MISMATCH"]
    assert one(change(view, PrototypeEdit("m-1", recipient=DPO))).problems == ()


@pytest.mark.parametrize("text", ["311000021", "", "tull", "0193:311000020"])
def test_a_wrong_identifier_is_refused(text: str) -> None:
    """In an edit as anywhere else, and nothing is changed."""
    assert refused(view_of(), PrototypeEdit("m-1", recipient=text)).faults[0].path == "recipient"
    assert refused(view_of(), added=(NewRecipient(text),)).faults[0].path == "recipient"


def test_a_recipient_gets_one_message() -> None:
    """Two of one conversation cannot have the same one, unless one of them is not sent."""
    view = view_of(Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    move = PrototypeEdit("m-2", recipient=DPO)
    fault = refused(view, move)
    assert isinstance(fault, Conflict)
    assert fault.code == "DUPLICATE_RECIPIENT"
    assert change(view, PrototypeEdit("m-1", selected=False), move).ask == {"m-2"}
    swapped = change(view, PrototypeEdit("m-1", recipient=HELSE), move)
    assert [each.recipient for each in swapped.choices] == [HELSE, DPO]


def test_a_group_is_expanded_member_by_member() -> None:
    """The placeholder makes way for the first; a retried addition changes nothing; members are part of the arkivmelding."""
    view = view_of(GROUP)
    members = (NewRecipient(DPO, part=1), NewRecipient(HELSE, part=1), NewRecipient("311000020", part=1))
    revision = change(view, added=members)
    assert [(each.recipient, each.part.index, each.in_arkivmelding) for each in revision.choices] == [
        (DPO, 1, True),
        (HELSE, 1, True),
    ]
    assert revision.ask == {each.message_id for each in revision.choices}
    after = again(GROUP, revision)
    assert change(after, added=members) == Revision(choices_in(after), frozenset())
    assert [each.part.index for each in change(after, added=(NewRecipient(DPV, part=1),)).choices] == [1, 1, 1]


def test_a_recipient_without_a_part_is_told_as_such() -> None:
    """With the name and role that it is given."""
    fresh = change(view_of(), added=(NewRecipient(HELSE, name="Skogen helseforetak", role="Kopimottaker"),)).choices[1]
    assert (fresh.part.index, fresh.part.type, fresh.part.name, fresh.in_arkivmelding) == (
        0,
        "Kopimottaker",
        "Skogen helseforetak",
        False,
    )
    assert (fresh.message_id, fresh.conversation_id, fresh.identified_by) == ("n-1", "n-2", IdentifiedBy.EDIT)


@pytest.mark.parametrize(
    ("message", "part"),
    [
        pytest.param(Message(), 1, id="that-has-a-recipient"),
        pytest.param(Message(), 2, id="that-does-not-exist"),
        pytest.param(Message(), -1, id="before-the-first"),
        pytest.param(GROUP, 2, id="that-is-the-sender"),
    ],
)
def test_a_part_must_be_free_for_a_recipient(message: Message, part: int) -> None:
    """Only one that is a recipient and has none yet."""
    assert refused(view_of(message), added=(NewRecipient(HELSE, part=part),)).faults[0].path == "korrespondansepart"


def test_the_sender_is_no_recipient() -> None:
    """Neither by an edit nor because somebody else becomes the sender; a message that is not sent may stand."""
    view = view_of(Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    for edit in (
        {"edits": PrototypeEdit("m-1", recipient=SENDER)},
        {"added": (NewRecipient(SENDER),)},
        {"sender": "311000020"},
    ):
        edits = [edit.pop("edits")] if "edits" in edit else []
        assert refused(view, *edits, **edit).faults[0].path == "recipient"  # type: ignore[arg-type]
    assert change(view, PrototypeEdit("m-1", selected=False), sender=DPO).ask == frozenset()


def test_who_was_skipped_as_the_sender_is_a_recipient_of_another_sender() -> None:
    """Nobody is lost when the sender changes; an edit that names the same sender changes nothing."""
    message = Message(parts=(Part(), Part("Havnes kommune", SENDER)))
    view = view_of(message)
    assert [each.reason for each in view.skipped] == ["SELF"]
    revision = change(view, sender=HELSE)
    assert [each.recipient for each in revision.choices] == [DPO, SENDER]
    assert revision.ask == {"n-1"}
    assert change(view, sender=SENDER) == Revision(choices_in(view), frozenset())


def test_identifiers_beside_the_document_count_then_too() -> None:
    """They came with the request, and are kept with the draft."""
    message = Message(parts=(Part("Havnes kommune", None),))
    view = view_of(message, recipients=(Given(1, "Havnes kommune", SENDER),))
    assert view.prototypes == ()
    assert [each.recipient for each in change(view, sender=HELSE).choices] == [SENDER]
    assert choices_of(message, draft=conversation(sender=HELSE))[0].recipient is None


def test_a_part_that_was_merged_is_not_lost_when_the_other_moves_away() -> None:
    """It gets the message that both had, and is asked about; while the other stays it has none of its own."""
    message = Message(parts=(Part(), Part(type="Kopimottaker"), Part(type="Kopimottaker")))
    view = view_of(message)
    assert [each.reason for each in view.skipped] == ["MERGED", "MERGED"]
    assert [each.part.index for each in change(view, PrototypeEdit("m-1", selected=False)).choices] == [1]
    revision = change(view, PrototypeEdit("m-1", recipient=HELSE))
    assert [(each.part.index, each.recipient) for each in revision.choices if each.part.index < 3] == [
        (1, HELSE),
        (2, DPO),
    ]
    assert revision.ask == {each.message_id for each in revision.choices}


def test_a_recipient_that_was_left_out_comes_back_when_it_is_added() -> None:
    """Adding is saying that it shall get it; it is the same message, not another one."""
    view = view_of()
    left_out = again(Message(), change(view, PrototypeEdit("m-1", selected=False)))
    (back,) = change(left_out, added=(NewRecipient(DPO),)).choices
    assert (back.message_id, back.selected) == ("m-1", True)
