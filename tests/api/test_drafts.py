"""Drafts over HTTP: what the answer shows, documents, edits, replacing the XML, discarding, committing."""

import hashlib
import json
from datetime import datetime, timedelta, timezone

import pytest

from gateway.api import answers, status_answers
from tests.api.drafts import HELSE, RENAMED, codes, draft, edit, form, json_part, only, to
from tests.documents import DPO, SENDER, Doc, Message, Objekt, Part, skjerming
from tests.live import Gateway
from tests.secrets import PDF


def path_of(body: dict) -> str:  # type: ignore[type-arg]
    """The conversation's address."""
    return f"/out/messages/{body['conversationId']}"


def test_the_answer_shows_a_prototype_for_each_recipient(gateway: Gateway) -> None:
    """With channel, name, reasons and envelope; who is no recipient stands under `skipped`."""
    parts = (
        Part(),
        Part("Skogen helseforetak", HELSE, type="Kopimottaker"),
        Part("Havnes kommune", None, type="Avsender"),
        Part("Postmottak", None, type="Intern mottaker"),
        Part("Havnes kommune", SENDER, type="Kopimottaker"),
        Part("Fjordvik tilsyn", DPO, type="Kopimottaker"),
    )
    answer = gateway.post(Message(parts=parts).xml())
    body = answer.json()
    assert answer.headers["Location"] == path_of(body)
    assert body["state"] == "draft"
    assert body["ready"] is False
    assert [entry["recipient"] for entry in body["prototypes"]] == [DPO, HELSE]
    assert {(entry["korrespondansepart"]["index"], entry["reason"]) for entry in body["skipped"]} == {
        (3, "SENDER"),
        (4, "INTERNAL"),
        (5, "SELF"),
        (6, "MERGED"),
    }
    first = body["prototypes"][0]
    assert first["serviceIdentifier"] == "DPO"
    assert first["nameMatch"] == "same"
    assert first["identifiedBy"] == "adressering"
    assert first["sizeLimit"] == 1073741824
    header = first["standardBusinessDocument"]["standardBusinessDocumentHeader"]
    assert header["documentIdentification"]["instanceIdentifier"] == first["messageId"]
    assert first["redactions"][0]["path"].endswith("/virksomhetsspesifikkeMetadata")


def test_every_answer_is_as_it_is_described(gateway: Gateway) -> None:
    """The schemas of /docs load the real answers, and refuse a member that they do not know."""
    body = draft(gateway, Message(skjerming=skjerming("ofl § 13")))
    edited = edit(gateway, body, confidential=False, actor="saksbehandler-7").json()
    uploaded = gateway.upload(body["conversationId"], "vedtak.pdf", PDF).json()
    committed = gateway.call("POST", path_of(body)).json()
    statuses = gateway.call("GET", f"/statuses/{body['conversationId']}").json()
    listing = gateway.call("GET", "/out/messages").json()
    capabilities = gateway.call("GET", f"/capabilities/{DPO}").json()
    for schema, answer in (
        (answers.ConversationAnswer(), body),
        (answers.ConversationAnswer(), edited),
        (answers.UploadAnswer(), uploaded),
        (answers.CommitmentAnswer(), committed),
        (status_answers.StatusAnswer(), statuses),
        (answers.ListingAnswer(), listing),
        (answers.CapabilitiesAnswer(), capabilities),
    ):
        assert schema.validate(answer) == {}


