"""Assessment: what stands in the way of a draft, and what a yes takes away."""

from dataclasses import replace

import pytest

from gateway.delivery.assessment import is_confidential
from gateway.delivery.submission import View
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING, SIZE_LIMITS, Channel
from gateway.message.prototype import Choice, Confirmation, NameMatch, PartRef, Registered, Route, Weight
from tests.delivery.desk import HELSE, NOW, choices_of, conversation, look, stored, view_of
from tests.documents import DPF, DPO, DPV, Doc, Message, Objekt, Part, sakspart, skjerming
from tests.secrets import PERSON_NUMBER

SECRET = skjerming("Offl. § 13")
HALVES = PERSON_NUMBER[:6], PERSON_NUMBER[6:]


def problems(view: View, index: int = 0) -> dict[str, Weight]:
    """The problems of one prototype."""
    return {problem.code: problem.severity for problem in view.prototypes[index].problems}


def whole(view: View) -> dict[str, Weight]:
    """The problems of the conversation."""
    return {problem.code: problem.severity for problem in view.problems}


def choice(message: Message | None = None, **facts: object) -> tuple[Choice, ...]:
    """The choices of a message, the first of them changed."""
    first, *rest = choices_of(message or Message())
    return (replace(first, **facts), *rest)  # type: ignore[arg-type]


def yes(*codes: str, about: str = "") -> tuple[Confirmation, ...]:
    """Confirmations of these, to the words of a problem."""
    return tuple(Confirmation(code, None, NOW, about) for code in codes)


def test_a_good_draft_is_ready() -> None:
    """With its size, its limit and its redactions."""
    view = view_of()
    (prototype,) = view.prototypes
    assert (view.ready, view.problems, prototype.problems) == (True, (), ())
    assert (prototype.documents, prototype.size, prototype.size_limit) == (
        ("vedtak.pdf",),
        10,
        SIZE_LIMITS[Channel.DPO],
    )
    assert [each.path.rpartition("/")[2] for each in prototype.redactions] == ["virksomhetsspesifikkeMetadata"]


@pytest.mark.parametrize(
    ("message", "code", "weight"),
    [
        (Message(type="Inngående dokument"), "NOT_OUTGOING", Weight.CONFIRM),
        (Message(type="Saksframlegg"), "NOT_OUTGOING", Weight.CONFIRM),
        (Message(type="Organinternt dokument for oppfølging"), "INTERNAL_DOCUMENT", Weight.BLOCK),
        (Message(type="Organinternt dokument uten oppfølging"), "INTERNAL_DOCUMENT", Weight.BLOCK),
        (Message(status="Utgår"), "JOURNALPOST_CANCELLED", Weight.BLOCK),
        (Message(documents=(Doc(status="Dokumentet er under redigering"),)), "DOCUMENT_UNFINISHED", Weight.BLOCK),
        (Message(skjerming=skjerming("ofl § 13")), "SHIELDING_UNCLEAR", Weight.CONFIRM),
        (Message(skjerming=skjerming("")), "SHIELDING_UNCLEAR", Weight.CONFIRM),
        (Message(antall_filer=4), "AM-015", Weight.INFO),
        (Message(documents=(Doc((Objekt("annet.pdf"),)),)), "DOCUMENT_MISSING", Weight.BLOCK),
        (Message(documents=(Doc((Objekt("annet.pdf"),)),)), "DOCUMENT_NOT_REFERENCED", Weight.INFO),
        (Message(parts=(Part("Havnes kommune", "0192:311000012"),)), "NO_RECIPIENT", Weight.BLOCK),
    ],
)
def test_what_the_document_says_against_sending_it(message: Message, code: str, weight: Weight) -> None:
    """Direction, states, secrecy and files; what is for information does not hold it back."""
    view = view_of(message)
    assert whole(view)[code] is weight
    assert view.ready == all(each is Weight.INFO for each in whole(view).values())


@pytest.mark.parametrize(
    ("hjemmel", "word", "confidential", "code"),
    [
        ("Offl. § 14", None, False, None),
        ("Offl. § 14", True, True, None),
        ("Offl. § 13", None, True, None),
        ("Offl. § 13", True, True, None),
        ("Offl. § 13", False, False, "CONFIDENTIALITY_LOWERED"),
        ("ofl § 13", None, True, "SHIELDING_UNCLEAR"),
        ("ofl § 13", True, True, None),
        ("ofl § 13", False, False, None),
    ],
)
def test_a_persons_word_decides_and_is_asked_for(
    hjemmel: str, word: bool | None, confidential: bool, code: str | None
) -> None:
    """Doubt counts as secret until somebody says; lowering what is certain needs a yes."""
    message = Message(skjerming=skjerming(hjemmel))
    draft = conversation(confidential=word)
    assert is_confidential(draft, look(message)) is confidential
    view = view_of(message, draft=draft)
    assert whole(view) == ({code: Weight.CONFIRM} if code else {})
    if code:
        (words,) = (problem.message for problem in view.problems if problem.code == code)
        assert view_of(message, draft=replace(draft, confirmations=yes(code, about=words))).ready
        assert not view_of(message, draft=replace(draft, confirmations=yes(code, about="other words"))).ready


