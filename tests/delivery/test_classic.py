"""The classic room: what is taken, what is refused and why, and what a commit writes down."""

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.arkivmelding.handling import Handling
from gateway.delivery.classic_records import RefusedSbd
from gateway.delivery.committing import DELIVER, EXPIRE
from gateway.delivery.housekeeping import Housekeeping
from gateway.delivery.uploads import Incoming, Kept
from gateway.errors import Conflict, GatewayError, Invalid, NotAllowed, NotFound, Refused, Stale, TooLarge, Unavailable
from gateway.keys.sealing import sealing_key_files
from gateway.message.processes import TAUSHETSBELAGT, Channel
from gateway.message.sbd import read_envelope
from gateway.message.status import Status
from gateway.registry.records import Query
from gateway.storage import backup, messages, statuses, tasks
from gateway.storage.backup import Places
from gateway.storage.conversations import ConversationState
from gateway.storage.engine import Database
from tests.delivery.classic_desk import CALLER, PRINCIPAL, Desk, desk_on
from tests.delivery.desk import NOW
from tests.documents import DPO, DPV, SENDER, Doc, Message, Objekt, skjerming
from tests.message.sbds import HEADER, LATER, MESSAGE_ID, Json, avtalt, changed, kvittering, minimal, partner
from tests.storage.test_inbox import make_incoming
from tests.storage.test_inbox import store as store_incoming

_SCOPE = (HEADER, "businessScope", "scope", 0)
_LETTER = {"tittel": "T", "sammendrag": "S", "innhold": "I"}
_ID = (HEADER, "documentIdentification", "instanceIdentifier")


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """An empty desk, on each database."""
    with desk_on(database, tmp_path) as desk:
        yield desk


def refused(desk: Desk, sbd: object, caller: object = CALLER) -> GatewayError:
    """Why an SBD is refused; nothing of it is kept."""
    with pytest.raises(GatewayError) as caught:
        desk.classic.create(sbd, caller)  # type: ignore[arg-type]
    assert caught.value.mend
    return caught.value


def complete(desk: Desk, sbd: Json | None = None) -> str:
    """A draft of an arkivmelding with everything that it needs; its messageId."""
    view = desk.classic.create(sbd or minimal(), CALLER)
    desk.add(view.message.id, "arkivmelding.xml", Message().xml())
    desk.add(view.message.id, "vedtak.pdf")
    return view.message.id


def test_what_was_created_is_found_by_each_of_its_ids(desk: Desk) -> None:
    """The conversation's, the message's, the SBD's ConversationId; with defaults filled in and the way decided."""
    made = desk.classic.create(minimal(), CALLER)
    scope = made.sbd[HEADER]["businessScope"]["scope"][0]  # type: ignore[index]
    for any_id in (made.conversation.id, made.message.id, scope["instanceIdentifier"]):
        assert desk.classic.view(any_id, CALLER) == made
    route = made.message.choice.route
    assert route is not None
    assert (route.channel, made.conversation.sender, made.message.recipient) == (Channel.DPO, SENDER, DPO)
    assert made.message.choice.deadline == NOW + timedelta(hours=24)
    assert [each.code for each in made.problems] == ["MISSING_FILE", "MISSING_ARKIVMELDING"]


def test_the_registry_is_asked_with_the_level_of_the_message(desk: Desk) -> None:
    """As the reference does."""
    desk.classic.create(minimal(business={"sikkerhetsnivaa": 4}), CALLER)
    process = minimal()[HEADER]["businessScope"]["scope"][0]["identifier"]
    assert Query(DPO, process, 4) in desk.register.asked


def test_every_fault_of_an_sbd_comes_at_once(desk: Desk) -> None:
    """With the constraint as its rule, and the place."""
    sbd = changed(changed(minimal(), *_ID, to="nei"), HEADER, "headerVersion", to=...)
    error = refused(desk, sbd)
    assert isinstance(error, RefusedSbd)
    assert {(each.rule, each.path, each.value) for each in error.faults} == {
        ("NotNull", f"/{HEADER}/headerVersion", None),
        ("UUID", f"/{HEADER}/documentIdentification/instanceIdentifier", "nei"),
    }
    assert len(error.found) == 2


