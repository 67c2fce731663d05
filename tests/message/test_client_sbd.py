"""A client's SBD: what holds, what does not, and that everything wrong is told at once with its place."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.message.client_sbd import ClientSbd, Constraint, UnsoundSbd, read_client_sbd
from gateway.message.places import SbdFault
from tests.message.sbds import (
    CONVERSATION_ID,
    FULL,
    HEADER,
    LATER,
    MESSAGE_ID,
    Json,
    anything,
    avtalt,
    changed,
    minimal,
    partner,
    places_in,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
_ID = (HEADER, "documentIdentification")
_SCOPE = (HEADER, "businessScope", "scope", 0)
_RECEIVER = (HEADER, "receiver", 0, "identifier")


def read(document: object, **more: bool) -> ClientSbd:
    """The SBD, read now."""
    return read_client_sbd(document, now=NOW, **more)


def faults_of(document: object, **more: bool) -> tuple[SbdFault, ...]:
    """What is wrong with it."""
    with pytest.raises(UnsoundSbd) as caught:
        read(document, **more)
    return caught.value.faults


def test_the_smallest_sbd_holds() -> None:
    """What the reference takes without a word is taken, and what is not said is None."""
    sbd = read(minimal())
    assert (sbd.type.name, sbd.process.split(":")[-2], sbd.receiver) == (
        "arkivmelding",
        "administrasjon",
        "0192:311000020",
    )
    assert (sbd.sender, sbd.message_id, sbd.conversation_id, sbd.expected_response, sbd.channel) == (None,) * 5


def test_everything_that_is_said_is_read() -> None:
    """Ids, deadline, channel, sender and business message come out as they stand."""
    document = changed(minimal(business={"hoveddokument": "a.pdf"}), HEADER, "sender", to=[partner("0192:311000012")])
    document = changed(document, *_ID, "instanceIdentifier", to=MESSAGE_ID)
    scopes = [
        {
            **document[HEADER]["businessScope"]["scope"][0],
            "instanceIdentifier": CONVERSATION_ID,
            "scopeInformation": [{"expectedResponseDateTime": LATER}],
        },
        {"type": "MessageChannel", "identifier": "fagsystem-a"},
    ]
    sbd = read(changed(document, HEADER, "businessScope", "scope", to=scopes))
    assert (sbd.sender, sbd.message_id, sbd.conversation_id) == ("0192:311000012", MESSAGE_ID, CONVERSATION_ID)
    assert (sbd.channel, sbd.business) == ("fagsystem-a", {"hoveddokument": "a.pdf"})
    assert sbd.expected_response == datetime.fromisoformat(LATER)


@pytest.mark.parametrize(
    ("path", "value", "place", "constraint"),
    [
        ((HEADER, "headerVersion"), ..., f"{HEADER}.headerVersion", "NotNull"),
        ((HEADER, "headerVersion"), 1, f"{HEADER}.headerVersion", "Type"),
        ((HEADER, "sender"), [partner("0192:311000012")] * 2, f"{HEADER}.sender", "Size"),
        ((HEADER, "sender"), [partner("0192:311000013")], f"{HEADER}.sender[0].identifier.value", "SenderValue"),
        ((HEADER, "sender"), [partner("0192:311000012:avd")], f"{HEADER}.sender[0].identifier.value", "SenderValue"),
        ((HEADER, "sender"), [{"identifier": {}}], f"{HEADER}.sender[0].identifier.authority", "NotNull"),
        ((HEADER, "receiver"), ..., f"{HEADER}.receiver", "NotNull"),
        ((HEADER, "receiver"), [], f"{HEADER}.receiver", "NotNull"),
        ((HEADER, "receiver"), [partner("0192:311000020")] * 2, f"{HEADER}.receiver", "Size"),
        ((*_RECEIVER, "value"), "her", f"{HEADER}.receiver[0].identifier.value", "ReceiverValue"),
        ((*_RECEIVER, "authority"), "gln", f"{HEADER}.receiver[0].identifier.authority", "OneOf"),
        ((*_ID, "standard"), ..., f"{HEADER}.documentIdentification.standard", "NotNull"),
        ((*_ID, "standard"), "urn:x::avtalt", f"{HEADER}.documentIdentification.standard", "DocumentType"),
        ((*_ID, "typeVersion"), None, f"{HEADER}.documentIdentification.typeVersion", "NotNull"),
        ((*_ID, "instanceIdentifier"), "1-2", f"{HEADER}.documentIdentification.instanceIdentifier", "UUID"),
        ((*_ID, "type"), ..., f"{HEADER}.documentIdentification.type", "NotNull"),
        ((*_ID, "type"), "feil", f"{HEADER}.documentIdentification.type", "MessageType"),
        ((*_ID, "creationDateAndTime"), "20. november", f"{HEADER}.documentIdentification.creationDateAndTime", "DateTime"),
        ((HEADER, "businessScope"), ..., f"{HEADER}.businessScope", "NotNull"),
        ((HEADER, "businessScope", "scope"), [], f"{HEADER}.businessScope.scope", "NotNull"),
        ((*_SCOPE, "type"), "Conversation", f"{HEADER}.businessScope.scope[0].type", "OneOf"),
        ((*_SCOPE, "identifier"), ..., f"{HEADER}.businessScope.scope[0].identifier", "NotNull"),
        ((*_SCOPE, "identifier"), "", f"{HEADER}.businessScope.scope[0].identifier", "NotNull"),
        ((*_SCOPE, "instanceIdentifier"), "sak 12", f"{HEADER}.businessScope.scope[0].instanceIdentifier", "UUID"),
        (
            (*_SCOPE, "scopeInformation"),
            [{"expectedResponseDateTime": "2026-11-20T09:59:59+01:00"}],
            f"{HEADER}.businessScope.scope[0].scopeInformation[0].expectedResponseDateTime",
            "Future",
        ),
        (("arkivmelding",), ..., "arkivmelding", "Members"),
        (("extra",), {}, "arkivmelding", "Members"),
        (("arkivmelding",), [], "arkivmelding", "Type"),
        ((HEADER,), ..., HEADER, "NotNull"),
        ((HEADER,), "x", HEADER, "Type"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place(path: tuple[str], value: object, place: str, constraint: str) -> None:
    """The place as the reference writes it, and the constraint by its name."""
    assert (place, constraint) in [(each.dotted, each.constraint.value) for each in faults_of(_with(path, value))]


def _with(path: tuple[str], value: object) -> Json:
    return changed(minimal(), *path, to=value)


def test_all_faults_come_at_once_with_what_was_rejected() -> None:
    """Nobody mends one to be told of the next."""
    document = changed(minimal(), HEADER, "headerVersion", to=...)
    document = changed(document, *_RECEIVER, "value", to="0192:311000021")
    document = changed(document, *_ID, "instanceIdentifier", to="nei")
    document = changed(document, "arkivmelding", to={"sikkerhetsnivaa": 9})
    told = {each.dotted: (each.constraint, each.rejected) for each in faults_of(document)}
    assert told == {
        f"{HEADER}.headerVersion": (Constraint.NOT_NULL, None),
        f"{HEADER}.receiver[0].identifier.value": (Constraint.RECEIVER_VALUE, "0192:311000021"),
        f"{HEADER}.documentIdentification.instanceIdentifier": (Constraint.UUID, "nei"),
        "arkivmelding.sikkerhetsnivaa": (Constraint.ONE_OF, 9),
    }
    assert all(each.message and each.mend for each in faults_of(document))


def test_a_place_is_a_json_pointer_too() -> None:
    """As our own door writes places."""
    (fault,) = faults_of(changed(minimal(), *_RECEIVER, "value", to="her"))
    assert fault.pointer == f"/{HEADER}/receiver/0/identifier/value"
    assert SbdFault(("a/b", "c~d", 0), Constraint.TYPE, "").pointer == "/a~1b/c~0d/0"


@pytest.mark.parametrize("value", ["0192:311000012:311000020", "311000012", "0192:311000012"])
def test_a_sender_may_act_on_behalf_of_another(value: str) -> None:
    """One organisation, bare or not, or two: who sends, and for whom."""
    assert read(changed(minimal(), HEADER, "sender", to=[partner(value)])).sender == value


def test_the_type_is_found_in_any_case_but_its_member_is_not() -> None:
    """As in the reference: the name is looked up without case, the member must have the canonical one."""
    assert read(changed(minimal(), *_ID, "type", to="Arkivmelding")).type.name == "arkivmelding"
    document = changed(changed(minimal(), "arkivmelding", to=...), *_ID, "type", to="Arkivmelding")
    assert [each.constraint for each in faults_of({**document, "Arkivmelding": {}})] == [Constraint.MEMBERS]


def test_a_blank_id_of_a_scope_is_as_none() -> None:
    """The gateway makes one."""
    assert read(changed(minimal(), *_SCOPE, "instanceIdentifier", to="  ")).conversation_id is None


def test_two_conversation_scopes_are_one_too_many() -> None:
    """Which process counted would be a guess."""
    scope = minimal()[HEADER]["businessScope"]["scope"][0]
    found = faults_of(changed(minimal(), HEADER, "businessScope", "scope", to=[scope, scope]))
    assert [(each.dotted, each.constraint) for each in found] == [
        (f"{HEADER}.businessScope.scope[1].type", Constraint.SIZE)
    ]


def test_a_channel_has_the_letters_of_a_channel() -> None:
    """Nothing else is found again by the recipient's installation."""
    scopes = [minimal()[HEADER]["businessScope"]["scope"][0], {"type": "MessageChannel", "identifier": "a b"}]
    (fault,) = faults_of(changed(minimal(), HEADER, "businessScope", "scope", to=scopes))
    assert fault.constraint is Constraint.PATTERN


