"""How a document is taken: strictly or leniently, converted, filled in; what is told of it, kept of it and sent of it."""

import json
import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import requests

from gateway.api.login import hash_key
from gateway.app import now
from gateway.arkivmelding.rules import RULES
from gateway.language import Language, tell
from gateway.sandbox.server import Sandbox
from gateway.storage import clients
from gateway.storage.clients import Client, ClientKind
from tests.api.drafts import codes, only
from tests.arkivmelding.dialects import part, v1, wrapped
from tests.documents import DPO, GUID, NAMESPACE, SENDER, Doc, Message, Objekt, Part, gradering, skjerming
from tests.journeys.following import delivery_of, wait_for_status
from tests.live import Gateway, serving
from tests.secrets import PDF, PERSON_NUMBER

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
V1 = (SAMPLES / "06-v1-dialect" / "arkivmelding.xml").read_bytes()
FIKS = (SAMPLES / "07-fiks-arkiv" / "arkivmelding.xml").read_bytes()
GOOD = Message()
STATUS = b"<journalstatus>Ekspedert</journalstatus>"
DAY = b"<journaldato>2026-11-20</journaldato>"
# Of spelling alone: a letter for its label, a name in other case, two brothers the wrong way round.
MISSPELT = (
    Message(type="U")
    .xml()
    .replace(STATUS + b"\n      " + DAY, DAY + b"\n      " + STATUS)
    .replace(b"meldingId>", b"MeldingID>")
)
RESPONSIBLE = b"\n    <saksansvarlig>Saksbehandler</saksansvarlig>"
LACKING = GOOD.xml().replace(RESPONSIBLE, b"")
UNSAFE = GOOD.xml().replace(b">Mottaker<", b">Motaker<")
ENTRY = "/arkivmelding/mappe/basisregistrering"
LENIENT = {"Prefer": "handling=lenient"}
# What the small v1 document lacks, and nothing in it says.
FILL = {
    "administrativEnhet": "Postmottak",
    "saksansvarlig": "Kari Nordmann",
    "saksstatus": "Under behandling",
    "journalstatus": "Ekspedert",
}


def submit(
    gateway: Gateway, xml: bytes, *, headers: dict[str, str] | None = None, dry_run: bool = False, **options: object
) -> requests.Response:
    """POST as multipart, with these options."""
    files = {
        "arkivmelding": ("arkivmelding.xml", xml, "application/xml"),
        "options": (None, json.dumps(options), "application/json"),
    }
    query = "?dryRun=true" if dry_run else ""
    return gateway.call("POST", f"/out/messages{query}", files=files, headers=headers or {})


def taken(answer: requests.Response) -> dict:  # type: ignore[type-arg]
    """The answer to a submission that was taken."""
    assert answer.status_code in (200, 201), answer.text
    return answer.json()  # type: ignore[no-any-return]


def refused(answer: requests.Response) -> dict:  # type: ignore[type-arg]
    """The problem of a submission that was not."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.json()  # type: ignore[no-any-return]


def outgoing(gateway: Gateway, body: dict, query: str = "") -> bytes:  # type: ignore[type-arg]
    """The arkivmelding of a conversation."""
    answer = gateway.call("GET", f"/out/messages/{body['conversationId']}/arkivmelding{query}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/xml")
    return answer.content


def poor(*, documents: str = "") -> bytes:
    """A v1 document that says neither when it was made nor who is responsible; one recipient, by its number."""
    recipient = part("Mottaker", "Fjordvik tilsyn", wrapped("organisasjonsnummer", "311000020"))
    return v1(documents or DOCUMENT, recipient)


DOCUMENT = """<dokumentbeskrivelse><dokumenttype>Brev</dokumenttype><dokumentstatus>F</dokumentstatus>
  <tittel>Vedtak</tittel><tilknyttetRegistreringSom>H</tilknyttetRegistreringSom><dokumentobjekt>
  <variantformat>A</variantformat><referanseDokumentfil>vedtak.pdf</referanseDokumentfil></dokumentobjekt>
  </dokumentbeskrivelse>"""


@pytest.fixture(scope="module")
def guarded(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with two logins, one strict, one lenient, each with its own name as key."""
    with serving(sandbox, tmp_path_factory.mktemp("handling")) as served:
        with served.assembly.database.writing() as connection:
            for name in ("strict", "lenient"):
                key = hash_key(name)
                clients.add(connection, Client(name, name, ClientKind.API_KEY, key, (SENDER,), now(), handling=name))
        yield served


