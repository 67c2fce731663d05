"""Conversations: kept as posted, changed by one writer at a time, seen by their client alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.errors import Conflict, Invalid, NotFound, Stale
from gateway.message.prototype import Confirmation
from gateway.storage import conversations, documents, messages
from gateway.storage.conversations import ConversationFilter, ConversationState, Page
from gateway.storage.engine import Database

from .making import NOW, SENDER, make_choice, make_conversation, make_document, new_id, store_conversation, store_queued


def test_a_conversation_comes_back_as_it_was(database: Database) -> None:
    """Every fact of a conversation, the bytes of its XML among them, is read as it was written."""
    conversation = make_conversation(
        arkivmelding=bytes(range(256)) * 5000,
        confidential=False,
        options={"deadline": "2026-03-03T10:00:00Z", "recipients": [{"part": 1}]},
        confirmations=(Confirmation("SHIELDING_UNCLEAR", "saksbehandler", NOW),),
    )
    with database.writing() as connection:
        conversations.insert(connection, conversation, choices=[])
    with database.reading() as connection:
        assert conversations.find(connection, conversation.id, client_id="fagsystem") == conversation
        assert conversations.find(connection, conversation.id, client_id=None) == conversation


def test_another_clients_conversation_is_not_found(database: Database) -> None:
    """A client cannot tell another's conversation from one that does not exist, neither by find nor by resolve."""
    conversation = store_conversation(database)
    with database.reading() as connection:
        message = messages.of_conversation(connection, conversation.id)[0]
        for name in (conversation.id, message.id, message.choice.conversation_id, new_id()):
            with pytest.raises(NotFound, match="no such conversation"):
                conversations.resolve(connection, name, client_id="other")
        for name in (conversation.id, new_id()):
            with pytest.raises(NotFound, match="no such conversation"):
                conversations.find(connection, name, client_id="other")


def test_any_id_of_a_conversation_resolves(database: Database) -> None:
    """Its own id, that of a message and the ConversationId of an SBD all lead to the conversation, in that order."""
    conversation = store_conversation(database)
    with database.writing() as connection:
        message = messages.of_conversation(connection, conversation.id)[0]
        other = make_conversation()
        conversations.insert(connection, other, choices=[make_choice(conversation_id=message.id)])
        third = make_conversation(id=message.choice.conversation_id)
        conversations.insert(connection, third, choices=[])
    with database.reading() as connection:
        for client in ("fagsystem", None):
            assert conversations.resolve(connection, conversation.id, client_id=client) == conversation.id
            assert conversations.resolve(connection, message.id, client_id=client) == conversation.id
            assert conversations.resolve(connection, third.id, client_id=client) == third.id


def test_a_change_needs_the_version_that_was_read(database: Database) -> None:
    """Of two who read the same version the first writes and the second is refused, and changes nothing."""
    conversation = store_conversation(database)
    changed = replace(conversation, title="Nytt vedtak", confidential=True, arkivmelding=b"<ny/>")
    with database.writing() as connection:
        saved = conversations.save(connection, changed, expected_version=1)
    assert saved == replace(changed, version=2)
    with pytest.raises(Stale), database.writing() as connection:
        conversations.save(connection, replace(conversation, title="For sent"), expected_version=1)
    with database.reading() as connection:
        assert conversations.find(connection, conversation.id, client_id=None) == saved


def test_an_upload_moves_the_version_of_a_draft_only(database: Database) -> None:
    """Touching gives the next version; a committed conversation refuses, and so does one that does not exist."""
    conversation = store_conversation(database)
    committed = store_queued(database)[0].conversation_id
    with database.writing() as connection:
        assert conversations.touch(connection, conversation.id) == 2
        assert conversations.touch(connection, conversation.id) == 3
        with pytest.raises(Conflict, match="committed"):
            conversations.touch(connection, committed)
        with pytest.raises(NotFound):
            conversations.touch(connection, new_id())


def test_a_discarded_draft_is_empty(database: Database) -> None:
    """Discarding takes XML, title, options, documents and messages away and names the keys of the bytes to delete."""
    conversation = store_conversation(database, messages=2, options={"actor": "x"})
    stored = [make_document(conversation, name) for name in ("a.pdf", "b.pdf")]
    with database.writing() as connection:
        for document in stored:
            documents.put(connection, document)
        keys = conversations.discard(connection, conversation.id)
    assert sorted(keys) == sorted(document.key for document in stored)
    with database.reading() as connection:
        left = conversations.find(connection, conversation.id, client_id=None)
        assert messages.of_conversation(connection, conversation.id) == ()
        assert documents.of_conversation(connection, conversation.id) == ()
    emptied = replace(
        conversation, state=ConversationState.DISCARDED, arkivmelding=b"", title=None, options={}, version=2
    )
    assert left == emptied


