"""The door speaks bokmål to whoever asks for it with Accept-Language, and English to everybody else."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests
from flask import Flask
from marshmallow import Schema, fields, validate
from werkzeug import exceptions

from gateway.api.foreign import FOREIGN_WORDS, recognise
from gateway.api.problems import STATUSES, register_problems
from gateway.api.tongue import speak, spoken
from gateway.api.views import event_json
from gateway.delivery.obstacles import person_number_in_title, shielding_unclear
from gateway.errors import NotFound
from gateway.language import Language, Phrase, catalogue, say, tell
from gateway.message.processes import Channel
from gateway.message.status import Status
from gateway.storage.statuses import StatusEvent
from tests.api.drafts import codes, draft, form, json_part, only
from tests.documents import Doc, Message, Objekt, skjerming
from tests.live import Gateway
from tests.secrets import PDF

NORWEGIAN = {"Accept-Language": "nb"}
MISSING = "/out/messages/00000000-0000-4000-8000-000000000000"


def put(gateway: Gateway, changes: dict, language: str | None) -> requests.Response:  # type: ignore[type-arg]
    """PUT changes to a new draft."""
    headers = {"Accept-Language": language} if language else {}
    path = f"/out/messages/{draft(gateway)['conversationId']}"
    return gateway.call("PUT", path, json=changes, headers=headers)


@pytest.mark.parametrize(
    "language", ["nb", "nn-NO", "no", "NB-no", "de, nb;q=0.8, en;q=0.7", "en;q=0.5, nb", "nb, en;q=0"]
)
def test_a_refusal_is_told_in_bokmaal(gateway: Gateway, language: str) -> None:
    """Title, detail, mend, and every fault with its mend, places filled; codes and places stay as they are."""
    answer = put(gateway, {"confirm": ["NOT_OUTGOING"]}, language)
    assert (answer.status_code, answer.headers["Content-Language"]) == (422, "nb")
    assert "Accept-Language" in answer.headers["Vary"]
    body = answer.json()
    words = "NOT_OUTGOING er ikke et problem her, så det er ingenting å bekrefte"
    assert (body["title"], body["detail"], body["mend"]) == ("Ikke gyldig", words, "Ta den ut.")
    (fault,) = body["errors"]
    assert (fault["message"], fault["mend"]) == (words, "Ta den ut.")
    assert (body["code"], fault["rule"], fault["path"]) == ("EDIT", "EDIT", "confirm")


@pytest.mark.parametrize("language", [None, "*", "en", "en-GB, nb;q=0.9", "fr", "nb;q=0, de", "fr-FR, *;q=0.5"])
def test_everything_else_is_english(gateway: Gateway, language: str | None) -> None:
    """Without the header, with one that names neither, and where bokmål comes second or not at all."""
    answer = put(gateway, {"confirm": ["NOT_OUTGOING"]}, language)
    assert answer.headers["Content-Language"] == "en"
    assert "Accept-Language" in answer.headers["Vary"]
    body = answer.json()
    assert body["title"] == "Not valid"
    assert body["detail"] == "NOT_OUTGOING is no problem here, so there is nothing to confirm"
    assert body["errors"][0]["mend"] == "Take it out."


def test_problems_are_told_with_their_mends(gateway: Gateway) -> None:
    """A missing document by its name; an ungiven confidentiality with the JSON to send, its braces single; the reasons."""
    body = draft(gateway, Message(skjerming=skjerming("ofl § 13")), headers=NORWEGIAN)
    problems = {each["code"]: each for each in body["problems"]}
    missing = problems["DOCUMENT_MISSING"]
    assert missing["message"] == "vedtak.pdf er nevnt i arkivmeldingen og er ikke lastet opp"
    assert missing["mend"] == "Last den opp med PUT til …/documents/vedtak.pdf."
    unclear = problems["SHIELDING_UNCLEAR"]
    assert "ofl § 13) er verken en kjent hjemmel" in unclear["message"]
    assert unclear["mend"].startswith('Si med PUT om det er taushetsbelagt: {"confidential": true} eller')
    assert only(body)["why"][0] == "korrespondansepart nr. 1, Mottaker"


def test_what_was_stored_is_told_in_each_reader_s_language(gateway: Gateway) -> None:
    """The draft of one who speaks bokmål is looked at in English, and the other way round: problems, reasons, all."""
    posted = draft(gateway, headers=NORWEGIAN)
    path = f"/out/messages/{posted['conversationId']}"
    english, norwegian = gateway.call("GET", path).json(), gateway.call("GET", path, headers=NORWEGIAN).json()
    assert only(norwegian)["why"] == only(posted)["why"]
    assert only(english)["why"][0] == "korrespondansepart 1, Mottaker"
    assert codes(english["problems"]) == codes(norwegian["problems"])
    for one, other in zip(english["problems"], norwegian["problems"], strict=True):
        assert one["message"] != other["message"]


def test_a_yes_counts_in_every_language(gateway: Gateway) -> None:
    """Confirmed in bokmål, looked at in English: it stands in the way no longer."""
    body = draft(gateway, Message(type="Inngående dokument"))
    path = f"/out/messages/{body['conversationId']}"
    told = gateway.call("GET", path, headers=NORWEGIAN).json()["problems"]
    asked = next(each for each in told if each["code"] == "NOT_OUTGOING")
    assert asked["message"] == "journalposten er «Inngående dokument», ikke «Utgående dokument»"
    assert asked["mend"] == 'Bekreft med PUT: {"confirm": ["NOT_OUTGOING"]}; eller rett dokumentet.'
    gateway.call("PUT", path, json={"confirm": ["NOT_OUTGOING"]}, headers=NORWEGIAN)
    assert "NOT_OUTGOING" not in codes(gateway.call("GET", path).json()["problems"])


def test_reasons_of_redactions_are_told(gateway: Gateway) -> None:
    """The gateway's own addressing, which is taken out of every rendering."""
    for headers, reason in (
        ({}, "the gateway's own addressing, which names every recipient"),
        (NORWEGIAN, catalogue()["the gateway's own addressing, which names every recipient"]),
    ):
        assert [each["reason"] for each in only(draft(gateway, headers=headers))["redactions"]] == [reason]