# ---- who decides -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("client", "header", "option"),
    list(product(["strict", "lenient"], [None, "strict", "lenient"], [None, "strict", "lenient"])),
)
def test_option_beats_header_beats_login(guarded: Gateway, client: str, header: str | None, option: str | None) -> None:
    """What counts is shown as `handling`, and decides; the header is said to be applied where it is followed, only there."""
    followed = option or header or client
    headers = {"Authorization": f"Bearer {client}"} | ({"Prefer": f"handling={header}"} if header else {})
    options = {"handling": option} if option else {}
    good = submit(guarded, GOOD.xml(), headers=headers, dry_run=True, **options)
    assert taken(good)["handling"] == followed
    applied = f"handling={header}" if header and header == followed else None
    assert good.headers.get("Preference-Applied") == applied
    misspelt = submit(guarded, MISSPELT, headers=headers, dry_run=True, **options)
    assert misspelt.status_code == (200 if followed == "lenient" else 422)


@pytest.mark.parametrize(
    "value",
    [
        "handling=lenient",
        "Handling=Lenient",
        'handling="lenient"',
        "handling = lenient",
        "respond-async, wait=10, handling=lenient",
        "handling=lenient; because=old",
        "handling=lenient, handling=strict",
    ],
)
def test_the_header_is_read_as_it_may_be_written(gateway: Gateway, value: str) -> None:
    """In any case, quoted, with blanks, among others, with parameters; of two, the first (RFC 7240 §2)."""
    answer = gateway.post(MISSPELT, headers={"Prefer": value})
    assert (taken(answer)["handling"], answer.headers["Preference-Applied"]) == ("lenient", "handling=lenient")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "handling",
        "handling=",
        "handling=generous",
        "lenient",
        "respond-async, wait=10",
        "return=minimal; handling=lenient",
        "x-handling=lenient",
        'note="a, handling=lenient, b"',
        "handling=generous, handling=lenient",
    ],
)
def test_an_unknown_preference_is_ignored(gateway: Gateway, value: str) -> None:
    """Nothing is applied, nothing is refused for it: the document is taken strictly, as without the header."""
    answer = gateway.post(GOOD.xml(), headers={"Prefer": value})
    assert taken(answer)["handling"] == "strict"
    assert "Preference-Applied" not in answer.headers
    assert refused(gateway.post(MISSPELT, headers={"Prefer": value}))["acceptedIfLenient"] is True


def test_an_unknown_handling_in_the_options_is_refused(gateway: Gateway) -> None:
    """An option is no preference: 422 with its path."""
    (fault,) = refused(submit(gateway, GOOD.xml(), handling="generous"))["errors"]
    assert fault["path"] == "/options/handling"


# ---- what is refused, warned of, mended ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "xml",
    [
        UNSAFE,
        GOOD.having(gradering=gradering("Begrenset (sikkerhetsgrad)")).xml(),
        GOOD.having(public_title=PERSON_NUMBER).xml(),
    ],
    ids=["who-gets-it", "graded", "person-number"],
)
def test_the_unsafe_is_refused_however_it_is_taken(gateway: Gateway, xml: bytes) -> None:
    """422 with the class, and that lenient handling would not help; of another dialect there is no question."""
    for headers in ({}, LENIENT):
        problem = refused(gateway.post(xml, headers=headers))
        assert problem["acceptedIfLenient"] is False
        assert "acceptedIfConverted" not in problem
        assert "unsafe" in {fault["class"] for fault in problem["errors"] if fault["severity"] == "error"}
        assert PERSON_NUMBER not in json.dumps(problem)