def test_only_what_asks_for_a_yes_is_taken_away_by_one() -> None:
    """A confirmation of something that blocks is none, wherever it came from."""
    view = view_of(draft=conversation(confirmations=yes("DOCUMENT_MISSING")), documents=())
    assert "DOCUMENT_MISSING" in whole(view)
    blocked = view_of(Message(parts=(Part(identifier=None),)))
    assert problems(
        view_of(choices=choice(Message(parts=(Part(identifier=None),)), confirmations=yes("NO_ID")))
    ) == problems(blocked)


def test_a_name_that_differs_must_be_confirmed() -> None:
    """Similar and unverifiable names are shown, different ones are asked about."""
    for match in NameMatch:
        view = view_of(choices=choice(name_match=match))
        assert problems(view) == ({"NAME_MISMATCH": Weight.CONFIRM} if match is NameMatch.DIFFERENT else {})
    (words,) = (each.message for each in view_of(choices=choice(name_match=NameMatch.DIFFERENT)).prototypes[0].problems)
    said = yes("NAME_MISMATCH", about=words)
    assert view_of(choices=choice(name_match=NameMatch.DIFFERENT, confirmations=said)).ready
    renamed = Registered("HELT ANNEN VIRKSOMHET AS", "AS", None)
    assert not view_of(choices=choice(name_match=NameMatch.DIFFERENT, confirmations=said, registered=renamed)).ready, (
        "the registry says another name now, so the old yes does not count"
    )


def test_only_what_is_selected_must_be_ready() -> None:
    """A recipient that is left out stands in nobody's way, nor do its files; with nobody left there is nothing to send."""
    message = Message(parts=(Part(), Part("Ukjent", None)))
    first, second = choices_of(message)
    assert not view_of(message).ready
    assert view_of(message, choices=(first, replace(second, selected=False))).ready
    nobody = view_of(message, choices=tuple(replace(each, selected=False) for each in (first, second)))
    assert "NO_RECIPIENT" in whole(nobody)


def test_a_message_beyond_its_channel_is_too_large() -> None:
    """By the sum of its own files, exactly; nothing is said before all of them are here."""
    message = Message(documents=(Doc(), Doc((Objekt("kart.pdf"),), role="Vedlegg")))
    limit = SIZE_LIMITS[Channel.DPO]
    for size, fits in ((limit - 10, True), (limit - 9, False)):
        view = view_of(message, documents=(stored("vedtak.pdf"), stored("kart.pdf", size)))
        assert ("TOO_LARGE" not in problems(view)) is fits
        assert view.prototypes[0].size == size + 10
    waiting = view_of(message, documents=(stored("kart.pdf", 2 * limit),))
    assert (waiting.prototypes[0].size, problems(waiting)) == (None, {})
    smaller = view_of(
        message,
        choices=choice(message, documents=("vedtak.pdf",)),
        documents=(stored("vedtak.pdf"), stored("kart.pdf", 2 * limit)),
    )
    assert smaller.ready


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(Message(folder_title=f"Sak {PERSON_NUMBER}"), id="title-of-the-folder"),
        pytest.param(Message(parts=(Part(f"Fjordvik tilsyn {HALVES[0]} {HALVES[1]}"),)), id="name-of-a-part"),
        pytest.param(Message(metadata=f"<nokkel>{PERSON_NUMBER}</nokkel>"), id="metadata"),
        pytest.param(Message(metadata=f'<nokkel verdi="{PERSON_NUMBER}"/>'), id="an-attribute"),
        pytest.param(Message(metadata=f"<!-- {PERSON_NUMBER} -->"), id="a-comment"),
        pytest.param(
            Message(title="Vedtak X").having(metadata=f"<nokkel>{HALVES[0]}<!-- x -->{HALVES[1]}</nokkel>"),
            id="around-a-comment",
        ),
        pytest.param(Message(sakspart=sakspart("Den det gjelder", PERSON_NUMBER)), id="a-party-of-the-case"),
    ],
)
def test_a_person_number_anywhere_must_be_confirmed(message: Message) -> None:
    """Wherever it stands in what an organisation gets."""
    assert problems(view_of(message, choices=choice()))["PERSON_NUMBER_VISIBLE"] is Weight.CONFIRM


