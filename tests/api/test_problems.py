"""Every problem code, provoked over HTTP, with its severity; and that what asks for a yes can be said yes to."""

import ast
from pathlib import Path

import pytest
import requests

import gateway as package
from tests.api.drafts import HELSE, RENAMED, THIRD, UNKNOWN, codes, draft, edit, form, json_part, only, to
from tests.documents import DPF, DPO, DPV, Doc, Message, Objekt, Part, skjerming
from tests.live import Gateway
from tests.secrets import PDF, PERSON_NUMBER

SECRECY = "Offl. § 13 jf. fvl. § 13"
PERSON = Message(title=f"Vedtak {PERSON_NUMBER}")
PROVOKED: dict[str, tuple[Message, str, str]] = {
    # code: (document, severity, where: "prototype" or "conversation")
    "NO_ID": (to(None, "Fjordvik tilsyn"), "block", "prototype"),
    "ID_INVALID": (to("0192:311000021", "Fjordvik tilsyn"), "block", "prototype"),
    "PART_MISMATCH": (to(DPO, "Fjordvik tilsyn", navn="Lia Snekkeri AS"), "block", "prototype"),
    "GROUP_NOT_EXPANDED": (to(None, "Alle tilsyn", type="Gruppemottaker"), "block", "prototype"),
    "NAME_MISMATCH": (to(RENAMED, "Gamle Strand kommune"), "confirm", "prototype"),
    "NOT_REGISTERED": (to(UNKNOWN, "Ukjent"), "block", "prototype"),
    "CHANNEL_NOT_ENABLED": (to(DPV, "Lia Snekkeri AS"), "block", "prototype"),
    "NO_SECURE_CHANNEL": (
        to(DPF, "Breidal kommune").having(skjerming=skjerming(SECRECY)),
        "block",
        "prototype",
    ),
    "PUBLIC_TITLE_MISSING": (
        to(DPV, "Lia Snekkeri AS").having(skjerming=skjerming(SECRECY), public_title=None),
        "block",
        "prototype",
    ),
    "PERSON_NUMBER_VISIBLE": (PERSON, "confirm", "prototype"),
    "PERSON_NUMBER_IN_TITLE": (PERSON, "info", "prototype"),
    "REDACTED_AND_FULL": (
        Message(
            documents=(Doc((Objekt("a.pdf"), Objekt("b.pdf", variant="Dokument hvor deler av innholdet er skjermet"))),)
        ),
        "block",
        "prototype",
    ),
    "DOCUMENT_MISSING": (Message(), "block", "conversation"),
    "SHIELDING_UNCLEAR": (Message(skjerming=skjerming("ofl § 13")), "confirm", "conversation"),
    "NOT_OUTGOING": (Message(type="Inngående dokument"), "confirm", "conversation"),
    "INTERNAL_DOCUMENT": (Message(type="Organinternt dokument uten oppfølging"), "block", "conversation"),
    "JOURNALPOST_CANCELLED": (Message(status="Utgår"), "block", "conversation"),
    "DOCUMENT_UNFINISHED": (
        Message(documents=(Doc(status="Dokumentet er under redigering"),)),
        "block",
        "conversation",
    ),
    "NO_RECIPIENT": (to("0192:311000012", "Havnes kommune"), "block", "conversation"),
}
# Those that need more than one document to come about have a test of their own below.
ON_THEIR_OWN = {
    "ID_CONFLICT",
    "REGISTRY_FAILED",
    "NO_CHANNEL",
    "TOO_LARGE",
    "NOT_IN_ARKIVMELDING",
    "DOCUMENT_NOT_REFERENCED",
    "CONFIDENTIALITY_LOWERED",
    "MAIN_DOCUMENT_LEFT_OUT",
}
# Those of the classic send: tests/delivery/test_classic.py.
CLASSIC = {
    "MISSING_FILE",
    "MISSING_ARKIVMELDING",
    "MAIN_DOCUMENT_MISSING",
    "DEADLINE_PASSED",
    "SHIELDED_IN_OPEN_PROCESS",
}