def test_what_is_not_found_is_told(gateway: Gateway) -> None:
    """A conversation that nobody has, an address that is none, a method that is not taken, another host name."""
    assert gateway.call("GET", MISSING, headers=NORWEGIAN).json()["title"] == "Ikke funnet"
    nowhere = gateway.call("GET", "/nowhere", headers=NORWEGIAN)
    assert nowhere.headers["Content-Language"] == "nb"
    body = nowhere.json()
    assert (body["title"], body["code"]) == ("Ikke funnet", "NOT_FOUND")
    assert body["detail"].startswith("det er ingenting på denne adressen")
    assert gateway.call("DELETE", "/out/messages", headers=NORWEGIAN).json()["title"] == "Metoden er ikke tillatt"
    strange = gateway.call("GET", "/out/messages", headers={**NORWEGIAN, "Host": "annet.example"})
    assert strange.json()["detail"] == "denne gatewayen svarer ikke på det vertsnavnet"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"confidental": True}, "Ukjent felt."),
        ({"select": "all"}, "Må være en av: ready."),
        ({"actor": "x" * 201}, "Lengre enn maksimumslengden 200."),
        ({"sender": 5}, "Ikke en gyldig tekst."),
        (
            {"prototypes": [{"selected": True}]},
            "En oppføring har en messageId, eller er en ny mottaker med `recipient`.",
        ),
        ({"process": "x"}, "Dette er ingen prosess; en prosess begynner med urn:no:difi:profile:"),
    ],
    ids=["unknown", "one-of", "too-long", "no-text", "neither", "own-words"],
)
def test_faults_of_the_json_are_told(gateway: Gateway, changes: dict, words: str) -> None:  # type: ignore[type-arg]
    """What marshmallow finds, in its own words or in ours, with its numbers and choices."""
    body = put(gateway, changes, "nb").json()
    assert [each["message"] for each in body["errors"]] == [words]
    assert "/docs" in body["errors"][0]["mend"]