def test_a_person_number_in_an_sbd_is_not_told_again(desk: Desk) -> None:
    """What is refused goes into an answer that somebody may log."""
    sbd = changed(minimal(), HEADER, "sender", to=[partner("01010112345")])
    error = refused(desk, sbd)
    assert isinstance(error, Refused)
    assert [each.value for each in error.faults] == ["***********"]


@pytest.mark.parametrize(
    ("sbd", "code"),
    [
        (minimal(to=DPV), "CHANNEL_NOT_ENABLED"),
        (minimal(to="0192:311000098"), "NOT_REGISTERED"),
        (changed(minimal(), *_SCOPE, "identifier", to="urn:no:difi:profile:x:y:ver1.0"), "NO_CHANNEL"),
        (changed(avtalt(), *_SCOPE, "identifier", to=TAUSHETSBELAGT), "NO_CHANNEL"),
        (minimal("publisering", {"orgnr": "311000012"}, standard="urn:x::publisering"), "CHANNEL_NOT_ENABLED"),
        (minimal("digital_dpv", _LETTER, standard="urn:x::digital_dpv"), "CHANNEL_NOT_ENABLED"),
        (
            changed(minimal(), HEADER, "receiver", to=[{"identifier": {"authority": "nhn-actorid", "value": "her-id:12"}}]),
            "CHANNEL_NOT_ENABLED",
        ),
        (minimal(to="01010750160"), "CHANNEL_NOT_ENABLED"),
    ],
)  # fmt: skip
def test_what_nobody_can_carry_is_refused_at_once(desk: Desk, sbd: Json, code: str) -> None:
    """With the reason, and nothing is kept."""
    error = refused(desk, sbd)
    assert isinstance(error, Invalid)
    assert error.code == code
    assert [each.path for each in error.faults] != [""]


def test_a_registry_that_cannot_be_asked_keeps_nothing(desk: Desk) -> None:
    """It is the same request again in a while."""
    desk.register.failing = Unavailable("down")
    error = refused(desk, changed(minimal(), *_ID, to=MESSAGE_ID))
    assert isinstance(error, Unavailable)
    assert (error.code, error.retry_after) == ("REGISTRY_FAILED", 30)
    desk.register.failing = None
    assert desk.classic.create(changed(minimal(), *_ID, to=MESSAGE_ID), CALLER).message.id == MESSAGE_ID


def test_a_message_id_is_used_once(desk: Desk) -> None:
    """The refusal names where it stands."""
    first = desk.classic.create(changed(minimal(), *_ID, to=MESSAGE_ID), CALLER)
    error = refused(desk, changed(minimal(), *_ID, to=MESSAGE_ID))
    assert isinstance(error, Conflict)
    assert error.code == "MESSAGE_EXISTS"
    assert first.conversation.id in error.message


@pytest.mark.parametrize(
    ("written", "kept", "sender"),
    [
        (None, SENDER, SENDER),
        (SENDER, SENDER, SENDER),
        ("311000012", SENDER, SENDER),
        (PRINCIPAL, f"{SENDER}:311000101", PRINCIPAL),
        (f"{SENDER}:311000101", f"{SENDER}:311000101", PRINCIPAL),
    ],
)
def test_on_behalf_of_another(desk: Desk, written: str | None, kept: str, sender: str) -> None:
    """The supplier is written before the principal, whom the message is from."""
    caller = replace(CALLER, organisations=(SENDER, PRINCIPAL))
    sbd = minimal() if written is None else changed(minimal(), HEADER, "sender", to=[partner(written)])
    view = desk.named(own=SENDER).classic.create(sbd, caller)
    assert view.sbd[HEADER]["sender"][0]["identifier"]["value"] == kept  # type: ignore[index]
    assert view.conversation.sender == sender


@pytest.mark.parametrize("written", [PRINCIPAL, f"{SENDER}:311000101", f"{PRINCIPAL}:311000012"])
def test_nobody_sends_for_whom_it_may_not(desk: Desk, written: str) -> None:
    """Neither as the principal nor as the supplier."""
    error = refused(desk.named(own=SENDER), changed(minimal(), HEADER, "sender", to=[partner(written)]))
    assert isinstance(error, NotAllowed)


