"""`/api/messages/out` over HTTP: created, filled and sent step by step, with each refusal in the reference's words."""

import json
import re
import time
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from gateway.app import build_door
from gateway.delivery.classic import Classic
from gateway.delivery.submission import Caller
from gateway.message.moments import in_norway
from gateway.message.processes import ADMINISTRASJON, ARKIVMELDING_RESPONSE, AVTALT_PROCESS, TAUSHETSBELAGT
from tests.api.nextmove.asking import CONSTRAINT, OWN, ask, refused
from tests.api.nextmove.sending import XML, create, fill, fresh, message_id_of, put_file, scope_of, statuses_of
from tests.documents import DPF, DPO, DPV, GUID, SENDER
from tests.journeys.following import sim, wait_for
from tests.live import Gateway
from tests.message.sbds import HEADER, LATER, avtalt, changed, kvittering, minimal, partner
from tests.secrets import PDF

IDENTIFICATION = (HEADER, "documentIdentification")
SCOPE = (HEADER, "businessScope", "scope")


def test_what_was_left_out_is_filled_in(gateway: Gateway) -> None:
    """Ids, sender, time and deadline, with Norwegian offsets or others; the answer is the SBD and its status 200."""
    sbd = create(gateway)
    header = sbd[HEADER]
    assert header["sender"][0]["identifier"] == {"authority": "iso6523-actorid-upis", "value": SENDER}
    message_id, conversation_id = message_id_of(sbd), scope_of(sbd)["instanceIdentifier"]
    assert uuid.UUID(message_id) != uuid.UUID(conversation_id)
    created = datetime.fromisoformat(header["documentIdentification"]["creationDateAndTime"])
    deadline = datetime.fromisoformat(scope_of(sbd)["scopeInformation"][0]["expectedResponseDateTime"])
    assert created.utcoffset() == in_norway(created.replace(tzinfo=None)).utcoffset()
    assert timedelta(hours=23) < deadline - datetime.now(UTC) <= timedelta(hours=24)
    assert sbd["arkivmelding"] == {}
    assert statuses_of(gateway, message_id) == ["OPPRETTET"]
    found = ask(gateway, f"/conversations/messageId/{message_id}")
    assert (found["conversationId"], found["finished"]) == (conversation_id, False)
    assert datetime.fromisoformat(found["expiry"]) == deadline


def test_what_was_said_comes_back(gateway: Gateway) -> None:
    """Explicit ids, references and unknown members of the message; nulls are not repeated."""
    sbd = fresh()
    sbd[HEADER]["manifest"] = None
    sbd[HEADER]["documentIdentification"]["multipleType"] = None
    sbd[HEADER]["businessScope"]["scope"][0] |= {
        "instanceIdentifier": str(uuid.uuid4()),
        "scopeInformation": [{"expectedResponseDateTime": LATER}],
    }
    sbd[HEADER]["businessScope"]["scope"].append({"type": "SenderRef", "instanceIdentifier": "our/own ref"})
    sbd["arkivmelding"] = {"hoveddokument": "vedtak.pdf", "sikkerhetsnivaa": None}
    answered = create(gateway, sbd)
    assert message_id_of(answered) == message_id_of(sbd)
    assert scope_of(answered) == scope_of(sbd)
    assert scope_of(answered, "SenderRef")["instanceIdentifier"] == "our/own ref"
    assert answered["arkivmelding"] == {"hoveddokument": "vedtak.pdf"}
    assert "manifest" not in answered[HEADER]


def test_step_by_step_to_sent(gateway: Gateway, worker: None) -> None:
    """Created, filled, sent with an empty body, and delivered; a second send changes nothing."""
    message_id = message_id_of(create(gateway, fresh()))
    fill(gateway, message_id)
    assert ask(gateway, f"/messages/out/{message_id}/")["arkivmelding"] == {}
    for _ in range(2):
        sent = gateway.call("POST", f"/api/messages/out/{message_id}/")
        assert (sent.status_code, sent.content) == (200, b"")
    wait_for(lambda: "LEVERT" in statuses_of(gateway, message_id))
    assert statuses_of(gateway, message_id)[:2] == ["OPPRETTET", "SENDT"]
    refused(gateway.call("GET", f"/api/messages/out/{message_id}"), 404, f"{OWN}MessageNotFoundException")
    late = put_file(gateway, message_id, "later.pdf", PDF)
    refused(late, 404, f"{OWN}MessageNotFoundException")
    conversation = ask(gateway, f"/conversations/messageId/{message_id}")
    assert (conversation["finished"], conversation["messageTitle"]) == (True, "Vedtak om støtte")