def test_unsafe_and_misspelt_is_refused_and_the_lesser_fault_is_a_warning(gateway: Gateway) -> None:
    """Taken leniently, every fault is told with what it weighs."""
    xml = UNSAFE.replace(RESPONSIBLE, b"")
    problem = refused(gateway.post(xml, headers=LENIENT))
    weights = {fault["class"]: fault["severity"] for fault in problem["errors"]}
    assert weights == {"unsafe": "error", "provenance": "warning"}


@pytest.mark.parametrize(("xml", "kind"), [(MISSPELT, "spelling"), (LACKING, "provenance")])
def test_a_refusal_says_that_lenient_handling_would_help(gateway: Gateway, xml: bytes, kind: str) -> None:
    """On POST, on a dry run and on PUT of the arkivmelding; nothing is kept."""
    before = len(gateway.call("GET", "/out/messages?limit=500").json()["conversations"])
    for answer in (gateway.post(xml), submit(gateway, xml, dry_run=True)):
        problem = refused(answer)
        assert problem["acceptedIfLenient"] is True
        assert {fault["class"] for fault in problem["errors"]} == {kind}
    assert len(gateway.call("GET", "/out/messages?limit=500").json()["conversations"]) == before


def test_other_refusals_offer_nothing(gateway: Gateway) -> None:
    """A 422 that is not about a document, and a 400, have no such member."""
    body = taken(gateway.post(GOOD.xml()))
    edited = gateway.call("PUT", f"/out/messages/{body['conversationId']}", json={"confirm": ["NOT_OUTGOING"]})
    for answer in (edited, gateway.post(b"<not-xml"), submit(gateway, GOOD.xml(), handling="x")):
        assert answer.status_code in (400, 422)
        assert [name for name in answer.json() if name.startswith("acceptedIf")] == []


def test_provenance_is_a_note_and_hinders_nothing(gateway: Gateway) -> None:
    """Severity info, with line and mend; valid says no; with its document there it is ready and can be committed."""
    body = taken(gateway.post(LACKING, headers=LENIENT))
    note = next(each for each in body["problems"] if each["code"] == "XSD")
    assert (note["severity"], "saksansvarlig" in note["message"], note["line"] > 0) == ("info", True, True)
    assert note["mend"]
    assert (body["arkivmelding"]["valid"], body["mended"], body["filled"], body["lost"]) == (False, [], [], [])
    gateway.upload(body["conversationId"], "vedtak.pdf", PDF)
    path = f"/out/messages/{body['conversationId']}"
    assert gateway.call("GET", path).json()["ready"] is True
    assert gateway.call("POST", path).status_code == 202


def test_what_is_mended_is_listed(gateway: Gateway) -> None:
    """Each with what, path and line of the posted document, before, after and reason; a place with two paths; by line."""
    body = taken(gateway.post(MISSPELT, headers=LENIENT))
    lines = MISSPELT.decode().splitlines()

    def line_of(piece: str) -> int:
        return 1 + next(number for number, line in enumerate(lines) if piece in line)

    mended = [{name: each[name] for name in ("what", "path", "line", "before", "after")} for each in body["mended"]]
    name = {"what": "name", "path": "/arkivmelding/MeldingID", "before": "MeldingID", "after": "meldingId"}
    value = {"what": "value", "path": f"{ENTRY}/journalposttype", "before": "U", "after": "Utgående dokument"}
    assert mended[:2] == [{**name, "line": line_of("<MeldingID>")}, {**value, "line": line_of(">U<")}]
    (moved,) = mended[2:]
    assert moved["what"] == "place"
    assert moved["path"] in (f"{ENTRY}/journaldato", f"{ENTRY}/journalstatus")
    assert moved["before"].startswith(f"{ENTRY}/*[")
    assert moved["after"].startswith(f"{ENTRY}/*[")
    assert moved["before"] != moved["after"]
    assert all(each["reason"] for each in body["mended"])
    assert body["arkivmelding"]["valid"] is True
    assert {each["severity"] for each in body["problems"] if each["code"] == "XSD"} == {"info"}


