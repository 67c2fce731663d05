"""The preview: what the recipient will see, which files go, what is lost; the same that is sent afterwards."""

import hashlib

from gateway.api.preview_answers import PreviewAnswer
from tests.api.drafts import draft, edit, only
from tests.api.test_classic import complete
from tests.documents import DPO, SENDER, Doc, Message, Objekt, Part, merknad, skjerming
from tests.live import Gateway
from tests.message.sbds import minimal
from tests.secrets import PDF


def preview(gateway: Gateway, body: dict, query: str = "") -> dict:  # type: ignore[type-arg]
    """The preview of the first message of a conversation."""
    message_id = body["prototypes"][0]["messageId"]
    answer = gateway.call("GET", f"/out/messages/{body['conversationId']}/messages/{message_id}/preview{query}")
    assert answer.status_code == 200, answer.text
    assert PreviewAnswer().validate(answer.json()) == {}
    return answer.json()  # type: ignore[no-any-return]


def test_what_the_recipient_sees(gateway: Gateway) -> None:
    """Titles, sender, channel and process, the envelope, the files in their order with what is known of them."""
    body = draft(gateway)
    before = preview(gateway, body)
    assert before["sees"] == {
        "sender": SENDER,
        "title": "Vedtak om støtte",
        "publicTitle": "Vedtak om støtte",
        "caseTitle": "Støtteordning",
    }
    assert (before["recipient"], before["serviceIdentifier"], before["ready"]) == (DPO, "DPO", False)
    assert before["standardBusinessDocument"] == only(body)["standardBusinessDocument"]
    first = before["files"][0]
    assert (first["filename"], first["title"], first["main"], first["size"]) == ("vedtak.pdf", "Vedtak", True, None)
    assert before["files"][1]["filename"] == "arkivmelding.xml"
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    after = preview(gateway, body)
    assert (after["files"][0]["sha256"], after["size"]) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert after["ready"]


def test_what_is_lost_is_told_with_its_reason(gateway: Gateway) -> None:
    """Other versions, files that nobody named, and every element that is taken out for this recipient."""
    objects = (Objekt("gammel.pdf", 1), Objekt("ny.pdf", 2))
    message = Message(
        documents=(Doc(objects),),
        parts=(Part(), Part("Skogen helseforetak", "0192:311000063")),
        skjerming=skjerming("Offl. § 13 jf. fvl. § 13"),
        merknad=merknad("Internt"),
    )
    body = draft(gateway, message)
    gateway.upload(body["conversationId"], "notat.txt", b"x")
    lost = preview(gateway, body)["lost"]
    documents = {each["place"]: each["reason"] for each in lost if each["what"] == "document"}
    assert set(documents) == {"gammel.pdf", "notat.txt"}
    assert documents["gammel.pdf"] != documents["notat.txt"]
    elements = [each["place"] for each in lost if each["what"] == "element"]
    assert elements == [each["path"] for each in body["prototypes"][0]["redactions"]]
    assert any(place.endswith("merknad") for place in elements)


def test_the_xml_is_shown_where_it_is_asked_for(gateway: Gateway) -> None:
    """As this recipient gets it: without the other's name and without our addressing."""
    body = draft(gateway, Message(parts=(Part(), Part("Skogen helseforetak", "0192:311000063"))))
    assert preview(gateway, body)["arkivmelding"] is None
    shown = preview(gateway, body, "?xml=true")
    assert "311000063" not in shown["arkivmelding"]
    assert "Vedtak om støtte" in shown["arkivmelding"]
    digest = hashlib.sha256(shown["arkivmelding"].encode()).hexdigest()
    assert digest == next(each["sha256"] for each in shown["files"] if each["filename"] == "arkivmelding.xml")


def test_a_choice_of_documents_is_followed(gateway: Gateway) -> None:
    """What was left out by hand is lost by hand."""
    documents = (Doc(), Doc((Objekt("kart.png"),), "Kart", "Vedlegg"))
    body = draft(gateway, Message(documents=documents))
    chosen = [{"messageId": only(body)["messageId"], "documents": ["vedtak.pdf"]}]
    assert edit(gateway, body, prototypes=chosen).status_code == 200
    shown = preview(gateway, body)
    assert [each["filename"] for each in shown["files"]] == ["vedtak.pdf", "arkivmelding.xml"]
    assert "kart.png" in {each["place"] for each in shown["lost"]}


def test_after_the_commit_it_is_what_it_was(gateway: Gateway) -> None:
    """What goes, what is lost and why: the commit changes nothing of it but the deadline."""
    body = draft(gateway, Message(documents=(Doc((Objekt("gammel.pdf", 1), Objekt("vedtak.pdf", 2))),)))
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    before = preview(gateway, body, "?xml=true")
    assert gateway.call("POST", f"/out/messages/{body['conversationId']}").status_code == 202
    assert preview(gateway, body, "?xml=true") == before


def test_a_recipient_without_a_way_is_shown_too(gateway: Gateway) -> None:
    """With its problems, and no envelope."""
    shown = preview(gateway, draft(gateway, Message(parts=(Part("Noen", None),))))
    assert (shown["recipient"], shown["standardBusinessDocument"], shown["ready"]) == (None, None, False)
    assert {each["code"] for each in shown["problems"]} >= {"NO_ID", "DOCUMENT_MISSING"}


def test_a_classic_message_is_previewed_alike(gateway: Gateway) -> None:
    """The client's SBD, the main document first, nothing lost; the XML in its own encoding."""
    body = complete(gateway, minimal(business={"hoveddokument": "vedtak.pdf"}))
    shown = preview(gateway, body, "?xml=true")
    assert [(each["filename"], each["main"]) for each in shown["files"]] == [
        ("vedtak.pdf", True),
        ("arkivmelding.xml", False),
    ]
    assert (shown["lost"], shown["ready"], shown["sees"]["title"]) == ([], True, "Vedtak om støtte")
    assert shown["standardBusinessDocument"] == body["standardBusinessDocument"]
    assert shown["arkivmelding"] == Message().xml().decode()


def test_a_preview_belongs_to_its_conversation(gateway: Gateway) -> None:
    """Another conversation's message is not found under this one, in either flow."""
    first, classic = draft(gateway), complete(gateway)
    for body, other in ((first, classic), (classic, first)):
        message_id = other["prototypes"][0]["messageId"]
        path = f"/out/messages/{body['conversationId']}/messages/{message_id}/preview"
        assert gateway.call("GET", path).status_code == 404


def test_looking_moves_no_version(gateway: Gateway) -> None:
    """Nothing is sent, and nothing is stored."""
    body = draft(gateway)
    preview(gateway, body)
    assert gateway.call("GET", f"/out/messages/{body['conversationId']}").json() == body