PARTNER = "311000144"
TO = f"0192:{PARTNER}"


@pytest.fixture(autouse=True)
def _partner(gateway: Gateway) -> None:
    """A recipient that takes every kind of message."""
    elma = [ADMINISTRASJON, ARKIVMELDING_RESPONSE, AVTALT_PROCESS]
    sim(gateway, "POST", "organisations", number=PARTNER, name="SUND TILSYN", elma=elma)


@pytest.mark.parametrize("document", [kvittering(to=TO), avtalt(to=TO)])
def test_what_needs_no_file(gateway: Gateway, document: dict) -> None:  # type: ignore[type-arg]
    """A receipt and an agreed message are sent without one."""
    message_id = message_id_of(create(gateway, fresh(document)))
    assert gateway.call("POST", f"/api/messages/out/{message_id}").status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json; charset=utf-8", "utf-8"),
        ("application/json", "latin-1"),
        ("text/plain; charset=ISO-8859-1", "latin-1"),
        ("", "utf-8"),
        ("application/x-www-form-urlencoded", "utf-8"),
    ],
)
def test_whatever_the_body_is_called(gateway: Gateway, kind: str, body: str) -> None:
    """Norwegian letters survive in UTF-8 and in Latin-1, whatever Content-Type a library adds, and a slash at the end."""
    sbd = fresh()
    sbd[HEADER]["businessScope"]["scope"].append({"type": "SenderRef", "instanceIdentifier": "Blåbærsyltetøy"})
    content = json.dumps(sbd, ensure_ascii=False).encode(body)
    headers = {"Content-Type": kind} if kind else {}
    answer = gateway.call("POST", "/api/messages/out/", data=content, headers=headers)
    assert answer.status_code == 200, answer.text
    assert scope_of(answer.json(), "SenderRef")["instanceIdentifier"] == "Blåbærsyltetøy"


def test_a_body_that_cannot_be_meant(gateway: Gateway) -> None:
    """XML is 415; no JSON is 400; a list is 400."""
    media = "org.springframework.web.HttpMediaTypeNotSupportedException"
    xml = gateway.call("POST", "/api/messages/out", data=b"<a/>", headers={"Content-Type": "application/xml"})
    refused(xml, 415, media)
    unreadable = "org.springframework.http.converter.HttpMessageNotReadableException"
    for content in (b"", b"{", b"<a/>"):
        refused(gateway.call("POST", "/api/messages/out", data=content), 400, unreadable)
    refused(gateway.call("POST", "/api/messages/out", json=[]), 400, CONSTRAINT)


@pytest.mark.parametrize(
    ("document", "field", "constraint"),
    [
        (changed(minimal(), HEADER, "headerVersion", to=...), "headerVersion", "NotNull"),
        (changed(minimal(), *IDENTIFICATION, "type", to=...), "documentIdentification.type", "NotNull"),
        (changed(minimal(), *IDENTIFICATION, "typeVersion", to=None), "documentIdentification.typeVersion", "NotNull"),
        (changed(minimal(), *IDENTIFICATION, "instanceIdentifier", to="x"), "documentIdentification.instanceIdentifier", "UUID"),
        (changed(minimal(), *SCOPE, 0, "type", to="Nope"), "businessScope.scope[0].type", "OneOf"),
        (changed(minimal(), *SCOPE, 0, "identifier", to=...), "businessScope.scope[0].identifier", "NotNull"),
        (changed(minimal(), HEADER, "sender", to=[partner("nonsense")]), "sender[0].identifier.value", "SenderValue"),
        (changed(minimal(), HEADER, "receiver", to=[partner(DPO)] * 2), "receiver", "Size"),
        (changed(minimal(), HEADER, "receiver", to=...), "receiver", "NotNull"),
    ],
)  # fmt: skip
def test_each_constraint(gateway: Gateway, document: dict, field: str, constraint: str) -> None:  # type: ignore[type-arg]
    """400 as a violation that names the place as the reference does."""
    body = refused(gateway.call("POST", "/api/messages/out", json=document), 400, CONSTRAINT)
    found = {(each["field"], each["code"]) for each in body["errors"]}
    assert (f"{HEADER}.{field}", constraint) in found
    assert f"{HEADER}.{field}: " in body["message"]


