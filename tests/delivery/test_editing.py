"""Editing: what a PUT changes, what it leaves alone, and that no yes outlives what it was said to."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.editing import Revision, confirm_all, merge
from gateway.delivery.submission import Edit, PrototypeEdit, View
from gateway.errors import Invalid, NotFound
from gateway.message.processes import ADMINISTRASJON, Channel
from gateway.message.prototype import Confirmation
from tests.delivery.desk import HELSE, NOW, PLAN, view_of
from tests.delivery.edits import again, change, one, refused
from tests.documents import DPF, DPV, SENDER, Doc, Message, Objekt, Part, skjerming

RENAMED = Message(parts=(Part("Et annet navn"), Part("Skogen helseforetak", HELSE)))


def confirmed(message: Message = RENAMED) -> View:
    """A draft in which the name of its first recipient has been said yes to."""
    return again(message, change(view_of(message), PrototypeEdit("m-1", confirm=("NAME_MISMATCH",))))


def test_an_edit_of_nothing_changes_nothing() -> None:
    """What is absent stays, and nobody is asked."""
    view = confirmed()
    choices = tuple(each.choice for each in view.prototypes)
    assert change(view) == Revision(choices, frozenset())
    assert change(view, PrototypeEdit("m-1"), PrototypeEdit("m-2")) == Revision(choices, frozenset())


def test_only_what_is_named_changes() -> None:
    """One prototype of two, one member of many."""
    view = view_of(Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    later = NOW + timedelta(days=3)
    revision = change(
        view,
        PrototypeEdit("m-2", selected=False, deadline=later, documents=("vedtak.pdf",), business={"dpv": {"a": 1}}),
    )
    before = view.prototypes[1].choice
    after = replace(before, selected=False, deadline=later, documents=("vedtak.pdf",), business={"dpv": {"a": 1}})
    assert revision == Revision((view.prototypes[0].choice, after), frozenset())


@pytest.mark.parametrize(
    ("target", "patch", "merged"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": None}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": None, "c": 3}}, {"a": {"c": 3}}),
        ({"a": {"b": 1}}, {"a": "x"}, {"a": "x"}),
        ({}, {"a": {"b": {"c": None}}}, {"a": {"b": {}}}),
    ],
)
def test_a_merge_patch(target: dict[str, object], patch: dict[str, object], merged: dict[str, object]) -> None:
    """As RFC 7396 says; what it was given is left as it was."""
    before = repr(target)
    assert merge(target, patch) == merged
    assert repr(target) == before


json_objects = st.dictionaries(
    st.sampled_from("abc"),
    st.recursive(
        st.none() | st.integers(0, 3),
        lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=3,
)


@given(json_objects, json_objects)
def test_a_merge_patch_twice_is_once(target: dict[str, object], patch: dict[str, object]) -> None:
    """A retried edit of the business message changes nothing more."""
    once = merge(target, patch)
    assert merge(once, patch) == once


EDITS = [
    pytest.param(PrototypeEdit("m-1", recipient=HELSE), id="recipient"),
    pytest.param(PrototypeEdit("m-1", process=PLAN), id="process"),
    pytest.param(PrototypeEdit("m-1", channel=Channel.DPV), id="channel"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_a_change_of_the_way_drops_the_yes_and_asks(edit: PrototypeEdit) -> None:
    """What was said yes to was another recipient or another way."""
    message = Message(parts=(Part("Et annet navn"),))
    view = confirmed(message)
    assert view.prototypes[0].choice.confirmations
    revision = change(view, edit)
    assert one(revision).confirmations == ()
    assert revision.ask == {"m-1"}


@pytest.mark.parametrize("edit", EDITS)
def test_a_retried_change_leaves_the_yes_alone(edit: PrototypeEdit) -> None:
    """The same edit again, after somebody has said yes to what came of it, changes nothing."""
    message = Message(parts=(Part("Et tredje navn"),))
    view = again(message, change(view_of(message), edit))
    view = again(message, change(view, PrototypeEdit("m-1", confirm=("NAME_MISMATCH",))))
    assert view.prototypes[0].ready
    assert change(view, edit).choices == (view.prototypes[0].choice,)


def test_a_channel_is_one_of_the_alternatives() -> None:
    """It brings its process along, and among several the present one comes first."""
    view = view_of()
    chosen = one(change(view, PrototypeEdit("m-1", channel=Channel.DPV)))
    assert (chosen.channel, chosen.process) == (Channel.DPV, ADMINISTRASJON)
    named = one(change(view, PrototypeEdit("m-1", channel=Channel.DPV, process=PLAN)))
    assert (named.channel, named.process) == (Channel.DPV, PLAN)
    for edit in (
        PrototypeEdit("m-1", channel=Channel.DPF),
        PrototypeEdit("m-1", channel=Channel.DPV, process="urn:annen"),
    ):
        assert refused(view, edit).faults[0].path == "serviceIdentifier"


def test_a_new_recipient_may_come_with_its_channel() -> None:
    """The old one's alternatives say nothing of it; the registry does."""
    message = Message(parts=(Part("Breidal kommune"),))
    revision = change(
        view_of(message), PrototypeEdit("m-1", recipient=DPF, channel=Channel.DPF, process=ADMINISTRASJON)
    )
    assert again(message, revision).prototypes[0].ready
    wrong = change(view_of(message), PrototypeEdit("m-1", recipient=DPF, channel=Channel.DPO))
    assert [each.code for each in again(message, wrong).prototypes[0].choice.problems] == ["NO_CHANNEL"]