def test_changes_are_told_in_the_reader_s_language(gateway: Gateway) -> None:
    """Reasons and sources in bokmål for one, in English for the other; names, values and paths stay."""
    body = taken(submit(gateway, V1.replace(RESPONSIBLE, b""), convert=True, fill=FILL))
    path = f"/out/messages/{body['conversationId']}"
    told = gateway.call("GET", path, headers={"Accept-Language": "nb"}).json()
    for kind, words in (("mended", "reason"), ("lost", "reason"), ("filled", "source")):
        assert body[kind]
        for english, norwegian in zip(body[kind], told[kind], strict=True):
            assert english.pop(words) != norwegian.pop(words)
            assert english == norwegian


# ---- what is kept, shown and sent ------------------------------------------------------------------------------------


def test_the_posted_bytes_are_kept_and_the_mended_ones_shown(gateway: Gateway) -> None:
    """With ?posted=true byte for byte what was posted; without, what goes out; both with the ETag of the conversation."""
    posted = MISSPELT.replace(b"<system>", b"<!-- som sendt -->\r\n  <system >").replace(b"?>\n", b"?>\n\n", 1)
    body = taken(gateway.post(posted, headers=LENIENT))
    assert outgoing(gateway, body, "?posted=true") == posted
    xml = outgoing(gateway, body)
    assert xml == outgoing(gateway, body, "?posted=false") != posted
    for piece in (b">Utg\xc3\xa5ende dokument<", b"<meldingId>", b"<!-- som sendt -->"):
        assert piece in xml
    assert xml.index(b"<journalstatus") < xml.index(b"<journaldato")
    answer = gateway.call("GET", f"/out/messages/{body['conversationId']}/arkivmelding")
    assert answer.headers["ETag"] == '"1"'


def test_what_needs_no_mending_goes_out_as_posted(gateway: Gateway) -> None:
    """Byte for byte, lenient or not, where conversion was offered, too."""
    posted = GOOD.xml().replace(b"<system>", b"<!-- som sendt -->\r\n  <system >")
    for answer in (gateway.post(posted, headers=LENIENT), submit(gateway, posted, convert=True, fill=FILL)):
        body = taken(answer)
        assert outgoing(gateway, body) == posted
        assert (body["mended"], body["lost"], body["filled"]) == ([], [], [])
        assert body["arkivmelding"]["converted"] is False


def test_nobody_else_s_arkivmelding_is_shown(guarded: Gateway) -> None:
    """404 for another login, posted or not."""
    body = taken(submit(guarded, GOOD.xml(), headers={"Authorization": "Bearer strict"}))
    for query in ("", "?posted=true"):
        path = f"/out/messages/{body['conversationId']}/arkivmelding{query}"
        assert guarded.call("GET", path, headers={"Authorization": "Bearer lenient"}).status_code == 404
        assert guarded.call("GET", path, headers={"Authorization": "Bearer strict"}).status_code == 200


@pytest.mark.usefixtures("worker")
def test_the_recipient_gets_the_mended_and_the_converted_text(gateway: Gateway) -> None:
    """What was posted breaks the schema; what the recipient opened keeps it, and is registered."""
    documents = {"vedtak.pdf": MISSPELT, "klage.pdf": V1}
    ids = []
    for name, xml in documents.items():
        body = taken(submit(gateway, xml, handling="lenient", convert=True))
        gateway.upload(body["conversationId"], name, PDF)
        committed = gateway.call("POST", f"/out/messages/{body['conversationId']}")
        assert committed.status_code == 202, committed.text
        ids.append(committed.json()["messages"][0]["messageId"])
        assert outgoing(gateway, body, "?posted=true") == xml, "kept after the commit, too"
    for message_id in ids:
        wait_for_status(gateway, message_id, "LEST")
        delivery = delivery_of(gateway, message_id)
        assert delivery is not None
        assert delivery["schema"].startswith("valid")