def test_a_number_that_is_wrong_is_told_inside_its_sentence(gateway: Gateway) -> None:
    """A sentence in a sentence is told, too: why a sender cannot be used."""
    answer = form(gateway, Message().xml(), options=json_part('{"sender": "0192:311000011"}'))
    assert answer.json()["detail"].startswith("the sender cannot be used: 311000011 is no organisasjonsnummer")
    files = {
        "arkivmelding": ("a.xml", Message().xml(), "application/xml"),
        "options": json_part('{"sender": "0192:311000011"}'),
    }
    told = gateway.call("POST", "/out/messages", files=files, headers=NORWEGIAN).json()["detail"]
    assert told.startswith("avsenderen kan ikke brukes: 311000011 ")
    assert "is no organisasjonsnummer" not in told


def test_what_the_sender_wrote_stays_as_it_is(gateway: Gateway) -> None:
    """A title that is a word of the catalogue is not told in another language."""
    message = Message(public_title="nothing", documents=(Doc((Objekt("ready.pdf"),)),))
    body = draft(gateway, message, headers=NORWEGIAN)
    assert body["documents"][0]["filename"] == "ready.pdf"
    assert body["arkivmelding"]["title"] == "nothing"
    assert "nothing" in catalogue()


def test_a_repeated_answer_keeps_its_language(gateway: Gateway) -> None:
    """What is kept for an Idempotency-Key is given again as it was, and says so."""
    key = {"Idempotency-Key": "language-1"}
    first = gateway.post(Message().xml(), headers={**key, **NORWEGIAN})
    again = gateway.post(Message().xml(), headers=key)
    assert again.json() == first.json()
    assert (first.headers["Content-Language"], again.headers["Content-Language"]) == ("nb", "nb")


def test_what_is_written_in_english_alone_names_no_other_language(gateway: Gateway) -> None:
    """The OpenAPI document and the health of the gateway do not vary."""
    for path in ("/openapi.json", "/manage/health"):
        headers = gateway.call("GET", path, headers=NORWEGIAN).headers
        assert "Content-Language" not in headers
        assert "Accept-Language" not in headers.get("Vary", "")


def test_the_log_stays_english(gateway: Gateway, run_log: Path) -> None:
    """Refused and answered in bokmål, logged in English."""
    before = run_log.stat().st_size
    put(gateway, {"confirm": ["NOT_OUTGOING"]}, "nb")
    gateway.upload(draft(gateway, headers=NORWEGIAN)["conversationId"], "vedtak.pdf", PDF, headers=NORWEGIAN)
    gateway.call("GET", MISSING, headers=NORWEGIAN)
    with run_log.open("rb") as log:
        log.seek(before)
        lines = log.read().decode()
    assert '"status": 422' in lines
    assert not any(words in lines for words in ("ikke", "Ikke", "forsendelse", "nevnt"))


def test_texts_in_a_row_are_told_each_by_itself() -> None:
    """Grounds of shielding and places of a number: ours in the reader's language, the document's own as they are."""
    unclear = tell(shielding_unclear(["", "ofl § 13"]).message, Language.BOKMAAL)
    assert "(tom; ofl § 13)" in unclear
    where = (say("tittel of the saksmappe"), say("tittel of document {number}", number=2))
    shown = tell(person_number_in_title(where, Channel.DPV, blocks=True).message, Language.BOKMAAL)
    assert shown.endswith("i tittel på saksmappen, tittel på dokument 2, som DPV viser før dokumentet åpnes")