@pytest.mark.parametrize(
    ("edit", "whole"),
    [
        (PrototypeEdit("m-1", recipient=DPV, confirm=("NAME_MISMATCH",)), {}),
        (PrototypeEdit("m-1", process=PLAN, confirm=("NAME_MISMATCH",)), {}),
        (PrototypeEdit("m-1", channel=Channel.DPV, confirm=("NAME_MISMATCH",)), {}),
        (PrototypeEdit("m-1", confirm=("NAME_MISMATCH",)), {"confidential": True}),
        (PrototypeEdit("m-1", confirm=("NAME_MISMATCH",)), {"process": PLAN}),
        (PrototypeEdit("m-1", confirm=("NAME_MISMATCH",)), {"sender": SENDER}),
    ],
)
def test_a_yes_does_not_come_with_a_change(edit: PrototypeEdit, whole: dict[str, object]) -> None:
    """Nobody has seen yet what it would be said to."""
    fault = refused(view_of(RENAMED), edit, **whole)
    assert isinstance(fault, Invalid)
    assert fault.faults[0].path == "confirm"


def test_a_yes_and_a_change_do_not_come_in_two_entries_either() -> None:
    """Each message stands once in an edit, whichever comes first."""
    yes, move = PrototypeEdit("m-1", confirm=("NAME_MISMATCH",)), PrototypeEdit("m-1", recipient=DPV)
    for edits in ((yes, move), (move, yes), (PrototypeEdit("m-1"), PrototypeEdit("m-1"))):
        assert refused(view_of(RENAMED), *edits).faults[0].path == "prototypes"


def test_a_yes_is_kept_with_time_and_actor_and_once() -> None:
    """What has been said yes to is passed over when it comes again, named twice or not."""
    view = view_of(RENAMED)
    yes = PrototypeEdit("m-1", confirm=("NAME_MISMATCH", "NAME_MISMATCH"))
    said = one(change(view, yes))
    (problem,) = view.prototypes[0].problems
    assert said.confirmations == (Confirmation("NAME_MISMATCH", "saksbehandler-7", NOW, problem.message),)
    assert change(confirmed(), yes).choices == tuple(each.choice for each in confirmed().prototypes)


@pytest.mark.parametrize(
    ("message", "code"),
    [(Message(parts=(Part(identifier=None),)), "NO_ID"), (Message(), "NAME_MISMATCH"), (Message(), "TULL")],
    ids=["blocks", "does-not-stand-in-the-way", "unknown"],
)
def test_only_what_asks_for_a_yes_can_have_one(message: Message, code: str) -> None:
    """What must be mended cannot be waved through, and a yes in advance is none."""
    assert refused(view_of(message), PrototypeEdit("m-1", confirm=(code,))).faults[0].path == "confirm"


def test_the_whole_conversation_has_confirmations_of_its_own() -> None:
    """By the same rules."""
    view = view_of(Message(skjerming=skjerming("ofl § 13"), type="Inngående dokument"))
    (said,) = confirm_all(view, Edit(confirm=("NOT_OUTGOING",), actor="a"), now=NOW)
    assert (said.code, said.actor, said.at) == ("NOT_OUTGOING", "a", NOW)
    assert said.about in {problem.message for problem in view.problems}
    assert confirm_all(view, Edit(), now=NOW) == ()
    with pytest.raises(Invalid):
        confirm_all(view, Edit(confirm=("DOCUMENT_MISSING",)), now=NOW)


FILES = Message(
    documents=(Doc((Objekt("vedtak.pdf"), Objekt("Åpen.pdf", 2))), Doc((Objekt("kart.pdf"),), role="Vedlegg"))
)


def test_documents_are_chosen_among_those_of_the_document() -> None:
    """By name, however its letters are composed; another is refused."""
    assert one(change(view_of(FILES), PrototypeEdit("m-1", documents=("A\u030apen.pdf", "kart.pdf")))).documents == (
        "Åpen.pdf",
        "kart.pdf",
    )
    for name in ("ukjent.pdf", "KART.pdf", "../kart.pdf", ""):
        assert refused(view_of(FILES), PrototypeEdit("m-1", documents=("kart.pdf", name))).faults[0].path == "documents"


def test_an_unknown_message_is_not_found() -> None:
    """Another conversation's id is as unknown as any."""
    with pytest.raises(NotFound):
        change(view_of(), PrototypeEdit("m-9", selected=False))