@pytest.mark.parametrize("code", sorted(PROVOKED))
def test_a_problem_is_told_with_its_severity_and_its_mend(gateway: Gateway, code: str) -> None:
    """Each has a sentence and a mend, and an unmended one refuses the commit with 409 and itself among the errors."""
    message, severity, where = PROVOKED[code]
    body = draft(gateway, message)
    problems = body["problems"] if where == "conversation" else only(body)["problems"]
    problem = next(entry for entry in problems if entry["code"] == code)
    assert problem["severity"] == severity
    assert problem["message"]
    assert problem["mend"]
    refusal = gateway.call("POST", f"/out/messages/{body['conversationId']}")
    assert refusal.status_code == 409
    if severity != "info":
        assert code in {entry["rule"] for entry in refusal.json()["errors"]}


def test_every_problem_code_of_the_code_is_provoked() -> None:
    """A problem that nobody provokes is noticed: the codes are read out of the source."""
    written: set[str] = set()
    for path in Path(package.__file__).parent.rglob("*.py"):
        if "sandbox" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Problem" and node.args:
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    written.add(str(first.value))
    assert written == set(PROVOKED) | ON_THEIR_OWN | CLASSIC


def test_two_identifiers_for_one_part_are_a_conflict(gateway: Gateway) -> None:
    """ID_CONFLICT blocks: beside the document another number is given than in it."""
    recipients = f'[{{"korrespondansepart": 1, "navn": "Fjordvik tilsyn", "identifikator": "{HELSE}"}}]'
    body = form(gateway, Message().xml(), recipients=json_part(recipients)).json()
    assert codes(only(body)["problems"]) == {"ID_CONFLICT"}
    assert only(body)["recipient"] is None


def test_an_identifier_for_somebody_who_is_no_recipient_is_a_mismatch(gateway: Gateway) -> None:
    """PART_MISMATCH stands on the conversation, for no prototype belongs to it."""
    message = Message(parts=(Part(), Part("Havnes kommune", DPV, type="Avsender")))
    problem = next(entry for entry in draft(gateway, message)["problems"] if entry["code"] == "PART_MISMATCH")
    assert problem["korrespondansepart"] == 2


def test_a_failed_look_up_is_a_problem_of_that_recipient_alone(gateway: Gateway) -> None:
    """REGISTRY_FAILED on one, the other has its channel; and a PUT asks again."""
    fault = {
        "channel": "registry",
        "operation": "lookup",
        "action": "status:500",
        "times": 8,
        "organisation": HELSE[5:],
    }
    requests.post(f"{gateway.sandbox.url}/_sim/faults", json=fault, timeout=10).raise_for_status()
    body = draft(gateway, Message(parts=(Part(), Part("Skogen helseforetak", HELSE))))
    first, second = body["prototypes"]
    assert first["serviceIdentifier"] == "DPO"
    assert codes(second["problems"]) == {"REGISTRY_FAILED"}
    requests.delete(f"{gateway.sandbox.url}/_sim/faults", timeout=10)
    again = edit(gateway, body, actor="saksbehandler-7").json()
    assert again["prototypes"][1]["serviceIdentifier"] == "DPO"


def test_an_organisation_that_lacks_the_process_has_no_channel(gateway: Gateway) -> None:
    """NO_CHANNEL, with what it can take under `alternatives`."""
    body = form(gateway, Message().xml(), options=json_part('{"process": "urn:no:difi:profile:ukjent:ver1.0"}')).json()
    assert codes(only(body)["problems"]) == {"NO_CHANNEL"}
    assert only(body)["alternatives"]


def test_a_recipient_that_the_document_does_not_name_must_be_confirmed(gateway: Gateway) -> None:
    """NOT_IN_ARKIVMELDING, until a person says yes."""
    body = draft(gateway)
    new = {"recipient": HELSE, "name": "Skogen helseforetak", "role": "Kopimottaker"}
    after = edit(gateway, body, prototypes=[new]).json()
    added = after["prototypes"][1]
    assert codes(added["problems"]) == {"NOT_IN_ARKIVMELDING"}
    confirm = {"messageId": added["messageId"], "confirm": ["NOT_IN_ARKIVMELDING"]}
    confirmed = edit(gateway, body, prototypes=[confirm], actor="saksbehandler-7").json()["prototypes"][1]
    assert confirmed["problems"] == []
    assert confirmed["confirmed"][0]["actor"] == "saksbehandler-7"


def test_a_document_that_nobody_names_is_kept_and_told(gateway: Gateway) -> None:
    """DOCUMENT_NOT_REFERENCED is for information."""
    body = draft(gateway)
    assert gateway.upload(body["conversationId"], "ekstra.pdf", PDF).status_code == 201
    problems = gateway.call("GET", f"/out/messages/{body['conversationId']}").json()["problems"]
    assert [entry["severity"] for entry in problems if entry["code"] == "DOCUMENT_NOT_REFERENCED"] == ["info"]