def test_an_sbd_nested_out_of_all_measure_is_refused() -> None:
    """It would otherwise break whoever reads it after us."""
    content: object = 1
    for _ in range(70):
        content = [content]
    (fault,) = faults_of(avtalt(content=content))
    assert (fault.dotted, fault.constraint) == ("avtalt.content", Constraint.SIZE)


def test_a_number_that_no_json_can_hold_is_refused() -> None:
    """It would come out as something that the recipient cannot read."""
    (fault,) = faults_of(json.loads(json.dumps(avtalt(content={"a": [1]})).replace("[1]", "[1e999]")))
    assert (fault.dotted, fault.constraint) == ("avtalt.content.a[0]", Constraint.TYPE)


def test_what_documentation_alone_demands_can_be_let_pass() -> None:
    """`complete` off takes what the reference's code takes."""
    bare = changed(avtalt(), "avtalt", to={})
    assert [each.dotted for each in faults_of(bare)] == ["avtalt.identifier", "avtalt.content"]
    assert read(bare, complete=False).business == {}


@pytest.mark.parametrize(
    ("business", "place", "constraint"),
    [
        ({"dpv": {"varselType": "Brev"}}, "arkivmelding.dpv.varselType", Constraint.ONE_OF),
        ({"dpv": "x"}, "arkivmelding.dpv", Constraint.TYPE),
        ({"dpv": {"dagerTilSvarfrist": "snart"}}, "arkivmelding.dpv.dagerTilSvarfrist", Constraint.TYPE),
        ({"sikkerhetsnivaa": 3.5}, "arkivmelding.sikkerhetsnivaa", Constraint.TYPE),
        ({"hoveddokument": ["a.pdf"]}, "arkivmelding.hoveddokument", Constraint.TYPE),
    ],
)
def test_the_members_of_a_business_message_are_held_against_its_type(
    business: Json, place: str, constraint: Constraint
) -> None:
    """Other kinds and values than the type allows are told; members that nobody knows are not."""
    (fault,) = faults_of(minimal(business={**business, "unknown": {"kept": True}}))
    assert (fault.dotted, fault.constraint) == (place, constraint)


def test_scalars_written_as_texts_are_taken() -> None:
    """The reference takes them so."""
    business = {"sikkerhetsnivaa": "4", "dpv": {"dagerTilSvarfrist": "7"}}
    assert read(minimal(business=business)).business == business


@given(st.data(), anything)
def test_whatever_stands_anywhere_is_read_or_refused(data: st.DataObject, value: object) -> None:
    """Any value in any place of a whole SBD gives an SBD or faults, never another error."""
    after = changed(FULL, *data.draw(st.sampled_from(places_in(FULL))), to=value)
    assert _said_of(json.loads(json.dumps(after)))


def _said_of(document: object) -> object:
    """The process that was read, or the faults."""
    try:
        return read(document).process
    except UnsoundSbd as unsound:
        return unsound.faults