def test_new_xml_is_taken_as_the_conversation_was(gateway: Gateway) -> None:
    """A lenient draft mends it, a strict one refuses it and stands as it was, whatever the header of the PUT prefers."""
    xml = {"Content-Type": "application/xml"}
    lenient = taken(gateway.post(GOOD.xml(), headers=LENIENT))
    answer = gateway.call("PUT", f"/out/messages/{lenient['conversationId']}/arkivmelding", data=MISSPELT, headers=xml)
    body = taken(answer)
    assert (body["handling"], [each["what"] for each in body["mended"]]) == ("lenient", ["name", "value", "place"])
    assert outgoing(gateway, body, "?posted=true") == MISSPELT
    assert b">Utg\xc3\xa5ende dokument<" in outgoing(gateway, body)
    strict = taken(gateway.post(GOOD.xml()))
    for headers in (xml, xml | LENIENT):
        path = f"/out/messages/{strict['conversationId']}/arkivmelding"
        answer = gateway.call("PUT", path, data=MISSPELT, headers=headers)
        assert refused(answer)["acceptedIfLenient"] is True
        assert "Preference-Applied" not in answer.headers
    assert outgoing(gateway, strict) == GOOD.xml()


def test_new_xml_is_converted_and_filled_in_as_the_first_was(gateway: Gateway) -> None:
    """What the first request gave is given to the next document; PUT and a later GET answer the same."""
    first = taken(submit(gateway, poor(), convert=True, fill=FILL))
    time.sleep(1.1)
    path = f"/out/messages/{first['conversationId']}"
    put = gateway.call("PUT", f"{path}/arkivmelding", data=poor() + b"\n", headers={"Content-Type": "application/xml"})
    body = taken(put)
    assert body["arkivmelding"]["converted"] is True
    given = {
        each["path"].rpartition("/")[2]: each["value"] for each in body["filled"] if each["source"] == "the request"
    }
    assert given == FILL
    assert gateway.call("GET", path).json()["filled"] == body["filled"]
    moments = [
        [each["value"] for each in view["filled"] if each["path"] == "/arkivmelding/tidspunkt"]
        for view in (first, body)
    ]
    assert moments[0] == moments[1] != []


def test_another_preference_is_another_request(gateway: Gateway) -> None:
    """An Idempotency-Key answers the same request again, preference and all; with another preference it is refused."""
    key = {"Idempotency-Key": "handling-1"}
    first = gateway.post(MISSPELT, headers=key | LENIENT)
    again = gateway.post(MISSPELT, headers=key | {"Prefer": "wait=5, handling=lenient"})
    assert taken(first) == taken(again)
    assert again.headers["Preference-Applied"] == "handling=lenient"
    for other in ({}, {"Prefer": "handling=strict"}):
        assert refused(gateway.post(MISSPELT, headers=key | other))["code"] == "KEY_REUSED"
    plain = {"Idempotency-Key": "handling-2"}
    assert taken(gateway.post(GOOD.xml(), headers=plain)) == taken(
        gateway.post(GOOD.xml(), headers=plain | {"Prefer": "wait=5"})
    )
    assert refused(gateway.post(GOOD.xml(), headers=plain | LENIENT))["code"] == "KEY_REUSED"


def test_it_answers_the_same_later(sandbox: Sandbox, tmp_path: Path) -> None:
    """After some time and a new start: the same changes and the same bytes, though the document says no time itself."""
    with serving(sandbox, tmp_path) as served:
        body = taken(submit(served, poor(), convert=True, fill=FILL))
        xml = outgoing(served, body)
        assert any(each["source"] == "the time of the request" for each in body["filled"])
    time.sleep(1.1)
    with serving(sandbox, tmp_path) as served:
        later = served.call("GET", f"/out/messages/{body['conversationId']}").json()
        for name in ("handling", "mended", "lost", "filled", "arkivmelding", "prototypes"):
            assert later[name] == body[name]
        assert outgoing(served, body) == xml
        assert outgoing(served, body, "?posted=true") == poor()


def test_a_dry_run_shows_it_and_keeps_nothing(gateway: Gateway) -> None:
    """Mended, converted and filled in as a submission would be; there is nothing to look at afterwards."""
    for answer in (
        submit(gateway, MISSPELT, headers=LENIENT, dry_run=True),
        submit(gateway, poor(), headers=LENIENT, dry_run=True, convert=True, fill=FILL),
    ):
        assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "handling=lenient")
        body = answer.json()
        assert body["handling"] == "lenient"
        assert body["mended"]
        for path in ("", "/arkivmelding"):
            assert gateway.call("GET", f"/out/messages/{body['conversationId']}{path}").status_code == 404