def test_another_channel_than_the_installations_is_refused(desk: Desk) -> None:
    """Its receipts would not be found again."""
    scopes = [*minimal()[HEADER]["businessScope"]["scope"], {"type": "MessageChannel", "identifier": "annen"}]
    sbd = changed(minimal(), HEADER, "businessScope", "scope", to=scopes)
    error = refused(desk.named(channel="vår"), sbd)
    assert isinstance(error, Invalid)
    assert error.code == "MESSAGE_CHANNEL"
    assert desk.classic.create(sbd, CALLER).ready is False


@pytest.mark.parametrize("own", [None, "vår"])
def test_a_kvittering_goes_back_on_the_channel_of_what_it_answers(desk: Desk, own: str | None) -> None:
    """The sender's installation that is to find it; for anything else, and for what did not come to us, our own."""
    here = make_incoming(organisation=SENDER, message_channel="deres")
    foreign = make_incoming(organisation=PRINCIPAL, message_channel="deres")
    store_incoming(desk.database, here, foreign)
    named = desk.named(channel=own) if own else desk
    for sbd, expected in (
        (kvittering(related=here.message_id), "deres"),
        (kvittering(related=foreign.message_id), own),
        (kvittering(), own),
        (avtalt(relatedToMessageId=here.message_id), own),
    ):
        assert read_envelope(named.classic.create(sbd, CALLER).sbd).channel == expected
    scopes = [*kvittering()[HEADER]["businessScope"]["scope"], {"type": "MessageChannel", "identifier": "deres"}]
    written = changed(kvittering(related=here.message_id), HEADER, "businessScope", "scope", to=scopes)
    assert read_envelope(named.classic.create(written, CALLER).sbd).channel == "deres"


def test_a_draft_of_confidential_post_lives_shorter(desk: Desk) -> None:
    """As in the other flow."""
    secret = desk.classic.create(changed(minimal(), *_SCOPE, "identifier", to=TAUSHETSBELAGT), CALLER)
    assert secret.conversation.expires == NOW + timedelta(hours=24)
    assert desk.classic.create(minimal(), CALLER).conversation.expires == NOW + timedelta(days=7)


def test_nobody_else_sees_it(desk: Desk) -> None:
    """Each client has its own."""
    message_id = complete(desk)
    other = replace(CALLER, client_id="another")
    for forbidden in (desk.classic.view, desk.classic.commit, desk.classic.discard, desk.classic.documents):
        with pytest.raises(NotFound):
            forbidden(message_id, other)


def test_files_are_kept_in_the_order_of_their_uploads(desk: Desk) -> None:
    """The same again is the same; other bytes under that name are not; a title is kept."""
    view = desk.classic.create(avtalt(), CALLER)
    for name in ("b.pdf", "a.pdf"):
        assert desk.add(view.message.id, name, title=f"Tittel {name}") is Kept.CREATED
    assert desk.add(view.message.id, "b.pdf") is Kept.SAME
    with pytest.raises(Conflict) as caught:
        desk.add(view.message.id, "b.pdf", b"other")
    assert caught.value.code == "OTHER_BYTES"
    assert desk.add(view.message.id, "b.pdf", b"other", replaces=True) is Kept.REPLACED
    stored = desk.classic.documents(view.message.id, CALLER)
    assert [(each.filename, each.position) for each in stored] == [("b.pdf", 1), ("a.pdf", 2)]
    assert stored[1].title == "Tittel a.pdf"
    assert desk.files() == 2


@pytest.mark.parametrize("name", ["manifest.xml", "META-INF/x", "Arkivmelding.xml", "mimetype"])
def test_a_name_that_the_package_needs_is_refused(desk: Desk, name: str) -> None:
    """Only arkivmelding.xml, spelt so, is the client's to send."""
    view = desk.classic.create(minimal(), CALLER)
    with pytest.raises(Conflict) as caught:
        desk.add(view.message.id, name)
    assert caught.value.code == "RESERVED_NAME"


