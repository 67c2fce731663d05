"""What happens when the samples of versions, variants and titles are posted is what their README says."""

from pathlib import Path

from tests.api.drafts import codes, edit
from tests.live import Gateway
from tests.secrets import PDF

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def posted(gateway: Gateway, folder: str) -> dict:  # type: ignore[type-arg]
    """The draft that a sample becomes, its documents uploaded."""
    answer = gateway.post((SAMPLES / folder / "arkivmelding.xml").read_bytes())
    assert answer.status_code == 201, answer.text
    body: dict = answer.json()  # type: ignore[type-arg]
    for path in (SAMPLES / folder).glob("*.pdf"):
        gateway.upload(body["conversationId"], path.name, PDF)
    return gateway.call("GET", f"/out/messages/{body['conversationId']}").json()  # type: ignore[no-any-return]


def test_the_newest_version_goes_in_the_format_for_the_archive(gateway: Gateway) -> None:
    """Of three files one goes; the other two are taken out of the rendering, and nothing stands in the way."""
    body = posted(gateway, "09-versions-and-variants")
    (prototype,) = body["prototypes"]
    assert prototype["documents"] == ["svar-2-arkiv.pdf"]
    assert [each["reason"] for each in prototype["redactions"]][1:] == ["this file is not sent to this recipient"] * 2
    assert body["ready"] is True


def test_full_or_redacted_is_for_the_sender_to_say(gateway: Gateway) -> None:
    """REDACTED_AND_FULL blocks until one of the two is chosen; the choice is what goes."""
    body = posted(gateway, "10-redacted-and-full")
    (prototype,) = body["prototypes"]
    assert codes(prototype["problems"]) == {"REDACTED_AND_FULL"}
    assert body["ready"] is False
    chosen = {"messageId": prototype["messageId"], "documents": ["oversending.pdf", "klage-sladdet.pdf"]}
    body = edit(gateway, body, prototypes=[chosen]).json()
    assert body["prototypes"][0]["documents"] == ["oversending.pdf", "klage-sladdet.pdf"]
    assert body["prototypes"][0]["problems"] == []
    assert body["ready"] is True


def test_a_shielded_title_is_no_matter_where_none_is_shown(gateway: Gateway) -> None:
    """Without offentligTittel the channel that shows a title is blocked, the one that shows none is not."""
    body = posted(gateway, "11-shielded-title")
    fjordvik, lia = body["prototypes"]
    assert (fjordvik["serviceIdentifier"], codes(fjordvik["problems"])) == ("DPO", set())
    assert lia["serviceIdentifier"] == "DPV"
    assert "PUBLIC_TITLE_MISSING" in codes(lia["problems"])
    assert body["arkivmelding"]["title"] is None
    assert "Vurdering av tilbud" not in str(lia["standardBusinessDocument"])