# ---- conversion and what is filled in --------------------------------------------------------------------------------


@pytest.mark.parametrize(("xml", "dialect"), [(V1, "v1"), (FIKS, "fiks-arkiv")])
def test_another_dialect_is_refused_with_the_offer_to_convert_it(gateway: Gateway, xml: bytes, dialect: str) -> None:
    """Strictly and leniently the same refusal, which conversion would spare; converted it is valid, and says what it was."""
    for headers in ({}, LENIENT):
        problem = refused(gateway.post(xml, headers=headers))
        assert problem["code"] == "DIALECT_NOT_DELIVERABLE"
        assert (problem["acceptedIfLenient"], problem["acceptedIfConverted"]) == (False, True)
        assert [fault["class"] for fault in problem["errors"]] == ["unsafe"]
    facts = taken(submit(gateway, xml, convert=True))["arkivmelding"]
    assert (facts["dialect"], facts["converted"], facts["valid"], facts["profile"]) == (dialect, True, True, "head")


def test_its_own_numbers_address_it_and_go_no_further(gateway: Gateway) -> None:
    """Identified by the document; the numbers are listed as lost, are gone from what goes out, and kept in what was posted."""
    body = taken(submit(gateway, V1, convert=True))
    prototype = only(body)
    assert (prototype["recipient"], prototype["identifiedBy"]) == (DPO, "document")
    lost = [each["value"] for each in body["lost"] if each["path"].endswith("organisasjonsnummer")]
    assert sorted(lost) == ["311000012", "311000012", "311000020"]
    xml = outgoing(gateway, body)
    assert b"311000020" not in xml
    assert b"organisasjonsnummer" not in xml
    assert b"<basisregistrering" in xml
    assert outgoing(gateway, body, "?posted=true") == V1


def test_a_conversion_lowers_no_secrecy(gateway: Gateway) -> None:
    """A secrecy ground of a v1 document is one of the converted document, with the process that follows."""
    shielded = skjerming("Offl. § 13 jf. fvl. § 13").encode()
    xml = V1.replace(b"</offentligTittel>", b"</offentligTittel>" + shielded)
    body = taken(submit(gateway, xml, convert=True))
    assert body["arkivmelding"]["shielding"] == "confidential"
    assert only(body)["process"].endswith("taushetsbelagt:ver1.0")
    assert shielded.replace(b">", b"> ").split()[0] in outgoing(gateway, body)


def test_what_is_missing_is_told_and_can_be_given(gateway: Gateway) -> None:
    """Each missing thing by its name, with how to give it; given, it is filled in with that source, and everything fits."""
    problem = refused(submit(gateway, poor(), convert=True))
    assert {fault["rule"] for fault in problem["errors"]} == {"NOT_CONVERTED"}
    assert problem["acceptedIfLenient"] is False
    for name in FILL:
        (fault,) = [each for each in problem["errors"] if each["message"].startswith(f"{name} ")]
        assert f'"fill": {{"{name}": "…"}}' in fault["mend"]
    body = taken(submit(gateway, poor(), convert=True, fill=FILL))
    given = {
        each["path"].rpartition("/")[2]: each["value"] for each in body["filled"] if each["source"] == "the request"
    }
    assert given == FILL
    assert body["arkivmelding"]["valid"] is True
    xml = outgoing(gateway, body).decode()
    for name, value in FILL.items():
        assert f"<{name}>{value}</{name}>" in xml
    assert all(each["path"].startswith("/arkivmelding/") and each["source"] for each in body["filled"])


def test_what_the_document_says_is_not_filled_over(gateway: Gateway) -> None:
    """A value for something that is there changes nothing."""
    body = taken(submit(gateway, V1, convert=True, fill={"saksansvarlig": "En annen"}))
    assert b"En annen" not in outgoing(gateway, body)
    assert "saksansvarlig" not in {each["path"].rpartition("/")[2] for each in body["filled"]}