def test_the_sum_of_the_files_is_what_the_channel_takes(sqlite_database: Database, tmp_path: Path) -> None:
    """The last byte that fits is taken, the next is not, and leaves nothing behind."""
    with desk_on(sqlite_database, tmp_path, size_limits={Channel.DPO: 10}) as desk:
        view = desk.classic.create(avtalt(), CALLER)
        desk.add(view.message.id, "a.bin", b"x" * 6)
        with pytest.raises(TooLarge):
            desk.add(view.message.id, "b.bin", b"x" * 5)
        assert desk.files() == 1
        assert desk.add(view.message.id, "b.bin", b"x" * 4) is Kept.CREATED
        assert desk.add(view.message.id, "b.bin", b"y" * 4, replaces=True) is Kept.REPLACED


def test_an_arkivmelding_is_looked_through_when_it_comes(desk: Desk) -> None:
    """Graded, it is refused with its fault and leaves nothing; whole, it tells title and meldingId of the conversation."""
    view = desk.classic.create(minimal(), CALLER)
    graded = Message(skjerming=skjerming("", "Strengt fortrolig")).xml()
    with pytest.raises(Invalid) as caught:
        desk.add(view.message.id, "arkivmelding.xml", graded)
    assert "CLASSIFIED" in {each.rule for each in caught.value.faults}
    assert desk.files() == 0
    desk.add(view.message.id, "arkivmelding.xml", Message().xml())
    after = desk.classic.view(view.message.id, CALLER)
    assert (after.conversation.melding_id, after.conversation.title) == (Message().melding_id, "Vedtak om støtte")
    desk.classic.remove_document(view.message.id, "arkivmelding.xml", caller=CALLER)
    assert desk.classic.view(view.message.id, CALLER).conversation.melding_id is None
    assert desk.files() == 0


def test_an_arkivmelding_is_taken_leniently_unless_the_client_is_strict(desk: Desk) -> None:
    """What a lenient receiver would take is a warning; the bytes go as they came."""
    flawed = Message(documents=(Doc(role="Vedlegg"),)).xml()
    strict = desk.classic.create(minimal(), replace(CALLER, handling=Handling.STRICT))
    with pytest.raises(Invalid):
        desk.add(strict.message.id, "arkivmelding.xml", flawed)
    view = desk.classic.create(minimal(), CALLER)
    desk.add(view.message.id, "arkivmelding.xml", flawed)
    desk.add(view.message.id, "vedtak.pdf")
    after = desk.classic.view(view.message.id, CALLER)
    assert after.ready
    assert "AM-008" in {each.code for each in after.problems}


def test_every_file_that_the_arkivmelding_names_must_be_there(desk: Desk) -> None:
    """All missing ones at once; one that it does not name is sent along."""
    view = desk.classic.create(minimal(), CALLER)
    named = (Doc(), Doc((Objekt("kart.png"),), "Kart", "Vedlegg"))
    desk.add(view.message.id, "arkivmelding.xml", Message(documents=named).xml())
    desk.add(view.message.id, "notat.txt")
    with pytest.raises(Conflict) as caught:
        desk.classic.commit(view.message.id, CALLER)
    assert caught.value.code == "NOT_READY"
    assert [(each.rule, each.value) for each in caught.value.faults] == [
        ("DOCUMENT_MISSING", "vedtak.pdf"),
        ("DOCUMENT_MISSING", "kart.png"),
    ]
    for name in ("vedtak.pdf", "kart.png"):
        desk.add(view.message.id, name)
    committed = desk.classic.commit(view.message.id, CALLER).view
    assert committed.message.choice.documents == ("arkivmelding.xml", "notat.txt", "vedtak.pdf", "kart.png")


def test_the_main_document_goes_first(desk: Desk) -> None:
    """Where the SBD names it; one that is not there is worth knowing."""
    message_id = complete(desk, minimal(business={"hoveddokument": "vedtak.pdf"}))
    assert desk.classic.commit(message_id, CALLER).view.message.choice.documents == ("vedtak.pdf", "arkivmelding.xml")
    other = complete(desk, minimal(business={"hoveddokument": "borte.pdf"}))
    assert {"MAIN_DOCUMENT_MISSING"} == {each.code for each in desk.classic.view(other, CALLER).problems}
    assert desk.classic.commit(other, CALLER).repeated is False