def test_lowering_confidentiality_must_be_confirmed(gateway: Gateway) -> None:
    """CONFIDENTIALITY_LOWERED, where a secrecy ground is overruled; raising needs nothing."""
    body = draft(gateway, Message(skjerming=skjerming(SECRECY)))
    assert only(body)["confidential"] is True
    lowered = edit(gateway, body, confidential=False).json()
    assert "CONFIDENTIALITY_LOWERED" in codes(lowered["problems"])
    assert only(lowered)["confidential"] is False
    confirmed = edit(gateway, body, confirm=["CONFIDENTIALITY_LOWERED"]).json()
    assert "CONFIDENTIALITY_LOWERED" not in codes(confirmed["problems"])
    raised = edit(gateway, body, confidential=True).json()
    assert only(raised)["process"].endswith("taushetsbelagt:ver1.0")
    again = edit(gateway, body, confidential=False).json()
    assert "CONFIDENTIALITY_LOWERED" in codes(again["problems"]), "an old yes does not count for a new change"


def test_undecided_shielding_counts_as_confidential_until_somebody_decides(gateway: Gateway) -> None:
    """SHIELDING_UNCLEAR goes when a person says which, and the process follows."""
    body = draft(gateway, Message(skjerming=skjerming("ofl § 13")))
    assert body["arkivmelding"]["shielding"] == "undecided"
    assert only(body)["process"].endswith("taushetsbelagt:ver1.0")
    decided = edit(gateway, body, confidential=False).json()
    assert "SHIELDING_UNCLEAR" not in codes(decided["problems"])
    assert only(decided)["process"].endswith("administrasjon:ver1.0")


def test_a_renamed_recipient_is_shown_and_can_be_confirmed(gateway: Gateway) -> None:
    """The registry's name stands beside the part's; a confirmation is dropped when the recipient changes."""
    body = draft(gateway, to(RENAMED, "Gamle Strand kommune"))
    prototype = only(body)
    assert prototype["nameMatch"] == "different"
    assert prototype["registered"]["name"] == "NYE ELVDAL KOMMUNE"
    yes = [{"messageId": prototype["messageId"], "confirm": ["NAME_MISMATCH"]}]
    assert only(edit(gateway, body, prototypes=yes).json())["problems"] == []
    moved = [{"messageId": prototype["messageId"], "recipient": THIRD}]
    assert codes(only(edit(gateway, body, prototypes=moved).json())["problems"]) == {"NAME_MISMATCH"}


def test_a_message_beyond_its_channel_is_too_large(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """TOO_LARGE names the sum and the limit."""
    from gateway.message import processes

    message = Message(documents=(Doc((Objekt("a.pdf"),)), Doc((Objekt("b.pdf"),), role="Vedlegg")))
    body = draft(gateway, message)
    monkeypatch.setitem(processes.SIZE_LIMITS, processes.Channel.DPO, 1000)
    for name in ("a.pdf", "b.pdf"):
        assert gateway.upload(body["conversationId"], name, b"x" * 600).status_code == 201
    prototype = only(gateway.call("GET", f"/out/messages/{body['conversationId']}").json())
    assert prototype["size"] == 1200
    assert prototype["sizeLimit"] == 1000
    assert codes(prototype["problems"]) == {"TOO_LARGE"}


def test_a_selection_without_the_main_document_is_stopped(gateway: Gateway) -> None:
    """MAIN_DOCUMENT_LEFT_OUT; and choosing the full variant beside the redacted one settles nothing."""
    sladdet = "Dokument hvor deler av innholdet er skjermet"
    objects = (Objekt("a.pdf"), Objekt("b.pdf", variant=sladdet))
    body = draft(gateway, Message(documents=(Doc(objects), Doc((Objekt("c.pdf"),), role="Vedlegg"))))
    message_id = only(body)["messageId"]

    def choose(*names: str) -> set[str]:
        changes = [{"messageId": message_id, "documents": list(names)}]
        return codes(only(edit(gateway, body, prototypes=changes).json())["problems"])

    assert choose("c.pdf") == {"MAIN_DOCUMENT_LEFT_OUT"}
    assert choose("a.pdf", "b.pdf") == {"REDACTED_AND_FULL"}
    assert choose("b.pdf", "c.pdf") == set()