def test_all_faults_come_at_once(gateway: Gateway) -> None:
    """And the value that was refused beside each."""
    document = changed(minimal(), HEADER, "headerVersion", to=...)
    document = changed(document, *IDENTIFICATION, "instanceIdentifier", to="x")
    body = refused(gateway.call("POST", "/api/messages/out", json=document), 400, CONSTRAINT)
    values = {each["code"]: each.get("rejectedValue") for each in body["errors"]}
    assert values == {"NotNull": None, "UUID": "x"}


@pytest.mark.parametrize(
    ("document", "exception"),
    [
        (minimal("nonsense"), "UnknownMessageTypeException"),
        (minimal("feil"), "UnknownMessageTypeException"),
        (minimal(standard="urn:no:difi:avtalt:xsd::avtalt"), "MessageTypeDoesNotFitDocumentTypeException"),
        (minimal(to="0192:311000098"), "ReceiverDoesNotAcceptProcessException"),
        (changed(minimal(), *SCOPE, 0, "identifier", to="urn:no:such:process"), "ReceiverDoesNotAcceptProcessException"),
        (minimal(to=DPV), "ServiceNotEnabledException"),
        (minimal(to=DPF), "ServiceNotEnabledException"),
        (minimal("innsynskrav", {}, standard="urn:no:difi:einnsyn:xsd::innsynskrav"), "ServiceNotEnabledException"),
        (minimal("digital", {}, standard="urn:no:difi:digitalpost:xsd:digital::digital"), "ServiceNotEnabledException"),
    ],
)  # fmt: skip
def test_each_refusal_at_creation(gateway: Gateway, document: dict, exception: str) -> None:  # type: ignore[type-arg]
    """400 with the class that clients match on; nothing is kept."""
    document = fresh(document)
    body = refused(gateway.call("POST", "/api/messages/out", json=document), 400, OWN + exception)
    assert ("description" in body) == (exception == "ReceiverDoesNotAcceptProcessException")
    assert statuses_of(gateway, message_id_of(document)) == []


def test_the_same_id_again(gateway: Gateway) -> None:
    """400 with the class that clients look for, as a draft and when it has been sent."""
    document = fresh()
    create(gateway, document)
    exists = f"{OWN}MessageAlreadyExistsException"
    refused(gateway.call("POST", "/api/messages/out", json=document), 400, exists)
    fill(gateway, message_id_of(document))
    assert gateway.call("POST", f"/api/messages/out/{message_id_of(document)}").status_code == 200
    refused(gateway.call("POST", "/api/messages/out", json=document), 400, exists)


def test_anothers_organisation(gateway: Gateway) -> None:
    """403: this login may not send for it."""
    document = changed(minimal(), HEADER, "sender", to=[partner(DPO)])
    answer = gateway.call("POST", "/api/messages/out", json=document)
    refused(answer, 403, "org.springframework.security.access.AccessDeniedException")


def test_the_same_file_again(gateway: Gateway) -> None:
    """The same bytes are no error; others under the name are, and so is a name that differs in case only."""
    message_id = message_id_of(create(gateway))
    for _ in range(2):
        assert put_file(gateway, message_id, "brev.pdf", PDF).status_code == 200
    for name in ("brev.pdf", "BREV.pdf"):
        body = refused(put_file(gateway, message_id, name, b"other"), 400, f"{OWN}DuplicateFilenameException")
        assert "replace=true" not in body["message"]