def test_only_a_draft_is_discarded(database: Database) -> None:
    """A committed conversation refuses to be discarded and keeps everything; so does one that is discarded already."""
    queued = store_queued(database, count=2)
    discarded = store_conversation(database)
    with database.writing() as connection:
        conversations.discard(connection, discarded.id)
    for conversation_id in (queued[0].conversation_id, discarded.id):
        with pytest.raises(Conflict), database.writing() as connection:
            conversations.discard(connection, conversation_id)
    with database.reading() as connection:
        assert messages.of_conversation(connection, queued[0].conversation_id) == queued


def test_the_list_is_paged_newest_first(database: Database) -> None:
    """Every conversation of the client is on one page only, newest first, also where several came at one moment."""
    stored = [store_conversation(database, created=NOW + timedelta(seconds=number // 3)) for number in range(10)]
    store_conversation(database, client_id="other")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        with database.reading() as connection:
            page, cursor = conversations.listing(
                connection, client_id="fagsystem", filters=ConversationFilter(), page=Page(cursor, 3)
            )
        seen += [entry.id for entry in page]
        if cursor is None:
            break
        assert len(page) == 3
    assert seen == [entry.id for entry in sorted(stored, key=lambda entry: (entry.created, entry.id), reverse=True)]


def test_the_list_is_filtered(database: Database) -> None:
    """State, process and meldingId each narrow the list; discarded conversations are there only when asked for."""
    draft = store_conversation(database, process="p")
    discarded = store_conversation(database)
    committed = store_queued(database)[0].conversation_id
    with database.writing() as connection:
        conversations.discard(connection, discarded.id)
    assert _listed(database) == {draft.id, committed}
    assert _listed(database, state=ConversationState.COMMITTED) == {committed}
    assert _listed(database, state=ConversationState.DISCARDED) == {discarded.id}
    assert _listed(database, process="p") == {draft.id}
    assert _listed(database, melding_id=draft.melding_id) == {draft.id}
    assert _listed(database, melding_id=draft.melding_id, process="q") == set()


def test_a_summary_tells_what_the_conversation_tells(database: Database) -> None:
    """Each fact of the list is that of the conversation."""
    conversation = store_conversation(database)
    with database.reading() as connection:
        page, _ = conversations.listing(connection, client_id="fagsystem", filters=ConversationFilter(), page=Page())
    for name in page[0].__dataclass_fields__:
        assert getattr(page[0], name) == getattr(conversation, name)


@pytest.mark.parametrize("cursor", ["", "x", ".", "1.", "-1.x", "99999999999999999999999.x", "١.x"])
def test_a_cursor_of_somebody_elses_making_is_refused(sqlite_database: Database, cursor: str) -> None:
    """What no page has given is refused in words, not by the database."""
    with sqlite_database.reading() as connection, pytest.raises(Invalid, match="cursor"):
        conversations.listing(connection, client_id="c", filters=ConversationFilter(), page=Page(cursor))


def test_a_melding_id_is_known_once_it_was_used(database: Database) -> None:
    """The same meldingId from the same sender is known, but not of the conversation itself, nor a discarded one."""
    conversation = store_conversation(database, melding_id="m-1")
    assert _known(database, "m-1", except_id=None)
    assert not _known(database, "m-1", except_id=conversation.id)
    assert not _known(database, "m-2", except_id=None)
    assert not _known(database, "m-1", sender="0192:311000025", except_id=None)
    with database.writing() as connection:
        conversations.discard(connection, conversation.id)
    assert not _known(database, "m-1", except_id=None)


def test_expired_drafts_are_found_oldest_first(database: Database) -> None:
    """Drafts past their time are listed up to the limit; committed ones and those that still have time are not."""
    late = [store_conversation(database, expires=NOW - timedelta(hours=hours)) for hours in (1, 3, 2)]
    store_conversation(database, expires=NOW + timedelta(seconds=1))
    store_queued(database, expires=NOW - timedelta(hours=9))
    with database.reading() as connection:
        assert conversations.expired_drafts(connection, now=NOW, limit=2) == (late[1].id, late[2].id)


def test_a_refused_insert_leaves_nothing(database: Database) -> None:
    """A conversation whose last prototype cannot be stored is not stored either."""
    conversation = make_conversation()
    twice = make_choice()
    with pytest.raises(Exception, match=r"(?i)unique"), database.writing() as connection:
        conversations.insert(connection, conversation, choices=[make_choice(), twice, twice])
    with database.reading() as connection, pytest.raises(NotFound):
        conversations.find(connection, conversation.id, client_id=None)


def _listed(database: Database, **filters: object) -> set[str]:
    with database.reading() as connection:
        wanted = ConversationFilter(**filters)  # type: ignore[arg-type]  # the test names the filters
        page, _ = conversations.listing(connection, client_id="fagsystem", filters=wanted, page=Page())
    return {entry.id for entry in page}


def _known(database: Database, melding_id: str, *, sender: str = SENDER, except_id: str | None) -> bool:
    with database.reading() as connection:
        return conversations.melding_id_known(connection, melding_id, sender=sender, except_id=except_id)