def test_documents_can_come_with_the_post(gateway: Gateway) -> None:
    """As file parts of the form, with recipients and options beside them."""
    recipients = json.dumps([{"korrespondansepart": 1, "navn": "Fjordvik tilsyn", "identifikator": DPO}])
    xml = to(None, "Fjordvik tilsyn").xml()
    answer = form(
        gateway,
        xml,
        dokument=("vedtak.pdf", PDF, "application/pdf"),
        recipients=json_part(recipients),
        options=json_part('{"confidential": true, "messageChannel": "kanal-1"}'),
    )
    body = answer.json()
    assert body["ready"] is True
    assert body["documents"][0]["received"] is True
    assert body["documents"][0]["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert only(body)["identifiedBy"] == "recipients"
    assert only(body)["process"].endswith("taushetsbelagt:ver1.0")
    scopes = only(body)["standardBusinessDocument"]["standardBusinessDocumentHeader"]["businessScope"]["scope"]
    assert {"type": "MessageChannel", "identifier": "kanal-1"} in scopes


def test_the_same_bytes_again_change_nothing_and_other_bytes_are_refused(gateway: Gateway) -> None:
    """201, then 200 with the same ETag, then 409; with ?replace=true 200 and a new ETag."""
    body = draft(gateway)
    first = gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    same = gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    assert (first.status_code, same.status_code) == (201, 200)
    assert same.headers["ETag"] == first.headers["ETag"]
    other = gateway.upload(body["conversationId"], "vedtak.pdf", PDF + b"mer")
    assert other.status_code == 409
    assert other.json()["code"] == "OTHER_BYTES"
    replaced = gateway.upload(body["conversationId"], "vedtak.pdf", PDF + b"mer", params={"replace": "true"})
    assert replaced.status_code == 200
    assert replaced.headers["ETag"] != first.headers["ETag"]
    files = [path for path in (gateway.assembly.settings.data / "documents").rglob("*") if path.is_file()]
    sizes = {document.key for document in _rows(gateway, body["conversationId"])}
    assert sizes <= {path.name for path in files}


def _rows(gateway: Gateway, conversation_id: str):  # type: ignore[no-untyped-def]
    from gateway.storage import documents

    with gateway.assembly.database.reading() as connection:
        return documents.of_conversation(connection, conversation_id)


def test_a_document_at_rest_is_not_readable(gateway: Gateway) -> None:
    """The file holds neither the content nor the name."""
    body = draft(gateway)
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    (document,) = _rows(gateway, body["conversationId"])
    (file,) = (gateway.assembly.settings.data / "documents").rglob(f"{document.key}*")
    assert PDF not in file.read_bytes()
    assert PDF[:8] not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


def test_a_document_can_be_taken_away(gateway: Gateway) -> None:
    """Row and file."""
    body = draft(gateway)
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    (document,) = _rows(gateway, body["conversationId"])
    assert gateway.call("DELETE", f"{path_of(body)}/documents/vedtak.pdf").status_code == 204
    assert _rows(gateway, body["conversationId"]) == ()
    assert not list((gateway.assembly.settings.data / "documents").rglob(f"{document.key}*"))


def test_names_are_compared_in_nfc(gateway: Gateway) -> None:
    """å in one code point or in two is the same name."""
    message = Message(documents=(Doc((Objekt("forespørsel å.pdf"),)),))
    body = draft(gateway, message)
    decomposed = "foresp%C3%B8rsel a%CC%8A.pdf"
    assert gateway.upload(body["conversationId"], decomposed, PDF).status_code == 201
    assert gateway.call("GET", path_of(body)).json()["ready"] is True


def test_replacing_the_xml_derives_anew_and_keeps_documents(gateway: Gateway) -> None:
    """Same conversation, new recipients, confirmations dropped, document still there."""
    body = draft(gateway, to(RENAMED, "Gamle Strand kommune"))
    edit(gateway, body, prototypes=[{"messageId": only(body)["messageId"], "confirm": ["NAME_MISMATCH"]}])
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    headers = {"Content-Type": "application/xml"}
    answer = gateway.call("PUT", f"{path_of(body)}/arkivmelding", data=Message().xml(), headers=headers)
    after = answer.json()
    assert answer.status_code == 200
    assert after["conversationId"] == body["conversationId"]
    assert only(after)["recipient"] == DPO
    assert after["documents"][0]["received"] is True
    back = gateway.call(
        "PUT", f"{path_of(body)}/arkivmelding", data=to(RENAMED, "Gamle Strand kommune").xml(), headers=headers
    )
    assert codes(only(back.json())["problems"]) == {"NAME_MISMATCH"}
    bad = gateway.call("PUT", f"{path_of(body)}/arkivmelding", data=b"<x/>", headers=headers)
    assert bad.status_code == 422
    assert only(gateway.call("GET", path_of(body)).json())["recipient"] == RENAMED


def test_a_discarded_draft_is_gone_with_its_bytes(gateway: Gateway) -> None:
    """204, then 404, and no file."""
    body = draft(gateway)
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    (document,) = _rows(gateway, body["conversationId"])
    assert gateway.call("DELETE", path_of(body)).status_code == 204
    assert gateway.call("GET", path_of(body)).status_code == 404
    assert not list((gateway.assembly.settings.data / "documents").rglob(f"{document.key}*"))


def test_edits_merge(gateway: Gateway) -> None:
    """Deselect, deadline, business message; what is absent stays, and null takes a member away."""
    body = draft(gateway)
    message_id = only(body)["messageId"]
    deadline = datetime.now(timezone(timedelta(hours=1))).replace(microsecond=0) + timedelta(days=30)
    first = [{"messageId": message_id, "businessMessage": {"dpv": {"varselTekst": "Hei", "dagerTilSvarfrist": 3}}}]
    edit(gateway, body, prototypes=first)
    second = [
        {
            "messageId": message_id,
            "expectedResponseDateTime": deadline.isoformat(),
            "businessMessage": {"dpv": {"dagerTilSvarfrist": None}},
        }
    ]
    after = only(edit(gateway, body, prototypes=second).json())
    assert after["standardBusinessDocument"]["arkivmelding"]["dpv"] == {"varselTekst": "Hei"}
    assert datetime.fromisoformat(after["expectedResponseDateTime"]) == deadline
    assert after["expectedResponseDateTime"].endswith("Z")


def test_a_group_is_expanded_by_the_caller(gateway: Gateway) -> None:
    """Members take the group's place; the same PUT again changes nothing."""
    body = draft(gateway, to(None, "Alle tilsyn", type="Gruppemottaker"))
    members = [{"recipient": DPO, "korrespondansepart": 1}, {"recipient": HELSE, "korrespondansepart": 1}]
    after = edit(gateway, body, prototypes=members).json()
    assert [entry["recipient"] for entry in after["prototypes"]] == [DPO, HELSE]
    assert [entry["reason"] for entry in after["skipped"]] == ["EXPANDED"]
    again = edit(gateway, body, prototypes=members).json()
    assert [entry["messageId"] for entry in again["prototypes"]] == [
        entry["messageId"] for entry in after["prototypes"]
    ]


def test_choosing_an_alternative(gateway: Gateway) -> None:
    """A channel and process that the registry offered; one that it did not offer is refused."""
    body = draft(gateway, to("0192:311000055", "Nordmark fylkeskommune"))
    prototype = only(body)
    assert prototype["serviceIdentifier"] == "DPV"
    assert "DPO" in {entry["serviceIdentifier"] for entry in prototype["alternatives"]}
    chosen = only(
        edit(gateway, body, prototypes=[{"messageId": prototype["messageId"], "serviceIdentifier": "DPO"}]).json()
    )
    assert chosen["serviceIdentifier"] == "DPO"
    assert chosen["process"].endswith("planByggOgGeodata:ver1.0")
    wrong = edit(gateway, body, prototypes=[{"messageId": prototype["messageId"], "serviceIdentifier": "DPI"}])
    assert wrong.status_code == 422


def test_select_ready_leaves_out_what_is_not(gateway: Gateway) -> None:
    """The rest is listed as not sent, and the conversation becomes ready."""
    body = draft(gateway, Message(parts=(Part(), Part("Gamle Strand kommune", RENAMED))))
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    after = edit(gateway, body, select="ready").json()
    assert after["notSent"] == [body["prototypes"][1]["messageId"]]
    assert after["ready"] is True


def test_a_second_commit_answers_the_same(gateway: Gateway) -> None:
    """202, then 200 with the same body; each message has its task once."""
    body = draft(gateway, Message(parts=(Part(), Part("Gamle Strand kommune", RENAMED))))
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    edit(gateway, body, select="ready")
    first, second = (gateway.call("POST", path_of(body)) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json() == second.json()
    assert [entry["recipient"] for entry in first.json()["messages"]] == [DPO]
    assert [entry["recipient"] for entry in first.json()["notSent"]] == [RENAMED]


def test_any_id_of_it_finds_the_conversation(gateway: Gateway) -> None:
    """The conversation's, the message's, and the SBD's ConversationId."""
    body = draft(gateway)
    header = only(body)["standardBusinessDocument"]["standardBusinessDocumentHeader"]
    sbd_id = header["businessScope"]["scope"][0]["instanceIdentifier"]
    for any_id in (body["conversationId"], only(body)["messageId"], sbd_id):
        assert gateway.call("GET", f"/out/messages/{any_id}").json()["conversationId"] == body["conversationId"]
        assert gateway.call("GET", f"/statuses/{any_id}").json()["conversationId"] == body["conversationId"]


def test_the_list_is_paged_and_filtered(gateway: Gateway) -> None:
    """Newest first, `next` goes on, filters narrow it."""
    ids = [draft(gateway, Message(melding_id=f"list-{n}"))["conversationId"] for n in range(3)]
    page = gateway.call("GET", "/out/messages", params={"limit": 2}).json()
    assert [entry["conversationId"] for entry in page["conversations"]] == [ids[2], ids[1]]
    following = gateway.call("GET", "/out/messages", params={"limit": 2, "after": page["next"]}).json()
    assert following["conversations"][0]["conversationId"] == ids[0]
    found = gateway.call("GET", "/out/messages", params={"meldingId": "list-1", "state": "draft"}).json()
    assert [entry["conversationId"] for entry in found["conversations"]] == [ids[1]]
    assert gateway.call("GET", "/out/messages", params={"state": "lost"}).status_code == 422
    assert gateway.call("GET", "/out/messages", params={"after": "nonsense"}).status_code in (400, 422)


@pytest.mark.parametrize("hours", [24])
def test_a_confidential_draft_lives_shorter(gateway: Gateway, hours: int) -> None:
    """24 hours in place of seven days."""

    def lifetime(message: Message) -> float:
        body = draft(gateway, message)
        span = datetime.fromisoformat(body["expires"]) - datetime.fromisoformat(body["created"])
        return span.total_seconds() / 3600

    assert lifetime(Message()) == 7 * 24
    assert lifetime(Message(skjerming=skjerming("Offl. § 13"))) == hours