@pytest.mark.parametrize(
    ("headers", "title", "filename", "mime"),
    [
        ({"Content-Disposition": "attachment; name=T; filename=a b.pdf"}, "T", "a b.pdf", "application/pdf"),
        ({"Content-Disposition": "attachment; filename*=utf-8''%C3%A6.docx", "Content-Type": "application/json"}, None, "æ.docx",
         "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ({"Content-Disposition": 'attachment; filename="f"', "Content-Type": "image/png; x=y"}, None, "f", "image/png"),
        ({"Content-Disposition": 'attachment; filename="f"', "Content-Type": ""}, None, "f", "application/octet-stream"),
    ],
)  # fmt: skip
def test_name_title_and_type(
    gateway: Gateway, headers: dict[str, str], title: str | None, filename: str, mime: str
) -> None:
    """From the header in whatever dialect; a type that says nothing is found by the name; `?title=` wins."""
    caller = _caller(gateway)
    for query, expected in (("", title), ("?title=Fra%20adressen", "Fra adressen")):
        message_id = message_id_of(create(gateway))
        answer = gateway.call("PUT", f"/api/messages/out/{message_id}{query}", data=PDF, headers=headers)
        assert answer.status_code == 200, answer.text
        (kept,) = _classic(gateway).documents(message_id, caller)
        assert (kept.filename, kept.title, kept.mime) == (filename, expected, mime)


def test_each_refusal_at_upload(gateway: Gateway) -> None:
    """No header, no name, no bytes, a name that is not carried, an unknown message."""
    unreadable = "org.springframework.http.converter.HttpMessageNotReadableException"
    message_id = message_id_of(create(gateway))
    path = f"/api/messages/out/{message_id}"
    missing = gateway.call("PUT", path, data=PDF, headers={"Content-Type": "application/pdf"})
    refused(missing, 400, "org.springframework.web.bind.MissingRequestHeaderException")
    refused(gateway.call("PUT", path, data=PDF, headers={"Content-Disposition": "attachment"}), 400, unreadable)
    refused(put_file(gateway, message_id, "brev.pdf", b""), 400, unreadable)
    refused(put_file(gateway, message_id, "manifest.xml", b"<a/>"), 400, CONSTRAINT)
    refused(put_file(gateway, message_id, "a:b.pdf", PDF), 400, CONSTRAINT)
    unknown = str(uuid.uuid4())
    body = refused(put_file(gateway, unknown, "brev.pdf", PDF), 404, f"{OWN}MessageNotFoundException")
    assert f"messageId = {unknown}" in body["message"]


def test_an_arkivmelding_that_is_none(gateway: Gateway) -> None:
    """400 with every fault, where the reference fails; nothing is kept, so the right one can be sent."""
    message_id = message_id_of(create(gateway))
    broken = put_file(gateway, message_id, "arkivmelding.xml", b"<arkivmelding/>")
    assert refused(broken, 400, CONSTRAINT)["errors"]
    no_xml = put_file(gateway, message_id, "arkivmelding.xml", b"nonsense")
    assert no_xml.status_code == 400
    fill(gateway, message_id)


def test_each_refusal_at_sending(gateway: Gateway) -> None:
    """Nothing, no arkivmelding, not every file that it names: each its class; then it can be mended and sent."""
    message_id = message_id_of(create(gateway))
    path = f"/api/messages/out/{message_id}"
    refused(gateway.call("POST", path), 400, f"{OWN}MissingFileException")
    put_file(gateway, message_id, "other.pdf", PDF)
    refused(gateway.call("POST", path), 400, f"{OWN}MissingArkivmeldingException")
    put_file(gateway, message_id, "arkivmelding.xml", XML)
    body = refused(gateway.call("POST", path), 400, f"{OWN}MissingArkivmeldingFileException")
    assert "vedtak.pdf" in body["message"]
    assert "/documents/" not in body["message"], "that is an address of the other door"
    assert "errors" not in body
    put_file(gateway, message_id, "vedtak.pdf", PDF)
    assert gateway.call("POST", path).status_code == 200
    unknown = str(uuid.uuid4())
    body = refused(gateway.call("POST", f"/api/messages/out/{unknown}"), 404, f"{OWN}MessageNotFoundException")
    assert f"messageId = {unknown}" in body["message"]


def test_a_deadline_that_passes_before_it_is_sent(gateway: Gateway) -> None:
    """400, and the message's statuses say so, too."""
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    document = changed(fresh(avtalt(to=TO)), *SCOPE, 0, "scopeInformation", to=[{"expectedResponseDateTime": soon}])
    message_id = message_id_of(create(gateway, document))
    time.sleep(1.1)
    refused(gateway.call("POST", f"/api/messages/out/{message_id}"), 400, f"{OWN}TimeToLiveException")
    assert statuses_of(gateway, message_id) == ["OPPRETTET", "LEVETID_UTLOPT"]


def test_deadlines_in_the_past_are_refused(gateway: Gateway) -> None:
    """At once, as a violation of Future."""
    past = [{"expectedResponseDateTime": "2020-03-05T09:15:00+01:00"}]
    document = changed(minimal(), *SCOPE, 0, "scopeInformation", to=past)
    body = refused(gateway.call("POST", "/api/messages/out", json=document), 400, CONSTRAINT)
    assert [each["code"] for each in body["errors"]] == ["Future"]


def test_a_deadline_without_an_offset_is_norwegian(gateway: Gateway) -> None:
    """And comes back with one."""
    document = changed(
        minimal(), *SCOPE, 0, "scopeInformation", to=[{"expectedResponseDateTime": "2031-07-05T09:15:00"}]
    )
    document = changed(document, *IDENTIFICATION, "creationDateAndTime", to="2026-01-05T09:15:00")
    answered = create(gateway, document)
    assert scope_of(answered)["scopeInformation"][0]["expectedResponseDateTime"] == "2031-07-05T09:15:00+02:00"
    assert re.fullmatch(
        r"2026-01-05T09:15:00\+01:00", answered[HEADER]["documentIdentification"]["creationDateAndTime"]
    )


def test_the_list_of_what_has_not_been_sent(gateway: Gateway) -> None:
    """Found by each filter, gone when it is deleted; a second DELETE, and one of nothing, are no errors."""
    sbd = create(gateway, fresh())
    message_id = message_id_of(sbd)
    filters = {
        "messageId": message_id,
        "conversationId": scope_of(sbd)["instanceIdentifier"],
        "processIdentifier": ADMINISTRASJON,
        "receiverIdentifier": DPO.removeprefix("0192:"),
        "senderIdentifier": SENDER.removeprefix("0192:"),
        "serviceIdentifier": "DPO",
    }
    page = ask(gateway, "/messages/out", params={**filters, "sort": "lastUpdated,desc"})
    assert page["content"] == [sbd]
    for name in filters:
        wrong = {**filters, name: TAUSHETSBELAGT}
        assert ask(gateway, "/messages/out", params=wrong)["content"] == [], name
    for _ in range(2):
        deleted = gateway.call("DELETE", f"/api/messages/out/{message_id}")
        assert (deleted.status_code, deleted.content) == (200, b"")
    assert gateway.call("DELETE", f"/api/messages/out/{uuid.uuid4()}").status_code == 200
    assert ask(gateway, "/messages/out", params=filters)["totalElements"] == 0
    refused(gateway.call("GET", f"/api/messages/out/{message_id}"), 404, f"{OWN}MessageNotFoundException")


def test_deleting_what_was_sent_does_not_take_it_back(gateway: Gateway) -> None:
    """Clients clean up behind them."""
    message_id = message_id_of(create(gateway, fresh(avtalt(to=TO))))
    assert gateway.call("POST", f"/api/messages/out/{message_id}").status_code == 200
    assert gateway.call("DELETE", f"/api/messages/out/{message_id}").status_code == 200
    (message,) = gateway.call("GET", f"/statuses/{message_id}").json()["messages"]
    assert (message["outcome"], message["lastStatus"]) == ("pending", "OPPRETTET")


def _classic(gateway: Gateway) -> Classic:
    found: Classic = build_door(gateway.assembly).extensions["gateway-rooms"].classic
    return found


def _caller(gateway: Gateway) -> Caller:
    return Caller("local", "local", (SENDER,))


def test_a_conversation_is_asked_for_by_case_and_journal_entry(gateway: Gateway) -> None:
    """Where the arkivmelding numbers its entry; until then, by the ConversationId."""
    sbd = create(gateway)
    message_id, conversation_id = message_id_of(sbd), scope_of(sbd)["instanceIdentifier"]
    place = f"/conversations/messageId/{message_id}"
    assert ask(gateway, place)["messageReference"] == conversation_id
    xml = XML.replace(b"<journalposttype>", b"<journalpostnummer>44</journalpostnummer><journalposttype>")
    assert put_file(gateway, message_id, "arkivmelding.xml", xml).status_code == 200
    found = ask(gateway, place)
    assert found["messageReference"] == f"{GUID.format(1)}-44"
    assert found["messageTitle"] == "Vedtak om støtte"
    listed = ask(gateway, f"/conversations?messageReference={found['messageReference']}&messageId={message_id}")
    assert listed["totalElements"] == 1
    assert ask(gateway, f"/conversations?messageReference={conversation_id}")["content"] == []