def test_digits_of_neighbours_are_no_person_number() -> None:
    """Nor is a person's number in the addressing, which nobody gets."""
    metadata = f"<a>{HALVES[0]}</a><b>{HALVES[1]}</b>"
    assert problems(view_of(Message(metadata=metadata))) == {}
    assert problems(view_of(Message(parts=(Part(), Part("En person", PERSON_NUMBER))))) == {}


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize(
    "message",
    [
        Message(title=f"Vedtak {PERSON_NUMBER}"),
        Message(documents=(Doc(title=PERSON_NUMBER),)),
        Message(documents=(Doc((Objekt(f"vedtak {PERSON_NUMBER}.pdf"),)),)),
    ],
    ids=["title", "document-title", "file-name"],
)
def test_a_person_number_in_a_title_blocks_where_titles_are_shown(channel: Channel, message: Message) -> None:
    """DPV, DPF and DPI show it; the others warn."""
    view = view_of(message, choices=choice(message, route=Route(channel, ADMINISTRASJON, ARKIVMELDING)))
    shows = channel in (Channel.DPV, Channel.DPF, Channel.DPI)
    assert problems(view)["PERSON_NUMBER_IN_TITLE"] is (Weight.BLOCK if shows else Weight.INFO)
    assert all(PERSON_NUMBER not in problem.message for problem in view.prototypes[0].problems)


@pytest.mark.parametrize(
    ("message", "draft", "channel", "missing"),
    [
        (Message(skjerming=SECRET, public_title=None), {}, Channel.DPV, True),
        (Message(skjerming=skjerming("Offl. § 14"), public_title=None), {}, Channel.DPF, True),
        (Message(public_title=None), {"confidential": True}, Channel.DPI, True),
        (Message(public_title=None), {}, Channel.DPV, False),
        (Message(skjerming=SECRET), {}, Channel.DPV, False),
        (Message(skjerming=SECRET, public_title=None), {}, Channel.DPO, False),
    ],
)
def test_a_shielded_document_needs_a_public_title(
    message: Message, draft: dict[str, object], channel: Channel, missing: bool
) -> None:
    """On channels that show one, for the other title is never shown in its place."""
    choices = choice(message, route=Route(channel, ADMINISTRASJON, ARKIVMELDING))
    view = view_of(message, draft=conversation(**draft), choices=choices)
    assert ("PUBLIC_TITLE_MISSING" in problems(view)) is missing


def test_a_recipient_that_the_document_does_not_name_must_be_confirmed() -> None:
    """The archive will not show that it got it."""
    added = Choice("m-9", "c-9", PartRef(0, "Mottaker", "Skogen"), recipient=HELSE, in_arkivmelding=False)
    assert problems(view_of(choices=(*choice(), added)), 1) == {"NOT_IN_ARKIVMELDING": Weight.CONFIRM}


def test_everybody_is_told_of() -> None:
    """An expanded group is skipped, and nobody else is; a part that was given its number by hand is a recipient."""
    message = Message(parts=(Part("Alle tilsyn", None, "Gruppemottaker"), Part("Fjordvik tilsyn", None)))
    group, plain = choices_of(message)
    by_hand = replace(plain, recipient=DPO)
    expanded = view_of(
        message, choices=(replace(group, recipient=HELSE), replace(group, message_id="m-8", recipient=DPV), by_hand)
    )
    assert [(each.part.index, each.reason) for each in expanded.skipped] == [(1, "EXPANDED")]
    assert view_of(message, choices=(group, by_hand)).skipped == ()


def test_a_confidential_message_is_rendered_without_others() -> None:
    """What the redactions list is what this recipient will not see."""
    message = Message(parts=(Part(), Part("Breidal kommune", DPF)), skjerming=SECRET)
    view = view_of(message)
    assert [each.path.rpartition("/")[2] for each in view.prototypes[0].redactions] == [
        "virksomhetsspesifikkeMetadata",
        "korrespondansepart[2]",
    ]
    assert [each.path.rpartition("/")[2] for each in view.prototypes[1].redactions] == [
        "virksomhetsspesifikkeMetadata",
        "korrespondansepart[1]",
    ]


def test_a_recipients_own_number_stays_in_its_rendering() -> None:
    """And goes from everybody else's."""
    message = Message(
        parts=(Part(), Part("Skogen helseforetak", HELSE)), sakspart=sakspart("Fjordvik tilsyn", "311000020")
    )
    removed = [
        [each.path.rpartition("/")[2] for each in prototype.redactions] for prototype in view_of(message).prototypes
    ]
    assert removed == [["virksomhetsspesifikkeMetadata"], ["virksomhetsspesifikkeMetadata", "sakspartID"]]