def test_shielded_content_in_an_open_process_is_told(desk: Desk) -> None:
    """The client chose the process; it may have slipped."""
    view = desk.classic.create(minimal(), CALLER)
    shielded = Message(skjerming=skjerming("Offl. § 13 jf. fvl. § 13")).xml()
    desk.add(view.message.id, "arkivmelding.xml", shielded)
    problems = desk.classic.view(view.message.id, CALLER).problems
    assert "SHIELDED_IN_OPEN_PROCESS" in {each.code for each in problems}


def test_a_commit_writes_down_everything_that_follows(desk: Desk) -> None:
    """State, first status, delivery and deadline, in one go; a second one is the same answer."""
    deadline = changed(minimal(), *_SCOPE, "scopeInformation", to=[{"expectedResponseDateTime": LATER}])
    message_id = complete(desk, deadline)
    commitment = desk.classic.commit(message_id, CALLER)
    assert (commitment.repeated, commitment.view.conversation.state) == (False, ConversationState.COMMITTED)
    with desk.database.reading() as connection:
        message = messages.get(connection, message_id)
        assert message.deadline == commitment.view.message.choice.deadline
        assert [each.status for each in statuses.of_message(connection, message_id)] == [Status.OPPRETTET]
        deliver, expire = (tasks.find(connection, kind, subject=message_id) for kind in (DELIVER, EXPIRE))
    assert deliver is not None
    assert expire is not None
    assert (deliver.due, expire.due) == (NOW, message.deadline)
    assert desk.classic.commit(message_id, CALLER).repeated is True