def test_a_document_of_our_own_dialect_can_be_completed(gateway: Gateway) -> None:
    """With `convert` and a value, a missing saksansvarlig is filled in, and the document is valid; strictly, too."""
    body = taken(submit(gateway, LACKING, convert=True, fill={"saksansvarlig": "Kari Nordmann"}))
    assert [(each["path"], each["value"], each["source"]) for each in body["filled"]] == [
        ("/arkivmelding/mappe/saksansvarlig", "Kari Nordmann", "the request")
    ]
    assert (body["arkivmelding"]["valid"], body["arkivmelding"]["converted"]) == (True, False)
    assert "XSD" not in codes(body["problems"])
    assert only(body)["recipient"] == DPO, "the extension is read where the document is built anew"


@pytest.mark.parametrize(
    "name", ["tilgangsrestriksjon", "korrespondanseparttype", "referanseDokumentfil", "tittel", "xyz"]
)
def test_what_may_not_be_given_is_refused_with_its_path(gateway: Gateway, name: str) -> None:
    """Who gets it, what is secret and which file it is are not among what a request may say of a document."""
    problem = refused(submit(gateway, poor(), convert=True, fill={**FILL, name: "Mottaker"}))
    (fault,) = problem["errors"]
    assert fault["path"].startswith(f"/options/fill/{name}")
    assert "saksansvarlig" in fault["message"]


@pytest.mark.parametrize("value", ["", 5, None, ["x"], "x" * 1001])
def test_a_value_that_is_no_text_is_refused_with_its_path(gateway: Gateway, value: object) -> None:
    """Empty, too long, or no text at all."""
    (fault,) = refused(submit(gateway, poor(), convert=True, fill={"saksansvarlig": value}))["errors"]
    assert fault["path"].startswith("/options/fill/saksansvarlig")


@pytest.mark.parametrize(("name", "value"), [("journalstatus", "Ekspederet"), ("saksdato", "i fjor")])
def test_a_value_that_does_not_fit_is_refused_and_told(gateway: Gateway, name: str, value: str) -> None:
    """NOT_CONVERTED with the name and the very value that was given: it is no label, no date."""
    xml = poor().replace(
        b"<tittel>Sak</tittel>", b"<tittel>Sak</tittel><opprettetDato>0001-01-01T00:00:00</opprettetDato>"
    )
    faults = refused(submit(gateway, xml, convert=True, fill={**FILL, name: value}))["errors"]
    (fault,) = [each for each in faults if each["rule"] == "NOT_CONVERTED"]
    assert name in fault["message"]
    assert value in fault["message"]


def test_numbers_of_persons_are_masked_and_those_of_organisations_are_not(gateway: Gateway) -> None:
    """In mended, lost and filled alike; what goes out and what was posted hold what was written."""
    person = f"<foedselsnummer><foedselsnummer>{PERSON_NUMBER}</foedselsnummer></foedselsnummer>".encode()
    inner = b"<organisasjonsnummer>311000020</organisasjonsnummer>"
    number = b"<organisasjonsnummer>\n          " + inner + b"\n        </organisasjonsnummer>"
    xml = V1.replace(number, person).replace(b"klage.pdf", f" {PERSON_NUMBER}.pdf ".encode())
    xml = xml.replace(RESPONSIBLE, b"")
    assert xml.count(PERSON_NUMBER.encode()) == 2
    body = taken(submit(gateway, xml, convert=True, fill={"saksansvarlig": f"Kari {PERSON_NUMBER}"}))
    shown = json.dumps([body["mended"], body["lost"], body["filled"]])
    assert PERSON_NUMBER not in shown
    hidden = "*" * 11
    assert f" {hidden}.pdf " in [each["before"] for each in body["mended"]]
    assert {hidden, "311000012"} <= {each["value"] for each in body["lost"]}
    assert f"Kari {hidden}" in [each["value"] for each in body["filled"]]
    assert f">Kari {PERSON_NUMBER}<".encode() in outgoing(gateway, body)
    assert outgoing(gateway, body, "?posted=true") == xml


