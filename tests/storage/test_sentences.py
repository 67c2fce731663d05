"""Sentences that are stored can be told in another language when they are read, and old rows are read as before."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from gateway.language import Language, Phrase, as_phrase, say, tell
from gateway.message.prototype import Confirmation, Problem, Weight
from gateway.message.status import Status
from gateway.storage import arrivals, attempts, conversations, messages, statuses
from gateway.storage.arrivals import OddEvent
from gateway.storage.attempts import Attempt
from gateway.storage.codec import read_choice, read_confirmations, write_choice, write_confirmations
from gateway.storage.engine import Database

from .making import NOW, SENDER, make_choice, make_conversation, make_event, store_queued

# Of the real catalogue, nested once.
SENTENCE = say(
    "the identifier given for «{name}» (korrespondansepart {index}) cannot be used: {reason}",
    name="{Fjordvik}",
    index=2,
    reason=say("{number} is no organisasjonsnummer: its check digit is wrong", number="311000129"),
)
BOKMAAL = (
    "identifikatoren som er oppgitt for «{Fjordvik}» (korrespondansepart 2), kan ikke brukes: "
    "311000129 er ikke et organisasjonsnummer: kontrollsifferet er feil"
)
PROBLEM = Problem("ID_INVALID", Weight.BLOCK, SENTENCE, as_phrase("Correct the number."), part=2)

# What somebody else wrote, which looks like what is written for a phrase.
LOOKALIKES = ('{"say": "{name}", "with": {"name": "x"}}', '{"say": broken', '{"say": "{0}"}')


def test_a_stored_problem_is_told_in_bokmaal(database: Database) -> None:
    """Message and mend of a problem come back as phrases, and so does the reason for a channel."""
    why = (say("{number} takes {process} over {channel}{level}{secrecy}", **_reason()), "korrespondansepart 1")
    choice = make_choice(problems=(PROBLEM,), why=why)
    with database.writing() as connection:
        conversation = make_conversation()
        conversations.insert(connection, conversation, choices=[choice])
        [found] = messages.of_conversation(connection, conversation.id)
    assert found.choice == choice
    assert tell(found.choice.problems[0].message, Language.BOKMAAL) == BOKMAAL
    assert isinstance(found.choice.problems[0].mend, Phrase)
    assert tell(found.choice.why[0], Language.BOKMAAL) == "311000128 tar imot administrasjon over DPO"
    assert found.choice.why[1] == "korrespondansepart 1"


def test_a_confirmation_is_about_the_same_words() -> None:
    """What a person said yes to is compared with the problem as it is found again: the English texts are equal."""
    given = Confirmation("NAME_MISMATCH", "me", datetime(2026, 3, 2, tzinfo=UTC), SENTENCE)
    [found] = read_confirmations(json.loads(json.dumps(write_confirmations([given]))))
    assert found == given
    assert found.about == PROBLEM.message == str(SENTENCE)
    assert tell(found.about, Language.BOKMAAL) == BOKMAAL


def test_rows_from_before_there_were_phrases_are_read() -> None:
    """Plain texts, as older versions wrote them, are the texts that they are."""
    choice = make_choice(problems=(PROBLEM,), why=("a", "b"), confirmations=(_yes("plain words"),))
    old = write_choice(choice)
    old["problems"] = [{"code": "ID_INVALID", "severity": "block", "message": str(SENTENCE), "mend": "m", "part": 2}]
    found = read_choice(json.loads(json.dumps(old)))
    assert found == replace(choice, problems=(replace(PROBLEM, mend="m"),))
    assert type(found.problems[0].message) is str
    assert found.confirmations[0].about == "plain words"


@pytest.mark.parametrize("words", [SENTENCE, "lagt i kø", "", *LOOKALIKES])
def test_a_status_tells_its_description_in_the_readers_language(database: Database, words: str) -> None:
    """A phrase comes back as one; any other text comes back as it is, whatever it looks like."""
    message = store_queued(database)[0]
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET, description=words))
        [found] = statuses.of_message(connection, message.id)
    assert found.description == words
    assert tell(found.description, Language.ENGLISH) == words
    assert tell(found.description, Language.BOKMAAL) == (BOKMAAL if words is SENTENCE else words)


def test_a_status_from_before_there_were_phrases_is_read(database: Database) -> None:
    """What stands in the column as plain text is the description."""
    message = store_queued(database)[0]
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET, description="x"))
        connection.execute(text("UPDATE status SET description = :words"), {"words": "lagt i kø"})
        [found] = statuses.of_message(connection, message.id)
    assert found.description == "lagt i kø"


def test_the_column_holds_readable_text(database: Database) -> None:
    """A phrase is stored as JSON with its letters as they are, so that who looks into the table can read it."""
    message = store_queued(database)[0]
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET, description=say("«{name}» ø", name="æ")))
        stored = connection.scalar(text("SELECT description FROM status"))
    assert stored == '{"say": "«{name}» ø", "with": {"name": "æ"}}'


def test_what_no_database_keeps_is_replaced_in_phrases(database: Database) -> None:
    """NUL and half a surrogate pair become U+FFFD in what is filled in and in a foreign pattern."""
    message = store_queued(database)[0]
    words = say("{a}: {b}", a="x\x00\ud800", b=as_phrase("y\udfff"))
    with database.writing() as connection:
        statuses.append(connection, make_event(message, Status.OPPRETTET, description=words))
        [found] = statuses.of_message(connection, message.id)
    assert found.description == "x\ufffd\ufffd: y\ufffd"


def test_timeline_references_and_odd_events_keep_their_sentences(database: Database) -> None:
    """The other places where a sentence is stored for somebody to read later."""
    message = store_queued(database)[0]
    with database.writing() as connection:
        attempts.record(connection, Attempt(message.id, NOW, "hand-over", SENTENCE))
        messages.set_reference(connection, messages.ReferenceEntry(message.id, "r", NOW, SENTENCE))
        arrivals.note_odd(connection, OddEvent(NOW, SENDER, "r", None, "WRONG_SENDER", SENTENCE))
        [tried] = attempts.of_message(connection, message.id)
        [called] = messages.references(connection, message.id)
        [odd] = arrivals.odd_events(connection, limit=1)
    told = {tell(words, Language.BOKMAAL) for words in (tried.detail, called.why, odd.detail)}
    assert told == {BOKMAAL}


def _reason() -> dict[str, str]:
    return {"number": "311000128", "process": "administrasjon", "channel": "DPO", "level": "", "secrecy": ""}


def _yes(about: str) -> Confirmation:
    return Confirmation("NOT_OUTGOING", None, NOW, about)