def test_descriptions_of_statuses_are_told() -> None:
    """Ours in the reader's language, with the recipient's own words in it as they are; none stays none."""
    words = say("the recipient's archive answered {kind}: {words}", kind="ERROR", words="Not found")
    event = StatusEvent("m", "c", "client", Status.FEIL, datetime(2026, 11, 20, tzinfo=UTC), description=words)
    with Flask("door").test_request_context(headers=NORWEGIAN):
        assert event_json(event)["description"] == "mottakerens arkiv svarte ERROR: Not found"
    with Flask("door").test_request_context():
        assert event_json(event)["description"] == "the recipient's archive answered ERROR: Not found"


def test_each_request_has_its_own_language() -> None:
    """Two requests of one app, one after the other."""
    app = Flask("door")
    speak(app)
    register_problems(app)

    @app.get("/")
    def refuse() -> None:
        raise NotFound(spoken().value)

    client = app.test_client()
    for language in ("nb", "en", "nb"):
        answer = client.get("/", headers={"Accept-Language": language})
        assert (answer.json["detail"], answer.headers["Content-Language"]) == (language, language)


def test_every_status_has_a_title_in_both_languages() -> None:
    """No title of the table is missing from the catalogue."""
    assert [title for _, title, _ in STATUSES.values() if title not in catalogue()] == []


class _Everything(Schema):
    """A member of every kind that the schemas of this door have, and every bound."""

    text = fields.String(required=True)
    number = fields.Integer(strict=True, validate=validate.Range(min=1, max=500))
    least = fields.Integer(validate=validate.Range(min=1))
    flag = fields.Boolean(truthy={True}, falsy={False})
    moment = fields.AwareDateTime(format="iso")
    naive = fields.AwareDateTime(format="iso")
    uuid = fields.UUID()
    kind = fields.Enum(Language, by_value=True)
    some = fields.List(fields.String())
    object = fields.Dict(keys=fields.String())
    word = fields.String(validate=validate.Regexp("x"))
    choice = fields.String(validate=validate.OneOf(["a", "b"]))
    short = fields.String(validate=validate.Length(min=2))
    long = fields.String(validate=validate.Length(max=2))
    between = fields.String(validate=validate.Length(min=2, max=3))
    nothing = fields.String()
    utf8 = fields.String()
    nested = fields.Nested(Schema)


def test_the_words_of_the_libraries_are_known() -> None:
    """Whatever marshmallow and werkzeug say at this door is recognised; a new version with new words is noticed here."""
    wrong = {
        "number": 501,
        "least": 0,
        "flag": "x",
        "moment": "x",
        "naive": "2026-11-20T00:00:00",
        "uuid": "x",
        "kind": "x",
        "some": 1,
        "object": 1,
        "word": "y",
        "choice": "c",
        "short": "x",
        "long": "xxx",
        "between": "x",
        "nothing": None,
        "utf8": b"\xff",
        "nested": 1,
        "odd": 1,
    }
    said = [message for messages in _Everything().validate(wrong).values() for message in _flat(messages)]
    assert len(said) >= len(wrong) + 1
    assert [words for words in said if not isinstance(recognise(words), Phrase)] == []
    raised = (exceptions.BadRequest(), exceptions.NotFound(), exceptions.MethodNotAllowed())
    assert [each.name for each in raised if each.name not in catalogue()] == []
    # Of an address that there is not, and of a wrong method, the door speaks in its own words.
    assert exceptions.BadRequest.description in catalogue()


def test_a_library_s_sentence_is_recognised_with_what_is_in_it() -> None:
    """The longer of two that fit; and what is nobody's sentence stays what it is."""
    both = recognise("Must be greater than or equal to 1 and less than or equal to 500.")
    assert isinstance(both, Phrase)
    assert both.filled == {"min": "1", "max": "500"}
    assert len(FOREIGN_WORDS) == len(set(FOREIGN_WORDS))
    assert type(recognise("something else")) is str


def _flat(messages: object) -> list[str]:
    """The texts of a tree of messages."""
    if isinstance(messages, dict):
        return [text for each in messages.values() for text in _flat(each)]
    return [str(each) for each in messages] if isinstance(messages, list) else [str(messages)]