def test_a_mended_file_name_is_the_one_to_upload(gateway: Gateway) -> None:
    """Blanks around a name go; uploaded under the name that goes out, it is no longer missing."""
    message = GOOD.having(documents=(Doc(objects=(Objekt("\n   vedtak.pdf "),)),))
    assert refused(gateway.post(message.xml()))["acceptedIfLenient"] is True
    body = taken(gateway.post(message.xml(), headers=LENIENT))
    assert [each["filename"] for each in body["documents"]] == ["vedtak.pdf"]
    assert gateway.upload(body["conversationId"], "vedtak.pdf", PDF).status_code == 201
    assert gateway.call("GET", f"/out/messages/{body['conversationId']}").json()["ready"] is True


def test_recipients_beside_a_converted_document_are_those_of_the_posted_one(gateway: Gateway) -> None:
    """Index and name as in the posted document; with a number in it and another beside it, ID_CONFLICT."""
    without = V1.replace(b"311000020", b"")
    for xml, number, problems in ((without, DPO, set()), (V1, "0192:311000063", {"ID_CONFLICT"})):
        files = {
            "arkivmelding": ("a.xml", xml, "application/xml"),
            "options": (None, '{"convert": true}', "application/json"),
            "recipients": (
                None,
                json.dumps([{"korrespondansepart": 1, "navn": "Fjordvik tilsyn", "identifikator": number}]),
                "application/json",
            ),
        }
        prototype = only(taken(gateway.call("POST", "/out/messages", files=files)))
        assert codes(prototype["problems"]) == problems


def test_a_document_that_cannot_be_converted_says_why(gateway: Gateway) -> None:
    """An entry without a folder: NOT_CONVERTED with class and path, and neither offer holds."""
    xml = f"""<arkivmelding xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><system>F</system>
      <meldingId>{GUID.format(9)}</meldingId><registrering xsi:type="journalpost"><tittel>V</tittel>
      {part("Mottaker", "Fjordvik tilsyn", wrapped("organisasjonsnummer", "311000020"))}
      <journalposttype>U</journalposttype></registrering></arkivmelding>""".encode()
    for options in ({}, {"convert": True, "fill": FILL}):
        problem = refused(submit(gateway, xml, **options))
        assert problem["acceptedIfLenient"] is False
        assert problem.get("acceptedIfConverted", False) is False
        assert {fault["class"] for fault in problem["errors"] if fault["severity"] == "error"} >= {"unsafe"}


def test_a_recipient_may_be_misspelt_by_no_handling(gateway: Gateway) -> None:
    """Of two recipients one has a type that is none: nothing is guessed, nobody is left out in silence."""
    message = Message(parts=(Part(), Part("Lia Snekkeri AS", None, type="Kopi-mottaker")))
    for headers in ({}, LENIENT):
        problem = refused(gateway.post(message.xml(), headers=headers))
        assert problem["acceptedIfLenient"] is False


# ---- the table of rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", list(Language))
def test_the_rules_are_served_to_everybody(guarded: Gateway, language: Language) -> None:
    """Without a login, in the reader's language: the very table, in its order."""
    answer = guarded.call("GET", "/rules", headers={"Accept-Language": language.value})
    assert (answer.status_code, answer.headers["Content-Language"]) == (200, language.value)
    assert answer.json() == {
        "rules": [
            {
                "code": rule.code,
                "class": rule.fault_class.value,
                "severity": rule.severity.value,
                "sentence": tell(rule.sentence, language),
                "mend": tell(rule.mend, language),
            }
            for rule in RULES
        ]
    }
    assert guarded.call("GET", "/out/messages").status_code == 401


def test_the_rules_differ_in_the_two_languages(gateway: Gateway) -> None:
    """No sentence and no mend is left in English for those who read bokmål."""
    tables = [
        gateway.call("GET", "/rules", headers={"Accept-Language": language}).json()["rules"]
        for language in ("en", "nb")
    ]
    for english, norwegian in zip(*tables, strict=True):
        assert english["sentence"] != norwegian["sentence"]
        assert english["mend"] != norwegian["mend"]