def test_two_commits_at_once_are_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second finds it committed by the first, between its own look and its own writing: the same answer, queued once."""
    message_id = complete(desk)
    overtaking = [lambda: desk.classic.commit(message_id, CALLER)]

    def overtaken(*arguments: object, **more: object) -> None:
        if overtaking:
            assert overtaking.pop()().repeated is False

    monkeypatch.setattr("gateway.delivery.classic.require_time", overtaken)
    assert desk.classic.commit(message_id, CALLER).repeated is True
    with desk.database.reading() as connection:
        assert [each.status for each in statuses.of_message(connection, message_id)] == [Status.OPPRETTET]


def test_two_uploads_at_once_do_not_pass_the_limit_together(database: Database, tmp_path: Path) -> None:
    """Each fits beside what stands when it begins; the one that is finished later is refused, and leaves nothing."""
    with desk_on(database, tmp_path, size_limits={Channel.DPO: 10}) as desk:
        view = desk.classic.create(avtalt(), CALLER)

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                if self.tell() == 0:
                    desk.add(view.message.id, "quick.bin", b"x" * 6)
                return super().read(size)

        slow = Incoming("slow.bin", "application/pdf", 6, Slow(b"y" * 6))
        with pytest.raises(TooLarge):
            desk.classic.add_document(view.message.id, slow, caller=CALLER)
        assert [each.filename for each in desk.classic.documents(view.message.id, CALLER)] == ["quick.bin"]
        assert desk.files() == 1


@pytest.mark.parametrize("sbd", [kvittering(), avtalt()])
def test_some_messages_need_no_file(desk: Desk, sbd: Json) -> None:
    """Receipts, and what two have agreed on."""
    view = desk.classic.create(sbd, CALLER)
    assert view.ready
    assert desk.classic.commit(view.message.id, CALLER).view.message.choice.documents == ()


def test_after_its_deadline_nothing_is_committed(desk: Desk) -> None:
    """It would never be sent."""
    message_id = complete(desk)
    desk.clock.forward(hours=24)
    assert not desk.classic.view(message_id, CALLER).ready
    with pytest.raises(Conflict) as caught:
        desk.classic.commit(message_id, CALLER)
    assert caught.value.code == "DEADLINE_PASSED"


def test_a_draft_can_be_discarded_and_what_is_sent_cannot(desk: Desk) -> None:
    """Its bytes are gone, and its id is free."""
    message_id = complete(desk, changed(minimal(), *_ID, to=MESSAGE_ID))
    desk.classic.discard(message_id, CALLER)
    assert desk.files() == 0
    with pytest.raises(NotFound):
        desk.classic.view(message_id, CALLER)
    again = complete(desk, changed(minimal(), *_ID, to=MESSAGE_ID))
    desk.classic.commit(again, CALLER)
    for change in (desk.classic.discard, lambda any_id, _: desk.add(any_id, "ny.pdf")):
        with pytest.raises(Conflict) as caught:
            change(again, CALLER)
        assert caught.value.code == "NOT_DRAFT"


def test_a_draft_that_nobody_commits_is_swept(desk: Desk) -> None:
    """In its time, its bytes with it; its id is free again."""
    message_id = complete(desk, changed(minimal(), *_ID, to=MESSAGE_ID))
    housekeeping = Housekeeping(desk.database, desk.blobs, desk.clock)
    desk.clock.forward(days=6)
    assert housekeeping.expire_drafts() == 0
    desk.clock.forward(days=1)
    assert housekeeping.expire_drafts() == 1
    assert desk.files() == 0
    with pytest.raises(NotFound):
        desk.classic.view(message_id, CALLER)
    complete(desk, changed(minimal(), *_ID, to=MESSAGE_ID))


def test_a_backup_holds_all_of_it(sqlite_database: Database, tmp_path: Path) -> None:
    """What is put back elsewhere can be committed there, SBD and files and all."""
    with desk_on(sqlite_database, tmp_path) as desk:
        message_id = complete(desk)
        before = desk.classic.view(message_id, CALLER)
    places = Places(tmp_path / "only.db", tmp_path / "documents", sealing_key_files(tmp_path / "keys"))
    backup.take(tmp_path / "copy", places, note={})
    backup.put_back(tmp_path / "copy", tmp_path / "restored", prepare=lambda _: None)
    restored = Database(str(tmp_path / "restored" / "gateway.db"))
    with desk_on(restored, tmp_path / "restored") as other:
        after = other.classic.view(message_id, CALLER)
        assert (after.conversation, after.sbd, after.documents) == (before.conversation, before.sbd, before.documents)
        assert after.inspection is not None
        assert other.classic.commit(message_id, CALLER).view.sbd == before.sbd
    restored.close()


def test_a_stale_version_changes_nothing(desk: Desk) -> None:
    """Each upload moves it."""
    view = desk.classic.create(avtalt(), CALLER)
    desk.add(view.message.id, "a.pdf")
    for stale in (desk.classic.commit, desk.classic.discard):
        with pytest.raises(Stale):
            stale(view.message.id, CALLER, if_match=view.conversation.version)
    assert desk.classic.commit(view.message.id, CALLER, if_match=view.conversation.version + 1).repeated is False


def test_a_classic_conversation_is_not_the_other_flows(desk: Desk) -> None:
    """There is nothing in it to edit."""
    view = desk.classic.create(minimal(), CALLER)
    with pytest.raises(Conflict) as caught:
        desk.classic.intake.view(view.conversation.id, CALLER)
    assert caught.value.code == "CLASSIC"


def test_a_dry_run_keeps_nothing(desk: Desk) -> None:
    """It answers what would be."""
    view = desk.classic.derive(changed(minimal(), *_ID, to=MESSAGE_ID), CALLER)
    assert view.message.id == MESSAGE_ID
    with pytest.raises(NotFound):
        desk.classic.view(MESSAGE_ID, CALLER)


def test_what_is_to_be_kept_with_it_is(desk: Desk) -> None:
    """In its transaction: where that fails, there is no conversation either."""

    def fail(*_: object) -> None:
        raise RuntimeError("cut off")

    with pytest.raises(RuntimeError, match="cut off"):
        desk.classic.create(changed(minimal(), *_ID, to=MESSAGE_ID), CALLER, keep=fail)
    assert desk.classic.create(changed(minimal(), *_ID, to=MESSAGE_ID), CALLER).message.id == MESSAGE_ID
